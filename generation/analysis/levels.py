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
    tenth, None for silence; `active`: see `active_spans`; `powers`: K-weighted mean squares of
    each BLOCK, channels added."""

    loudness_lufs: float | None
    true_peak_dbtp: float | None
    active: tuple[tuple[int, int], ...]
    powers: F64


def level_of(audio: F32) -> Level:
    """The Level of `audio`, float32 [2, n] at 48 kHz."""
    read = meter.measured([np.ascontiguousarray(audio)])
    loudness, peak = read.integrated_lufs(), read.true_peak_dbtp()
    return Level(
        None if loudness is None else round(loudness, 1),
        None if peak is None else round(peak, 1),
        active_spans(read.powers(), audio.shape[1]),
        read.powers(),
    )


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
                meter.weigh(part, K_WEIGHTING, state, row[:, : part.shape[1]])
        rows = rows.reshape(len(stems), 2 * size)
        matrix = np.zeros((len(stems), len(stems)))
        for i, row in enumerate(rows):
            for j, other in enumerate(rows[: i + 1]):
                matrix[i, j] = matrix[j, i] = float(np.dot(row, other)) / size
        out.append(tuple(tuple(float(f"{value:.9g}") for value in row) for row in matrix))
    return tuple(out)
