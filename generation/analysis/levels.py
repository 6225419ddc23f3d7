"""How loud stems are, where they sound, how they look, how much of each other they hold.

Loudness is the engine's meter (ITU-R BS.1770), never a second one. It refuses to know music.
Invariant: the Gram matrices are symmetric, and their sum over all entries is the power of the
stems' plain sum.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.signal

from generation.engine import loudness as meter
from generation.engine.eq import K_WEIGHTING

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

PEAKS_MAX = 800
BLOCK = 4_800
ACTIVE_LUFS = -50.0
_SPAN_LEAST = 48_000
_SPANS_MOST = 240
_GAP_BLOCKS = 10


def loudness(audio: F32) -> float | None:
    """Integrated loudness in LUFS to a tenth, None for silence or less than 400 ms."""
    value = meter.integrated_lufs(np.ascontiguousarray(audio))
    return None if value is None else round(value, 1)


def true_peak(audio: F32) -> float | None:
    """True peak in dBTP to a tenth, None for silence."""
    value = meter.true_peak_dbtp(np.ascontiguousarray(audio))
    return None if value is None else round(value, 1)


def k_weighted(audio: F32, state: F64 | None = None) -> tuple[F64, F64]:
    """(`audio` [2, n] through the K filter, the filter's state to go on with)."""
    sections = np.insert(K_WEIGHTING, 3, 1.0, axis=1)
    if state is None:
        state = np.zeros((len(sections), 2, 2))
    out, state = scipy.signal.sosfilt(sections, audio.astype(np.float64), axis=1, zi=state)
    return out, state


def weighted_blocks(audio: F32) -> F64:
    """K-weighted power (both channels added) of each whole or last block of 100 ms."""
    count = -(-audio.shape[1] // BLOCK)
    out = np.zeros(count)
    state: F64 | None = None
    for start in range(0, count, 100):
        part, state = k_weighted(audio[:, start * BLOCK : (start + 100) * BLOCK], state)
        squares = np.square(part).sum(axis=0)
        blocks = -(-squares.size // BLOCK)
        filled = np.zeros(blocks * BLOCK)
        filled[: squares.size] = squares
        out[start : start + blocks] = filled.reshape(blocks, BLOCK).mean(axis=1)
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
    low = np.minimum.reduceat(audio.min(axis=0), starts)
    high = np.maximum.reduceat(audio.max(axis=0), starts)
    scaled = np.clip(np.rint(np.stack([low, high], axis=1) * 127.0), -127, 127).astype(int)
    return tuple((int(a), int(b)) for a, b in scaled)


def gram_span(length: int) -> int:
    """Samples per Gram matrix: a second, or more so that a recording has at most 240 of them."""
    return max(_SPAN_LEAST, -(-length // (_SPANS_MOST * BLOCK)) * BLOCK)


def gram(stems: Sequence[F32], span: int) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """[spans][i][j]: K-weighted inner products of the stems, mean per sample, nine digits."""
    length = max(audio.shape[1] for audio in stems)
    states: list[F64 | None] = [None] * len(stems)
    out = []
    for start in range(0, length, span):
        size = min(span, length - start)
        rows = np.zeros((len(stems), 2 * size))
        for index, audio in enumerate(stems):
            part = audio[:, start : start + size]
            if part.shape[1]:
                weighted, states[index] = k_weighted(part, states[index])
                rows[index].reshape(2, size)[:, : part.shape[1]] = weighted
        matrix = rows @ rows.T / size
        out.append(tuple(tuple(float(f"{value:.9g}") for value in row) for row in matrix))
    return tuple(out)
