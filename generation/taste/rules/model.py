"""What is believed of one listener: a Gaussian over the weights of the features, exactly updated.

Bayesian linear regression with known noise, after Bishop, Pattern Recognition and Machine Learning
(2006), section 3.3. It knows arrays alone. Invariant: a belief is its prior plus a sum of
observations, so whatever was added can be taken out again and the prior exchanged beneath it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generation.taste.rules.attributes import (
    FEATURES,
    Matrix,
    Vector,
    features,
    linear_place,
    place_of,
    square_place,
)

NOISE_VARIANCE = 0.2
NOISE_PRECISION = 1.0 / NOISE_VARIANCE
# "More of X": the same thing, so much further along X, would be worth so much more.
CRITIQUE_STEP = 0.4
CRITIQUE_GAIN = 0.12
CRITIQUE_PRECISION = 40.0 * NOISE_PRECISION
# What a listener sets by hand: how sure that is, and how much an ideal matters at least.
SET_PRECISION = 50.0
SET_CURVATURE = 0.2

_UPPER = np.triu_indices(FEATURES)


@dataclass(frozen=True, slots=True)
class Belief:
    """Mean (FEATURES) and precision (FEATURES x FEATURES), the inverse of the covariance."""

    mean: Vector
    precision: Matrix


@dataclass(frozen=True, slots=True)
class Observation:
    """A reward seen on `features` with a precision: one row of a regression."""

    features: Vector
    reward: float
    precision: float = NOISE_PRECISION


def as_floats(values: NDArray[np.floating[Any]]) -> Vector:
    """The same numbers as float64, which most of numpy's linear algebra does not promise."""
    return np.asarray(values, dtype=np.float64)


def neutral_prior() -> Belief:
    """What is believed before anybody consented: no direction, mild dislike of extremes."""
    mean = np.zeros(FEATURES)
    mean[0] = 0.5
    variance = np.full(FEATURES, 0.05)
    variance[0] = 0.1
    for name in ("tempo", "energy", "density", "brightness", "valence", "vocals"):
        mean[square_place(name)] = -0.05
        variance[linear_place(name)] = 0.1
    return Belief(mean, np.diag(1.0 / variance))


def observed(belief: Belief, one: Observation) -> Belief:
    """The belief after one observation: an exact rank-one step. Shapes as in `Belief`.

    A negative precision takes the same observation out again.
    """
    through = np.linalg.solve(belief.precision, one.features)
    known = 1.0 + one.precision * float(one.features @ through)
    if known <= 0.0:
        raise ValueError("An observation is taken out that was never put in.")
    surprise = one.reward - float(one.features @ belief.mean)
    mean = belief.mean + through * (one.precision * surprise / known)
    grown = one.precision * np.outer(one.features, one.features)
    return Belief(mean, belief.precision + grown)


def observed_all(belief: Belief, rows: Sequence[Observation]) -> Belief:
    """The belief after all of `rows`, in one solve; their order does not matter."""
    if not rows:
        return belief
    table = np.stack([one.features for one in rows])
    precisions = np.array([one.precision for one in rows])
    rewards = np.array([one.reward for one in rows])
    precision = belief.precision + (table.T * precisions) @ table
    load = belief.precision @ belief.mean + table.T @ (precisions * rewards)
    return Belief(np.linalg.solve(precision, load), precision)


def taken_out(one: Observation) -> Observation:
    """The observation that undoes `one`."""
    return Observation(one.features, one.reward, -one.precision)


def liking(attributes: Vector, context: str, reward: float, weight: float = 1.0) -> Observation:
    """What a listener's verdict on a variation says. `reward`: 1 liked, 0 skipped."""
    return Observation(features(attributes, context), reward, weight * NOISE_PRECISION)


def comparison(attributes: Vector, context: str, attribute: str, direction: int) -> Observation:
    """What "more of this" (+1) or "less" (-1) says: a pair, of which the moved one is better."""
    moved = attributes.copy()
    moved[place_of(attribute)] += CRITIQUE_STEP * direction
    step = features(moved, context) - features(attributes, context)
    return Observation(step, CRITIQUE_GAIN, CRITIQUE_PRECISION)


def with_ideal(belief: Belief, attribute: str, ideal: float | None) -> Belief:
    """The belief after its listener said where on `attribute` it is best; None: it does not matter.

    What is observed is chosen so that the mean lands exactly where it was put, whatever was
    believed before; the other attributes follow as far as they go with this one.
    """
    places = [linear_place(attribute), square_place(attribute)]
    curvature = 0.0 if ideal is None else min(float(belief.mean[places[1]]), -SET_CURVATURE)
    wanted = np.array([-2.0 * curvature * (ideal or 0.0), curvature])
    picks = np.zeros((2, FEATURES))
    picks[[0, 1], places] = 1.0
    within = np.linalg.inv(belief.precision)[np.ix_(places, places)]
    pull = np.linalg.solve(SET_PRECISION * within, wanted - belief.mean[places])
    said = wanted + pull
    rows = [
        Observation(pick, float(value), SET_PRECISION)
        for pick, value in zip(picks, said, strict=True)
    ]
    return observed_all(belief, rows)


def evidence(belief: Belief, prior: Belief) -> tuple[Matrix, Vector]:
    """What a listener added to `prior`: precision and precision times mean, both by subtraction."""
    return (
        belief.precision - prior.precision,
        belief.precision @ belief.mean - prior.precision @ prior.mean,
    )


def on_prior(belief: Belief, before: Belief, after: Belief) -> Belief:
    """The belief as it would be had it begun with the prior `after` in the place of `before`."""
    precision, load = evidence(belief, before)
    grown = after.precision + precision
    mean = np.linalg.solve(grown, after.precision @ after.mean + load)
    return Belief(as_floats(mean), grown)


def to_bytes(belief: Belief) -> tuple[bytes, bytes]:
    """(mean, upper triangle of the precision, row by row), little-endian float32."""
    return (
        belief.mean.astype("<f4").tobytes(),
        belief.precision[_UPPER].astype("<f4").tobytes(),
    )


def from_bytes(mean: bytes, precision: bytes) -> Belief:
    """The belief that `to_bytes` wrote; raises ValueError when the lengths are wrong."""
    triangle = np.frombuffer(precision, dtype="<f4")
    middle = np.frombuffer(mean, dtype="<f4").astype(np.float64)
    if len(middle) != FEATURES or len(triangle) != len(_UPPER[0]):
        raise ValueError("These bytes are no belief of this schema.")
    whole = np.zeros((FEATURES, FEATURES))
    whole[_UPPER] = triangle
    return Belief(middle, whole + np.triu(whole, 1).T)
