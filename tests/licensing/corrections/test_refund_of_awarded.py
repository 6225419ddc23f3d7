"""A refund finds contested money where it went: with whom a decision gave it, or still in suspense.

Cleo's master of Lamp earned 587,647 in October, of a pool of 5,876,471 that stood alone.
"""

from datetime import timedelta

import pytest
from django.db import connection

from licensing.corrections.dividing import OfLine
from licensing.corrections.refunding import refund_receipt
from licensing.corrections.restating import restate_statement
from licensing.corrections.taking import as_earned, where_they_are
from licensing.deductions.models import ContestedLine, FreeLine
from licensing.ledger.queries import list_balances, trial_balance
from licensing.royalties.models import StatementLine
from licensing.royalties.queries import get_statement, statement_for
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

CLEO_MASTER, CLEO_PUBLISHING, PAID = 587_647, 352_588, 9_990_000
LATER = world.NOVEMBER + timedelta(days=9)


@pytest.fixture
def book(db):
    """(Lamp's stem, the receipt); Eve and Fay are known."""
    _, lamp, _, receipt = told.tell_the_story()
    world.party("Eve")
    world.party("Fay")
    return lamp, receipt


def contested(lamp, ppm=1_000_000, days=0):
    return told.dispute(
        stem_id=lamp.pk, right="MASTER", contested_ppm=ppm,
        now=world.OCTOBER + timedelta(days=days),
    )  # fmt: skip


def back(receipt, micros=PAID, key="re"):
    return refund_receipt(
        key=key, receipt_id=receipt.pk, amount_micros=micros, kind="REFUND", actor=told.ACTOR,
        now=LATER,
    )  # fmt: skip


def award(row, **ppm):
    told.decide(row, [(*told.payee(name), share) for name, share in ppm.items()])


def payable(name):
    return told.balance("payable", told.payee(name))


def held(row):
    return told.balance("suspense", ("dispute", str(row.pk)))


def nothing_is_left():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not any(trial_balance().differences().values())
    for model in (ContestedLine, FreeLine):
        assert sum(model.objects.values_list("amount_micros", flat=True)) == 0
    kinds = ("payable", "suspense", "unallocated", "commission", "cash", "tax")
    return not any(n for kind in kinds for n in list_balances(kind=kind).values())


def test_what_was_awarded_whole_is_taken_back_of_who_got_it(book):
    lamp, receipt = book
    row = contested(lamp)
    told.close()
    award(row, Eve=1_000_000)
    assert (payable("Cleo"), payable("Eve")) == (CLEO_PUBLISHING, CLEO_MASTER)
    back(receipt)
    assert (payable("Cleo"), payable("Eve")) == (0, 0)
    assert nothing_is_left()


def test_of_a_part_everybody_gives_by_what_they_got(book):
    """30 % of 587,647 is contested: 176,294; Eve gets 60 % of it, 105,776.4, and Fay 40 %,
    70,517.6, with the micro-unit left over. Cleo keeps 411,353 beside.

    Of 999,000 back the pool gives 587,647 of 5,876,471, and 5,288,824 are left. Lamp has a fifth of
    it, 1,057,764.8, and master half of 1,057,765: 528,882.5, to the smaller key, MASTER: 528,883.
    528,883 lie as the 587,647 did, 411,353 : 105,776 : 70,518, which is 370,218.19, 95,198.526 and
    63,466.284; the micro-unit left over is Eve's.
    """
    lamp, receipt = book
    row = contested(lamp, 300_000)
    told.close()
    award(row, Eve=600_000, Fay=400_000)
    before = (payable("Cleo"), payable("Eve"), payable("Fay"))
    assert before == (CLEO_PUBLISHING + 411_353, 105_776, 70_518)
    assert back(receipt, 999_000).pool_micros == -587_647
    master = {"Cleo": 370_218, "Eve": 95_199, "Fay": 63_466}
    assert sum(master.values()) == 528_883
    assert (payable("Eve"), payable("Fay")) == (master["Eve"], master["Fay"])
    # Publishing: 528,882 are left, of them 60 %, 317,329.2.
    assert payable("Cleo") == master["Cleo"] + 317_329
    back(receipt, PAID - 999_000, key="rest")
    assert nothing_is_left()


