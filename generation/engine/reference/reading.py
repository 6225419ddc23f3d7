"""Samples out of a stem: as they are, at an exact ratio, or anywhere between two.

Knows a stem as a tensor [2, n]; zeros lie outside it. Invariant: a sample read is a sum in a fixed
order over source samples that its own number names.
"""

import torch
from torch import Tensor

from generation.engine import resample


def slice_of(stem: Tensor, lo: int, hi: int) -> Tensor:
    """Source samples [lo, hi), zeros outside the stem: [2, hi - lo]."""
    a, b = min(max(0, lo), stem.shape[1]), max(0, min(stem.shape[1], hi))
    if a >= b:
        return stem.new_zeros((2, hi - lo))
    if a == lo and b == hi:
        return stem[:, lo:hi]
    return torch.nn.functional.pad(stem[:, a:b], (a - lo, hi - b))


def pick(stem: Tensor, places: Tensor) -> Tensor:
    """The samples at `places` (int64, any shape), zeros outside the stem: [2, *places.shape]."""
    inside = (places >= 0) & (places < stem.shape[1])
    found = stem.index_select(1, places.clamp(0, stem.shape[1] - 1).flatten())
    return found.view(2, *places.shape) * inside


def rows_of(p: int, q: int, device: torch.device) -> Tensor:
    """The reading weights of every phase, float32 [TAPS, q]: one row a tap."""
    rows = torch.from_numpy(resample.rows_of(p, q).reshape(q, resample.TAPS).T.copy())
    return rows.to(device)


def read_at(stem: Tensor, rows: Tensor, p: int, q: int, lo: int, hi: int) -> Tensor:
    """Samples [lo, hi) of the stem read at p / q (`resample`): float32 [2, hi - lo].

    `rows` float32 [TAPS, q] as `rows_of` gives them.
    """
    if p == q:
        return slice_of(stem, lo, hi)
    before = resample.TAPS // 2 - 1
    first = lo * p // q - before
    patch = slice_of(stem, first, (hi - 1) * p // q - before + resample.TAPS)
    moments = torch.arange(lo, hi, device=stem.device, dtype=torch.int64) * p
    places, phases = moments // q - before - first, moments % q
    out = stem.new_zeros((2, hi - lo))
    for tap in range(resample.TAPS):
        out += patch[:, tap:].index_select(1, places) * rows[tap].index_select(0, phases)
    return out


def read_between(stem: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """The stem at `places` (int64, 2**-32 samples) by windowed sinc: [2, *places.shape].

    `weights` float32 [phases, taps] as `grains.sinc_table` makes them.
    """
    rows = weights[(places & 4294967295) >> 23]
    first = (places >> 32) - (weights.shape[1] // 2 - 1)
    out = stem.new_zeros((2, *places.shape))
    for tap in range(weights.shape[1]):
        out += pick(stem, first + tap) * rows[..., tap]
    return out
