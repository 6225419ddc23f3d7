"""Processor "granular/1" and single notes: short pieces of a stem, strewn or struck.

Where a grain lies, what it reads and where it stands between the speakers follow from the clip's
seed and the grain's number alone. Invariant: grains are added in the order of their numbers, so any
cut gives the same bits.
"""

import numpy as np

from generation.engine.kernels import Audio, Reals, Samples, exp2_of, hashed, kernel
from generation.engine.timemap import TimeMap
from generation.engine.vocoder import frame_sizes
from generation.recipe import SAMPLE_RATE_HZ, Clip, Grains, Note

TAPS = 16
PHASES = 512
NOTE_IN = 96
NOTE_OUT = 720


def sinc_table(ratio: float) -> Audio:
    """Windowed-sinc reading weights [PHASES + 1, TAPS]; a ratio above 1 also lowers the cutoff."""
    cutoff = min(1.0, 1.0 / ratio) * 0.94
    phase = np.arange(PHASES + 1)[:, None] / PHASES
    x = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - phase
    window = np.cos(np.pi * x / (TAPS + 1)) ** 2
    weights = cutoff * np.sinc(cutoff * x) * window
    weights /= weights.sum(axis=1, keepdims=True)
    table: Audio = weights.astype(np.float32)
    return table


def pace_of(semitones: int) -> tuple[int, Audio]:
    """Source samples per sample in 2**-32, and the reading weights for it."""
    n, m = frame_sizes(1024, semitones)
    return (n << 32) // m, sinc_table(n / m)


class Cloud:
    """One clip of one stem as grains."""

    def __init__(self, clip: Clip, grains: Grains, stem: Audio) -> None:
        self._stem, self._grains = stem, grains
        self._map = TimeMap(clip.anchors)
        self._pace, self._weights = pace_of(clip.semitones)
        self._size = max(64, round(grains.grain_ms * SAMPLE_RATE_HZ / 1000)) // 2 * 2
        shape = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(self._size) / self._size)
        crowd = grains.per_second * self._size / SAMPLE_RATE_HZ * 0.375
        self._shape: Audio = (shape / np.sqrt(max(1.0, crowd))).astype(np.float32)

    def sound(self, lo: int, hi: int, out: Audio) -> None:
        """Samples [lo, hi) of the variation into float32 [2, hi - lo], fades not yet applied."""
        out[:] = 0.0
        every = SAMPLE_RATE_HZ / self._grains.per_second
        first = int((lo - self._size) // every) - 1
        last = int((hi + self._size) // every) + 2
        numbers = np.arange(first, last, dtype=np.int64)
        draws = np.empty((3, len(numbers)))
        draw(self._grains.seed, numbers, draws)
        centres = np.floor((numbers + draws[0]) * every).astype(np.int64)
        spread = self._grains.spread_ms * SAMPLE_RATE_HZ / 1000
        reads = self._map.sources(centres) + np.floor((2 * draws[1] - 1) * spread).astype(np.int64)
        pans = (2 * draws[2] - 1) * self._grains.pan_spread
        begins = centres - self._size // 2 - lo
        strew(self._stem, begins, reads, pans, self._pace, self._weights, self._shape, out)


class Struck:
    """A generated note: one slice of a stem, read at its pitch."""

    def __init__(self, note: Note, stem: Audio) -> None:
        self._note, self._stem = note, stem
        self._pace, self._weights = pace_of(note.semitones)
        readable = ((note.slice_end - note.slice_start) << 32) // self._pace
        self.start = note.start
        self.end = note.start + min(note.length, int(readable))

    def sound(self, lo: int, hi: int) -> Audio:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], with the note's own fades."""
        out = np.zeros((2, hi - lo), dtype=np.float32)
        size, note = self.end - self.start, self._note
        ramp_in, ramp_out = min(NOTE_IN, size // 4), min(NOTE_OUT, size // 2)
        place = np.arange(size, dtype=np.float64)
        shape = np.minimum(1.0, np.minimum((place + 1) / (ramp_in + 1), (size - place) / ramp_out))
        shape *= exp2_of(note.gain_db * 0.16609640474436812)
        begins = np.array([self.start - lo], dtype=np.int64)
        reads = np.array([note.slice_start + (size // 2 * self._pace >> 32)], dtype=np.int64)
        strew(
            self._stem, begins, reads, np.zeros(1), self._pace, self._weights,
            shape.astype(np.float32), out,
        )  # fmt: skip
        return out


@kernel
def draw(seed: int, numbers: Samples, draws: Reals) -> None:
    """Three numbers in [0, 1) for every grain."""
    for i in range(numbers.shape[0]):
        for lane in range(draws.shape[0]):
            draws[lane, i] = hashed(seed, numbers[i], lane)


@kernel
def read(line: Audio, place: int, weights: Audio) -> float:
    """The stem at `place` (2**-32 samples), by windowed sinc; zero outside."""
    whole, part = place >> 32, place & 4294967295
    taps = weights[(part >> 23)]
    first = whole - (weights.shape[1] // 2 - 1)
    total = np.float32(0.0)
    for i in range(weights.shape[1]):
        at = first + i
        if 0 <= at < line.shape[0]:
            total += line[at] * taps[i]
    return float(total)


@kernel
def strew(
    stem: Audio, begins: Samples, reads: Samples, pans: Reals, pace: int, weights: Audio,
    shape: Audio, out: Audio,
) -> None:  # fmt: skip
    """Adds grains: each begins at `begins` in `out` and has its middle at `reads` in the stem."""
    size, plain = shape.shape[0], pace == 4294967296
    for j in range(begins.shape[0]):
        lo, hi = max(0, -begins[j]), min(size, out.shape[1] - begins[j])
        for channel in range(2):
            side = pans[j] if channel == 0 else -pans[j]
            level = np.float32(np.sqrt(max(0.0, 1.0 - side)))
            line = stem[channel]
            for i in range(lo, hi):
                place = (reads[j] << 32) + (i - size // 2) * pace
                if plain:
                    at = place >> 32
                    x = line[at] if 0 <= at < line.shape[0] else np.float32(0.0)
                else:
                    x = np.float32(read(line, place, weights))
                out[channel, begins[j] + i] += x * shape[i] * level
