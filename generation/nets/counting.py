"""Baselines that count: what a net must beat to be worth its weights.

Witten and Bell's estimate (The zero-frequency problem, 1991) interpolated down a chain of contexts,
from everything to the most specific: P(w | h) = (c(h, w) + t(h) P(w | shorter h)) / (c(h) + t(h)),
where t(h) counts the different w seen after h; at the bottom all w are equal. It refuses to know
music. Invariant: the probabilities of all w after one context sum to 1.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class WittenBell:
    """Counts over `size` different outcomes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._levels: list[dict[int, Counter[int]]] = []

    def fit(self, contexts: Sequence[Ints], outcomes: Ints) -> "WittenBell":
        """Learns from n outcomes; each of `contexts` [n] numbers one context of the chain, the
        least specific first.
        """
        for numbers in contexts:
            level: dict[int, Counter[int]] = defaultdict(Counter)
            for context, outcome in zip(numbers.tolist(), outcomes.tolist(), strict=True):
                level[context][outcome] += 1
            self._levels.append(dict(level))
        return self

    def bits(self, contexts: Sequence[Ints], outcomes: Ints) -> NDArray[np.float64]:
        """How surprising each outcome is, in bits [n]."""
        share = np.full(len(outcomes), 1.0 / self._size)
        for level, numbers in zip(self._levels, contexts, strict=True):
            rows = zip(numbers.tolist(), outcomes.tolist(), strict=True)
            for place, (context, outcome) in enumerate(rows):
                seen = level.get(context)
                if seen is not None:
                    kinds, count = len(seen), seen.total()
                    share[place] = (seen[outcome] + kinds * share[place]) / (count + kinds)
        bits: NDArray[np.float64] = -np.log2(share)
        return bits

    def likeliest(self, contexts: Sequence[Ints]) -> Ints:
        """The likeliest outcome of each row; ties to the smaller number."""
        count = len(contexts[0]) if contexts else 0
        best = np.zeros(count, dtype=np.int64)
        for place in range(count):
            shares = np.full(self._size, 1.0 / self._size)
            for level, numbers in zip(self._levels, contexts, strict=True):
                seen = level.get(int(numbers[place]))
                if seen is not None:
                    shares *= len(seen)
                    for outcome, times in seen.items():
                        shares[outcome] += times
                    shares /= seen.total() + len(seen)
            best[place] = int(np.argmax(shares))
        return best


def joined(*columns: Ints) -> Ints:
    """One number per row for the columns together; no column holds 4096 or more."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for one in columns:
        number = number * 4_096 + one
    return number


def shifted(values: Ints, by: int, filler: int) -> Ints:
    """`values` moved `by` places later, `filler` in front."""
    moved: Ints = np.concatenate([np.full(min(by, len(values)), filler), values[: -by or None]])
    return moved[: len(values)]


def divergence(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Jensen-Shannon divergence of two histograms, in bits (Lin, 1991)."""
    first, second = one / one.sum(), other / other.sum()
    middle = (first + second) / 2
    return (_relative(first, middle) + _relative(second, middle)) / 2


def _relative(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    there = one > 0
    return float(np.sum(one[there] * np.log2(one[there] / other[there])))


def surprise(scores: NDArray[np.float64], taken: Ints) -> NDArray[np.float64]:
    """Bits of each choice [n] out of its scores [n, options], by their softmax."""
    below = scores - scores.max(-1, keepdims=True)
    logs = below - np.log(np.exp(below).sum(-1, keepdims=True))
    bits: NDArray[np.float64] = -np.take_along_axis(logs, taken[:, None], -1)[:, 0] / math.log(2)
    return bits


def uniform_bits(options: int) -> float:
    """Bits of a choice among equals."""
    return math.log2(options)
