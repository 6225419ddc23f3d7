"""The pure division: the published comparison of models, and sums that lose nothing."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from licensing.attribution.rules import UNATTRIBUTED, SealRefused, paid_lines
from licensing.money import allocate
from licensing.royalties.rules.division import (
    Division,
    divide,
    pro_rata,
    sources_of_minutes,
    sums,
    user_centric,
)

TWO_SUBSCRIBERS = {"u1": 700, "u2": 700}
THEIR_PLAYS = {"u1": {"A": 10}, "u2": {"A": 10, "B": 80, "C": 10}}


def test_user_centric_pays_as_published():
    assert sums(user_centric(TWO_SUBSCRIBERS, THEIR_PLAYS)) == {"A": 770, "B": 560, "C": 70}


def test_pro_rata_pays_as_published():
    assert sums(pro_rata(TWO_SUBSCRIBERS, THEIR_PLAYS)) == {"A": 255, "B": 1018, "C": 127}


PAYERS = st.sampled_from("pqrs")
POOLS = st.dictionaries(PAYERS, st.integers(1, 10**9), min_size=1)
PLAYS = st.dictionaries(
    PAYERS, st.dictionaries(st.sampled_from("ABC"), st.integers(1, 99), min_size=1), min_size=1
)


@given(POOLS, PLAYS)
def test_both_models_pay_out_every_pool_whole(pools, plays):
    for model in (user_centric, pro_rata):
        assert sum(sums(model(pools, plays)).values()) == sum(pools.values())


@given(POOLS)
def test_a_month_without_plays_divides_nothing(pools):
    assert user_centric(pools, {}) == pro_rata(pools, {}) == {}


def test_an_idle_subscriber_pays_what_everyone_played():
    out = sums(user_centric({"u1": 100, "idle": 60}, {"u1": {"A": 1}, "u3": {"B": 2}}))
    assert out == {"A": 120, "B": 40}


@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_a_variation_is_divided_without_loss(amount, ppm):
    stems = [(f"s{n}", weight) for n, weight in enumerate(ppm)]
    rights = [("MASTER", 500_000), ("PUBLISHING", 500_000)]
    shares = [("ana", 700_000), ("ben", 300_000)]
    sheets = {(stem, right): shares for stem, _ in stems for right, _ in rights}
    assert sum(divide(amount, Division(stems, rights, sheets)).values()) == amount


def test_the_sources_of_a_session_are_the_sums_of_its_minutes():
    minutes = [(True, {"a": 1_000_000}), (True, {"a": 250_000, "b": 750_000}), (True, {})]
    assert dict(sources_of_minutes(minutes)) == {"a": 625_000, "b": 375_000}


def test_minutes_that_accrue_nothing_weigh_only_among_themselves():
    own = [(False, {"a": 400_000, "b": 600_000}), (False, {"a": 1_000_000})]
    assert dict(sources_of_minutes(own)) == {"a": 700_000, "b": 300_000}
    assert dict(sources_of_minutes([*own, (True, {"c": 1_000_000})])) == {"c": 1_000_000}
    assert sources_of_minutes([*own, (True, {})]) == []


def test_a_third_that_is_left_over_goes_to_the_smaller_stem():
    minutes = [(True, {"c": 1_000_000}), (True, {"b": 1_000_000}), (True, {"a": 1_000_000})]
    assert dict(sources_of_minutes(minutes)) == {"a": 333_334, "b": 333_333, "c": 333_333}


PARTS = st.lists(st.integers(1, 10**6), min_size=1, max_size=5).map(
    lambda weights: [(f"s{n}", weight) for n, weight in enumerate(weights)]
)


def test_money_of_sound_without_a_stem_goes_to_the_stems_in_proportion():
    # 60 % of a record is nobody's; of the rest Ana's stem has 30 and Ben's 10: they share 3 to 1.
    lines, unattributed = paid_lines([("ana", 300_000), (UNATTRIBUTED, 600_000), ("ben", 100_000)])
    assert (dict(lines), unattributed) == ({"ana": 750_000, "ben": 250_000}, 600_000)
    sheets = {(stem, "MASTER"): [(stem, 1_000_000)] for stem in ("ana", "ben")}
    paid = divide(1_000, Division(lines, [("MASTER", 1_000_000)], sheets))
    assert paid == {("ana", "MASTER", "ana"): 750, ("ben", "MASTER", "ben"): 250}


@given(st.integers(0, 10**12), st.integers(0, 10**6), PARTS)
def test_nothing_of_it_is_lost_and_nothing_stays_with_the_house(amount, nobodys, parts):
    measured = list(allocate(1_000_000, [*parts, (UNATTRIBUTED, nobodys)]).items())
    assume(any(ppm for source, ppm in measured if source != UNATTRIBUTED))
    lines, unattributed = paid_lines(measured)
    assert sum(ppm for _, ppm in lines) == 1_000_000
    assert unattributed == dict(measured)[UNATTRIBUTED]
    sheets = {(stem, "MASTER"): [("holder", 1_000_000)] for stem, _ in lines}
    paid = divide(amount, Division(lines, [("MASTER", 1_000_000)], sheets))
    assert sum(paid.values()) == amount
    assert UNATTRIBUTED not in {stem for stem, _, _ in paid}


def test_without_such_sound_the_lines_are_the_measured_parts():
    parts = [("b", 333_333), ("a", 666_667)]
    assert paid_lines(parts) == (parts, 0)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([(UNATTRIBUTED, 1_000_000)], "rests on no cleared stem"),
        ([("a", 0), (UNATTRIBUTED, 1_000_000)], "rests on no cleared stem"),
        ([("a", 500_000), (UNATTRIBUTED, 400_000)], "sum to 900000 ppm"),
        ([("a", 1_100_000), (UNATTRIBUTED, -100_000)], "never negative"),
    ],
)
def test_parts_that_no_record_can_rest_on_are_refused(parts, told):
    with pytest.raises(SealRefused, match=told):
        paid_lines(parts)
