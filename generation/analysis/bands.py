"""The coarse picture of a stem that mixes are planned with: level, spectrum and width over time.

It refuses to know music and mixes. Invariant: every number is whole, so that the picture is small
beside the sound (some tens of bytes a second) and equal sound gives an equal one.
"""

import numpy as np
import numpy.typing as npt

from generation.analysis.levels import BLOCK, gram_span
from generation.analysis.pyramid import HOP
from generation.analysis.values import BAND_EDGES_HZ, Bands

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

_QUIETEST_DB, _FAINTEST_DB = -120, -60


def shapes_of(bands: F32, band_hz: F64, length: int) -> F64:
    """Mean power in each band of BAND_EDGES_HZ over each span of `length` samples, float64.

    `bands` [b, n]: powers per HOP samples of the bands around `band_hz`.
    """
    place = np.searchsorted(BAND_EDGES_HZ, band_hz)
    starts = np.arange(0, length, gram_span(length)) // HOP
    heaps = np.add.reduceat(bands.astype(np.float64), starts, axis=1)
    counts = np.diff(np.append(starts, bands.shape[1]))
    out = np.zeros((len(starts), len(BAND_EDGES_HZ) + 1))
    np.add.at(out.T, place, heaps / counts)
    return out


def bands_of(audio: F32, powers: F64, shapes: F64) -> Bands:
    """The Bands of `audio`, float32 [2, n]; `powers`: K-weighted mean squares per BLOCK, channels
    added; `shapes`: shapes_of its spectrum.
    """
    span = gram_span(audio.shape[1])
    many = span // (10 * BLOCK)  # a tenth of a span, in whole blocks
    padded = np.pad(powers, (0, -len(powers) % many)).reshape(-1, many).mean(axis=1)
    strongest = np.maximum(shapes.max(axis=1, keepdims=True), 1e-20)
    left, alike = _sides(audio, span)
    return Bands(
        hop=BLOCK * many,
        span=span,
        levels_db=_whole(padded, _QUIETEST_DB),
        shapes_db=tuple(_whole(row, _FAINTEST_DB) for row in shapes / strongest),
        left_pct=left,
        alike_pct=alike,
    )


def _whole(powers: F64, least: int) -> tuple[int, ...]:
    decibels = np.rint(10.0 * np.log10(np.maximum(powers, 1e-20)))
    return tuple(int(one) for one in np.maximum(decibels, least))


def _sides(audio: F32, span: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Per span the left channel's part of the power, and how alike both are; in whole percent."""
    left_pct, alike_pct = [], []
    for start in range(0, audio.shape[1], span):
        left, right = audio[:, start : start + span]
        ll, rr, lr = float(left @ left), float(right @ right), float(left @ right)
        is_silent = ll + rr <= 1e-12
        left_pct.append(50 if is_silent else round(100.0 * ll / (ll + rr)))
        both = (ll * rr) ** 0.5
        alike_pct.append(0 if both <= 1e-12 * (ll + rr) or is_silent else round(100.0 * lr / both))
    return tuple(left_pct), tuple(alike_pct)
