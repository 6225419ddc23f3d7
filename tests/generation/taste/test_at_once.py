"""Two tabs of one listener at the same moment: nothing that was said is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import numpy as np
import pytest
from django.db import connections

from generation.taste import operations, queries
from generation.taste.models import Decision, Taste
from generation.taste.rules import model
from generation.taste.rules.attributes import Heard, vector_of

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ILSE = ("user", "ilse")
TABS = 6

pytestmark = pytest.mark.usefixtures("committed_db")


def at_once(work):
    """What `work(number)` answers in so many threads that all start together."""
    start = Barrier(TABS)

    def run(number):
        start.wait(10)
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TABS) as pool:
        return list(pool.map(run, range(TABS)))


def test_verdicts_from_many_tabs_all_count_in_one_row():
    things = [Heard(f"v{n}", {"energy": n / TABS}, "mood") for n in range(TABS)]

    def like(number):
        return operations.record_feedback(listener=ILSE, heard=things[number], said="LIKE", now=NOW)

    assert at_once(like) == [True] * TABS
    assert Taste.objects.get().observations == TABS
    rows = [model.liking(vector_of(one.known), "mood", 1.0) for one in things]
    expected = model.observed_all(model.neutral_prior(), rows)
    found = queries.current_belief(ILSE).belief
    assert np.allclose(found.mean, expected.mean, atol=1e-5)


def test_one_key_decides_once_however_often_it_is_pressed():
    def decide(number):
        return operations.decide_targets(
            listener=ILSE, key="k", context="mood", bounds={"energy": (-1.0, 1.0)}, now=NOW
        )

    assert len({one.decision for one in at_once(decide)}) == 1
    assert Decision.objects.count() == 1
