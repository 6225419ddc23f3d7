"""Which pitches hold still in a stem.

It refuses to know keys, chords and beats. Invariant: what glides or hisses has no steady pitch; a
silent stem's chroma is all zero.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from generation.analysis.spectrum import (
    PITCH_RATE_HZ,
    PITCH_STRIDE,
    PITCH_WINDOW,
    RATE_HZ,
    Spectrum,
)
from generation.engine.integers import lowest_bit
from generation.engine.kernels import kernel
from generation.engine.vectors import WIDTH, above, at_least, load, splat

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

PITCH_FRAMES_PER_S = RATE_HZ / PITCH_STRIDE
STEPS = 10
LOWEST_HZ = 32.703195662574829
OCTAVES = 6
BASS_LEAN = -1.5
_PEAKS_MOST = 200
_OCTAVE = 12 * STEPS
_SIZE = _OCTAVE * OCTAVES
_NUMBERS = np.asarray((3, 5, 6, 7, 9, 10))
_PARTIALS = np.rint(_OCTAVE * np.log2(_NUMBERS)).astype(np.int64)
_EXPLAINED = 0.8 * 0.9 ** (_NUMBERS - 2.0)


@dataclass(frozen=True, slots=True)
class Steady:
    """Steady pitches: `chroma` [m, 12], C first, in the stem's own tuning, and `bass` [m, 12], the
    same leaning on the lowest: an octave down counts 2 ** 1.5 times as much;
    `tuned` 0 to 1: how well the pitches agree with one twelve-tone tuning; `share` 0 to 1: the part
    of the strength that holds still; `tones` [m, 24]: chroma and bass side by side of what the
    partials of lower pitches leave unexplained, so that a single line is its own notes.
    """

    chroma: F64
    bass: F64
    tuned: float
    share: float
    tones: F64


def steady_of(spectrum: Spectrum) -> Steady:
    """The steady pitches of a stem."""
    frames, places, kept, total = _steady_peaks(spectrum.pitch)
    count = len(spectrum.pitch)
    whole = float(kept.sum())
    offset, tuned = _tuning(places, kept)
    pair, tones = np.zeros((count, 24)), np.zeros((count, 24))
    if whole > 0.0:
        _fold(frames, places, kept, _folds(offset), pair)
        _fold(frames, places, _unexplained(frames, places, kept), _folds(offset), tones)
    share = whole / total if total > 0.0 else 0.0
    return Steady(pair[:, :12].copy(), pair[:, 12:].copy(), tuned, share, tones)


def _steady_peaks(magnitude: F32) -> tuple[I64, I64, F64, float]:
    """(frames, places in tenths of semitones above C1, strengths, strength of all that moved too)
    of spectral peaks that were there a frame ago or come again, within 20 cents.

    A peak lies above a thousandth of the loudest, and above a fiftieth of its frame's loudest; its
    place between the bins is that of a parabola through the logarithms, its strength the magnitude
    to the power 0.7, or that of the neighbor in time where that is less.
    """
    local = magnitude.max(axis=1, initial=0.0)
    loudest = float(local.max(initial=0.0))
    if loudest <= 1e-7:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), 0.0
    least = np.maximum(0.02 * local, 1e-3 * loudest).astype(np.float32)
    room = len(magnitude) * _PEAKS_MOST
    frames, places, kept = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    found, total = _find(magnitude, least, _bin_places(magnitude.shape[1]), frames, places, kept)
    return frames[:found], places[:found], kept[:found], total


@cache
def _bin_places(bins: int) -> F64:
    """Where each bin's frequency lies, in tenths of semitones above C1; far below for the mean."""
    hertz = np.maximum(np.arange(bins), 1e-3) * PITCH_RATE_HZ / PITCH_WINDOW
    return np.asarray(_OCTAVE * np.log2(hertz / LOWEST_HZ))


@kernel
def _find(
    magnitude: F32, least: F32, places: F64, frames: I64, found: I64, kept: F64
) -> tuple[int, float]:
    """Fills the three last; returns how many there are, and the strength of all peaks."""
    rows, cells = np.zeros((3, _SIZE), np.float32), np.zeros((3, _SIZE), np.int64)
    sizes = np.zeros(3, np.int64)
    count, total = 0, 0.0
    for frame in range(len(magnitude) + 1):
        new, old = frame % 3, (frame - 1) % 3
        coming = rows[new]
        for at in range(sizes[new]):
            coming[cells[new, at]] = np.float32(0.0)
        sizes[new] = 0
        if frame < len(magnitude):
            sizes[new], strength = _lay_peaks(
                magnitude[frame], least[frame], places, coming, cells[new]
            )
            total += strength
        if frame > 0:
            most = min(frames.size, frame * _PEAKS_MOST)
            gone, laid = rows[(frame - 2) % 3], cells[old, : sizes[old]]
            first = count
            count = _keep(rows[old], laid, gone, coming, count, found[:most], kept)
            frames[first:count] = frame - 1
    return count, total


