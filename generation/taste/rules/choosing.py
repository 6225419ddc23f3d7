"""Choosing among candidates by a belief: Thompson sampling, small and with its propensity.

Thompson sampling draws one set of weights from the belief and takes what is best under it (Russo et
al., A Tutorial on Thompson Sampling, 2018). The spread is scaled to a fifth: the candidates are
drawn at random and explore by themselves; at full scale the policy loses to popularity
(docs/benchmarks/taste.md). Invariant: the same belief, candidates and generator choose the same,
and the propensity that goes with a choice is never zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from generation.taste.rules.attributes import (
    ATTRIBUTES,
    COUNT,
    Matrix,
    Vector,
    features,
    place_of,
)
from generation.taste.rules.model import Belief

CANDIDATES = 64
SCALE = 0.2
DRAWS = 256

Bounds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate taken, and the chance it had: hits of `draws` further draws, with itself."""

    index: int
    attributes: Vector
    propensity: float


def candidates(bounds: Bounds, chance: np.random.Generator, count: int = CANDIDATES) -> Matrix:
    """`count` vectors of attributes, uniform within `bounds`; what has none stands in the middle.

    Vocals are there or not: they take one end of their bounds or the other.
    """
    low, high = np.zeros(COUNT), np.zeros(COUNT)
    for name, (lowest, highest) in bounds.items():
        low[place_of(name)], high[place_of(name)] = lowest, highest
    drawn = chance.random((count, COUNT))
    vocals = ATTRIBUTES.index("vocals")
    drawn[:, vocals] = np.round(drawn[:, vocals])
    return np.asarray(low + drawn * (high - low), dtype=np.float64)


def weights_drawn(belief: Belief, scale: float, count: int, chance: np.random.Generator) -> Matrix:
    """`count` sets of weights from the belief, its spread scaled; shape (FEATURES, count)."""
    root = np.linalg.cholesky(belief.precision)
    noise = chance.standard_normal((len(belief.mean), count))
    return np.asarray(belief.mean[:, None] + scale * np.linalg.solve(root.T, noise))


def choose(
    belief: Belief,
    among: Matrix,
    context: str,
    chance: np.random.Generator,
    *,
    scale: float = SCALE,
    draws: int = DRAWS,
) -> Choice:
    """One of the rows of `among`, by one draw; `draws` more tell how probable it was."""
    table = features(among, context)
    weights = weights_drawn(belief, scale, 1 + draws, chance)
    winners = np.argmax(table @ weights, axis=0)
    index = int(winners[0])
    propensity = float(np.count_nonzero(winners == index)) / (1 + draws)
    return Choice(index, among[index], propensity)
