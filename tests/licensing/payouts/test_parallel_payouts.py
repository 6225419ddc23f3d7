"""Twenty at once draw on what one payee is owed: exactly what is there is paid."""

from collections import Counter

from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey, BalanceTooLow
from licensing.payouts.operations import put_on_its_way
from licensing.payouts.rules.postings import PROVIDER, Amount, cash_at, payable_of
from tests.licensing.ledger.test_parallel_writers import all_at_once
from tests.licensing.payouts.purse import ANA, NOW

TEN_EUROS = Amount(ANA, "EUR", 10_000_000)


def pay(number):
    try:
        put_on_its_way(key=f"payout:{number}", of=TEN_EUROS, now=NOW)
    except BalanceTooLow:
        return "refused"
    return "paid"


def test_of_twenty_payouts_against_a_balance_for_ten_exactly_ten_are_paid(committed_db):
    payable = payable_of(ANA, "EUR")
    lines = [(cash_at(PROVIDER, "EUR"), "debit", 109_999_999), (payable, "credit", 109_999_999)]
    post(key="in", kind="royalties", postings=lines, effective_at=NOW, now=NOW)
    assert Counter(all_at_once(pay)) == {"paid": 10, "refused": 10}
    assert balance_of(payable) == 9_999_999
    assert balance_of(AccountKey("payout", *ANA, "EUR")) == 100_000_000
    assert trial_balance().differences() == {"EUR": 0}
