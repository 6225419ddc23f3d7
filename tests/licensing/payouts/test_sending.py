"""A payout's way through the provider, and every cent on it, whatever goes wrong.

On our stand-in alone: answers that are lost, a bank that gives back what it had taken or that
changes its mind about a second payout.
"""

from datetime import timedelta

import pytest

from licensing.payouts.inbox import sweep_payouts
from licensing.stripe_gateway import ENTRY, OutcomeUnknown
from portal.demo.standin.calls import FAULTS
from tests.licensing.payouts.purse import ANA, NOW, books_balance, only

WHOLE = 30_000_000


def test_payable_becomes_payout_becomes_settled(purse):
    payout = purse.approved()
    assert purse.state() == {"payout": WHOLE}
    payout = purse.advance(payout)
    assert payout.state == "SENT"
    assert purse.state() == {"payout": WHOLE, "transit": WHOLE}
    assert purse.cash == 0
    assert purse.advance(payout).state == "SENT"
    purse.platform.the_bank_acts(payout.account.provider_id, payout.bank_payout_id)
    assert purse.advance(payout).state == "PAID"
    assert purse.advance(payout).state == "PAID"
    assert purse.state() == {}
    assert books_balance()


def test_a_transfer_carries_the_ledger_entry_as_key_and_in_its_metadata(purse):
    payout = purse.advance(purse.approved())
    made = purse.gateway.get_transfer(payout.transfer_id)
    assert made == purse.gateway.find_transfer(payout.entry.key)
    assert (made.entry, made.amount_minor) == (payout.entry.key, 3_000)
    given = {"account_id": payout.account.provider_id, "entry": payout.entry.key}
    sent = purse.gateway.find_bank_payout(since=NOW, **given)
    assert (sent.id, sent.amount_minor) == (payout.bank_payout_id, 3_000)


def test_a_transfer_is_looked_for_before_it_is_made(standin_purse):
    payout = standin_purse.advance(standin_purse.approved())
    (transfer,) = standin_purse.standin.books.transfers.values()
    assert transfer["metadata"] == {ENTRY: payout.entry.key}
    calls = [one for one in standin_purse.standin.board.made if one.path == "/v1/transfers"]
    assert [one.method for one in calls] == ["GET", "POST"]
    assert calls[1].key.startswith(payout.entry.key)


@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/payouts"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("is_late", [False, True])
def test_whatever_is_lost_a_payee_is_paid_once(standin_purse, fault, path, is_late):
    payout = standin_purse.approved()
    board = standin_purse.standin.board
    board.fail_next(fault, path)
    with pytest.raises(OutcomeUnknown):
        standin_purse.advance(payout)
    assert only(ANA).problem
    if is_late or fault == "broken_before":
        board.forget_keys()
    payout = standin_purse.advance(payout)
    assert (payout.state, payout.problem) == ("SENT", "")
    books = standin_purse.standin.books
    assert list(books.transfers) == [payout.transfer_id]
    assert list(books.payouts) == [(payout.account.provider_id, payout.bank_payout_id)]
    assert standin_purse.state() == {"payout": WHOLE, "transit": WHOLE}


def test_a_payee_who_may_not_receive_any_more_is_owed_again_with_the_reason(purse):
    purse.earn(ANA, WHOLE)
    purse.onboard_who_may_not_receive(ANA)
    purse.platform.fund(WHOLE // 10_000)
    payout = purse.advance(purse.run().payouts.get())
    assert payout.state == "FAILED"
    assert "capabilities" in payout.reason
    assert purse.state() == {"payable": WHOLE}
    assert purse.cash == WHOLE


def test_a_bank_that_refuses_sends_the_money_back_to_our_balance_and_the_payee(purse):
    payout = purse.advance(purse.approved(bank_refuses=True))
    purse.platform.the_bank_acts(payout.account.provider_id, payout.bank_payout_id)
    payout = purse.advance(payout)
    assert payout.state == "FAILED"
    seen = purse.gateway.get_bank_payout(
        payout.bank_payout_id, account_id=payout.account.provider_id
    )
    assert payout.reason == seen.failure != ""
    assert purse.state() == {"payable": WHOLE}
    assert purse.cash == WHOLE
    assert purse.platform.moved([payout.transfer_id]) == -3_000
    assert purse.platform.moved([payout.transfer_id, payout.reversal_id]) == 0
    assert purse.advance(payout).state == "FAILED"


def test_a_bank_may_give_back_what_it_had_taken(standin_purse):
    payout = standin_purse.advance(standin_purse.approved())
    books = standin_purse.standin.books
    books.arrive(payout.account.provider_id, payout.bank_payout_id)
    payout = standin_purse.advance(payout)
    books.bounce(payout.account.provider_id, payout.bank_payout_id)
    assert standin_purse.advance(payout).state == "FAILED"
    assert standin_purse.state() == {"payable": WHOLE}
    assert standin_purse.cash == WHOLE
    assert books_balance()


@pytest.mark.parametrize("fault", ["silent_before", "silent_after", "broken_after"])
def test_a_return_that_was_not_answered_is_made_once(standin_purse, fault):
    payout = standin_purse.advance(standin_purse.approved())
    books = standin_purse.standin.books
    books.bounce(payout.account.provider_id, payout.bank_payout_id)
    standin_purse.standin.board.fail_next(fault, f"/v1/transfers/{payout.transfer_id}/reversals")
    with pytest.raises(OutcomeUnknown):
        standin_purse.advance(payout)
    assert only(ANA).state == "SENT"
    assert standin_purse.advance(payout).state == "FAILED"
    assert len(books.transfers[payout.transfer_id]["reversals"]["data"]) == 1
    assert standin_purse.state() == {"payable": WHOLE}


def test_too_little_on_our_balance_is_not_the_payees_failure(purse):
    """Whatever is there already: thirty euros more are owed."""
    purse.earn(ANA, (max(0, purse.platform.available()) + 3_000) * 10_000)
    purse.onboard(ANA)
    payout = purse.advance(purse.run().payouts.get())
    assert payout.state == "APPROVED"
    assert payout.problem.startswith("You have insufficient available funds")
    purse.platform.fund(3_000)
    assert purse.advance(payout).state == "SENT"


def test_a_failed_payout_is_paid_by_a_new_one(standin_purse):
    payout = standin_purse.advance(standin_purse.approved())
    standin_purse.standin.books.bounce(payout.account.provider_id, payout.bank_payout_id)
    standin_purse.advance(payout)
    again = standin_purse.advance(standin_purse.run().payouts.get())
    standin_purse.standin.books.arrive(again.account.provider_id, again.bank_payout_id)
    assert standin_purse.advance(again).state == "PAID"
    assert standin_purse.state() == {}
    assert books_balance()


def test_the_sweep_brings_on_what_waits_and_leaves_the_rest_in_peace(standin_purse):
    payout = standin_purse.approved()
    standin_purse.standin.board.fail_next("rate_limited", "/v1/transfers")
    sweep = {"gateway": standin_purse.gateway}
    assert sweep_payouts(now=NOW, **sweep) == 1
    made = len(standin_purse.standin.board.made)
    assert sweep_payouts(now=NOW + timedelta(minutes=4), **sweep) == 0
    assert len(standin_purse.standin.board.made) == made
    assert sweep_payouts(now=NOW + timedelta(minutes=5), **sweep) == 0
    assert only(ANA).state == "SENT"
    standin_purse.standin.books.arrive(payout.account.provider_id, only(ANA).bank_payout_id)
    assert sweep_payouts(now=NOW + timedelta(minutes=66), **sweep) == 0
    assert only(ANA).state == "PAID"
