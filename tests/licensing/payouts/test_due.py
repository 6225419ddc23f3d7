"""Who is due what: whole cents, thresholds, holds; worked by hand."""

import re
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.payouts.rules.due import THRESHOLD_MINOR, Account, Due, Held, due, micros_of
from licensing.payouts.rules.states import BECOMES, PayoutRefused, check_move

READY, CLOSING = Account(True), Account(True, is_closing=True)


@pytest.mark.parametrize(
    ("balance", "more", "expected"),
    [
        (20_000_000, {}, Due(2_000, "due")),
        (34_567_899, {}, Due(3_456, "due")),
        (19_999_999, {}, Due(0, "threshold")),
        (-1_000_000, {}, Due(0, "nothing")),
        (9_999, {"account": CLOSING}, Due(0, "nothing")),
        (10_000, {"account": CLOSING}, Due(1, "due")),
        (30_000_000, {"held": Held(everything=True)}, Due(0, "held")),
        (30_000_000, {"held": Held(9_999_999)}, Due(2_000, "due")),
        (30_000_000, {"held": Held(10_000_001)}, Due(0, "held")),
        (50_000_000, {"held": Held(10_000_001)}, Due(3_999, "due")),
        (30_000_000, {"account": None}, Due(0, "no_account")),
        (30_000_000, {"account": Account(False)}, Due(0, "requirements")),
        (30_000_000, {"is_on_its_way": True}, Due(0, "on_its_way")),
    ],
)
def test_a_balance_is_paid_in_whole_cents_or_says_why_not(balance, more, expected):
    given_ = {"held": Held(), "account": READY, **more}
    assert due(balance, "EUR", **given_) == expected


def test_a_currency_that_is_not_paid_waits():
    for code in ("JPY", "XAU"):
        assert due(10**12, code, held=Held(), account=READY) == Due(0, "currency")


def test_no_threshold_is_above_twenty_units():
    assert all(0 < minor <= 20_00 for minor in THRESHOLD_MINOR.values())


@given(st.integers(-(10**12), 10**15), st.integers(0, 10**12), st.booleans())
def test_nobody_is_paid_more_than_is_there_and_less_than_a_cent_stays(balance, held, closing):
    paid = due(balance, "EUR", held=Held(held), account=Account(True, closing))
    micros = micros_of(paid.minor, "EUR")
    assert 0 <= micros <= max(0, balance - held)
    if paid.why == "due":
        assert balance - held - micros < 10_000


@pytest.mark.parametrize("state", BECOMES)
def test_no_payout_moves_beside_its_table(state):
    for to in BECOMES:
        if to in BECOMES[state]:
            check_move(state, to)
        else:
            with pytest.raises(PayoutRefused):
                check_move(state, to)


def test_the_databases_table_of_states_is_this_one():
    migration = import_module("licensing.payouts.migrations.0002_two_people_one_table")
    pairs = set(re.findall(r"'([A-Z]+)>([A-Z]+)'", migration.GUARDS))
    assert pairs == {(state, to) for state, more in BECOMES.items() for to in more}
