"""Arrays are divided as `money.allocate` divides, total by total."""

import random

import numpy as np
import pytest

from licensing.money import allocate
from licensing.royalties.apportion_arrays import MOST_WHOLE, apportion


def divided(runs):
    """Parts by arrays, run by run; runs: (total, weights)."""
    totals = np.array([total for total, _ in runs], np.int64)
    sizes = np.array([len(weights) for _, weights in runs], np.int64)
    weights = np.array([one for _, weights in runs for one in weights], np.int64)
    parts = np.split(apportion(totals, sizes, weights), np.cumsum(sizes))
    return [part.tolist() for part in parts[: len(runs)]]


def allocated(runs):
    """The same by the rule, keys in the order of their places."""
    return [
        list(allocate(total, [(f"{n:06}", one) for n, one in enumerate(weights)]).values())
        for total, weights in runs
    ]


def test_published_vectors():
    runs = [(100, [1, 1, 1]), (15, [80, 8, 12]), (1000, [2, 5, 4]), (7, [6, 2, 2])]
    assert divided(runs) == [[34, 33, 33], [12, 1, 2], [182, 454, 364], [4, 2, 1]]


def test_small_totals_with_ties_everywhere():
    dice = random.Random(7)
    runs = [
        (
            dice.randrange(30),
            [1, *(dice.choice((0, 1, 1, 2, 3, 7)) for _ in range(dice.randrange(9)))],
        )
        for _ in range(3_000)
    ]
    assert divided(runs) == allocated(runs)


def test_totals_and_weights_as_large_as_they_may_be():
    dice = random.Random(8)
    runs = [(2**63 - 1, [MOST_WHOLE - 1, 1]), (2**63 - 1, [1] * 7), (2**62 + 1, [MOST_WHOLE])]
    runs += [
        (dice.randrange(2**63), [dice.randrange(1, 10 ** dice.randrange(1, 9)) for _ in range(5)])
        for _ in range(300)
    ]
    assert divided(runs) == allocated(runs)


def test_runs_longer_than_what_is_divided_at_a_time():
    dice = random.Random(9)
    runs = [
        (dice.randrange(10**12), [dice.randrange(1, 9) for _ in range(size)])
        for size in (1, 70_000, 2, 65_536, 3)
    ]
    assert divided(runs) == allocated(runs)


def test_nothing_is_divided_into_nothing():
    assert divided([]) == []


@pytest.mark.parametrize(
    ("total", "weights", "error"),
    [
        (-1, [1], ValueError),
        (1, [0, 0], ValueError),
        (1, [MOST_WHOLE, 1], OverflowError),
    ],
)
def test_what_cannot_be_divided_is_refused(total, weights, error):
    with pytest.raises(error):
        divided([(total, weights)])
