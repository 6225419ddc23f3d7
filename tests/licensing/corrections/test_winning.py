"""A chargeback that was won leaves the books as if it had never been, whatever happened between."""

from datetime import date, timedelta

import pytest

from licensing.corrections.models import Reversal
from licensing.corrections.winning import win_back
from licensing.ledger.queries import list_balances
from licensing.ledger.rules import ACCOUNT_KINDS, KeyTaken
from licensing.receipts.queries import has_pool
from licensing.receipts.rules import ReceiptRefused, Waterfall, won_back
from licensing.royalties.accounts import held_account
from licensing.royalties.closing import close_period
from licensing.royalties.deciding import release_plays, uphold_plays
from licensing.royalties.models import Anomaly, HeldPool, Usage
from licensing.royalties.queries import statement_for
from licensing.royalties.rules.anomalies import Bounds
from licensing.royalties.scoring import score_usages
from tests.bent import rewrite
from tests.licensing.corrections.test_refunds import LATER, back, balanced, held
from tests.licensing.deductions import world as told
from tests.licensing.ledger.sums import balances
from tests.licensing.royalties import small_world as world

SOON = world.OCTOBER + timedelta(days=3)


def win(taken, micros=9_990_000, key="won", now=LATER):
    return win_back(
        key=key, chargeback_id=taken.pk, amount_micros=micros, actor=told.ACTOR, now=now
    )


def charge_back(receipt, micros=9_990_000, now=LATER):
    return back(receipt, micros, key="dp_1", kind="CHARGEBACK", now=now)


def books():
    """Every balance there is."""
    return {key: n for key, n in balances(ACCOUNT_KINDS).items() if n}


def solo(name):
    stems = world.recording(f"of {name}", master={name: 10**6}, publishing={name: 10**6})
    return world.record(name, [(stems[0], 1_000_000)])


def test_what_is_won_falls_apart_as_it_was_taken():
    """Of 10.00 taken, 2.80 house, 5.60 pool, 1.60 tax; 1.00 won is 0.28, 0.56 and 0.16."""
    taken = Waterfall(1_600_000, 0, 2_800_000, 5_600_000)
    assert won_back(1_000_000, taken) == Waterfall(160_000, 0, 280_000, 560_000)
    assert won_back(10_000_000, taken) == taken
    for wrong in (0, -1, 10_000_001):
        with pytest.raises(ReceiptRefused):
            won_back(wrong, taken)


def test_a_chargeback_won_whole_leaves_every_account_as_before_it_with_the_fee_too(db):
    """Of 9.99 with a fee of 0.40 the pool is 5,596,471, and 5,596,471 come back."""
    _, _, _, receipt = told.tell_the_story(fee_micros=400_000)
    told.advance(right="MASTER")
    told.close()
    before = books()
    taken = charge_back(receipt)
    assert taken.pool_micros == -5_596_471
    assert books() != before
    row = win(taken)
    assert (row.kind, row.amount_micros, row.tax_micros, row.fee_micros, row.pool_micros) == (
        "WON", 9_990_000, 1_595_042, 0, 5_596_471,
    )  # fmt: skip
    assert books() == before
    assert win(taken) == row
    assert Reversal.objects.count() == 2
    with pytest.raises(KeyTaken):
        win(taken, 1)
    assert balanced()


def test_nobody_gets_of_it_whom_the_listener_never_heard(db):
    """l1 plays nothing in November, in which l9 plays A: all of A's is l9's 5,876,471."""
    _, _, _, receipt = told.tell_the_story()
    other = solo("A")
    told.close()
    before = held("payable")
    win(charge_back(receipt))
    world.pay("l9", month=world.NOVEMBER)
    world.heard("l9", other, 3, since=world.NOVEMBER)
    told.close(told.NEXT)
    assert held("payable") == {**before, str(world.ref("A")): 5_876_471}


def test_its_lines_name_what_they_correct_and_say_that_it_was_won_back(db):
    _, _, _, receipt = told.tell_the_story()
    told.close()
    win(charge_back(receipt))
    told.close(told.NEXT)
    view = statement_for(world.ref("Cleo"), told.NEXT)
    won = [line for line in view.lines if line.note.endswith("won back")]
    first = {line.id: line.amount_micros for line in statement_for(world.ref("Cleo"),
                                                                   told.MONTH).lines}  # fmt: skip
    assert {line.corrects: line.amount_micros for line in won} == first
    assert {line.note for line in won} == {"chargeback of a payment for 2026-10, won back"}
    assert view.closing_micros == 940_235
    assert told.adds_up("Cleo", told.NEXT)


def test_a_part_won_gives_that_part_and_the_rest_can_still_be_refunded(db):
    """Half is won: 1,259,243.5, 2,938,235.5 and 797,521; what is left over is the house's."""
    _, _, _, receipt = told.tell_the_story()
    told.close()
    row = win(charge_back(receipt), 4_995_000)
    assert (row.commission_micros, row.pool_micros, row.tax_micros) == (
        1_259_244, 2_938_235, 797_521,
    )  # fmt: skip
    assert sum(held("payable").values()) == 2_938_235
    assert has_pool(("user", "l1"), SOON)
    back(receipt, 4_995_000, key="re_2")
    assert not held("cash")
    assert not held("tax")
    assert not held("commission")
    assert sum(held("payable").values()) == 0
    with pytest.raises(ReceiptRefused):
        back(receipt, 1, key="re_3")
    assert balanced()


def test_between_the_chargeback_and_the_win_nothing_is_covered_and_then_it_is_again(db):
    receipt = world.pay("l1")
    taken = charge_back(receipt, now=SOON)
    assert not has_pool(("user", "l1"), SOON + timedelta(hours=1))
    win(taken, now=SOON + timedelta(hours=2))
    assert not has_pool(("user", "l1"), SOON + timedelta(hours=1))
    assert has_pool(("user", "l1"), SOON + timedelta(hours=3))


