"""Usages lie in partitions by the month that counts them, and stay unique across them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from licensing.royalties.closing import close_period
from licensing.royalties.models import Usage
from licensing.royalties.months import open_usage_months
from tests.bent import remove
from tests.licensing.royalties import small_world as world

NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def stem(db):
    return world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})[0]


@pytest.fixture
def piece(stem):
    return world.record("A", [(stem, 1_000_000)])


def partitions():
    """How many usages lie in which partition."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text, COUNT(*) FROM royalties_usage GROUP BY 1")
        return dict(cursor.fetchall())


def test_a_month_takes_over_what_came_before_it_was_opened(piece):
    world.heard("l1", piece, 2)
    assert partitions() == {"royalties_usage_other": 2}
    assert open_usage_months(world.OCTOBER) == 3
    world.heard("l2", piece)
    world.heard("l3", piece, since=world.DECEMBER + timedelta(days=40))
    assert partitions() == {"royalties_usage_2026_10": 3, "royalties_usage_other": 1}
    assert open_usage_months(world.OCTOBER) == 0


def test_a_close_counts_what_lies_in_its_partition(piece):
    open_usage_months(world.OCTOBER)
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.heard("l1", piece, 3)
    world.heard("l1", piece, 5, since=world.NOVEMBER)
    period = close_period(month=date(2026, 10, 1), now=world.AFTER_OCTOBER)
    assert [total.plays for total in period.sums.all()] == [3]


def test_a_token_makes_no_second_usage_in_another_month(piece):
    open_usage_months(world.OCTOBER)
    world.heard("l1", piece)
    again = Usage.objects.get()
    again.pk, again.accrual_month = None, NOVEMBER
    with pytest.raises(IntegrityError, match="another month"), transaction.atomic():
        again.save(force_insert=True)
    remove(Usage.objects.all())
    again.save(force_insert=True)


def test_a_minute_is_not_started_again_in_another_month(stem):
    session = world.session("S", [stem])
    world.heard("l1", session, minutes=[4])
    with pytest.raises(IntegrityError, match="another month"), transaction.atomic():
        world.heard("l2", session, minutes=[4], since=world.NOVEMBER)
    world.heard("l2", session, minutes=[5], since=world.NOVEMBER)


def test_a_usage_does_not_move_into_a_month_that_has_its_token(stem):
    session = world.session("S", [stem])
    world.heard("l1", session, minutes=[1, 2])
    with pytest.raises(IntegrityError, match="another month"), transaction.atomic():
        world.heard("l1", session, minutes=[1], since=world.NOVEMBER)
    Usage.objects.filter(minute=1).update(accrual_month=NOVEMBER)
    assert Usage.objects.filter(accrual_month=NOVEMBER).get().minute == 1
