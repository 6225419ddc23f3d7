"""Arithmetic of nets that gives the same bits on every machine, in batches of every size.

A float64 holds 53 bits. Weights and activations are kept on a grid of 2**-12 and within bounds, so
every product and every partial sum of a matrix product is a float64 exactly, in whatever order it
is summed; what remains are single IEEE operations (+, -, *, /, sqrt, round), a maximum, and an
exponential looked up in a table. So a row's result depends on that row alone: not on the rows
beside it, on padding, threads, the BLAS or the processor, CPU or GPU.

It refuses to know what is reckoned. Invariant: no function here rounds a sum of more than two
numbers.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

GRID = 4_096.0
# Bounds that leave room: 2**10 * 2**3 * 512 terms on a grid of 2**-24 are 46 bits.
ACTIVATION_LIMIT = 1_023.0
WEIGHT_LIMIT = 7.999
VALUE_LIMIT = 63.0
_NORM_EPSILON = 1e-5
# exp(-n / 1024) for n = 0 .. 16384, on a grid of 2**-24; beyond that it is nothing.
_STEPS, _REACH, _FINE = 1_024, 16, 16_777_216
EXP_TABLE = torch.tensor(
    [round(math.exp(-n / _STEPS) * _FINE) / _FINE for n in range(_STEPS * _REACH)] + [0.0],
    dtype=torch.float64,
)


def on_grid(values: Tensor, limit: float = ACTIVATION_LIMIT) -> Tensor:
    """`values` at the nearest points of the grid, ties to even, within +-`limit`."""
    return (values * GRID).round_().mul_(1.0 / GRID).clamp_(-limit, limit)


def packed(weights: Mapping[str, Tensor]) -> dict[str, NDArray[np.int16]]:
    """Weights on the grid as int16 (2**-12 each, within +-WEIGHT_LIMIT), as checkpoints keep
    them.
    """
    return {
        name: (on_grid(one.detach().double(), WEIGHT_LIMIT) * GRID).to(torch.int16).numpy()
        for name, one in weights.items()
    }


def unpacked(weights: Mapping[str, NDArray[np.generic]]) -> dict[str, Tensor]:
    """The float64 weights that `packed` kept: its int16 arrays; others are left out."""
    return {
        name: torch.from_numpy(one.astype(np.float64) / GRID)
        for name, one in weights.items()
        if one.dtype == np.int16
    }


def linear(values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """values [..., in] @ weight [out, in].T + bias, back on the grid."""
    summed = values @ weight.T
    return on_grid(summed if bias is None else summed + bias)


def normed(values: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """Layer normalization over the last axis, whose length must be a power of two."""
    width = values.shape[-1]
    mean = values.sum(-1, keepdim=True) / width
    variance = (values * values).sum(-1, keepdim=True) / width - mean * mean
    scale = 1.0 / torch.sqrt(variance + _NORM_EPSILON)
    return on_grid((values - mean) * scale * gain + shift)


def squared_relu(values: Tensor) -> Tensor:
    """max(x, 0)**2 on the grid (So et al., Primer, 2021): no exponential is needed."""
    kept = values.clamp(min=0.0)
    return on_grid(kept * kept)


def exponentials(scores: Tensor) -> Tensor:
    """exp(score - the largest of its row), on a grid of 2**-24; -inf gives 0.

    Scores are rounded to 1/1024 first; what lies more than 16 below the largest is nothing.
    """
    below = scores.amax(-1, keepdim=True) - scores
    steps = (below * _STEPS).clamp_(max=_STEPS * _REACH).round_().long()
    return EXP_TABLE.to(scores.device)[steps]


def attended(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    """Softmax attention. queries [..., q, d], keys and values [..., k, d], values within
    +-VALUE_LIMIT, bias [..., q, k] on the grid, -inf where a key must not be seen; every query
    sees a key. Returns [..., q, d].
    """
    scale = 1.0 / math.sqrt(queries.shape[-1])
    weights = exponentials((queries @ keys.transpose(-1, -2)) * scale + bias)
    return on_grid((weights @ values) / weights.sum(-1, keepdim=True))
