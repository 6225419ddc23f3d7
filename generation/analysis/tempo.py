"""How fast the music goes: where something begins, and at which intervals that repeats.

It refuses to know beats (their places) and bars. Invariant: sound without a pulse gets a low
clarity, whatever its loudness; nothing here depends on how loud the stem is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.analysis.curves import is_highest, log_of_sums, mean_near, percentile
from generation.analysis.spectrum import FRAMES_PER_S, Spectrum
from generation.engine.kernels import kernel
from generation.engine.vectors import WIDTH, fma, load, splat, store

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0
FELT_BPM, FELT_OCTAVES = 112.0, 0.75
_STEP = 1.004
_LAG = 2
# A tone that only moves from band to band rises by less than this, all bands together.
_STIR = np.float32(0.3)
_SPAN = 1_100
_COMB = (1.0, 0.8, 0.5, 0.5)
_SMOOTH = np.exp(-0.5 * (np.arange(-6, 7) / 1.5) ** 2)
_BPM = SLOWEST_BPM * _STEP ** np.arange(int(np.log(FASTEST_BPM / SLOWEST_BPM) / np.log(_STEP)))
_FELT = np.exp(-0.5 * (np.log2(_BPM / FELT_BPM) / FELT_OCTAVES) ** 2)


@dataclass(frozen=True, slots=True)
class Novelty:
    """What begins, per frame: over all bands, below 160 Hz, and above 2 kHz; each >= 0."""

    total: F64
    low: F64
    high: F64


@dataclass(frozen=True, slots=True)
class Tempo:
    """A tempo that was heard. `clarity`: 0 to 1, how regular its repetition is; `weight`: with the
    preference for felt tempi (after Parncutt 1994) taken in."""

    bpm: float
    clarity: float
    weight: float


def novelty_of(spectrum: Spectrum) -> Novelty:
    """Log-power rise per band against the loudest neighbor two frames ago (Boeck 2013).

    A wide band counts as many times as it holds sixths of an octave.
    """
    level = levels_of(spectrum, 95, 2_000.0)
    width, hertz = spectrum.band_width.astype(np.float32), spectrum.band_hz
    sums = np.zeros((3, level.shape[1]), np.float32)
    _add_rises(
        level,
        int(np.sum(width == 1.0)),
        np.stack([width, width * (hertz < 160.0), width * (hertz > 2_000.0)]).astype(np.float32),
        sums,
    )
    sums[0] = np.maximum(sums[0] - _STIR, 0.0)
    total, lows, highs = (_detrended(curve.astype(np.float64)) for curve in sums)
    return Novelty(total, lows, highs)


def levels_of(spectrum: Spectrum, percent: float, reach: float) -> F32:
    """[b, n] log10 of 1 + `reach` x power per sixth octave over the `percent`ile of all power."""
    loud = percentile(spectrum.bands.sum(axis=0), percent) + 1e-12
    out = np.empty_like(spectrum.bands)
    log_of_sums(spectrum.bands, (reach / loud / spectrum.band_width).astype(np.float32), out)
    return out


@kernel
def _add_rises(level: F32, narrow: int, weights: F32, sums: F32) -> None:
    """Adds each band's rise over the loudest of it and its neighbors two frames ago to `sums`
    [3, n], times its `weights` [3, b]; beyond the first `narrow` bands none has neighbors."""
    count, nothing = level.shape[1] - _LAG, np.float32(0.0)
    if count <= 0:
        return
    near, rise = np.empty(count, np.float32), np.empty(count, np.float32)
    for band in range(len(level)):
        near[:] = level[band, :count]
        if 0 < band < narrow:
            _raise_to(near, level[band - 1])
        if band + 1 < narrow:
            _raise_to(near, level[band + 1])
        here = level[band, _LAG:]
        for at in range(count):
            over = here[at] - near[at]
            rise[at] = over if over > nothing else nothing
        for index in range(len(sums)):
            if weights[index, band] > nothing:
                _add_times(weights[index, band], rise, sums[index, _LAG:])


@kernel
def _raise_to(near: F32, other: F32) -> None:
    for at in range(near.size):
        near[at] = other[at] if other[at] > near[at] else near[at]


@kernel
def _add_times(weight: float, rise: F32, out: F32) -> None:
    times = np.float32(weight)
    for at in range(out.size):
        out[at] += times * rise[at]


def _detrended(curve: F64) -> F64:
    """What stands out of the surrounding 0.8 s, scaled so that quiet stretches count too."""
    span = int(0.8 * FRAMES_PER_S)
    above = np.maximum(0.0, curve - mean_near(curve, span))
    squares = above * above
    around = np.sqrt(np.maximum(0.0, mean_near(squares, 8 * span)))
    return np.asarray(above / (around + (0.3 * float(squares.mean()) ** 0.5 + 1e-9)))


def autocorrelation(curve: F64, longest: int) -> F64:
    """Mean of the normalised autocorrelations of overlapping 12 s spans, lags 0 .. longest - 1."""
    total = np.zeros(longest)
    weights = _add_lags(_smoothed(curve), total)
    return total / (weights + 1e-12)


@kernel
def _add_lags(smooth: F64, total: F64) -> float:
    """Adds the autocorrelation of each span, times the root of its energy; the sum of the roots."""
    span, longest, weights = min(_SPAN, smooth.size), total.size, 0.0
    room = -(-longest // (4 * WIDTH)) * 4 * WIDTH
    line, lags = np.zeros(span + room, np.float32), np.empty(room, np.float32)
    for start in range(0, max(1, smooth.size - span // 2), max(1, span // 3)):
        part = smooth[start : start + span]
        size, mean, energy = part.size, part.mean(), 0.0
        if size < span // 2:
            continue
        line[size:] = np.float32(0.0)
        for at in range(size):
            energy += (part[at] - mean) ** 2
            line[at] = np.float32(part[at] - mean)
        if energy <= 1e-9:
            continue
        _correlate(line, size, lags)
        root = np.sqrt(energy)
        weights += root
        for lag in range(min(longest, int(0.8 * size))):
            total[lag] += lags[lag] / root * (size / (size - lag))
    return weights


@kernel
def _correlate(line: F32, size: int, lags: F32) -> None:
    """The sums of the first `size` samples times those each lag on, sixty-four lags at a time."""
    for lag in range(0, lags.size, 4 * WIDTH):
        none = splat(np.float32(0.0))
        a, b, c, d = none, none, none, none
        for at in range(size):
            here, there = splat(line[at]), at + lag
            a = fma(load(line, there), here, a)
            b = fma(load(line, there + WIDTH), here, b)
            c = fma(load(line, there + 2 * WIDTH), here, c)
            d = fma(load(line, there + 3 * WIDTH), here, d)
        store(lags, lag, a)
        store(lags, lag + WIDTH, b)
        store(lags, lag + 2 * WIDTH, c)
        store(lags, lag + 3 * WIDTH, d)


def _smoothed(curve: F64) -> F64:
    """`curve` under a Gaussian of 1.5 frames; beyond its ends it is turned back."""
    reach = min(_SMOOTH.size // 2, curve.size)
    turned = np.concatenate([curve[:reach][::-1], curve, curve[-reach:][::-1]])
    weights = _SMOOTH[_SMOOTH.size // 2 - reach : _SMOOTH.size // 2 + reach + 1]
    return np.convolve(turned, weights / weights.sum(), mode="valid")


def combined(novelties: Sequence[Novelty], clarities: Sequence[float]) -> Novelty:
    """One novelty of several stems: each counts by how clearly it keeps time."""
    if len(novelties) == 1:
        return novelties[0]
    weights = [(0.1 + clarity) ** 2 for clarity in clarities]
    return Novelty(
        total=_weighted([novelty.total for novelty in novelties], weights),
        low=_weighted([novelty.low for novelty in novelties], weights),
        high=_weighted([novelty.high for novelty in novelties], weights),
    )


def _weighted(curves: list[F64], weights: list[float]) -> F64:
    out = np.zeros(max(curve.size for curve in curves))
    for curve, weight in zip(curves, weights, strict=True):
        out[: curve.size] += weight * curve
    return out / (sum(weights) + 1e-12)


def clarity_of(found: Sequence[Tempo]) -> float:
    """The clarity of the clearest tempo, 0 where there is none."""
    return max((one.clarity for one in found), default=0.0)


def pulses(curve: F64) -> list[Tempo]:
    """The tempi that repeat in `curve`, the one most likely felt first; at most 8."""
    if curve.size < int(1.5 * FRAMES_PER_S) or not curve.any():
        return []
    slowest = 60.0 * FRAMES_PER_S / SLOWEST_BPM
    lags = autocorrelation(curve, int(slowest * len(_COMB)) + 8)
    periods = 60.0 * FRAMES_PER_S / _BPM
    score, used = np.zeros(_BPM.size), np.zeros(_BPM.size)
    reach = 0.75 * min(curve.size, _SPAN)
    for times, weight in enumerate(_COMB, start=1):
        inside = periods * times < reach
        score += weight * np.interp(periods * times, np.arange(lags.size), lags) * inside
        used += weight * inside
    score = np.maximum(0.0, score / (used + 1e-12)) * (used > 0)
    weighed = score**1.5 * _FELT
    peaks = np.flatnonzero(is_highest(weighed, 4) & (score > 0.02))
    best = peaks[np.argsort(-weighed[peaks])][:8]
    found = [Tempo(float(_BPM[i]), float(min(1.0, score[i])), float(weighed[i])) for i in best]
    return _compound_first(_even_first(found))


def _even_first(found: list[Tempo]) -> list[Tempo]:
    """Puts an even pulse first where the leader is every third half of it.

    In duple time three halves of a beat repeat too, each less clearly than the beat and its double:
    a leader with a clearer pulse at 3/2 and another at 3/4 of it is no beat.
    """
    if not found:
        return found
    leader = found[0]
    faster = [one for one in found if abs(one.bpm / leader.bpm - 1.5) < 0.03]
    slower = [one for one in found if abs(one.bpm / leader.bpm - 0.75) < 0.02]
    even = sorted([*faster, *slower], key=lambda one: -one.weight)
    if faster and slower and min(one.clarity for one in even) > leader.clarity:
        return [even[0], *(one for one in found if one is not even[0])]
    return found


def _compound_first(found: list[Tempo]) -> list[Tempo]:
    """Puts the dotted pulse first where the leader is one of its crossing levels.

    In compound time every second and every single third of a beat repeats too, each less clearly
    than the beat itself: a leader at 3/2 or 3 times a clearer pulse, with the thirds to be heard,
    is no beat, unless that pulse is one that is seldom felt (the bar of a fast waltz).
    """
    if not found:
        return found
    leader = found[0]
    for slower in found[1:]:
        ratio = leader.bpm / slower.bpm
        crossing = abs(ratio - 1.5) < 0.03 and _near(found, 2 * leader.bpm, 0.7 * leader.clarity)
        thirds = abs(ratio - 3.0) < 0.06 and _near(found, leader.bpm / 2, 0.7 * leader.clarity)
        felt = slower.weight > 0.5 * leader.weight
        if felt and slower.clarity > 1.2 * leader.clarity and (crossing or thirds):
            return [slower, *(pulse for pulse in found if pulse is not slower)]
    return found


def _near(found: list[Tempo], bpm: float, clarity: float) -> bool:
    return any(abs(pulse.bpm / bpm - 1.0) < 0.02 and pulse.clarity >= clarity for pulse in found)
