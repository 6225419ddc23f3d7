"""The belief of a listener, held against ordinary least squares and against simulated truth."""

import numpy as np
import pytest

from generation.taste.rules import attributes, model
from generation.taste.rules.attributes import ATTRIBUTES, COUNT, FEATURES, features

PRIOR = model.neutral_prior()


def listenings(count, seed=3):
    chance = np.random.default_rng(seed)
    rows = chance.uniform(-1, 1, (count, COUNT))
    rewards = chance.random(count)
    contexts = [str(chance.choice(["mood", "focus", "ambient", "remix"])) for _ in range(count)]
    return [
        model.liking(row, context, float(reward))
        for row, context, reward in zip(rows, contexts, rewards, strict=True)
    ]


def ridge(rows):
    """The same posterior by numpy's least squares: the prior as FEATURES pseudo-observations."""
    root = np.linalg.cholesky(PRIOR.precision).T
    table = np.vstack([root] + [one.features[None] * one.precision**0.5 for one in rows])
    aims = np.concatenate([root @ PRIOR.mean, [one.reward * one.precision**0.5 for one in rows]])
    return np.linalg.lstsq(table, aims, rcond=None)[0]


def same(one, other, within=1e-8):
    assert np.allclose(one.mean, other.mean, atol=within)
    assert np.allclose(one.precision, other.precision, rtol=within)


@pytest.mark.parametrize("count", [1, 7, 200])
def test_steps_of_rank_one_reach_the_ridge_solution_of_least_squares(count):
    belief = PRIOR
    for one in listenings(count):
        belief = model.observed(belief, one)
    assert belief.mean == pytest.approx(ridge(listenings(count)), abs=1e-9)
    same(belief, model.observed_all(PRIOR, listenings(count)))


def test_the_order_of_listenings_does_not_matter():
    rows = listenings(30)
    same(model.observed_all(PRIOR, rows), model.observed_all(PRIOR, rows[::-1]))


def test_what_is_taken_back_leaves_no_trace():
    rows = listenings(40)
    belief = model.observed_all(PRIOR, rows)
    for one in rows[10:]:
        belief = model.observed(belief, model.taken_out(one))
    same(belief, model.observed_all(PRIOR, rows[:10]), within=1e-7)


def test_nothing_can_be_taken_out_that_was_never_put_in():
    never = model.Observation(listenings(1)[0].features, 1.0, -1e6)
    with pytest.raises(ValueError, match="never put in"):
        model.observed(PRIOR, never)


def test_truth_lies_in_nine_tenths_of_the_ninety_percent_regions():
    """Weights drawn from the prior, rewards with the model's own noise: coverage is nominal."""
    chance = np.random.default_rng(11)
    spread = np.linalg.cholesky(np.linalg.inv(PRIOR.precision))
    inside = []
    for _ in range(300):
        truth = PRIOR.mean + spread @ chance.standard_normal(FEATURES)
        table = features(chance.uniform(-1, 1, (40, COUNT)), "focus")
        rewards = table @ truth + chance.normal(0, model.NOISE_VARIANCE**0.5, 40)
        belief = model.observed_all(
            PRIOR,
            [model.Observation(r, float(y)) for r, y in zip(table, rewards, strict=True)],
        )
        deviation = np.sqrt(np.diag(np.linalg.inv(belief.precision)))
        inside.append(np.abs(belief.mean - truth) < 1.6449 * deviation)
    assert np.mean(inside) == pytest.approx(0.90, abs=0.015)


def test_more_of_something_raises_what_it_is_worth_and_less_lowers_it():
    here = np.zeros(COUNT)
    place = attributes.linear_place("energy")
    more = model.observed(PRIOR, model.comparison(here, "mood", "energy", 1))
    less = model.observed(PRIOR, model.comparison(here, "mood", "energy", -1))
    assert more.mean[place] > PRIOR.mean[place] > less.mean[place]
    others = [attributes.linear_place(name) for name in ATTRIBUTES if name != "energy"]
    assert more.mean[others] == pytest.approx(PRIOR.mean[others])


@pytest.mark.parametrize("ideal", [-1.0, -0.3, 0.0, 0.8])
def test_what_a_listener_sets_lands_where_it_was_put_whatever_was_believed(ideal):
    belief = model.observed_all(PRIOR, listenings(60))
    for attempt in (0.9, -0.9, ideal):
        belief = model.with_ideal(belief, "brightness", attempt)
    weight = belief.mean[attributes.linear_place("brightness")]
    square = belief.mean[attributes.square_place("brightness")]
    assert square <= -model.SET_CURVATURE
    assert -weight / (2 * square) == pytest.approx(ideal, abs=1e-6)
    np.linalg.cholesky(belief.precision)


def test_what_does_not_matter_has_no_weight():
    belief = model.with_ideal(model.observed_all(PRIOR, listenings(60)), "tempo", None)
    places = [attributes.linear_place("tempo"), attributes.square_place("tempo")]
    assert belief.mean[places] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_belief_moves_to_another_prior_as_if_it_had_begun_there():
    rows = listenings(50)
    other = model.Belief(PRIOR.mean + 0.1, PRIOR.precision * 1.7)
    moved = model.on_prior(model.observed_all(PRIOR, rows), PRIOR, other)
    same(moved, model.observed_all(other, rows))


def test_bytes_give_the_belief_back_to_single_precision():
    belief = model.observed_all(PRIOR, listenings(200))
    mean, precision = model.to_bytes(belief)
    assert len(mean) + len(precision) == 4 * (FEATURES + FEATURES * (FEATURES + 1) // 2)
    same(model.from_bytes(mean, precision), belief, within=1e-6)
    with pytest.raises(ValueError, match="no belief"):
        model.from_bytes(mean[:-4], precision)


@pytest.mark.parametrize("tempo", [50.0, 92.0, 120.0, 200.0])
def test_targets_say_the_attributes_they_came_from(tempo):
    targets = {
        "tempo_bpm": tempo, "energy": 0.2, "density": 0.9, "brightness": 0.5, "valence": 0.0,
        "vocals": False,
    }  # fmt: skip
    vector = attributes.vector_of(attributes.known_of_targets(targets))
    assert attributes.targets_of(vector, frozenset(attributes.CHOSEN)) == targets


def test_energy_counts_by_itself_in_each_context():
    loud = attributes.vector_of({"energy": 1.0})
    tables = {context: features(loud, context) for context in (*attributes.CONTEXTS, "remix")}
    assert sorted(table.sum() for table in tables.values()) == [3.0, 4.0, 4.0, 4.0]
    assert len({tuple(table) for table in tables.values()}) == 4
