"""Simulated listeners: who they are, what they like, and what they press.

Each has an ideal point and weights of their own, drawn around one of a few clusters; the context of
a moment shifts the energy they want; a like is a coin thrown with the logistic of how far a
variation lies from their ideal. The misspecified world breaks what the model assumes: attributes
that only count together, an ideal that moves after 30 decisions, a tenth of all presses at random.
Knows numpy and the order of attributes, nothing of the model. Invariant: the same seed makes the
same people, candidates and coins for every policy, so that gains are paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COUNT = 8
ENERGY, BRIGHTNESS, DENSITY, TEMPO = 1, 3, 2, 0
CONTEXTS = ("mood", "focus", "ambient")
CONTEXT_ENERGY = {"mood": 0.25, "focus": 0.0, "ambient": -0.35}
CLUSTERS = 4
DECISIONS = 60
CANDIDATES = 64
DRIFT_AFTER = 30
NOISY = 0.1
# Set so that chance, popularity and an oracle reach 0.31, 0.52 and 0.74; no policy ran before.
LEVEL, STEEPNESS, APART = 1.75, 1.42, 0.3


@dataclass(frozen=True)
class World:
    """How people are drawn. `level` and `steepness` make a like of a distance."""

    clusters: Array
    level: float
    steepness: float
    apart: float
    is_misspecified: bool = False


@dataclass(frozen=True)
class Person:
    """One listener: ideal, weights, where the ideal goes to later, and how attributes interact."""

    ideal: Array
    weights: Array
    later: Array
    together: Array


def world(seed: int, *, is_misspecified: bool = False) -> World:
    """A world of four clusters, drawn from `seed`."""
    chance = np.random.default_rng(seed)
    clusters = chance.uniform(-0.55, 0.55, (CLUSTERS, COUNT))
    return World(clusters, LEVEL, STEEPNESS, APART, is_misspecified)


def people(place: World, count: int, chance: np.random.Generator) -> list[Person]:
    """`count` listeners, each near a cluster drawn for them."""
    return [_person(place, chance) for _ in range(count)]


def _person(place: World, chance: np.random.Generator) -> Person:
    centre = place.clusters[chance.integers(len(place.clusters))]
    ideal = np.clip(centre + chance.normal(0.0, place.apart, COUNT), -1.0, 1.0)
    weights = chance.gamma(2.0, 0.5, COUNT) / 2.0
    later = np.clip(ideal + chance.normal(0.0, 0.35, COUNT), -1.0, 1.0)
    return Person(ideal, weights, later, chance.normal(0.0, 0.5, 3))


def worth(place: World, who: Person, rows: Array, context: str, step: int = 0) -> Array:
    """The chance of a like for each row, before any noise of pressing."""
    return np.asarray(worth_to_all(place, [who], rows, context, step)[0])


def worth_to_all(
    place: World, crowd: Sequence[Person], rows: Array, context: str, step: int = 0
) -> Array:
    """The same for everybody of a crowd: one line per person, one column per row."""
    ideals = np.stack([ideal_at(place, who, context, step) for who in crowd])
    weights = np.stack([who.weights for who in crowd])
    squares = (rows[None] - ideals[:, None]) ** 2
    score = place.level - place.steepness * np.einsum("prk,pk->pr", squares, weights)
    if place.is_misspecified:
        pairs = rows[:, [ENERGY, TEMPO, DENSITY]] * rows[:, [BRIGHTNESS, ENERGY, BRIGHTNESS]]
        score = score + np.stack([who.together for who in crowd]) @ pairs.T
    return np.asarray(1.0 / (1.0 + np.exp(-score)))


def ideal_at(place: World, who: Person, context: str, step: int) -> Array:
    """What this person would like best in this context, at this step."""
    moved = place.is_misspecified and step >= DRIFT_AFTER
    ideal = (who.later if moved else who.ideal).copy()
    ideal[ENERGY] += CONTEXT_ENERGY[context]
    return ideal


def pressed(place: World, chance_of_like: float, coin: float, noise: float) -> float:
    """1 or 0: what is pressed, by two numbers from 0 to 1."""
    if place.is_misspecified and noise < NOISY:
        return float(coin < 0.5)
    return float(coin < chance_of_like)


@dataclass(frozen=True)
class Moment:
    """One decision to take: the context, what there is to choose from, and the coins to come."""

    context: str
    among: Array
    coin: float
    noise: float
    says: float


def moments(chance: np.random.Generator, count: int = DECISIONS) -> list[Moment]:
    """The moments of one listener, the same for every policy."""
    return [
        Moment(
            CONTEXTS[int(chance.integers(len(CONTEXTS)))],
            chance.uniform(-1.0, 1.0, (CANDIDATES, COUNT)),
            *(float(one) for one in chance.random(3)),
        )
        for _ in range(count)
    ]


def complaint(place: World, who: Person, row: Array, context: str, step: int) -> tuple[int, int]:
    """What a listener would say of `row`: the attribute that is furthest off, and which way."""
    off = (ideal_at(place, who, context, step) - row) * who.weights
    attribute = int(np.argmax(np.abs(off)))
    return attribute, 1 if off[attribute] > 0 else -1
