"""Money in: the waterfall to the micro-unit, keys, covered months, and who is covered when."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from licensing.ledger.months import close_month
from licensing.ledger.queries import balance_of, list_balances, trial_balance
from licensing.ledger.rules import AccountKey, KeyTaken
from licensing.receipts import rules
from licensing.receipts.models import PoolPart, Receipt
from licensing.receipts.operations import record_receipt, set_product_terms
from licensing.receipts.queries import list_receipts, receipt_covering

OCTOBER, NOVEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
LISTENER = ("user", "l1")


def pay(key="r1", **changes):
    values = {
        "kind": "SUBSCRIPTION",
        "payer": LISTENER,
        "amount_micros": 9_990_000,
        "currency": "EUR",
        "covers_from": OCTOBER,
        "covers_until": NOVEMBER,
        "tax_micros": 1_595_042,
        "now": OCTOBER,
        **changes,
    }
    return record_receipt(key=key, **values)


def pool(month):
    return balance_of(rules.pool_account(month, "EUR"))


def test_vat_inside_the_worked_price():
    assert rules.tax_inside(9_990_000, 190_000) == 1_595_042


def test_worked_receipt_falls_apart_to_the_micro(db):
    receipt = pay()
    assert (receipt.commission_micros, receipt.pool_micros) == (2_518_487, 5_876_471)
    assert balance_of(AccountKey("tax", "country", "DE", "EUR")) == 1_595_042
    assert balance_of(AccountKey("commission", "product", "listening", "EUR")) == 2_518_487
    assert balance_of(AccountKey("cash", "product", "listening", "EUR")) == 9_990_000
    assert pool(date(2026, 10, 1)) == 5_876_471
    assert trial_balance().differences() == {"EUR": 0}


@given(st.integers(1, 10**12), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_parts_of_a_receipt_sum_to_what_was_paid(amount, tax_ppm, fee_ppm, commission_ppm):
    tax = rules.tax_inside(amount, tax_ppm)
    fee = (amount - tax) * fee_ppm // 10**6
    parts = rules.waterfall(amount, tax, fee, commission_ppm)
    whole = (parts.tax_micros, parts.fee_micros, parts.commission_micros, parts.pool_micros)
    assert sum(whole) == amount
    assert min(whole) >= 0


def test_a_fee_of_the_processor_comes_off_before_commission(db):
    receipt = pay(fee_micros=394_958)
    assert receipt.pool_micros == 5_600_000
    assert balance_of(AccountKey("processor_fee", "product", "listening", "EUR")) == 394_958
    assert balance_of(AccountKey("cash", "product", "listening", "EUR")) == 9_990_000


def test_the_same_key_pays_once(db):
    assert pay() == pay(now=NOVEMBER)
    assert pool(date(2026, 10, 1)) == 5_876_471
    with pytest.raises(KeyTaken):
        pay(amount_micros=9_990_001)


def test_a_quarter_is_spread_over_its_months_by_time(db):
    pay(covers_until=datetime(2027, 1, 1, tzinfo=UTC))
    parts = dict(PoolPart.objects.values_list("month", "amount_micros"))
    assert parts == {
        date(2026, 10, 1): 1_980_115,
        date(2026, 11, 1): 1_916_241,
        date(2026, 12, 1): 1_980_115,
    }


def test_a_part_for_a_closed_month_goes_to_the_open_one(db):
    close_month(date(2026, 10, 1), now=NOVEMBER)
    pay()
    assert (pool(date(2026, 10, 1)), pool(date(2026, 11, 1))) == (0, 5_876_471)


def test_a_promotion_is_paid_by_the_house_whole_into_the_pool(db):
    receipt = pay(kind="PROMOTION", tax_micros=0)
    assert receipt.pool_micros == 9_990_000
    assert list_balances(kind="promotion") == {
        AccountKey("promotion", "house", "listening", "EUR"): 9_990_000
    }


@pytest.mark.parametrize(
    "nonsense",
    [
        {"amount_micros": 0, "tax_micros": 0},
        {"amount_micros": -5},
        {"amount_micros": 9.99},
        {"tax_micros": 9_990_001},
        {"tax_micros": -1},
        {"kind": "GIFT"},
        {"kind": "PROMOTION"},
        {"covers_until": OCTOBER},
        {"covers_from": OCTOBER.replace(tzinfo=None)},
        {"product": "cheese"},
    ],
)
def test_nonsense_is_refused_and_leaves_nothing(db, nonsense):
    with pytest.raises(rules.ReceiptRefused):
        pay(**nonsense)
    assert Receipt.objects.count() == 0


def test_new_terms_leave_earlier_receipts_alone(db):
    first = pay()
    set_product_terms(
        product="listening",
        country="DE",
        tax_ppm=190_000,
        commission_ppm=200_000,
        effective_from=NOVEMBER,
        actor=("user", "admin"),
        now=OCTOBER,
    )
    later = pay("r2", covers_from=NOVEMBER, covers_until=datetime(2026, 12, 1, tzinfo=UTC))
    assert (first.commission_micros, later.commission_micros) == (2_518_487, 1_678_992)


def test_a_receipt_covers_its_half_open_span_and_a_subscriptions_three_hours_more(db):
    pay()
    assert receipt_covering(LISTENER, OCTOBER) is not None
    assert receipt_covering(LISTENER, OCTOBER - timedelta(seconds=1)) is None
    # A subscription's next payment may take three hours to come in.
    assert receipt_covering(LISTENER, NOVEMBER + timedelta(minutes=179)) is not None
    assert receipt_covering(LISTENER, NOVEMBER + timedelta(hours=3)) is None
    pay("r2", kind="PURCHASE", payer=("user", "l2"))
    assert receipt_covering(("user", "l2"), NOVEMBER) is None


def test_a_stranger_is_not_covered_and_sees_no_receipt(db):
    pay()
    assert receipt_covering(("user", "stranger"), OCTOBER) is None
    assert receipt_covering(("client", "l1"), OCTOBER) is None
    assert list_receipts(("user", "stranger")) == ()


@pytest.mark.parametrize("table", ["receipt", "poolpart", "productterms"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_cannot_change_receipts(db, table, verb):
    pay()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb.format(f"receipts_{table}"))
