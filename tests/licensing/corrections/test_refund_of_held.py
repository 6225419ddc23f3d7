"""A refund finds the money where it is: in a pool that waits, or where that pool went."""

from datetime import date

import pytest

from licensing.corrections.refunding import refund_receipt
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from licensing.receipts.rules import pool_account
from licensing.royalties.accounts import held_account
from licensing.royalties.closing import close_period
from licensing.royalties.deciding import uphold_plays
from licensing.royalties.models import Anomaly, HeldPool, Usage
from licensing.royalties.scoring import score_usages
from tests.bent import rewrite
from tests.licensing.royalties import small_world as world

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
STAFF = ("user", "7")


@pytest.fixture
def receipt(db):
    """l1's 5,876,471 wait, as what l1 played of Ana is held; l2's 500 went to Ana."""
    stems = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    piece = world.record("A", [(stems[0], 1_000_000)])
    paid = world.pay("l1")
    world.pay("l2", amount=500, kind="PROMOTION", tax=0)
    world.heard("l1", piece, 3)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    score_usages(month=OCTOBER, now=world.NOVEMBER)
    world.heard("l2", piece, 3)
    close_period(month=OCTOBER, now=world.AFTER_OCTOBER)
    assert balance_of(held_account(OCTOBER, "EUR")) == 5_876_471
    return paid


def refund(receipt):
    refund_receipt(
        key="r", receipt_id=receipt.pk, amount_micros=9_990_000, actor=STAFF,
        now=world.AFTER_OCTOBER,
    )  # fmt: skip


def payable():
    return balance_of(AccountKey("payable", "party", str(world.ref("Ana")), "EUR"))


def test_while_it_waits_nobody_who_was_paid_gives_anything_back(receipt):
    refund(receipt)
    assert (payable(), balance_of(held_account(OCTOBER, "EUR"))) == (500, 0)
    assert HeldPool.objects.get().amount_micros == 0


def test_once_decided_it_comes_out_of_the_open_month(receipt):
    uphold_plays(
        anomaly_id=Anomaly.objects.get().pk, reason="No.", actor=STAFF, now=world.AFTER_OCTOBER
    )
    assert balance_of(pool_account(NOVEMBER, "EUR")) == 5_876_471
    refund(receipt)
    assert (payable(), balance_of(pool_account(NOVEMBER, "EUR"))) == (500, 0)
    close_period(month=NOVEMBER, now=world.AFTER_NOVEMBER)
    assert balance_of(pool_account(NOVEMBER, "EUR")) == 0
