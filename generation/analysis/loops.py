"""Where a held tone can go round, so that a note lasts longer than the sound it was taken from.

Two places of a tone, a whole number of periods apart, that look alike and are equally loud. It
refuses to know pitch and notes. Invariant: what dies away or changes has no loop.
"""

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

CROSS = 2_048
SETTLED = 4_800
SHORTEST = 4_800
# A tone that is let go fades; the loop ends before that.
_EDGES = (480, 1_440, 3_360)
_TRIED = 48
ALIKE = 0.97
_LEVEL_DB = 1.5


def loop_of(mid: F32, start: int, end: int, period: float) -> tuple[int, int] | None:
    """(first, last) sample of a loop within [start, end) of `mid`, float32 [n]; None for none.

    `period` in samples. The CROSS samples before `first` are as those before `last`: correlated by
    ALIKE at least and within 1.5 dB. Of loops that are nearly as good the longest.
    """
    tries = (_ending_at(mid, start, end - edge, period) for edge in _EDGES)
    return next((found for found in tries if found is not None), None)


def _ending_at(mid: F32, start: int, last: int, period: float) -> tuple[int, int] | None:
    earliest = start + SETTLED + CROSS
    most = int((last - earliest) / period)
    least = max(1, -int(-SHORTEST // period))
    if most < least or last - CROSS < earliest:
        return None
    turns = np.unique(np.linspace(least, most, min(_TRIED, most - least + 1)).astype(int))
    lags = np.unique((np.rint(turns * period)[:, None] + np.arange(-2, 3)).astype(int))
    firsts = last - lags
    firsts = firsts[firsts >= earliest]
    if not firsts.size:
        return None
    goal = mid[last - CROSS : last]
    if abs(_apart_db(mid[last - SHORTEST - CROSS : last - SHORTEST], goal)) > _LEVEL_DB:
        return None
    heads = np.stack([mid[at - CROSS : at] for at in firsts])
    energies, own = (heads**2).sum(axis=1), float(goal @ goal)
    if own <= 0.0:
        return None
    likeness = heads @ goal / np.sqrt(np.maximum(energies * own, 1e-20))
    even = np.abs(10.0 * np.log10(np.maximum(energies, 1e-12) / own)) <= _LEVEL_DB
    likeness[~even] = 0.0
    if likeness.max() < ALIKE:
        return None
    first = int(firsts[likeness >= max(ALIKE, likeness.max() - 0.005)].min())
    return first, last


def _apart_db(one: F32, other: F32) -> float:
    """By how much one stretch is louder than another."""
    return float(10.0 * np.log10((float(one @ one) + 1e-12) / (float(other @ other) + 1e-12)))
