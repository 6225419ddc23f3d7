"""Choices and their propensities, and the prior that listeners share."""

import numpy as np
import pytest

from generation.taste.rules import choosing, model, prior
from generation.taste.rules.attributes import COUNT, FEATURES, features, place_of

NEUTRAL = model.neutral_prior()


def chance(seed=5):
    return np.random.default_rng(seed)


def test_candidates_keep_their_bounds_and_what_has_none_stands_in_the_middle():
    among = choosing.candidates({"energy": (-0.2, 0.4), "vocals": (-1.0, 1.0)}, chance())
    assert among.shape == (choosing.CANDIDATES, COUNT)
    energy = among[:, place_of("energy")]
    assert (energy >= -0.2).all()
    assert (energy <= 0.4).all()
    assert energy.std() > 0.1
    assert set(among[:, place_of("vocals")]) == {-1.0, 1.0}
    assert not among[:, place_of("tempo")].any()


def test_the_same_chance_chooses_the_same():
    among = choosing.candidates({"energy": (-1.0, 1.0)}, chance())
    one, other = (choosing.choose(NEUTRAL, among, "mood", chance(9)) for _ in range(2))
    assert one.index == other.index
    assert one.propensity == other.propensity


def test_propensities_are_the_frequencies_with_which_candidates_are_taken():
    among = choosing.candidates({"energy": (-1.0, 1.0), "valence": (-1.0, 1.0)}, chance(), 6)
    generator = chance(1)
    taken = [choosing.choose(NEUTRAL, among, "mood", generator, scale=1.0) for _ in range(1500)]
    told = {one.index: [] for one in taken}
    for one in taken:
        told[one.index].append(one.propensity)
    for index, propensities in told.items():
        frequency = np.mean([one.index == index for one in taken])
        if len(propensities) > 30:
            assert np.mean(propensities) == pytest.approx(frequency, abs=0.045)
    assert min(one.propensity for one in taken) > 0


def test_weighting_by_propensity_gives_the_mean_of_a_uniform_policy():
    """Inverse propensities of what was taken estimate the value of choosing evenly."""
    among = choosing.candidates({"energy": (-1.0, 1.0)}, chance(2), 4)
    worth = np.array([0.1, 0.4, 0.6, 0.9])
    generator = chance(4)
    taken = [
        choosing.choose(NEUTRAL, among, "focus", generator, scale=1.0, draws=500)
        for _ in range(2_000)
    ]
    weights = np.array([0.25 / one.propensity for one in taken])
    values = np.array([worth[one.index] for one in taken])
    assert (weights * values).sum() / weights.sum() == pytest.approx(worth.mean(), abs=0.04)


def test_without_spread_the_best_candidate_is_taken_for_sure():
    among = choosing.candidates({"tempo": (-1.0, 1.0), "density": (-1.0, 1.0)}, chance())
    best = int(np.argmax(features(among, "ambient") @ NEUTRAL.mean))
    taken = choosing.choose(NEUTRAL, among, "ambient", chance(), scale=0.0)
    assert (taken.index, taken.propensity) == (best, 1.0)


def population(count, seed=0, decisions=60):
    """Listeners whose weights come from a known Gaussian, and what each of them added."""
    generator = chance(seed)
    mean = generator.normal(0, 0.3, FEATURES)
    root = np.diag(generator.uniform(0.05, 0.3, FEATURES))
    beliefs = []
    for _ in range(count):
        truth = mean + root @ generator.standard_normal(FEATURES)
        table = features(generator.uniform(-1, 1, (decisions, COUNT)), "mood")
        noise = generator.normal(0, model.NOISE_VARIANCE**0.5, decisions)
        rows = [
            model.Observation(row, float(reward))
            for row, reward in zip(table, table @ truth + noise, strict=True)
        ]
        beliefs.append(model.observed_all(NEUTRAL, rows))
    return mean, beliefs


def fitted(beliefs):
    parts = [model.evidence(one, NEUTRAL) for one in beliefs]
    return prior.fit_prior(
        np.array([one[0] for one in parts]), np.array([one[1] for one in parts]), NEUTRAL
    )


def test_the_prior_finds_what_a_population_has_in_common():
    mean, beliefs = population(400)
    found = fitted(beliefs)
    # The energies of the two contexts nobody was in, and what stands in for all of energy in one.
    known = [place for place in range(FEATURES) if place not in (2, 17, 18, 19)]
    assert np.abs(found.mean - mean)[known].max() < 0.08
    np.linalg.cholesky(found.precision)


def test_the_prior_is_the_same_in_any_order_and_knows_nobody_who_is_not_there():
    _, beliefs = population(40)
    there, shuffled = fitted(beliefs[:30]), fitted(beliefs[:30][::-1])
    assert np.allclose(there.mean, shuffled.mean, atol=1e-9)
    assert not np.allclose(there.mean, fitted(beliefs).mean, atol=1e-4)


def test_nobody_has_the_neutral_prior():
    nothing = prior.fit_prior(np.empty((0, FEATURES, FEATURES)), np.empty((0, FEATURES)), NEUTRAL)
    assert nothing is NEUTRAL


def test_listeners_are_told_apart_as_well_as_they_differ():
    """The fitted spread is that of the population, not that of the noise."""
    _, beliefs = population(300, seed=8, decisions=120)
    told = np.sqrt(np.diag(np.linalg.inv(fitted(beliefs).precision)))
    generator = chance(8)
    generator.normal(0, 0.3, FEATURES)  # the population's mean is drawn first
    truth = generator.uniform(0.05, 0.3, FEATURES)
    known = [place for place in range(17) if place != 2]
    assert np.corrcoef(told[known], truth[known])[0, 1] > 0.9