@kernel
def _lay_peaks(row: F32, least: float, places: F64, out: F32, cells: I64) -> tuple[int, float]:
    """Adds each peak of a frame to the grid `out`, and the places it fills to `cells`; returns how
    many these are, and their strength."""
    floor, count, total = splat(np.float32(least)), 0, 0.0
    for at in range(1, row.size - 1, WIDTH):
        # The last sixteen overlap those before.
        start = min(at, row.size - 1 - WIDTH)
        here = load(row, start)
        peaks = above(here, floor) & above(here, load(row, start - 1))
        peaks &= at_least(here, load(row, start + 1))
        peaks = peaks >> (at - start) << (at - start)
        while peaks:
            lane = lowest_bit(peaks)
            peaks &= peaks - 1
            place, strength = _peak(row, start + lane, places)
            if 0 <= place < _SIZE:
                if out[place] == 0.0:
                    cells[count] = place
                    count += 1
                out[place] += np.float32(strength)
                total += strength
    return count, total


@kernel
def _peak(row: F32, at: int, places: F64) -> tuple[int, float]:
    """(place, strength) of the peak at a bin."""
    b = math.log(row[at])
    a, c = math.log(max(row[at - 1], 1e-9)) - b, math.log(max(row[at + 1], 1e-9)) - b
    x = 0.5 * (a - c) / (a + c - 1e-12) / at
    # The logarithm of 1 + x, |x| below a tenth where the grid begins.
    up = x - x * x * (0.5 - x * (1.0 / 3.0 - 0.25 * x))
    return round(places[at] + _OCTAVE * 1.4426950408889634 * up), math.exp(0.7 * b)


@kernel
def _keep(here: F32, laid: I64, gone: F32, coming: F32, count: int, places: I64, kept: F64) -> int:
    """Appends what holds still of the row `here`, filled at `laid`, behind the first `count`, as
    far as `places` reach; the new count."""
    for index in range(laid.size):
        at = laid[index]
        near = np.float32(0.0)
        for other in range(max(0, at - 2), min(_SIZE, at + 3)):
            near = max(near, gone[other], coming[other])
        if near > 0.0 and count < places.size:
            places[count], kept[count] = at, min(here[at], near)
            count += 1
    return count


@kernel
def _unexplained(frames: I64, places: I64, kept: F64) -> F64:
    """The strengths less what each pitch's partials may be of them: partial n, 0.8 x 0.9 ** (n - 2)
    of it. Octaves stay, since they are the same note."""
    out = kept.copy()
    row = np.zeros(_SIZE + 4)
    first = 0
    while first < frames.size:
        last = first
        while last < frames.size and frames[last] == frames[first]:
            row[places[last] + 2] = kept[last]
            last += 1
        for index in range(first, last):
            for at in range(_PARTIALS.size):
                low = places[index] - _PARTIALS[at]
                if low >= 0:
                    near = max(row[low], row[low + 1], row[low + 2], row[low + 3], row[low + 4])
                    out[index] -= _EXPLAINED[at] * near
            out[index] = max(0.0, out[index])
        for index in range(first, last):
            row[places[index] + 2] = 0.0
        first = last
    return out


def _tuning(places: I64, kept: F64) -> tuple[int, float]:
    """(offset in tenths of a semitone, -5 .. 5; how far the pitches agree on it, 0 to 1)."""
    by_step = np.bincount(places % STEPS, weights=kept, minlength=STEPS)
    if by_step.sum() <= 0:
        return 0, 0.0
    mean = complex(by_step @ np.exp(2j * np.pi * np.arange(STEPS) / STEPS)) / float(by_step.sum())
    return round(float(np.angle(mean)) / (2 * np.pi) * STEPS), abs(mean)


@cache
def _folds(offset: int) -> tuple[I64, F64]:
    """([720] the pitch class of each tenth, [2, 720] its nearness to the tuned semitone, and that
    leaning on the lowest)."""
    place = np.arange(_SIZE) - offset
    away = (place + STEPS // 2) % STEPS - STEPS // 2
    weight = np.cos(np.pi * away / STEPS) ** 2
    leaning = weight * 2.0 ** (BASS_LEAN * place / _OCTAVE)
    return (place + STEPS // 2) // STEPS % 12, np.stack([weight, leaning])


@kernel
def _fold(frames: I64, places: I64, kept: F64, folds: tuple[I64, F64], pair: F64) -> None:
    """Adds each peak to its pitch class, and to that of the bass twelve places on."""
    classes, weights = folds
    for index in range(frames.size):
        place = places[index]
        row, note = pair[frames[index]], classes[place]
        row[note] += weights[0, place] * kept[index]
        row[note + 12] += weights[1, place] * kept[index]


def joined(parts: Sequence[Steady], lengths: Sequence[float]) -> Steady:
    """Several stems as one: chroma added up, tuning and share weighed by `lengths`."""
    chroma, bass = added([part.chroma for part in parts]), added([part.bass for part in parts])
    weight = np.asarray(lengths) / (sum(lengths) + 1e-12)
    tuned = float(weight @ np.asarray([part.tuned for part in parts]))
    share = float(weight @ np.asarray([part.share for part in parts]))
    return Steady(chroma, bass, tuned, share, added([part.tones for part in parts]))


def added(rows: Sequence[F64]) -> F64:
    """The sum of tables of equal width, as long as the longest."""
    out = np.zeros((max(len(one) for one in rows), rows[0].shape[1]))
    for one in rows:
        out[: len(one)] += one
    return out
