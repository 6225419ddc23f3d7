"""What an invoice comes to, on values alone."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.invoicing import rules
from licensing.ledger.rules import EntryDraft, check_draft


def used(quantity, price):
    return rules.Used("REMIX", "PLAY", quantity, price)


@pytest.mark.parametrize(
    ("lines", "tax_ppm", "currency", "rounding", "net", "tax"),
    [
        ([used(7, 12_345), used(2, 4_000)], 190_000, "EUR", -4_415, 90_000, 20_000),
        # 19 % of 50 cents are 9.5: half a cent goes up.
        ([used(50, 10_000)], 190_000, "EUR", 0, 500_000, 100_000),
        ([used(1, 9_999)], 190_000, "EUR", -9_999, 0, 0),
        ([used(3, 700_000)], 100_000, "JPY", -100_000, 2_000_000, 0),
        # 27 % of 1,000 forints are whole ones; a tenth of 9 krónur, 90 hundredths, is 1 króna.
        ([used(1, 1_000_450_000)], 270_000, "HUF", -450_000, 1_000_000_000, 270_000_000),
        ([used(1, 9_000_000)], 100_000, "ISK", 0, 9_000_000, 1_000_000),
        ([used(10**9, 12_345)], 0, "EUR", 0, 12_345 * 10**9, 0),
    ],
)
def test_worked_totals(lines, tax_ppm, currency, rounding, net, tax):
    total = rules.total(lines, tax_ppm, currency)
    assert (total.rounding_micros, total.net_micros, total.tax_micros) == (rounding, net, tax)
    assert total.gross_micros == net + tax


@given(
    lines=st.lists(
        st.builds(used, st.integers(1, 10**9), st.integers(0, 10**7)), min_size=1, max_size=6
    ),
    tax_ppm=st.integers(0, 300_000),
)
def test_lines_and_rounding_are_the_net_and_what_is_posted_balances(lines, tax_ppm):
    total = rules.total(lines, tax_ppm, "EUR")
    assert sum(one.amount_micros for one in lines) + total.rounding_micros == total.net_micros
    assert -10_000 < total.rounding_micros <= 0
    assert total.net_micros % 10_000 == total.tax_micros % 10_000 == 0
    assert abs(total.tax_micros * 10**6 - total.net_micros * tax_ppm) <= 5_000 * 10**6
    if total.net_micros:
        owed = rules.Owed(("client", "a"), "DE", "EUR", total.net_micros, total.tax_micros)
        at = datetime(2026, 11, 1, tzinfo=UTC)
        for lines_of in (rules.issued(owed), rules.received(owed)):
            check_draft(EntryDraft("k", "invoice", lines_of, at))


def test_no_path_leads_out_of_what_is_paid_voided_or_dropped():
    for state in (rules.PAID, rules.VOIDED, rules.DROPPED):
        for to in rules.STATES:
            with pytest.raises(rules.InvoiceRefused):
                rules.check_move(state, to)


def test_a_use_without_a_price_of_its_own_has_that_of_every_other():
    prices = {("", "PLAY"): 5, ("", "MINUTE"): 7, ("REMIX", "PLAY"): 11}
    assert rules.price_of("REMIX", "PLAY", prices) == 11
    assert rules.price_of("REMIX", "MINUTE", prices) == 7
    assert rules.price_of("MOOD", "PLAY", prices) == 5
    assert rules.number_text(2026, 7) == "2026-000007"
    assert rules.due_on(datetime(2026, 11, 16, 23, tzinfo=UTC), 30) == date(2026, 12, 16)
