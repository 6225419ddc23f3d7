"""The prior that listeners share: what people who consented have in common, and how they differ.

A hierarchical linear model: every listener's weights come from one Gaussian, which is fitted by
expectation and maximisation over what each of them added to the prior they began with (Laird and
Ware, Random-Effects Models for Longitudinal Data, 1982, with known noise). It knows evidence, not
whose. Invariant: listeners who are not among `evidence` leave no trace in the result.
"""

import numpy as np

from generation.taste.rules.attributes import FEATURES, Matrix, Vector
from generation.taste.rules.model import Belief, as_floats

# Below this many nobody's prior is learned: a mean over few would tell of single people.
LISTENERS_AT_LEAST = 20
ROUNDS = 40
# The neutral prior counts as one listener for the mean and as so many for the spread, which keeps
# it sound when there are few.
NEUTRAL_LISTENERS = 10.0
_BATCH = 2_048


def fit_prior(precisions: Matrix, loads: Matrix, neutral: Belief, rounds: int = ROUNDS) -> Belief:
    """The prior of many. `precisions` (n, FEATURES, FEATURES) and `loads` (n, FEATURES): what each
    listener added, as `model.evidence` tells it. With nobody it is `neutral`.
    """
    if len(precisions) == 0:
        return neutral
    spread = as_floats(np.linalg.inv(neutral.precision))
    prior = neutral
    for _ in range(rounds):
        means, within = _expected(precisions, loads, prior)
        prior = _most_likely(means, within, neutral.mean, spread)
    return prior


def _expected(precisions: Matrix, loads: Matrix, prior: Belief) -> tuple[Matrix, Matrix]:
    """Every listener's mean under `prior`, and the sum of their covariances."""
    means = np.empty_like(loads)
    within = np.zeros((FEATURES, FEATURES))
    pull = prior.precision @ prior.mean
    for start in range(0, len(loads), _BATCH):
        part = slice(start, start + _BATCH)
        covariances = np.linalg.inv(precisions[part] + prior.precision)
        means[part] = np.einsum("nij,nj->ni", covariances, loads[part] + pull)
        within += covariances.sum(axis=0)
    return means, within


def _most_likely(means: Matrix, within: Matrix, middle: Vector, spread: Matrix) -> Belief:
    """The Gaussian that these means and covariances come from, held up by the neutral one."""
    count, held = len(means), NEUTRAL_LISTENERS
    mean = (means.sum(axis=0) + middle) / (count + 1)
    apart = means - mean
    covariance = (within + apart.T @ apart + held * spread) / (count + held)
    precision = np.linalg.inv(covariance)
    return Belief(mean, (precision + precision.T) / 2.0)
