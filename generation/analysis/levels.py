"""How loud stems are, where they sound, how they look, how much of each other they hold.

Loudness is the engine's meter (ITU-R BS.1770), never a second one. It refuses to know music.
Invariant: the Gram matrices are symmetric, and their sum over all entries is the power of the
stems' plain sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.engine import loudness as meter
from generation.engine.eq import K_WEIGHTING
from generation.engine.kernels import kernel

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

PEAKS_MAX = 800
BLOCK = 4_800
ACTIVE_LUFS = -50.0
_SPAN_LEAST = 48_000
_SPANS_MOST = 240
_GAP_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Level:
    """`loudness_lufs` to a tenth, None for silence or less than 400 ms; `true_peak_dbtp` to a
    tenth, None for silence; `active`: see `active_spans`."""

    loudness_lufs: float | None
    true_peak_dbtp: float | None
    active: tuple[tuple[int, int], ...]


def level_of(audio: F32) -> Level:
    """The Level of `audio`, float32 [2, n] at 48 kHz."""
    read = meter.measured([np.ascontiguousarray(audio)])
    loudness, peak = read.integrated_lufs(), read.true_peak_dbtp()
    return Level(
        None if loudness is None else round(loudness, 1),
        None if peak is None else round(peak, 1),
        active_spans(weighted_blocks(audio), audio.shape[1]),
    )


@kernel
def _weigh(audio: F32, sections: F64, state: F64, out: F64) -> None:
    """`out` [2, n]: `audio` through the two sections of the K filter; `state` [2, 4] goes on.

    Every 256 samples, what is left in the state of a sound that ended is dropped below 1e-30: it
    would go on as numbers too small to count with at speed.
    """
    for start in range(0, audio.shape[1], 256):
        end = min(audio.shape[1], start + 256)
        _weigh_some(audio[:, start:end], sections, state, out[:, start:end])
        for one in range(2):
            for place in range(4):
                if abs(state[one, place]) < 1e-30:
                    state[one, place] = 0.0


@kernel
def _weigh_some(audio: F32, sections: F64, state: F64, out: F64) -> None:
    b0, b1, b2, a1, a2 = sections[0]
    c0, c1, c2, d1, d2 = sections[1]
    p, q, r, s = state[0]
    t, u, v, w = state[1]
    for at in range(audio.shape[1]):
        left, right = np.float64(audio[0, at]), np.float64(audio[1, at])
        x, y = b0 * left + p, b0 * right + r
        p, q = b1 * left - a1 * x + q, b2 * left - a2 * x
        r, s = b1 * right - a1 * y + s, b2 * right - a2 * y
        left, right = c0 * x + t, c0 * y + v
        t, u = c1 * x - d1 * left + u, c2 * x - d2 * left
        v, w = c1 * y - d1 * right + w, c2 * y - d2 * right
        out[0, at], out[1, at] = left, right
    state[0, 0], state[0, 1], state[0, 2], state[0, 3] = p, q, r, s
    state[1, 0], state[1, 1], state[1, 2], state[1, 3] = t, u, v, w


def weighted_blocks(audio: F32) -> F64:
    """K-weighted power (both channels added) of each whole or last block of 100 ms."""
    count = -(-audio.shape[1] // BLOCK)
    out, state = np.zeros(count), np.zeros((len(K_WEIGHTING), 4))
    weighted = np.zeros((2, BLOCK))
    for index in range(count):
        part = audio[:, index * BLOCK : (index + 1) * BLOCK]
        kept = weighted[:, : part.shape[1]]
        _weigh(part, K_WEIGHTING, state, kept)
        out[index] = np.square(kept).sum() / BLOCK
    return out


def active_spans(blocks: F64, length: int) -> tuple[tuple[int, int], ...]:
    """Spans of samples whose 400 ms loudness is above -50 LUFS; gaps under a second are closed."""
    if not blocks.size:
        return ()
    whole = np.convolve(blocks, np.full(4, 0.25))
    limit = 10.0 ** ((ACTIVE_LUFS + 0.691) / 10.0)
    loud = np.zeros(blocks.size, bool)
    for at in np.flatnonzero(whole > limit):
        loud[max(0, at - 3) : at + 1] = True
    spans: list[list[int]] = []
    for at in np.flatnonzero(loud):
        if spans and at - spans[-1][1] < _GAP_BLOCKS:
            spans[-1][1] = int(at) + 1
        else:
            spans.append([int(at), int(at) + 1])
    return tuple((low * BLOCK, min(length, high * BLOCK)) for low, high in spans)


def peak_pairs(audio: F32) -> tuple[tuple[int, int], ...]:
    """At most 800 (lowest, highest) values of equal spans, full scale 127."""
    length = audio.shape[1]
    count = min(PEAKS_MAX, length)
    starts = np.linspace(0, length, count, endpoint=False).astype(np.int64)
    low = np.minimum.reduceat(audio, starts, axis=1).min(axis=0)
    high = np.maximum.reduceat(audio, starts, axis=1).max(axis=0)
    scaled = np.clip(np.rint(np.stack([low, high], axis=1) * 127.0), -127, 127).astype(int)
    return tuple((int(a), int(b)) for a, b in scaled)


def gram_span(length: int) -> int:
    """Samples per Gram matrix: a second, or more so that a recording has at most 240 of them."""
    return max(_SPAN_LEAST, -(-length // (_SPANS_MOST * BLOCK)) * BLOCK)


def gram(stems: Sequence[F32], span: int) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """[spans][i][j]: K-weighted inner products of the stems, mean per sample, nine digits."""
    length = max(audio.shape[1] for audio in stems)
    states = np.zeros((len(stems), len(K_WEIGHTING), 4))
    out = []
    for start in range(0, length, span):
        size = min(span, length - start)
        rows = np.zeros((len(stems), 2, size))
        for audio, state, row in zip(stems, states, rows, strict=True):
            part = audio[:, start : start + size]
            if part.shape[1]:
                _weigh(part, K_WEIGHTING, state, row[:, : part.shape[1]])
        rows = rows.reshape(len(stems), 2 * size)
        matrix = np.zeros((len(stems), len(stems)))
        for i, row in enumerate(rows):
            for j, other in enumerate(rows[: i + 1]):
                matrix[i, j] = matrix[j, i] = float(np.dot(row, other)) / size
        out.append(tuple(tuple(float(f"{value:.9g}") for value in row) for row in matrix))
    return tuple(out)
