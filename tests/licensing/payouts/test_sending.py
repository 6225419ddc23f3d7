"""A payout's way through the provider, and every cent on it, whatever goes wrong."""

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
    purse.standin.books.arrive(payout.account.provider_id, payout.bank_payout_id)
    assert purse.advance(payout).state == "PAID"
    assert purse.advance(payout).state == "PAID"
    assert purse.state() == {}
    assert books_balance()


def test_a_transfer_carries_the_ledger_entry_as_key_and_in_its_metadata(purse):
    payout = purse.advance(purse.approved())
    transfer = purse.standin.books.transfers[payout.transfer_id]
    assert transfer["metadata"] == {ENTRY: payout.entry.key}
    calls = [one for one in purse.standin.board.made if one.path == "/v1/transfers"]
    assert [one.method for one in calls] == ["GET", "POST"]
    assert calls[1].key.startswith(payout.entry.key)


@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/payouts"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("is_late", [False, True])
def test_whatever_is_lost_a_payee_is_paid_once(purse, fault, path, is_late):
    payout = purse.approved()
    board = purse.standin.board
    board.fail_next(fault, path)
    with pytest.raises(OutcomeUnknown):
        purse.advance(payout)
    assert only(ANA).problem
    if is_late or fault == "broken_before":
        board.forget_keys()
    payout = purse.advance(payout)
    assert (payout.state, payout.problem) == ("SENT", "")
    books = purse.standin.books
    assert list(books.transfers) == [payout.transfer_id]
    assert list(books.payouts) == [(payout.account.provider_id, payout.bank_payout_id)]
    assert purse.state() == {"payout": WHOLE, "transit": WHOLE}


def test_a_payee_who_may_not_receive_any_more_is_owed_again_with_the_reason(purse):
    payout = purse.approved()
    purse.standin.books.ask_again(payout.account.provider_id, "individual.id_number")
    payout = purse.advance(payout)
    assert payout.state == "FAILED"
    assert "capabilities" in payout.reason
    assert purse.state() == {"payable": WHOLE}
    assert purse.cash == WHOLE


def test_a_bank_that_refuses_sends_the_money_back_to_our_balance_and_the_payee(purse):
    payout = purse.advance(purse.approved())
    books = purse.standin.books
    books.bounce(payout.account.provider_id, payout.bank_payout_id)
    payout = purse.advance(payout)
    assert payout.state == "FAILED"
    assert payout.reason == "The bank refused the payout (account closed)."
    assert purse.state() == {"payable": WHOLE}
    assert purse.cash == WHOLE
    assert books.balance("")["available"][0]["amount"] == 3_000
    assert purse.advance(payout).state == "FAILED"


def test_a_bank_may_give_back_what_it_had_taken(purse):
    payout = purse.advance(purse.approved())
    books = purse.standin.books
    books.arrive(payout.account.provider_id, payout.bank_payout_id)
    payout = purse.advance(payout)
    books.bounce(payout.account.provider_id, payout.bank_payout_id)
    assert purse.advance(payout).state == "FAILED"
    assert purse.state() == {"payable": WHOLE}
    assert purse.cash == WHOLE
    assert books_balance()


@pytest.mark.parametrize("fault", ["silent_before", "silent_after", "broken_after"])
def test_a_return_that_was_not_answered_is_made_once(purse, fault):
    payout = purse.advance(purse.approved())
    books = purse.standin.books
    books.bounce(payout.account.provider_id, payout.bank_payout_id)
    purse.standin.board.fail_next(fault, f"/v1/transfers/{payout.transfer_id}/reversals")
    with pytest.raises(OutcomeUnknown):
        purse.advance(payout)
    assert only(ANA).state == "SENT"
    assert purse.advance(payout).state == "FAILED"
    assert len(books.transfers[payout.transfer_id]["reversals"]["data"]) == 1
    assert purse.state() == {"payable": WHOLE}


def test_too_little_on_our_balance_is_not_the_payees_failure(purse):
    purse.earn(ANA, WHOLE)
    purse.onboard(ANA)
    payout = purse.run().payouts.get()
    payout = purse.advance(payout)
    assert (payout.state, payout.problem) == ("APPROVED", "You have insufficient available funds.")
    purse.standin.books.fund(3_000)
    assert purse.advance(payout).state == "SENT"


def test_a_failed_payout_is_paid_by_a_new_one(purse):
    payout = purse.advance(purse.approved())
    purse.standin.books.bounce(payout.account.provider_id, payout.bank_payout_id)
    purse.advance(payout)
    again = purse.advance(purse.run().payouts.get())
    purse.standin.books.arrive(again.account.provider_id, again.bank_payout_id)
    assert purse.advance(again).state == "PAID"
    assert purse.state() == {}
    assert books_balance()


def test_the_sweep_brings_on_what_waits_and_leaves_the_rest_in_peace(purse):
    payout = purse.approved()
    purse.standin.board.fail_next("rate_limited", "/v1/transfers")
    sweep = {"gateway": purse.gateway}
    assert sweep_payouts(now=NOW, **sweep) == 1
    made = len(purse.standin.board.made)
    assert sweep_payouts(now=NOW + timedelta(minutes=4), **sweep) == 0
    assert len(purse.standin.board.made) == made
    assert sweep_payouts(now=NOW + timedelta(minutes=5), **sweep) == 0
    assert only(ANA).state == "SENT"
    purse.standin.books.arrive(payout.account.provider_id, only(ANA).bank_payout_id)
    assert sweep_payouts(now=NOW + timedelta(minutes=66), **sweep) == 0
    assert only(ANA).state == "PAID"
