"""What a sound leaves behind, small enough to compare: bands and pitch classes, frame by frame.

It knows samples. It refuses to know recipes, maps and verdicts. Invariant: a frame depends on its
own samples alone, so the imprint of a stretch is that part of the imprint of the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import scipy.fft

from generation.engine.kernels import kernel
from generation.recipe import SAMPLE_RATE_HZ

F32 = npt.NDArray[np.float32]

HOP = 1_024
WINDOW = 2 * HOP
PITCH_HOP = 8_192
PITCH_WINDOW = 2 * PITCH_HOP
BANDS = 8
CLASSES = 12

_THIN = 4
_RATE_HZ = SAMPLE_RATE_HZ // _THIN
_EDGES_HZ = (30, 130, 260, 520, 1_040, 2_080, 4_160, 6_000)
# Below, the window of pitch does not tell neighboring semitones apart.
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 2_000.0
_HANN_POWER = 0.375
_COPIED = 1 << 18
_BATCH = 1_024


@dataclass(frozen=True, slots=True)
class Imprint:
    """Mean squares of the middle of both channels.

    `bands` float32 [n, BANDS]: WINDOW samples from HOP * i on, in seven octaves up to 6 kHz and all
    that is quicker. `pitch` float32 [m, CLASSES]: PITCH_WINDOW samples from
    PITCH_HOP * i on, by pitch class, C first.
    """

    bands: F32
    pitch: F32


def sizes_of(length: int) -> tuple[int, int]:
    """How many frames of bands and of pitch lie within so many samples."""
    return max(0, length // HOP - 1), max(0, length // PITCH_HOP - 1)


def imprint_of(sound: F32) -> Imprint:
    """The imprint of float32 [2, n] at 48 kHz."""
    return imprints_of([sound])[0]


def imprints_of(sounds: Sequence[F32]) -> list[Imprint]:
    """The imprints of several sounds, made together; they are copied piece by piece."""
    rooms = [-(-sound.shape[1] // PITCH_HOP) for sound in sounds]
    thin = np.zeros(sum(rooms) * PITCH_HOP // _THIN, dtype=np.float32)
    quick = np.zeros(sum(rooms) * (PITCH_HOP // HOP), dtype=np.float32)
    begins = [PITCH_HOP * sum(rooms[:place]) for place in range(len(rooms))]
    for begin, sound in zip(begins, sounds, strict=True):
        _thin_into(sound, thin[begin // _THIN :], quick[begin // HOP :])
    half = (thin[0::2] + thin[1::2]) * np.float32(0.5)
    bands = np.empty((max(0, len(quick) - 1), BANDS), dtype=np.float32)
    bands[:, :-1] = _folded(thin, len(bands), WINDOW // _THIN, _octaves())
    bands[:, -1] = (quick[:-1] + quick[1:]) * np.float32(0.5)
    notes = _folded(half, max(0, sum(rooms) - 1), PITCH_WINDOW // _THIN // 2, _classes())
    found = []
    for begin, sound in zip(begins, sounds, strict=True):
        frames, spans = sizes_of(sound.shape[1])
        own = bands[begin // HOP :][:frames]
        found.append(Imprint(own, notes[begin // PITCH_HOP :][:spans]))
    return found


def _thin_into(sound: F32, thin: F32, quick: F32) -> None:
    """The whole hops of `sound`, thinned, at the beginning of `thin` and `quick`."""
    whole = sound.shape[1] // HOP * HOP
    for first in range(0, whole, _COPIED):
        part = np.array(sound[:, first : min(first + _COPIED, whole)], order="C")
        hop = first // HOP
        thin_out(part, thin[first // _THIN :], quick[hop : hop + part.shape[1] // HOP])


def _folded(signal: F32, frames: int, size: int, weights: F32) -> F32:
    """Mean squares of half overlapping Hann frames, their bins gathered by `weights`."""
    out = np.zeros((frames, weights.shape[1]), dtype=np.float32)
    if not frames:
        return out
    every = np.lib.stride_tricks.sliding_window_view(signal, size)[:: size // 2]
    for first in range(0, frames, _BATCH):
        last = min(frames, first + _BATCH)
        bins = scipy.fft.rfft(every[first:last] * _hann(size), axis=1).view(np.float32)
        bins *= bins
        out[first:last] = bins @ weights
    return out


@cache
def _hann(size: int) -> F32:
    """A Hann window whose squared bins, one side of them, add up to the mean square."""
    shape = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
    shape *= np.sqrt(2.0 / _HANN_POWER) / size
    window: F32 = shape.astype(np.float32)
    return window


@cache
def _octaves() -> F32:
    """Weights [2 bins, BANDS - 1]: a bin goes to the octave it lies in."""
    hz = np.fft.rfftfreq(WINDOW // _THIN, 1.0 / _RATE_HZ)
    edges = np.array(_EDGES_HZ, dtype=np.float64)
    inside = (hz[:, None] >= edges[:-1]) & (hz[:, None] < edges[1:])
    return np.repeat(inside, 2, axis=0).astype(np.float32)


@cache
def _classes() -> F32:
    """Weights [2 bins, CLASSES]: a bin goes to its two nearest classes, by how near they are.

    They rise smoothly, by 3 dB an octave: a bass does not speak for everybody, and a shift in pitch
    changes all tones alike.
    """
    hz = np.fft.rfftfreq(PITCH_WINDOW // _THIN // 2, 2.0 / _RATE_HZ)
    inside = (hz >= _LOWEST_HZ) & (hz <= _HIGHEST_HZ)
    note = 69.0 + 12.0 * np.log2(np.where(inside, hz, 440.0) / 440.0)
    away = (note[:, None] - np.arange(CLASSES) + 6.0) % 12.0 - 6.0
    weights = np.clip(1.0 - np.abs(away), 0.0, 1.0) * (inside * hz / 440.0)[:, None]
    return np.repeat(weights, 2, axis=0).astype(np.float32)


@kernel
def thin_out(sound: F32, thin: F32, quick: F32) -> None:
    """The middle at a quarter of the rate, and per hop the mean square of what that leaves out."""
    for hop in range(quick.shape[0]):
        lost = np.float32(0.0)
        for i in range(hop * 256, hop * 256 + 256):
            total = np.float32(0.0)
            squares = np.float32(0.0)
            for j in range(4 * i, 4 * i + 4):
                x = sound[0, j] + sound[1, j]
                total += x
                squares += x * x
            thin[i] = total * np.float32(0.125)
            lost += squares - total * total * np.float32(0.25)
        quick[hop] = lost * np.float32(1.0 / 4_096.0)
