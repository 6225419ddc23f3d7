"""The simulated listeners that taste is measured on: fair to every policy, and as hard as said."""

import numpy as np
import pytest

from benchmarks import taste_policies as policies
from benchmarks import taste_world as world
from benchmarks.taste import gain

PLACE = world.world(0)
CROWD = world.people(PLACE, 30, np.random.default_rng(1))


def test_every_policy_meets_the_same_moments():
    one, other = (world.moments(np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a.among, b.among) for a, b in zip(one, other, strict=True))
    assert [a.coin for a in one] == [b.coin for b in other]


def test_nobody_is_pleased_more_than_the_oracle_pleases():
    steps = world.moments(np.random.default_rng(4))
    best = policies.by_oracle()(PLACE, CROWD[0], steps, 0)
    for run in (policies.by_chance(), policies.by_popularity(CROWD)):
        assert (run(PLACE, CROWD[0], steps, 0) <= best).all()


def test_a_crowd_is_worth_what_each_of_it_is():
    rows = np.random.default_rng(2).uniform(-1, 1, (5, world.COUNT))
    together = world.worth_to_all(PLACE, CROWD, rows, "focus")
    alone = [world.worth(PLACE, who, rows, "focus") for who in CROWD]
    assert together == pytest.approx(np.array(alone))


def test_a_complaint_asks_for_what_would_please_more():
    who, chance = CROWD[1], np.random.default_rng(6)
    for _ in range(20):
        row = chance.uniform(-0.8, 0.8, world.COUNT)
        attribute, direction = world.complaint(PLACE, who, row, "mood", 0)
        moved = row.copy()
        moved[attribute] += 0.01 * direction
        before, after = world.worth(PLACE, who, np.stack([row, moved]), "mood")
        assert after > before


def test_the_misspecified_world_moves_and_lies():
    astray = world.world(0, is_misspecified=True)
    assert not np.array_equal(
        world.ideal_at(astray, CROWD[0], "mood", 0), world.ideal_at(astray, CROWD[0], "mood", 40)
    )
    assert world.pressed(astray, 1.0, 0.9, 0.05) == 0.0
    assert world.pressed(PLACE, 1.0, 0.9, 0.05) == 1.0


def test_a_gain_is_the_mean_of_what_each_person_gains():
    ours, theirs = np.array([[0.6, 0.8], [0.5, 0.5]]), np.array([[0.5, 0.5], [0.4, 0.6]])
    above, within = gain(ours, theirs)
    assert above == pytest.approx(0.1)
    assert within == pytest.approx(1.96 * np.std([0.2, 0.0], ddof=1) / 2**0.5)
