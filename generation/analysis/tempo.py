"""How fast the music goes: where something begins, and at which intervals that repeats.

It refuses to know beats (their places) and bars. Invariant: sound without a pulse gets a low
clarity, whatever its loudness; nothing here depends on how loud the stem is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, uniform_filter1d

from generation.analysis.spectrum import FRAMES_PER_S, Spectrum

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
    width = spectrum.band_width.astype(np.float32)
    level = levels_of(spectrum, 95, 2_000.0)
    rise = np.zeros_like(level)
    rise[_LAG:] = level[_LAG:] - _loudest_near(level[:-_LAG], int(np.sum(width == 1.0)))
    np.maximum(rise, 0.0, out=rise)
    low, high = spectrum.band_hz < 160.0, spectrum.band_hz > 2_000.0
    sums = rise @ np.stack([width, width * low, width * high], axis=1)
    sums[:, 0] = np.maximum(sums[:, 0] - _STIR, 0.0)
    total, lows, highs = (_detrended(curve.astype(np.float64)) for curve in sums.T)
    return Novelty(total, lows, highs)


def levels_of(spectrum: Spectrum, percentile: float, reach: float) -> F32:
    """[n, b] log10 of 1 + `reach` x power per sixth octave over the `percentile` of all power."""
    loud = float(np.percentile(spectrum.bands.sum(axis=1), percentile)) + 1e-12
    scale = (reach / loud / spectrum.band_width).astype(np.float32)
    return np.asarray(np.log10(np.float32(1.0) + spectrum.bands * scale), np.float32)


def _loudest_near(level: F32, narrow: int) -> F32:
    """The largest of each band and its neighbors, among the first `narrow` ones."""
    out = level.copy()
    part, source = out[:, :narrow], level[:, :narrow]
    np.maximum(part[:, 1:], source[:, :-1], out=part[:, 1:])
    np.maximum(part[:, :-1], source[:, 1:], out=part[:, :-1])
    return out


def _detrended(curve: F64) -> F64:
    """What stands out of the surrounding 0.8 s, scaled so that quiet stretches count too."""
    span = int(0.8 * FRAMES_PER_S)
    above = np.maximum(0.0, curve - uniform_filter1d(curve, span, mode="nearest"))
    around = np.sqrt(np.maximum(0.0, uniform_filter1d(above**2, 8 * span, mode="nearest")))
    whole = float(np.sqrt(np.mean(above**2)))
    return np.asarray(above / (around + 0.3 * whole + 1e-9))


def autocorrelation(curve: F64, longest: int) -> F64:
    """Mean of the normalised autocorrelations of overlapping 12 s spans, lags 0 .. longest - 1."""
    smooth = gaussian_filter1d(curve, 1.5)
    span = min(_SPAN, smooth.size)
    total, weights = np.zeros(longest), 1e-12
    for start in range(0, max(1, smooth.size - span // 2), max(1, span // 3)):
        part = smooth[start : start + span]
        part = part - part.mean()
        energy = float(part @ part)
        if part.size < span // 2 or energy <= 1e-9:
            continue
        spectrum = np.fft.rfft(part, 2 * max(span, longest))
        lags = np.fft.irfft(np.abs(spectrum) ** 2)[:longest] / energy
        reach = min(longest, part.size - 1)
        lags[:reach] *= part.size / (part.size - np.arange(reach))
        lags[int(0.8 * part.size) :] = 0.0
        weight = np.sqrt(energy)
        total += weight * lags
        weights += weight
    return total / weights


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
    count = int(np.log(FASTEST_BPM / SLOWEST_BPM) / np.log(_STEP))
    bpm = SLOWEST_BPM * _STEP ** np.arange(count)
    periods = 60.0 * FRAMES_PER_S / bpm
    score = np.zeros(count)
    used = np.zeros(count)
    reach = 0.75 * min(curve.size, _SPAN)
    for times, weight in enumerate(_COMB, start=1):
        inside = periods * times < reach
        score += weight * np.interp(periods * times, np.arange(lags.size), lags) * inside
        used += weight * inside
    score = np.maximum(0.0, score / (used + 1e-12)) * (used > 0)
    felt = np.exp(-0.5 * (np.log2(bpm / FELT_BPM) / FELT_OCTAVES) ** 2)
    weighed = score**1.5 * felt
    peaks = np.flatnonzero((weighed >= maximum_filter1d(weighed, 9)) & (score > 0.02))
    best = peaks[np.argsort(-weighed[peaks])][:8]
    found = [Tempo(float(bpm[i]), float(min(1.0, score[i])), float(weighed[i])) for i in best]
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
