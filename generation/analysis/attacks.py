"""Where each sound in a stem begins, to the sample, and by how much it rises over what sounded.

The drum slicer cuts here and the vocoder may reset its phases here. It refuses to know beats.
Invariant: positions rise strictly, at least 30 ms apart, and each has a rise of at least 2 dB.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from generation.analysis.spectrum import HOP, RATE_HZ, Spectrum

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

APART = RATE_HZ * 30 // 1000
LEAST_RISE_DB = 2.0
_SIDE = RATE_HZ * 20 // 1000
_BEFORE, _AFTER = 768, 1_792
_SHORT = 96
_FLOOR = 1e-10
_BATCH = 512


def attacks_of(audio: F32, spectrum: Spectrum) -> tuple[I64, F64]:
    """(positions, rises in dB) of the attacks in `audio` [2, n]; see `refine` for their place."""
    rough = _candidates(spectrum)
    if not rough.size:
        return np.zeros(0, np.int64), np.zeros(0)
    places, rises = [], []
    for start in range(0, rough.size, _BATCH):
        place, rise = refine(audio, rough[start : start + _BATCH])
        places.append(place)
        rises.append(rise)
    return _apart(np.concatenate(places), np.concatenate(rises))


def _candidates(spectrum: Spectrum) -> I64:
    """Rough positions: peaks of the rise in band power, summed where it is clearly above noise."""
    power = spectrum.bands.astype(np.float64)
    loud = np.percentile(power.sum(axis=1), 97)
    if loud <= 1e-11:
        return np.zeros(0, np.int64)
    level = np.log10(1.0 + 3_000.0 * power / loud)
    rise = np.zeros(len(level))
    rise[1:] = np.maximum(0.0, level[1:] - level[:-1]).sum(axis=1)
    around = uniform_filter1d(rise, 19, mode="nearest")
    peaks = (rise >= maximum_filter1d(rise, 5)) & (rise > 1.3 * around + 0.6)
    return np.flatnonzero(peaks).astype(np.int64) * HOP


def refine(audio: F32, rough: I64) -> tuple[I64, F64]:
    """Each of `rough` moved to the first sample of its attack, and its rise in dB.

    Searched from 16 ms before to 37 ms after the middle of the frame, since a window meets an
    attack half its length early: first the place where the short energy grows most, then back to
    where the sound leaves what lay before it. The rise compares 20 ms after with 20 ms before.
    """
    margin = _SIDE + 4 * _SHORT
    wide = _BEFORE + _AFTER + 2 * margin
    index = rough[:, None] - _BEFORE - margin + np.arange(wide)[None, :]
    inside = (index >= 0) & (index < audio.shape[1])
    taken = audio[:, np.clip(index, 0, audio.shape[1] - 1)].astype(np.float64)
    power = np.where(inside, np.square(taken).sum(axis=0), 0.0)
    sums = np.concatenate([np.zeros((len(rough), 1)), np.cumsum(power, axis=1)], axis=1)
    low, high = margin, wide - margin
    near = (sums[:, low + _SHORT : high + _SHORT] - sums[:, low:high]) / _SHORT
    past = (sums[:, low:high] - sums[:, low - 4 * _SHORT : high - 4 * _SHORT]) / (4 * _SHORT)
    peak = near.max(axis=1, keepdims=True) + _FLOOR
    growth = (near - past) / peak * np.log2((near + 1e-4 * peak) / (past + 1e-4 * peak) + 1.0)
    place = _first_sample(power, growth.argmax(axis=1) + low)
    rows = np.arange(len(rough))
    after = (sums[rows, place + _SIDE] - sums[rows, place]) / _SIDE
    before = (sums[rows, place] - sums[rows, place - _SIDE]) / _SIDE
    rise = 10.0 * np.log10((after + _FLOOR) / (before + _FLOOR))
    return place + rough - _BEFORE - margin, np.minimum(rise, 60.0)


def _first_sample(power: F64, steepest: I64) -> I64:
    """The first sample, from 5 ms before `steepest`, that rises above what lay before it."""
    rows = np.arange(len(steepest))
    back, span = 240, 240 + _SHORT
    columns = steepest[:, None] - back + np.arange(span)[None, :]
    part = power[rows[:, None], columns]
    settled = part[:, : back // 3].max(axis=1)
    strongest = part[:, back:].max(axis=1)
    threshold = np.maximum(2.0 * settled, 0.002 * strongest)[:, None]
    over = part > threshold
    over[:, -1] = True
    return np.asarray(np.maximum(columns[rows, over.argmax(axis=1)], 0))


def _apart(places: I64, rises: F64) -> tuple[I64, F64]:
    """Only risen attacks, the stronger of two that lie too close, in order."""
    kept = (rises >= LEAST_RISE_DB) & (places >= 0)
    places, rises = places[kept], rises[kept]
    order = np.argsort(places, kind="stable")
    places, rises = places[order], rises[order]
    out: list[int] = []
    for index, place in enumerate(places):
        if out and place - places[out[-1]] < APART:
            if rises[index] > rises[out[-1]] + 6.0:
                out[-1] = index
            continue
        out.append(index)
    chosen = np.asarray(out, np.int64)
    return places[chosen], rises[chosen]
