"""Closing while others write: nothing is lost between a close and what comes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.db import connection, transaction

from licensing.ledger.chain import latest_link, link_entries
from licensing.ledger.months import hold_month
from licensing.ledger.queries import balance_of, list_balances, trial_balance
from licensing.ledger.verifying import verify_chain
from licensing.receipts.rules import pool_account
from licensing.royalties.closing import close_period
from licensing.royalties.models import Period, Statement, Usage
from tests.licensing.royalties import small_world as world
from tests.waiting import wait_until_somebody_waits

MONTH = date(2026, 10, 1)


@pytest.fixture
def piece(committed_db):
    with transaction.atomic():
        stems = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
        made = world.record("A", [(stems[0], 1_000_000)])
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.heard("l1", made)
    return made


def beside(job):
    """Run in a thread with a connection of its own."""
    try:
        return job()
    finally:
        connection.close()


def test_two_closes_at_once_are_one(piece):
    gate = Barrier(4)

    def close():
        gate.wait()
        return close_period(month=MONTH, now=world.AFTER_OCTOBER).pk

    with ThreadPoolExecutor(4) as pool:
        closed = [pool.submit(beside, close) for _ in range(4)]
        assert len({future.result(timeout=60) for future in closed}) == 1
    assert (Period.objects.count(), Statement.objects.count()) == (1, 1)
    assert sum(list_balances(kind="payable").values()) == 1_000


def test_a_play_reported_during_a_close_goes_to_the_next_month(piece):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            close_period(month=MONTH, now=world.AFTER_OCTOBER)
            late = pool.submit(
                beside, lambda: world.play("l1", piece, received_at=world.AFTER_OCTOBER)
            )
            wait_until_somebody_waits()
        assert late.result(timeout=60)[0].usage == "COUNTED"
    months = Usage.objects.order_by("accrual_month").values_list("accrual_month", flat=True)
    assert list(months) == [MONTH, date(2026, 11, 1)]


def test_a_receipt_that_was_being_written_is_in_the_close(piece):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            world.pay("l2", amount=500, kind="PROMOTION", tax=0)
            close = pool.submit(beside, lambda: close_period(month=MONTH, now=world.AFTER_OCTOBER))
            wait_until_somebody_waits()
        close.result(timeout=60)
    assert sum(list_balances(kind="payable").values()) == 1_500
    assert balance_of(pool_account(MONTH, "EUR")) == 0
    assert trial_balance().differences() == {"EUR": 0}


def test_a_receipt_during_a_close_goes_to_the_open_month(piece):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            hold_month(MONTH)
            close_period(month=MONTH, now=world.AFTER_OCTOBER)
            paying = pool.submit(
                beside, lambda: world.pay("l2", amount=500, kind="PROMOTION", tax=0)
            )
            wait_until_somebody_waits()
        paying.result(timeout=60)
    assert balance_of(pool_account(date(2026, 11, 1), "EUR")) == 500
    assert balance_of(pool_account(MONTH, "EUR")) == 0


def test_a_close_is_one_link_over_what_it_posted(piece):
    assert link_entries(now=world.AFTER_OCTOBER).number == 1
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    link = latest_link()
    assert link.number == 2
    keys = link.entries.values_list("entry__key", flat=True)
    assert keys
    assert all(key.startswith("close:2026-10:") for key in keys)
    assert verify_chain(now=world.AFTER_OCTOBER).head == (2, link.sha256)
