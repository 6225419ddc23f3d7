"""A decision beside a close, a correction and another decision, in connections that really commit.

Cleo's master of Lamp, 587,647, is contested: whoever comes second waits, and no micro-unit stays in
suspense of a decided dispute.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.corrections.adjusting import adjust_lines
from licensing.corrections.refunding import refund_receipt
from licensing.deductions.models import ContestedLine, Dispute
from licensing.ledger.queries import list_balances
from licensing.royalties.queries import statement_for
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.waiting import wait_until_somebody_waits

CLEO_MASTER, CLEO_PUBLISHING = 587_647, 352_588
LATER = world.NOVEMBER + timedelta(days=9)


@pytest.fixture
def book(committed_db):
    """(Lamp's stem, the receipt, a dispute about its master)."""
    with transaction.atomic():
        _, lamp, _, receipt = told.tell_the_story()
        return lamp, receipt, told.dispute(stem_id=lamp.pk, right="MASTER")


def beside(job):
    """Run in a thread with a connection of its own."""
    try:
        return job()
    finally:
        connection.close()


def first_then(first, second):
    """Do one and, before it commits, begin the other, which has to wait for it."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            waiting = pool.submit(beside, second)
            wait_until_somebody_waits()
        return waiting.result(timeout=60)


def payable(name):
    return told.balance("payable", told.payee(name))


def in_suspense():
    return {key.owner_ref: n for key, n in list_balances(kind="suspense").items() if n}


def test_a_close_waits_for_a_decision_and_contests_nothing_of_it(book):
    first_then(lambda: told.decide(book[2]), told.close)
    assert not in_suspense()
    assert payable("Cleo") == CLEO_MASTER + CLEO_PUBLISHING


def test_a_decision_waits_for_a_close_and_gives_back_what_it_contested(book):
    first_then(told.close, lambda: told.decide(book[2]))
    assert not in_suspense()
    assert payable("Cleo") == CLEO_MASTER + CLEO_PUBLISHING


def test_two_decisions_at_once_leave_nothing_with_either(book):
    """The second dispute contests all of it too; what the first one passes on, it finds."""
    with transaction.atomic():
        other = told.dispute(stem_id=book[0].pk, now=world.OCTOBER + timedelta(days=1))
    told.close()
    first_then(lambda: told.decide(book[2]), lambda: told.decide(other))
    assert not in_suspense()
    assert payable("Cleo") == CLEO_MASTER + CLEO_PUBLISHING


def test_a_refund_waits_for_a_decision_and_finds_who_got_it(book):
    told.close()
    world.party("Eve")
    refund_first = {"key": "re", "receipt_id": book[1].pk, "amount_micros": 9_990_000}
    first_then(
        lambda: told.decide(book[2], [(*told.payee("Eve"), 1_000_000)]),
        lambda: refund_receipt(**refund_first, actor=told.ACTOR, now=LATER),
    )
    assert not in_suspense()
    assert not any(list_balances(kind="payable").values())


def test_a_correction_waits_for_a_decision_and_is_not_contested_by_it(book):
    told.close()
    lines = statement_for(world.ref("Cleo"), told.MONTH).lines
    (master,) = (line for line in lines if line.right == "MASTER")
    first_then(
        lambda: told.decide(book[2]),
        lambda: adjust_lines(
            key="1", corrections={master.id: 1_000}, reason="r", proposed_by="maker",
            confirmed_by="checker", now=LATER,
        ),
    )  # fmt: skip
    assert not in_suspense()
    assert payable("Cleo") == CLEO_MASTER + CLEO_PUBLISHING + 1_000


def test_the_database_lets_nothing_come_to_a_decided_dispute(db):
    _, lamp, _, _ = told.tell_the_story()
    row = told.dispute(stem_id=lamp.pk, right="MASTER")
    told.close()
    held = ContestedLine.objects.get(dispute=row)
    told.decide(row)
    assert Dispute.objects.get().decided_at is not None
    held.pk = None
    with pytest.raises(DatabaseError, match="holds nothing more"), transaction.atomic():
        held.save(force_insert=True)
    held.amount_micros = -1
    held.save(force_insert=True)
