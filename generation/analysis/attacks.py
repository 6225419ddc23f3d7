"""Where each sound in a stem begins, to the sample, and by how much it rises over what sounded.

The drum slicer cuts here and the vocoder may reset its phases here. It refuses to know beats.
Invariant: positions rise strictly, at least 30 ms apart, and each has a rise of at least 2 dB.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from generation.analysis.pyramid import HOP
from generation.analysis.spectrum import RATE_HZ, Spectrum
from generation.analysis.tempo import levels_of
from generation.engine.kernels import kernel

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

APART = RATE_HZ * 30 // 1000
LEAST_RISE_DB = 2.0
_SIDE = RATE_HZ * 20 // 1000
_BEFORE, _AFTER = 768, 1_792
_SHORT = 96
_BACK = 240
_FLOOR = 1e-10


def attacks_of(audio: F32, spectrum: Spectrum) -> tuple[I64, F64]:
    """(positions, rises in dB) of the attacks in `audio` [2, n]; see `refine` for their place."""
    return _apart(*refine(audio, _candidates(spectrum)))


def _candidates(spectrum: Spectrum) -> I64:
    """Rough positions: peaks of the rise in band power, summed where it is clearly above noise."""
    level = levels_of(spectrum, 97, 3_000.0)
    if not level.any():
        return np.zeros(0, np.int64)
    rise = np.zeros(len(level))
    width = spectrum.band_width.astype(np.float32)
    rise[1:] = np.maximum(level[1:] - level[:-1], 0.0) @ width
    around = uniform_filter1d(rise, 19, mode="nearest")
    peaks = (rise >= maximum_filter1d(rise, 5)) & (rise > 1.3 * around + 0.6)
    return np.flatnonzero(peaks).astype(np.int64) * HOP


def refine(audio: F32, rough: I64) -> tuple[I64, F64]:
    """Each of `rough` moved to the first sample of its attack, and its rise in dB.

    Searched from 16 ms before to 37 ms after the middle of the frame, since a window meets an
    attack half its length early: first the place where the short energy grows most, then back to
    where the sound leaves what lay before it. The rise compares 20 ms after with 20 ms before.
    """
    places, energies = np.zeros(rough.size, np.int64), np.zeros((rough.size, 2))
    _refine(np.ascontiguousarray(audio, np.float32), rough, places, energies)
    rise = 10.0 * np.log10((energies[:, 1] + _FLOOR) / (energies[:, 0] + _FLOOR))
    return places, np.minimum(rise, 60.0)


@kernel
def _refine(audio: F32, rough: I64, places: I64, energies: F64) -> None:
    """Fills the places, and the mean energies of the 20 ms before and after them."""
    margin = _SIDE + 4 * _SHORT
    searched = _BEFORE + _AFTER
    power, growth = np.zeros(searched + 2 * margin), np.zeros((2, searched))
    sums = np.zeros(searched + 5 * _SHORT + 1)
    for index in range(rough.size):
        start = rough[index] - _BEFORE - margin
        _powers(audio, start, power)
        _run_up(power[_SIDE : _SIDE + sums.size - 1], sums)
        place = _first_sample(power, margin + _steepest(sums, growth[0], growth[1]))
        places[index] = start + place
        energies[index, 0] = _mean(power[place - _SIDE : place])
        energies[index, 1] = _mean(power[place : place + _SIDE])


@kernel
def _powers(audio: F32, start: int, power: F64) -> None:
    """Squares of both sides from sample `start` on, added; nothing outside the sound."""
    low, high = max(0, start), min(audio.shape[1], start + power.size)
    if high - low < power.size:
        power[:] = 0.0
    if low < high:
        left, right = audio[0, low:high], audio[1, low:high]
        out = power[low - start : high - start]
        for at in range(out.size):
            a, b = float(left[at]), float(right[at])
            out[at] = a * a + b * b


@kernel
def _run_up(power: F64, sums: F64) -> None:
    """`sums`: those of all of `power` before each place; four runs at a time, joined after."""
    size = power.size // 4
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    p, q, r, t = power[:size], power[size:], power[2 * size :], power[3 * size :]
    w, x, y, z = sums[1:], sums[size + 1 :], sums[2 * size + 1 :], sums[3 * size + 1 :]
    for at in range(size):
        a, b, c, d = a + p[at], b + q[at], c + r[at], d + t[at]
        w[at], x[at], y[at], z[at] = a, b, c, d
    for run in range(1, 4):
        before = sums[run * size]
        part = sums[run * size + 1 : (run + 1) * size + 1]
        for at in range(size):
            part[at] += before


@kernel
def _mean(power: F64) -> float:
    """The mean of a whole number of sixteens of values."""
    lanes = np.zeros(16)
    rows = power.reshape(power.size // 16, 16)
    for row in range(len(rows)):
        for lane in range(16):
            lanes[lane] += rows[row, lane]
    return float(lanes.sum()) / power.size


@kernel
def _highest(values: F64) -> float:
    """The largest of a whole number of sixteens of values, 0 where all are less."""
    lanes = np.zeros(16)
    rows = values.reshape(values.size // 16, 16)
    for row in range(len(rows)):
        for lane in range(16):
            lanes[lane] = max(lanes[lane], rows[row, lane])
    return float(lanes.max())


@kernel
def _steepest(sums: F64, near: F64, part: F64) -> int:
    """Where the energy of 2 ms grows most over that of the 8 ms before: a place in `near`, which
    and `part` are overwritten. `sums` begins 8 ms earlier."""
    short, long = 1.0 / _SHORT, 0.25 / _SHORT
    here, after = sums[4 * _SHORT : 4 * _SHORT + near.size], sums[5 * _SHORT :]
    for at in range(near.size):
        near[at] = (after[at] - here[at]) * short
    peak = _highest(near) + _FLOOR
    soft, scale = 1e-4 * peak, 1.0 / peak
    for at in range(near.size):
        part[at] = (near[at] - (here[at] - sums[at]) * long) * scale
    best, place = 0.0, 0
    for at in range(near.size):
        # log2(1 + x) is below 1.45 x and here below 14: most places cannot win and are spared it.
        if 14.0 * part[at] <= best:
            continue
        ratio = (near[at] + soft) / ((here[at] - sums[at]) * long + soft)
        if 1.45 * part[at] * ratio > best:
            growth = part[at] * math.log2(ratio + 1.0)
            if growth > best:
                best, place = growth, at
    return place


@kernel
def _first_sample(power: F64, steepest: int) -> int:
    """The first sample, from 5 ms before `steepest`, that rises above what lay before it."""
    first, last = steepest - _BACK, steepest + _SHORT
    settled, strongest = 0.0, 0.0
    for at in range(first, first + _BACK // 3):
        settled = max(settled, power[at])
    for at in range(steepest, last):
        strongest = max(strongest, power[at])
    threshold = max(2.0 * settled, 0.002 * strongest)
    for at in range(first, last - 1):
        if power[at] > threshold:
            return max(at, 0)
    return max(last - 1, 0)


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
