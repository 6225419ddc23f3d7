"""Processor "struck/2": a note played by one slice of a stem, tuned by the cent.

The slice is read from its first sample on, at an exact ratio, by a windowed sinc; a slice that has
a loop goes round in it for as long as the note lasts. Knows one note and one stem. Invariant: where
a sample of the note reads follows from its own number alone, so any cut gives the same bits, and
the past need not be heard.
"""

import math
from functools import lru_cache

import numpy as np

from generation.engine.kernels import Audio, exp2_of, inlined, kernel, raised_cosine
from generation.recipe import Note

TAPS = 32
PHASES = 512
# The end of a loop is blended into what lies before its beginning.
LOOP_CROSS = 2_048
LOOP_LEAST = 256
UNIT = 1 << 32


@lru_cache(maxsize=32)
def weights_of(steps: int) -> Audio:
    """Reading weights [PHASES + 1, TAPS] for a pitch raised by up to `steps` semitones.

    Row j reads j / PHASES of a sample on; what lies above the new half rate is taken away. A Hann
    window of TAPS samples; every row sums to 1.
    """
    cutoff = 0.94 * 2.0 ** (-max(0, steps) / 12.0)
    x = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    weights = np.sinc(cutoff * x) * np.cos(np.pi * x / (TAPS + 1)) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    table: Audio = weights.astype(np.float32)
    return table


def pace_of(note: Note) -> int:
    """Source samples per sample of the note in 2**-32, within 5e-10 of the ratio."""
    return math.floor(exp2_of((100 * note.semitones + note.cents) / 1200.0) * UNIT + 0.5)


def size_of(note: Note) -> int:
    """How many samples the note lasts: as asked, or as far as a slice without a loop reaches."""
    if note.loop is not None:
        return note.length
    return min(note.length, ((note.slice_end - note.slice_start) << 32) // pace_of(note))


def round_of(note: Note) -> tuple[int, int, int]:
    """Where the loop begins, where it ends, and its cross-fade, in samples from the slice's first.

    Without a loop the end is never reached.
    """
    if note.loop is None:
        return 0, 1 << 30, 0
    first, last = (place - note.slice_start for place in note.loop)
    return first, last, min(LOOP_CROSS, first, last - first)


class Played:
    """One note over its stem: it sounds in [start, end)."""

    def __init__(self, note: Note, stem: Audio) -> None:
        self._note, self._stem = note, stem
        self._pace, self._round = pace_of(note), round_of(note)
        self._weights = weights_of(math.ceil((100 * note.semitones + note.cents) / 100))
        self._gain = exp2_of(note.gain_db * 0.16609640474436812)
        self.start = note.start
        self.end = note.start + size_of(note)

    def sound(self, lo: int, hi: int) -> Audio:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], with the note's own fades."""
        out = np.empty((2, hi - lo), dtype=np.float32)
        note = self._note
        strike(
            self._stem, note.slice_start, self._pace, self._weights, *self._round, lo - note.start,
            out,
        )  # fmt: skip
        shape(out, lo - note.start, self.end - note.start, note.fade_in, note.fade_out, self._gain)
        return out


@inlined
def lean(weights: Audio, place: int, held: Audio) -> None:
    """The weights by which to read at `place` (2**-32 samples), between two rows of them."""
    part = place & 4294967295
    here, following = weights[part >> 23], weights[(part >> 23) + 1]
    between = np.float32((part & 8388607) * 1.1920928955078125e-07)
    for i in range(TAPS):
        held[i] = here[i] + (following[i] - here[i]) * between


@inlined
def tap(line: Audio, whole: int, held: Audio) -> float:
    """A line about sample `whole` by weights; zeros lie outside. The sum goes tap by tap."""
    first, total = whole - (TAPS // 2 - 1), np.float32(0.0)
    if first >= 0 and first + TAPS <= line.shape[0]:
        for i in range(TAPS):
            total += line[first + i] * held[i]
        return float(total)
    for i in range(TAPS):
        at = first + i
        if 0 <= at < line.shape[0]:
            total += line[at] * held[i]
    return float(total)


@inlined
def read_at(stem: Audio, place: int, weights: Audio, is_own: bool, held: Audio, out: Audio) -> None:
    """Both sides of a stem at `place` (2**-32 samples) by windowed sinc, or as they are."""
    whole = place >> 32
    if is_own:
        is_inside = 0 <= whole < stem.shape[1]
        for side in range(2):
            out[side] = stem[side, whole] if is_inside else np.float32(0.0)
        return
    lean(weights, place, held)
    for side in range(2):
        out[side] = np.float32(tap(stem[side], whole, held))


@kernel
def strike(
    stem: Audio, begins: int, pace: int, weights: Audio, loop_start: int, loop_end: int, cross: int,
    first: int, out: Audio,
) -> None:  # fmt: skip
    """Samples of a note from number `first` on into `out` [2, n], without fades and gain.

    `begins`: the slice's first sample; the loop and its cross-fade are counted from there. At the
    slice's own pitch its samples are copied.
    """
    is_own = pace == 4294967296
    edge, turn = loop_end << 32, (loop_end - loop_start) << 32
    held = np.empty(TAPS, dtype=np.float32)
    here, beside = np.empty(2, dtype=np.float32), np.empty(2, dtype=np.float32)
    for i in range(out.shape[1]):
        place = (first + i) * pace
        if place >= edge:
            place = edge - turn + (place - edge) % turn
        place += begins << 32
        left = edge + (begins << 32) - place
        read_at(stem, place, weights, is_own, held, here)
        if left < cross << 32:
            weight = np.float32(raised_cosine(1.0 - left / (cross * 4294967296.0)))
            read_at(stem, place - turn, weights, is_own, held, beside)
            for side in range(2):
                here[side] += (beside[side] - here[side]) * weight
        out[0, i], out[1, i] = here[0], here[1]


@kernel
def shape(out: Audio, first: int, size: int, rise: int, fall: int, gain: float) -> None:
    """Multiplies samples of a note from number `first` on by its gain and raised-cosine fades."""
    for i in range(out.shape[1]):
        at = first + i
        level = gain
        if at < rise:
            level *= raised_cosine((at + 0.5) / rise)
        if size - at <= fall:
            level *= raised_cosine((size - at - 0.5) / fall)
        out[0, i] *= np.float32(level)
        out[1, i] *= np.float32(level)