def test_won_while_the_month_is_open_it_is_its_pool_again(db):
    _, _, _, receipt = told.tell_the_story()
    win(charge_back(receipt, now=SOON), now=SOON)
    told.close()
    assert sum(held("payable").values()) == 5_876_471


def test_won_after_a_month_closed_without_it_it_reaches_those_heard_in_that_month(db):
    """Nothing in November, in which others play; October's sixty plays count there."""
    _, _, _, receipt = told.tell_the_story()
    taken = charge_back(receipt, now=SOON)
    told.close()
    assert not held("payable")
    win(taken)
    world.pay("l9", month=world.NOVEMBER)
    world.heard("l9", solo("A"), 3, since=world.NOVEMBER)
    told.close(told.NEXT)
    assert told.balance("payable", told.payee("A")) == 5_876_471
    assert told.balance("payable", told.payee("Cleo")) == 940_235
    kinds = {line.kind for line in statement_for(world.ref("Cleo"), told.NEXT).lines}
    assert kinds == {"ADJUSTMENT"}


def test_where_everybodys_pool_reached_those_plays_it_goes_along_their_lines(db):
    """An idle payer's 100 went over all plays of October, l1's too; l1's 5,876,471 come after."""
    _, _, _, receipt = told.tell_the_story()
    world.pay("idle", amount=100, kind="PROMOTION", tax=0)
    taken = charge_back(receipt, now=SOON)
    told.close()
    assert sum(held("payable").values()) == 100
    win(taken)
    assert sum(held("payable").values()) == 5_876_571
    assert not held("pool")
    assert set(Usage.objects.values_list("accrual_month", flat=True)) == {told.MONTH}
    assert balanced()


def test_of_a_month_closed_with_a_part_of_it_the_rest_goes_along_its_lines(db):
    """Half of the pool was there at the close; with the other half everybody has all of theirs."""
    _, _, _, receipt = told.tell_the_story()
    taken = charge_back(receipt, 4_995_000, now=SOON)
    told.close()
    win(taken, 4_995_000)
    assert sum(held("payable").values()) == 5_876_471
    assert told.balance("payable", told.payee("Cleo")) == 940_235
    assert balanced()


def test_what_a_dispute_held_of_it_is_held_again(db):
    _, lamp, _, receipt = told.tell_the_story()
    told.dispute(stem_id=lamp.pk, right="MASTER")
    told.close()
    before = books()
    win(charge_back(receipt))
    assert books() == before
    assert held("suspense")


def test_what_a_dispute_held_of_it_goes_to_whom_it_was_given_since(db):
    """Cleo's master, 587,647, is Eve's by the decision."""
    _, lamp, _, receipt = told.tell_the_story()
    contested = told.dispute(stem_id=lamp.pk, right="MASTER")
    told.close()
    taken = charge_back(receipt)
    world.party("Eve")
    told.decide(contested, [(*told.payee("Eve"), 1_000_000)], now=LATER)
    win(taken)
    assert told.balance("payable", told.payee("Eve")) == 587_647
    assert sum(held("payable").values()) == 5_876_471
    assert balanced()


def test_only_a_chargeback_is_won_and_never_more_than_it_took(db):
    _, _, _, receipt = told.tell_the_story()
    refund = back(receipt, 1_000_000)
    with pytest.raises(ReceiptRefused, match="only a chargeback"):
        win(refund, 1_000_000)
    with pytest.raises(ReceiptRefused, match="only a chargeback"):
        win(receipt)
    taken = charge_back(receipt, 1_000_000)
    with pytest.raises(ReceiptRefused, match="not above what was taken"):
        win(taken, 1_000_001)


def hold_and_close():
    """l1's three plays of Ana are held, its one of Cleo counts; a quarter is divided."""
    pieces = solo("Ana"), solo("Cleo")
    receipt = world.pay("l1", amount=1_000, tax=0)
    world.heard("l1", pieces[0], 3)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    score_usages(month=told.MONTH, now=world.NOVEMBER, bounds=Bounds(repeats=400))
    world.heard("l1", pieces[1], 1)
    told.close()
    return receipt


def decide(verb):
    verb(anomaly_id=Anomaly.objects.get().pk, reason="Looked.", actor=told.ACTOR, now=LATER)


def test_what_waited_for_a_decision_waits_again(db):
    """The pool is 700: 525 wait, 175 are Cleo's."""
    receipt = hold_and_close()
    before = books()
    assert before[held_account(told.MONTH, "EUR")] == 525
    taken = charge_back(receipt, 1_000)
    assert HeldPool.objects.get().amount_micros == 0
    win(taken, 1_000)
    assert books() == before
    assert HeldPool.objects.get().amount_micros == 525


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(("verb", "ana", "cleo"), [(release_plays, 525, 175), (uphold_plays, 0,
                                                   700)])  # fmt: skip
def test_what_was_decided_since_goes_where_the_decision_sent_it(db, verb, ana, cleo, closed):
    """Whether it was won before or after November closed."""
    receipt = hold_and_close()
    decide(verb)
    taken = charge_back(receipt, 1_000)
    if closed:
        told.close(told.NEXT)
    win(taken, 1_000, now=world.AFTER_NOVEMBER if closed else LATER)
    for month in (told.NEXT, date(2026, 12, 1)):
        close_period(month=month, now=world.AFTER_NOVEMBER + timedelta(days=31))
    there = tuple(told.balance("payable", told.payee(name)) for name in ("Ana", "Cleo"))
    assert there == (ana, cleo)
    assert sum(list_balances(kind="pool").values()) == 0
    assert balanced()
