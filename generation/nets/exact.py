"""Arithmetic of nets that gives the same bits on every machine, in batches of every size.

A float64 holds 53 bits. Weights and activations are kept on a grid of 2**-12 and within bounds, so
every product and every partial sum of a matrix product is a float64 exactly, in whatever order it
is summed; what remains are single IEEE operations (+, -, *, /, sqrt, rint), a maximum, and an
exponential looked up in a table. So a row's result depends on that row alone: not on the rows
beside it, on padding, threads, the BLAS or the processor. Arrays are numpy's: a step of a net this
small costs less than calling torch for it.

It refuses to know what is reckoned. Invariant: no function here rounds a sum of more than two
numbers.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRID = 4_096.0
# Bounds that leave room: 2**10 * 2**3 * 512 terms on a grid of 2**-24 are 46 bits.
ACTIVATION_LIMIT = 1_023.0
WEIGHT_LIMIT = 7.999
VALUE_LIMIT = 63.0
_NORM_EPSILON = 1e-5
# exp(-n / 1024) for n = 0 .. 16384, on a grid of 2**-24; beyond that it is nothing.
_STEPS, _REACH, _FINE = 1_024, 16, 16_777_216
EXP_TABLE = np.array(
    [round(math.exp(-n / _STEPS) * _FINE) / _FINE for n in range(_STEPS * _REACH)] + [0.0]
)


def on_grid(values: Floats, limit: float = ACTIVATION_LIMIT) -> Floats:
    """`values` at the nearest points of the grid, ties to even, within +-`limit`."""
    points = values * GRID
    np.rint(points, out=points)
    points *= 1.0 / GRID
    np.maximum(points, -limit, out=points)
    return np.minimum(points, limit, out=points)


def packed(weights: Mapping[str, NDArray[np.floating]]) -> dict[str, NDArray[np.int16]]:
    """Weights on the grid as int16 (2**-12 each, within +-WEIGHT_LIMIT), as checkpoints keep
    them.
    """
    return {
        name: (on_grid(one.astype(np.float64), WEIGHT_LIMIT) * GRID).astype(np.int16)
        for name, one in weights.items()
    }


def unpacked(weights: Mapping[str, NDArray[np.generic]]) -> dict[str, Floats]:
    """The float64 weights that `packed` kept: its int16 arrays; others are left out."""
    return {
        name: one.astype(np.float64) / GRID
        for name, one in weights.items()
        if one.dtype == np.int16
    }


def linear(values: Floats, weight: Floats, bias: Floats | None = None) -> Floats:
    """values [..., in] @ weight [out, in].T + bias, back on the grid."""
    summed = values @ weight.T
    if bias is not None:
        summed += bias
    return on_grid(summed)


def normed(values: Floats, gain: Floats, shift: Floats) -> Floats:
    """Layer normalization over the last axis (Ba, Kiros and Hinton, 2016)."""
    width = values.shape[-1]
    mean = values.sum(-1, keepdims=True) / width
    variance = (values * values).sum(-1, keepdims=True) / width - mean * mean
    scaled = (values - mean) * (1.0 / np.sqrt(variance + _NORM_EPSILON))
    scaled *= gain
    scaled += shift
    return on_grid(scaled)


def squared_relu(values: Floats) -> Floats:
    """max(x, 0)**2 on the grid (So et al., Primer, 2021): no exponential is needed."""
    kept = np.maximum(values, 0.0)
    kept *= kept
    return on_grid(kept)


def exponentials(scores: Floats) -> Floats:
    """exp(score - the largest of its row), on a grid of 2**-24; -inf gives 0.

    Scores are rounded to 1/1024 first; what lies more than 16 below the largest is nothing.
    """
    below = scores.max(-1, keepdims=True) - scores
    below *= _STEPS
    np.minimum(below, _STEPS * _REACH, out=below)
    weights: Floats = EXP_TABLE[np.rint(below, out=below).astype(np.int64)]
    return weights


def attended(queries: Floats, keys: Floats, values: Floats, bias: Floats) -> Floats:
    """Softmax attention. queries [..., q, d], keys and values [..., k, d], values within
    +-VALUE_LIMIT, bias [..., q, k] on the grid, -inf where a key must not be seen; every query
    sees a key. Returns [..., q, d].
    """
    scores = queries @ keys.swapaxes(-1, -2)
    scores *= 1.0 / math.sqrt(queries.shape[-1])
    weights = exponentials(scores + bias)
    return on_grid((weights @ values) / weights.sum(-1, keepdims=True))
