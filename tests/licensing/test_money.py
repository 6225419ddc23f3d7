"""Allocation by largest remainder: published vectors and the properties that define it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.money import (
    allocate,
    amount_text,
    check_currency,
    minor_micros,
    minor_text,
    payable_minor,
    smallest_minor,
)

WEIGHTS = (
    st.lists(st.integers(0, 10**9), min_size=1, max_size=12)
    .filter(any)
    .map(lambda ws: [(f"p{i:02d}", w) for i, w in enumerate(ws)])
)
TOTAL = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [("a", 1), ("b", 1), ("c", 1)], [34, 33, 33]),
        (-100, [("a", 1), ("b", 1), ("c", 1)], [-34, -33, -33]),
        (1, [("a", 1), ("b", 1), ("c", 1)], [1, 0, 0]),
        (15, [("a", 80), ("b", 8), ("c", 12)], [12, 1, 2]),
        (15, [("a", 1), ("b", 1)], [8, 7]),
        (5, [("a", 3), ("b", 7)], [2, 3]),
        (1000, [("x", 2), ("y", 5), ("z", 4)], [182, 454, 364]),
        (7, [("a", 6), ("b", 2), ("c", 2)], [4, 2, 1]),
        (9999, [("a", 3333), ("b", 3333), ("c", 3334)], [3333, 3333, 3333]),
        (101, [("a", 50), ("b", 30), ("c", 20)], [51, 30, 20]),
        (0, [("a", 0)], [0]),
        (0, [], []),
    ],
)
def test_allocation_meets_the_published_vectors(total, weights, parts):
    assert list(allocate(total, weights).values()) == parts


@given(TOTAL, WEIGHTS)
def test_parts_sum_to_the_total(total, weights):
    assert sum(allocate(total, weights).values()) == total


@given(TOTAL, WEIGHTS)
def test_every_part_is_within_one_unit_of_its_quota(total, weights):
    whole = sum(weight for _, weight in weights)
    parts = allocate(total, weights)
    assert all(abs(parts[k] - Fraction(total * w, whole)) < 1 for k, w in weights)


@given(TOTAL, WEIGHTS, st.randoms(use_true_random=False))
def test_order_of_input_changes_nobodys_part(total, weights, random):
    shuffled = list(weights)
    random.shuffle(shuffled)
    assert allocate(total, shuffled) == allocate(total, weights)


@given(TOTAL, WEIGHTS)
def test_a_reversal_cancels_its_original(total, weights):
    undone = allocate(-total, weights)
    assert {k: -v for k, v in undone.items()} == allocate(total, weights)


@given(TOTAL, WEIGHTS)
def test_zero_weight_takes_nothing(total, weights):
    parts = allocate(total, weights)
    assert all(parts[key] == 0 for key, weight in weights if weight == 0)


@pytest.mark.parametrize(
    ("total", "weights"),
    [(1, []), (1, [("a", 0)]), (1, [("a", -1), ("b", 2)]), (1, [("a", 1), ("a", 1)])],
)
def test_an_impossible_division_is_refused(total, weights):
    with pytest.raises(ValueError, match="weight"):
        allocate(total, weights)


@pytest.mark.parametrize(("total", "weights"), [(1.0, [("a", 1)]), (1, [("a", 0.5)]), (True, [])])
def test_floats_and_booleans_are_not_money(total, weights):
    with pytest.raises(TypeError):
        allocate(total, weights)


@pytest.mark.parametrize(
    ("micros", "currency", "paid"),
    [
        (1_268_796_779, "EUR", (126_879, 6_779)),
        (-10_001, "EUR", (-1, -1)),
        (1_999_999, "JPY", (1, 999_999)),
        (1_999_999, "KWD", (1_990, 9_999)),
        (-1_999_999, "OMR", (-1_990, -9_999)),
        (5_999_999, "ISK", (500, 999_999)),
        (5_000_000, "UGX", (500, 0)),
        (800_450_000, "TWD", (80_000, 450_000)),
        (10_450_000, "HUF", (1_000, 450_000)),
        (1_999_999, "MGA", (1, 999_999)),
    ],
)
def test_balance_is_rounded_toward_zero_once(micros, currency, paid):
    assert payable_minor(micros, currency) == paid


@pytest.mark.parametrize(
    ("code", "minor", "micros", "text"),
    [
        ("EUR", 500, 5_000_000, "5.00"),
        ("JPY", 500, 500_000_000, "500"),
        ("XAF", 500, 500_000_000, "500"),
        ("ISK", 500, 5_000_000, "5.00"),
        ("UGX", 500, 5_000_000, "5.00"),
        ("TND", 5_120, 5_120_000, "5.120"),
    ],
)
def test_amounts_are_counted_as_the_provider_counts_them(code, minor, micros, text):
    """Its own examples: 500 are 500 yen, 5 krónur or 5 shillings, 5120 are 5.12 dinars."""
    assert minor_micros(minor, code) == micros
    assert minor_text(minor, code) == text


@pytest.mark.parametrize("code", ["XAU", "XTS", "ZZZ"])
def test_a_currency_of_which_nobody_knows_the_minor_unit_is_refused(code):
    for deed in (minor_micros, minor_text, payable_minor):
        with pytest.raises(ValueError, match=code):
            deed(1, code)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD", "ISK", "HUF", "XPF"]))
def test_what_is_paid_and_what_stays_are_the_balance(micros, code):
    minor, rest = payable_minor(micros, code)
    assert minor_micros(minor, code) + rest == micros
    assert abs(rest) < minor_micros(smallest_minor(code), code)
    assert minor % smallest_minor(code) == 0


@given(st.integers(-(10**18), 10**18))
def test_amount_text_reads_back_to_the_same_amount(micros):
    assert Fraction(amount_text(micros)) * 1_000_000 == micros


@pytest.mark.parametrize("code", ["eur", "EURO", "", "E1R", "ÉUR"])
def test_a_currency_is_three_capital_letters(code):
    with pytest.raises(ValueError, match="currency"):
        check_currency(code)
