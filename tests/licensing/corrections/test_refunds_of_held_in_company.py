"""Random small books with held plays, decided either way: what refunds take of them, and wins give.

What is upheld goes along the lines of its own payer, each part rounded alone, so that where several
payers stand on one line a refund of all may leave a micro-unit of it; between payees it sums to
nothing, and where nothing was upheld nothing is left anywhere.
"""

from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.winning import win_back
from licensing.ledger.queries import trial_balance
from licensing.ledger.rules import ACCOUNT_KINDS
from licensing.receipts.models import Receipt
from licensing.royalties.closing import close_period
from tests.licensing.ledger.sums import balances
from tests.licensing.royalties import small_world as world
from tests.licensing.royalties.test_random_held import (
    BOOKS,
    MONTH,
    NEXT,
    decide,
    pieces,
    play_and_hold,
)

__all__ = ["pieces"]
LATER = world.AFTER_NOVEMBER + timedelta(days=1)
DESK = ("user", "desk")
CASES = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def undone():
    """What happens within is taken back, however it ends."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def books():
    return {key: n for key, n in balances(ACCOUNT_KINDS).items() if n}


def two_months(pieces, told):
    """October with what was held of it, decided in November, which is closed as well."""
    october = play_and_hold(pieces, told)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    decide(october)
    close_period(month=NEXT, now=world.AFTER_NOVEMBER)


def go_back(receipt, micros, kind="REFUND"):
    count = receipt.given_back.count()
    return refund_receipt(
        key=f"{receipt.pk} {count}", receipt_id=receipt.pk, amount_micros=micros, kind=kind,
        actor=DESK, now=LATER,
    )  # fmt: skip


@CASES
@given(told=BOOKS, cut=st.integers(1, 99))
def test_when_everybody_was_refunded_in_parts_nothing_is_left(pieces, told, cut):
    with undone():
        two_months(pieces, told)
        paid = list(Receipt.objects.filter(corrects=None).order_by("key"))
        for receipt in paid:
            go_back(receipt, max(1, receipt.amount_micros * cut // 100))
        for receipt in paid:
            left = receipt.amount_micros - max(1, receipt.amount_micros * cut // 100)
            if left:
                go_back(receipt, left)
        left = books()
        assert {key.kind for key in left} <= {"payable"}
        assert sum(left.values()) == 0
        upheld = [held for _, counted, held, is_released in told.values()
                  if held and counted and not is_released]  # fmt: skip
        assert max(map(abs, left.values()), default=0) <= 12 * len(upheld)
        assert not any(trial_balance().differences().values())


@CASES
@given(told=BOOKS, n=st.integers(0, 9), other=st.integers(0, 9))
def test_a_chargeback_won_whole_leaves_every_account_as_it_was(pieces, told, n, other):
    """Also where something of another payer, or of the same, went back before."""
    with undone():
        two_months(pieces, told)
        paid = list(Receipt.objects.filter(corrects=None).order_by("key"))
        first = paid[other % len(paid)]
        go_back(first, max(1, first.amount_micros // 3))
        before = books()
        receipt = paid[n % len(paid)]
        left = receipt.amount_micros - sum(-one.amount_micros for one in receipt.given_back.all())
        if left:
            taken = go_back(receipt, left, kind="CHARGEBACK")
            win_back(key="won", chargeback_id=taken.pk, amount_micros=left, actor=DESK, now=LATER)
        assert books() == before
