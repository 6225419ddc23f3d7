"""Where each sound in a stem begins, to the sample, and by how much it rises over what sounded.

The drum slicer cuts here and the vocoder may reset its phases here. It refuses to know beats.
Invariant: positions rise strictly, at least 30 ms apart, and each has a rise of at least 2 dB.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from generation.analysis.curves import is_highest, mean_near
from generation.analysis.pyramid import HOP
from generation.analysis.spectrum import RATE_HZ, Spectrum
from generation.analysis.tempo import levels_of
from generation.engine.integers import lowest_bit
from generation.engine.kernels import aligned, kernel, within
from generation.engine.vectors import (
    WIDTH,
    above,
    at_least,
    fma,
    greater,
    highest_lane,
    load,
    splat,
    store,
    total,
)

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

APART = RATE_HZ * 30 // 1000
LEAST_RISE_DB = 2.0
_SIDE = RATE_HZ * 20 // 1000
_BEFORE, _AFTER = 768, 1_792
_SHORT = 96
_BACK = 240
_MARGIN = _SIDE + 4 * _SHORT
_SEARCHED = _BEFORE + _AFTER
_FLOOR = 1e-10
_NOW, _THEN = np.float32(1.0 / _SHORT), np.float32(0.25 / _SHORT)
_MOST, _STEEP = np.float32(14.1), np.float32(1.45)


def attacks_of(audio: F32, spectrum: Spectrum) -> tuple[I64, F64]:
    """(positions, rises in dB) of the attacks in `audio` [2, n]; see `refine` for their place."""
    return _apart(*refine(audio, _candidates(spectrum)))


def _candidates(spectrum: Spectrum) -> I64:
    """Rough positions: peaks of the rise in band power, summed where it is clearly above noise."""
    level = levels_of(spectrum, 97, 3_000.0)
    if not level.any():
        return np.zeros(0, np.int64)
    rise = np.zeros(level.shape[1], np.float32)
    _add_rises(level, spectrum.band_width.astype(np.float32), rise)
    curve = rise.astype(np.float64)
    peaks = is_highest(curve, 2) & (curve > 1.3 * mean_near(curve, 19) + 0.6)
    return np.flatnonzero(peaks).astype(np.int64) * HOP


@kernel
def _add_rises(level: F32, width: F32, rise: F32) -> None:
    """Adds how much each band rose over the frame before, times its width."""
    count, nothing = rise.size - 1, np.float32(0.0)
    for band in range(len(level)):
        here, before, goal, weight = level[band, 1:], level[band], rise[1:], width[band]
        for at in range(count):
            over = here[at] - before[at]
            goal[at] += weight * (over if over > nothing else nothing)


def refine(audio: F32, rough: I64) -> tuple[I64, F64]:
    """Each of `rough` moved to the first sample of its attack, and its rise in dB.

    Searched from 16 ms before to 37 ms after the middle of the frame, since a window meets an
    attack half its length early: first the place where the short energy grows most, then back to
    where the sound leaves what lay before it. The rise compares 20 ms after with 20 ms before.
    """
    places, energies = np.zeros(rough.size, np.int64), np.zeros((rough.size, 2))
    room = aligned(4, _SEARCHED + 2 * _MARGIN)
    _refine(np.ascontiguousarray(audio, np.float32), rough, room, places, energies)
    rise = 10.0 * np.log10((energies[:, 1] + _FLOOR) / (energies[:, 0] + _FLOOR))
    return places, np.minimum(rise, 60.0)


@kernel
def _refine(audio: F32, rough: I64, room: F32, places: I64, energies: F64) -> None:
    """Fills the places, and the mean energies of the 20 ms before and after them."""
    power, fours, sums, grown = room[0], room[1], room[2], room[3, :_SEARCHED]
    for index in range(rough.size):
        start = rough[index] - _BEFORE - _MARGIN
        _powers(audio, start, power)
        _add_up(power[_SIDE:], fours, sums[: _SEARCHED + 6 * _SHORT])
        place = _first_sample(power, _MARGIN + _steepest(sums, grown))
        places[index] = start + place
        energies[index, 0] = _mean(power[place - _SIDE : place])
        energies[index, 1] = _mean(power[place : place + _SIDE])


@kernel
def _powers(audio: F32, start: int, power: F32) -> None:
    """Squares of both sides from sample `start` on, added; nothing outside the sound."""
    low, high = max(0, start), min(audio.shape[1], start + power.size)
    if high - low < power.size:
        power[:] = np.float32(0.0)
        for at in range(low, high):
            power[at - start] = audio[0, at] * audio[0, at] + audio[1, at] * audio[1, at]
        return
    left, right = audio[0], audio[1]
    for at in range(0, power.size, WIDTH):
        a, b = load(left, start + at), load(right, start + at)
        store(power, at, fma(a, a, b * b))


@kernel
def _add_up(power: F32, fours: F32, sums: F32) -> None:
    """`sums`: those of the 2 ms from each sample on, made of sums of sixteen, made of `fours`: so
    that none depends on what lies far away."""
    size = sums.size - 2 * WIDTH
    for at in range(0, size, WIDTH):
        pair = load(power, at) + load(power, at + 1)
        store(fours, at, pair + (load(power, at + 2) + load(power, at + 3)))
    for at in range(0, size - WIDTH, WIDTH):
        pair = load(fours, at) + load(fours, at + 4)
        store(fours, at, pair + (load(fours, at + 8) + load(fours, at + 12)))
    for at in range(0, size - _SHORT, WIDTH):
        one = load(fours, at) + load(fours, at + 16)
        two = load(fours, at + 32) + load(fours, at + 48)
        store(sums, at, one + two + (load(fours, at + 64) + load(fours, at + 80)))


@kernel
def _steepest(sums: F32, grown: F32) -> int:
    """Where the energy of 2 ms grows most over that of the 8 ms before: a place in `grown`, which
    is overwritten; `sums` begins 8 ms earlier."""
    highest = splat(np.float32(0.0))
    for at in range(4 * _SHORT, 4 * _SHORT + grown.size, WIDTH):
        highest = greater(load(sums, at), highest)
    peak = highest_lane(highest) * _NOW + np.float32(_FLOOR)
    soft, scale = np.float32(1e-4) * peak, splat(np.float32(1.0) / peak)
    highest = splat(np.float32(0.0))
    for at in range(0, grown.size, WIDTH):
        now, then = _energies(sums, at)
        more = (now - then) * scale
        store(grown, at, more)
        highest = greater(more, highest)
    largest, place = splat(highest_lane(highest)), 0
    for at in range(grown.size - WIDTH, -1, -WIDTH):
        found = at_least(load(grown, at), largest)
        if found:
            place = at + lowest_bit(found)
    # What grew most is near the best: few others are left to be looked at closely.
    best = 0.9999 * _growth(sums, grown, place, soft)
    least, softly = splat(np.float32(best)), splat(soft)
    for at in range(0, grown.size, WIDTH):
        now, then = _energies(sums, at)
        more = load(grown, at)
        # log2(1 + x) is below 1.45 x, and here below 14.
        hopeful = above(more * splat(_MOST), least)
        hopeful &= above(more * (now + softly) * splat(_STEEP), least * (then + softly))
        while hopeful:
            lane = lowest_bit(hopeful)
            hopeful &= hopeful - 1
            growth = _growth(sums, grown, at + lane, soft)
            if growth > best:
                best, place = growth, at + lane
    return place


@within
def _energies(sums: F32, at: int) -> Any:
    """Mean energies of the 2 ms from sixteen samples on, and of the 8 ms before them."""
    one = load(sums, at) + load(sums, at + _SHORT)
    two = load(sums, at + 2 * _SHORT) + load(sums, at + 3 * _SHORT)
    return load(sums, at + 4 * _SHORT) * splat(_NOW), (one + two) * splat(_THEN)


@kernel
def _growth(sums: F32, grown: F32, at: int, soft: float) -> float:
    """How much the energy grows at a place, against its peak, times by how many octaves."""
    then = sums[at] + sums[at + _SHORT] + (sums[at + 2 * _SHORT] + sums[at + 3 * _SHORT])
    ratio = (sums[at + 4 * _SHORT] * _NOW + soft) / (then * _THEN + soft)
    return float(grown[at] * math.log2(ratio + 1.0))


@kernel
def _mean(power: F32) -> float:
    """The mean of a whole number of sixteens of values."""
    heap = splat(np.float32(0.0))
    for at in range(0, power.size, WIDTH):
        heap = heap + load(power, at)
    return float(total(heap) / power.size)


@kernel
def _first_sample(power: F32, steepest: int) -> int:
    """The first sample, from 5 ms before `steepest`, that rises above what lay before it."""
    first, last = steepest - _BACK, steepest + _SHORT
    settled, strongest = np.float32(0.0), np.float32(0.0)
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
    chosen = np.empty(places.size, np.int64)
    count = _choose(places, rises, chosen)
    return places[chosen[:count]], rises[chosen[:count]]


@kernel
def _choose(places: I64, rises: F64, chosen: I64) -> int:
    """Fills `chosen` with the numbers of those that stay; how many they are."""
    count = 0
    for index in range(places.size):
        if count and places[index] - places[chosen[count - 1]] < APART:
            if rises[index] > rises[chosen[count - 1]] + 6.0:
                chosen[count - 1] = index
            continue
        chosen[count] = index
        count += 1
    return count
