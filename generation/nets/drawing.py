"""Chance for nets: numbers that belong to one row, and choices that fall the same way everywhere.

A row's numbers come from SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number
generators, 2014), keyed by a seed and a name; a choice sums exact weights. It refuses to know any
global state. Invariant: what a row draws depends on its key, its step and its scores alone.
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generation.nets import exact
from generation.nets.exact import Floats

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def key_of(seed: int, *names: int) -> int:
    """The key of one row: the first 64 bits of SHA-256 over "seed:name:name"."""
    text = ":".join(str(one) for one in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def uniforms(keys: NDArray[np.uint64], number: int) -> Floats:
    """Number `number` (0, 1, ...) of each key's stream, in [0, 1) in steps of 2**-53."""
    mixed = keys + np.uint64((number + 1) * int(_GOLDEN) % (1 << 64))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    mixed ^= mixed >> np.uint64(31)
    drawn: Floats = (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    return drawn


def chosen(scores: Floats, uniform: Floats, temperature: float, top_p: float) -> NDArray[np.int64]:
    """One choice per row: scores [rows, n] on the grid, -inf where forbidden.

    The likeliest are kept until they hold `top_p` of all (Holtzman et al., The curious case of
    neural text degeneration, 2020), ties in the order of their numbers; one of them is drawn.
    """
    weights = exact.exponentials(scores / temperature)
    order = np.argsort(-weights, axis=-1, kind="stable")
    weights = np.take_along_axis(weights, order, axis=-1)
    summed = weights.cumsum(-1)
    kept = np.where(summed - weights < top_p * summed[:, -1:], weights, 0.0).cumsum(-1)
    place = (kept <= uniform[:, None] * kept[:, -1:]).sum(-1, keepdims=True)
    taken: NDArray[np.int64] = np.take_along_axis(order, place, axis=-1)[:, 0]
    return taken


class Surprise:
    """How surprising each row's choices were to its net, in bits, summed without rounding drift.

    Kept as a mantissa and a power of two, so that one logarithm is taken at the end.
    """

    def __init__(self, rows: int) -> None:
        self._mantissa = np.ones(rows)
        self._exponent = np.zeros(rows, dtype=np.int64)

    def add(self, rows: NDArray[np.int64], scores: Floats, taken: NDArray[np.int64]) -> None:
        """The choices `taken` [n] out of scores [n, options], for the rows `rows` [n]."""
        weights = exact.exponentials(scores)
        share = np.take_along_axis(weights, taken[:, None], axis=-1)[:, 0] / weights.sum(-1)
        # A forbidden or unthinkable choice counts as one step of the grid.
        kept = np.maximum(share, 2.0**-24)
        self._mantissa[rows], moved = np.frexp(self._mantissa[rows] * kept)
        self._exponent[rows] += moved

    def bits(self, rows: Sequence[int] | NDArray[np.int64]) -> list[float]:
        """Bits of those rows so far."""
        return [-(math.log2(self._mantissa[one]) + int(self._exponent[one])) for one in rows]
