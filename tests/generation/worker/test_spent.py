"""Every moment of a job belongs to one stage of it, and to no other job."""

from itertools import count as counted

import pytest
from django.db import connection

from generation.worker.spent import REST, STATEMENTS, accounting, count, spending


@pytest.fixture
def clock():
    """A second passes between any two looks at it."""
    seconds = counted()
    return lambda: float(next(seconds))


def test_what_a_stage_takes_within_another_is_not_the_other_ones(clock):
    with accounting(clock) as account:
        with spending("outer"), spending("inner"):
            pass
        account.turn_to(account.stage)
    assert account.seconds == {REST: 2.0, "outer": 2.0, "inner": 1.0}


def test_a_job_that_passes_another_is_not_charged_to_it(clock):
    with accounting(clock) as account, spending("long"), accounting(clock) as urgent:
        count("urgent")
        urgent.turn_to(REST)
    # Up to the look before it began, and from the one after it: nothing of what came between.
    assert account.seconds["long"] == 2.0
    assert urgent.seconds == {REST: 1.0}
    assert (urgent.times, account.times) == ({"urgent": 1}, {})


def test_statements_are_counted_and_are_a_stage(db):
    with accounting() as account:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        told = account.told()
    assert told["times"] == {STATEMENTS: 1}
    assert set(told["cpu_ms"]) == {REST, STATEMENTS}


def test_outside_a_job_nothing_is_counted():
    with spending("render"):
        count("stored")
    with accounting() as account:
        pass
    assert account.times == {}
