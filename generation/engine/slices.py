"""Processor "slices/1": drums moved in time hit by hit, never pitched.

The stem is cut shortly before its stored onsets. Each slice begins where the time map puts its
onset and plays verbatim; what it lacks is filled by overlapping grains of its own tail, what it has
too much is left out behind a short cross-fade into the run-up of the next hit. Invariant: every
sample is a sum of at most four source samples chosen by integers, so any cut gives the same bits.
"""

import numpy as np

from generation.engine.kernels import Audio, Reals, Samples, kernel
from generation.engine.timemap import TimeMap
from generation.recipe import Clip

GUARD = 96
ATTACK = 2_880
GRAIN = 1_024
SHORTEST = 1_200
CROSS = 480


class Slices:
    """One clip of one stem as slices; `onsets` are stored attacks (samples, dB)."""

    def __init__(self, clip: Clip, stem: Audio, onsets: tuple[Samples, Reals]) -> None:
        self._stem = stem
        time_map = TimeMap(clip.anchors)
        ends = time_map.sources(np.array([clip.start, clip.end], dtype=np.int64))
        inner = _spaced(onsets[0], int(ends[0]), int(ends[1]))
        self._src: Samples = np.concatenate((ends[:1], inner - GUARD, ends[1:]))
        moved = time_map.moments(inner) - GUARD
        self._out: Samples = np.concatenate(
            (np.array([clip.start]), moved, np.array([clip.end]))
        ).astype(np.int64)

    def sound(self, lo: int, hi: int) -> Audio:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], fades not yet applied."""
        out = np.zeros((2, hi - lo), dtype=np.float32)
        lay_slices(self._stem, self._src, self._out, lo, out)
        return out


def _spaced(onsets: Samples, begin: int, end: int) -> Samples:
    """The onsets well inside [begin, end), none closer to the one before than SHORTEST."""
    kept: list[int] = []
    last = begin
    for onset in onsets.tolist():
        if onset - last >= SHORTEST and end - onset >= SHORTEST:
            kept.append(onset)
            last = onset
    return np.array(kept, dtype=np.int64)


@kernel
def tail_of(src_length: int, out_length: int) -> tuple[int, int]:
    """(attack, grain hop) of a slice: its verbatim head and how its tail is laid."""
    attack = min(ATTACK, src_length // 2)
    return attack, max(64, min(GRAIN, (src_length - attack) // 2))


@kernel
def body(
    line: Audio, begin: int, at: int, src_length: int, out_length: int, attack: int, hop: int
) -> float:
    """Sample `at` of a slice that begins at `begin` in the source and may have to last longer."""
    length = line.shape[0]
    if out_length <= src_length or at < attack:
        place = begin + at
        return float(line[place]) if 0 <= place < length else 0.0
    grain = (at - attack) // hop
    beside = (at - attack) - grain * hop
    room = max(0, src_length - attack - 2 * hop)
    total, phase = 0.0, beside / hop
    rising = phase * phase * (3.0 - 2.0 * phase)
    for side in range(2):
        centre = (grain + side) * hop
        place = begin + attack + centre * room // (out_length - attack) + beside - side * hop
        if side == 0 and grain == 0:
            place = begin + at
        weight = rising if side == 1 else 1.0 - rising
        if 0 <= place < length:
            total += weight * float(line[place])
    return total


@kernel
def lay_slices(stem: Audio, src: Samples, moved: Samples, lo: int, out: Audio) -> None:
    """Writes samples [lo, lo + n) of the slices bounded by `src` and `moved` into `out` [2, n]."""
    hi, length = lo + out.shape[1], stem.shape[1]
    for j in range(src.shape[0] - 1):
        a, b = max(lo, moved[j]), min(hi, moved[j + 1])
        if a >= b:
            continue
        src_length, out_length = src[j + 1] - src[j], moved[j + 1] - moved[j]
        attack, hop = tail_of(src_length, out_length)
        cross = min(CROSS, out_length // 4)
        if src_length == out_length:
            cross = 0
        for channel in range(2):
            line = stem[channel]
            for t in range(a, b):
                x = body(line, src[j], t - moved[j], src_length, out_length, attack, hop)
                left = moved[j + 1] - t
                if left <= cross:
                    place = src[j + 1] - left
                    ahead = float(line[place]) if 0 <= place < length else 0.0
                    weight = left / (cross + 1.0)
                    weight = weight * weight * (3.0 - 2.0 * weight)
                    x = weight * x + (1.0 - weight) * ahead
                out[channel, t - lo] = x
