"""The steps between earned and payable on plain values: worked examples, and what holds of all."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.deductions.rules.contests import Claim, Line, contest
from licensing.deductions.rules.parts import Part, total, us_total
from licensing.deductions.rules.recoupment import Terms, recoup
from licensing.deductions.rules.reserves import Rule, set_aside
from licensing.deductions.rules.taxes import (
    STATUTORY_PPM,
    W8BEN,
    W9,
    Form,
    expires_on,
    rate_ppm,
    withheld,
)
from licensing.deductions.rules.waterfall import plan

TIDE = [Part("tide", "MASTER", 600), Part("tide", "PUBLISHING", 400)]
BOTH = [*TIDE, Part("lamp", "MASTER", 1000)]
ANA, BEN = ("party", "ana"), ("party", "ben")


def test_an_advance_takes_its_percentage_of_what_it_covers_and_the_rest_flows_on():
    """Half of the masters of Tide, 600: 300 of 2,000 are taken."""
    terms = Terms("a", 1_000, 500_000, "MASTER", frozenset({"tide"}))
    assert recoup(BOTH, [terms]) == ({"a": 300}, [Part("tide", "MASTER", 300), *BOTH[1:]])


def test_an_advance_never_takes_more_than_is_open():
    taken, left = recoup(BOTH, [Terms("a", 7, 1_000_000)])
    assert (taken, total(left)) == ({"a": 7}, 1_993)


def test_advances_that_cover_the_same_earnings_take_in_their_order_and_not_twice():
    """The first takes 80 % of 2,000; the second may take 80 % as well and finds 400."""
    first, second = Terms("a", 9_999, 800_000), Terms("b", 9_999, 800_000)
    assert recoup(BOTH, [first, second])[0] == {"a": 1_600, "b": 400}


def test_earnings_of_one_agreement_recoup_another_only_where_both_are_crossed():
    """Tide earns 1,000 and its advance has 100 open; Lamp's has 5,000 open and 1,000 earned.

    Apart: 100 and 1,000. Crossed: the 900 that Tide's advance leaves go to Lamp's: 1,900.
    """

    def pair(of_tide, of_lamp):
        return [
            Terms("t", 100, 1_000_000, recordings=frozenset({"tide"}), is_crossed=of_tide),
            Terms("l", 5_000, 1_000_000, recordings=frozenset({"lamp"}), is_crossed=of_lamp),
        ]

    for one, other in ((False, False), (True, False), (False, True)):
        assert recoup(BOTH, pair(one, other))[0] == {"t": 100, "l": 1_000}
    assert recoup(BOTH, pair(True, True)) == ({"t": 100, "l": 1_900}, [
        Part("tide", "MASTER", 0), Part("tide", "PUBLISHING", 0), Part("lamp", "MASTER", 0)
    ])  # fmt: skip


def test_a_reserve_of_one_recording_leaves_the_other_alone():
    aside, left = set_aside(BOTH, [Rule("r", 100_000, "tide")])
    assert [total(parts) for parts in aside.values()] == [100]
    assert left[-1] == BOTH[-1]


def test_a_dispute_holds_its_share_alone_and_no_micro_twice():
    """Ana's master of one stem is contested by two; the first claims 30 %, the second all."""
    mine = Line(ANA, "EUR", "r", "s1", "tide", "MASTER", "sheet", "ana", 1_001)
    his = Line(BEN, "EUR", "r", "s1", "tide", "MASTER", "sheet", "ben", 500)
    other = Line(ANA, "EUR", "r", "s2", "tide", "MASTER", "sheet2", "ana", 77)
    first = Claim("1", sheet="sheet", party="ana", contested_ppm=300_000)
    second = Claim("2", stem="s1", right="MASTER")
    held = contest([mine, his, other], [first, second])
    assert [(key, line.payee, line.micros) for key, line in held] == [
        ("1", ANA, 300), ("2", ANA, 701), ("2", BEN, 500),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "on", "rate"),
    [
        (None, date(2026, 10, 31), None),
        (Form(W9, None), date(2040, 1, 1), 0),
        (Form(W8BEN, date(2028, 12, 31)), date(2028, 12, 31), STATUTORY_PPM),
        (Form(W8BEN, date(2028, 12, 31), 0), date(2028, 12, 31), 0),
        (Form(W8BEN, date(2028, 12, 31), 50_000), date(2029, 1, 1), None),
    ],
)
def test_the_rate_is_the_forms_and_without_one_in_force_unknown(form, on, rate):
    assert rate_ppm(form, on) == rate


def test_a_w8_lasts_to_the_end_of_the_third_year_after_its_own():
    """The form's own example: signed on 30 September 2015, until 31 December 2018."""
    assert expires_on(W8BEN, date(2015, 9, 30)) == date(2018, 12, 31)
    assert expires_on(W9, date(2015, 9, 30)) is None


def test_withholding_is_to_the_nearest_micro_and_half_goes_to_the_payee():
    assert [withheld(us, 300_000) for us in (10, 12, 15, 18)] == [3, 4, 4, 5]


@given(
    micros=st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**6)), max_size=5),
    advances=st.lists(
        st.tuples(st.integers(1, 10**12), st.integers(1, 10**6), st.booleans()), max_size=3
    ),
    rules=st.lists(st.integers(1, 10**6), max_size=2),
    rate=st.sampled_from([None, 0, 50_000, 300_000]),
)
def test_every_step_leaves_what_it_does_not_take(micros, advances, rules, rate):
    parts = [
        Part(f"rec{n % 2}", ("MASTER", "PUBLISHING")[n % 2], amount, amount * us // 10**6)
        for n, (amount, us) in enumerate(micros)
    ]
    terms = [
        Terms(f"a{n}", open_micros, ppm, ("", "MASTER", "PUBLISHING")[n], is_crossed=crossed)
        for n, (open_micros, ppm, crossed) in enumerate(advances)
    ]
    kept = [Rule(f"r{n}", ppm, ("", "rec0")[n]) for n, ppm in enumerate(rules)]
    made = plan(parts, advances=terms, rules=kept, rate_ppm=rate)
    aside = [part for of in made.aside.values() for part in of]
    taken = (*made.recouped.values(), total(aside), made.withheld_micros, made.waits_micros)
    assert made.payable_micros >= 0
    assert sum(taken) + made.payable_micros == total(parts)
    assert all(made.recouped.get(one.key, 0) <= one.open_micros for one in terms)
    assert all(part.us_micros <= part.micros for part in aside)
    assert made.us_micros + us_total(aside) <= us_total(parts)
