"""Conversions: worked to the micro, balanced in both currencies, never of what is not there."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey, BalanceTooLow
from licensing.payouts.exchange import exchange_at, newest_rates, store_rate
from licensing.payouts.models import ExchangeRate
from licensing.payouts.rules.exchange import Converted, convert
from licensing.payouts.rules.postings import PROVIDER, cash_at, payable_of
from licensing.payouts.rules.states import PayoutRefused
from tests.licensing.payouts.purse import ANA, NOW


def test_a_conversion_is_rounded_down_once_and_its_spread_is_shown():
    """100.00 EUR at 1.0837 are 108.37 USD; 1 % of them is 1.0837. And 7 micros at 0.5 are 3."""
    assert convert(100_000_000, 1_083_700_000, 10_000) == Converted(
        108_370_000, 1_083_700, 107_286_300
    )
    assert convert(7, 500_000_000, 0) == Converted(3, 0, 3)
    for wrong in ((0, 1, 0), (1, 0, 0), (1, 1, 1_000_000), (1, 1, -1)):
        with pytest.raises(ValueError, match="above zero"):
            convert(*wrong)


def account(kind, owner, ref, currency):
    return balance_of(AccountKey(kind, owner, ref, currency))


def test_a_balance_is_exchanged_at_the_newest_rate_within_two_balanced_sides(db):
    payable = payable_of(ANA, "EUR")
    lines = [(cash_at(PROVIDER, "EUR"), "debit", 150_000_000), (payable, "credit", 150_000_000)]
    post(key="in", kind="royalties", postings=lines, effective_at=NOW, now=NOW)
    quoted = {"sold": "EUR", "bought": "USD", "actor": ("user", "1"), "now": NOW}
    for hours, nano in ((25, 2_000_000_000), (3, 1_100_000_000), (1, 1_083_700_000)):
        at = NOW - timedelta(hours=hours)
        store_rate(rate_nano=nano, source="ECB", quoted_at=at, **quoted)
    rate = newest_rates(NOW)["EUR", "USD"]
    row = exchange("1", 100_000_000, rate)
    assert row.entry.memo == (
        "100.000000 EUR at 1.083700000 USD (ECB, 2026-11-20 11:00 UTC), spread 1.083700 USD"
    )
    assert balance_of(payable) == 50_000_000
    assert balance_of(payable_of(ANA, "USD")) == 107_286_300
    assert account("trading", "pair", "EUR/USD", "EUR") == 100_000_000
    assert account("trading", "pair", "EUR/USD", "USD") == -108_370_000
    assert account("spread", "house", "exchange", "USD") == 1_083_700
    assert trial_balance().differences() == {"EUR": 0, "USD": 0}
    with pytest.raises(BalanceTooLow):
        exchange("2", 50_000_001, rate)
    with pytest.raises(IntegrityError), transaction.atomic():
        exchange("1", 100_000_000, rate)
    old = ExchangeRate.objects.get(rate_nano=2_000_000_000)
    with pytest.raises(PayoutRefused, match="older than a day"):
        exchange("3", 1_000_000, old)
    assert balance_of(payable) == 50_000_000


def exchange(key, micros, rate):
    came = convert(micros, rate.rate_nano, 10_000)
    given = {"sold_micros": micros, "spread_ppm": 10_000, "came": came}
    return exchange_at(key=key, payee=ANA, rate=rate, now=NOW, **given)