def test_a_refund_before_and_one_after_the_award_take_all_of_it(book):
    """Half goes back while it waits: 293,823.5 of 587,647. What is left is then Eve's and Fay's."""
    lamp, receipt = book
    row = contested(lamp)
    told.close()
    back(receipt, PAID // 2, key="half")
    left = held(row)
    assert left in (293_823, 293_824)
    award(row, Eve=500_000, Fay=500_000)
    assert payable("Eve") + payable("Fay") == left
    assert held(row) == 0
    back(receipt, PAID - PAID // 2)
    assert nothing_is_left()


def test_what_goes_through_several_decisions_is_taken_where_it_ended(book):
    """All is contested, and 30 % by another too. Eve gets 70 %, then Fay half of what went on."""
    lamp, receipt = book
    first, second = contested(lamp), contested(lamp, 300_000, days=1)
    told.close()
    assert held(second) == 0
    award(first, Eve=1_000_000)
    assert (held(second), payable("Eve")) == (176_294, 411_353)
    back(receipt, 100, key="a little")
    award(second, Fay=500_000, Cleo=500_000)
    assert payable("Fay") in (88_144, 88_145, 88_146)
    back(receipt, 1_000_000, key="some")
    back(receipt, PAID - 1_000_100)
    assert (payable("Eve"), payable("Fay"), payable("Cleo")) == (0, 0, 0)
    assert nothing_is_left()


def test_what_came_free_and_what_waits_give_in_parts(book):
    """Decided for Cleo, 30 % wait with the other dispute: 411,353 and 176,294, and 0 after all."""
    lamp, receipt = book
    first, second = contested(lamp), contested(lamp, 300_000, days=1)
    told.close()
    told.decide(first)
    assert (held(second), payable("Cleo")) == (176_294, CLEO_PUBLISHING + 411_353)
    back(receipt)
    assert held(second) == 0
    told.decide(second)
    assert nothing_is_left()


def test_a_second_dispute_of_a_part_leaves_the_award_its_own(book):
    """Both contest 30 %, one since November: of 176,294 it gets 30 %, 52,888, Eve 123,406."""
    lamp, _ = book
    first = contested(lamp, 300_000)
    told.close()
    second = contested(lamp, 300_000, days=31)
    award(first, Eve=1_000_000)
    assert (held(second), payable("Eve")) == (52_888, 123_406)
    award(second, Eve=1_000_000)
    assert payable("Eve") == 176_294


def test_two_disputes_of_a_part_each_hold_theirs_and_no_more(book):
    """30 % and 30 % were held at the close; what the first held is decided, none of it goes on."""
    lamp, _ = book
    first, second = contested(lamp, 300_000), contested(lamp, 300_000, days=1)
    told.close()
    assert (held(first), held(second)) == (176_294, 176_294)
    award(first, Eve=1_000_000)
    assert (held(second), payable("Eve")) == (176_294, 176_294)


def test_a_micro_unit_given_back_after_a_decision_about_nothing_is_whose_it_was_decided(book):
    """All was taken of suspense before; the dispute is decided for Eve and holds nothing more."""
    lamp, receipt = book
    row = contested(lamp)
    told.close()
    back(receipt)
    award(row, Eve=1_000_000)
    line = StatementLine.objects.get(stem=lamp, right="MASTER")
    lies = where_they_are([OfLine(line, told.MONTH, -1)])
    (taken,) = lies.take(as_earned(line, -1), told.MONTH)
    assert (taken.place, taken.line.micros) == (told.payee("Eve"), -1)


def test_a_statement_restated_has_its_payees_corrections_and_not_whom_a_decision_gave(book):
    """Cleo keeps her publishing; the 587,647 that go back are Eve's, who says so on hers."""
    lamp, receipt = book
    row = contested(lamp)
    told.close()
    award(row, Eve=1_000_000)
    back(receipt)
    first = statement_for(world.ref("Cleo"), told.MONTH)
    given = {"reason": "a refund", "actor": told.ACTOR, "now": LATER}
    made = get_statement(restate_statement(statement_id=first.id, **given).pk)
    assert made.closing_micros == first.closing_micros - CLEO_PUBLISHING
    told.close(told.NEXT)
    assert sorted(told.moved("Eve", told.NEXT)) == [
        ("CORRECTION", -CLEO_MASTER), ("DECISION", CLEO_MASTER)
    ]  # fmt: skip
    assert told.adds_up("Eve", told.NEXT)
