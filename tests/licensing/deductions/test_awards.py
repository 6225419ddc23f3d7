"""Dividing what was contested: worked examples, and what holds of every division."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.deductions.rules.awards import Awarded, check_awards, divide, equal_shares
from licensing.deductions.rules.contests import Line
from licensing.deductions.rules.parts import PPM, total, us_total
from licensing.deductions.rules.refusals import DeductionRefused
from licensing.money import allocate

LINE = Line(
    ("party", "cleo"), "EUR", "rec", "stem", "lamp", "MASTER", "sheet", "cleo", 9_999, 9_999
)


def thirds():
    return equal_shares([("party", name) for name in ("cleo", "ana", "ben")])


def test_equal_shares_are_the_whole_and_the_rest_goes_to_the_first_by_name():
    assert [(one.ref, one.share_ppm) for one in thirds()] == [
        ("cleo", 333_333), ("ana", 333_334), ("ben", 333_333)
    ]  # fmt: skip
    assert equal_shares([]) == []


def test_a_line_is_divided_by_largest_remainder():
    """9,999 over 333,333 : 333,334 : 333,333 are 3,332.997, 3,333.007 and 3,332.997."""
    assert [(of[1], part.micros) for of, part in divide(LINE, thirds())] == [
        ("cleo", 3_333), ("ana", 3_333), ("ben", 3_333)
    ]  # fmt: skip


def test_without_awards_a_line_goes_back_to_who_earned_it():
    assert divide(LINE, []) == [(("party", "cleo"), LINE.part())]


def test_whoever_gets_nothing_of_a_small_line_has_no_part_of_it():
    assert [of[1] for of, _ in divide(replace(LINE, micros=1, us_micros=1), thirds())] == ["ana"]


@pytest.mark.parametrize(
    "shares", [[("a", 999_999)], [("a", PPM), ("b", 0)], [("a", 500_000), ("a", 500_000)]]
)
def test_awards_that_are_not_the_whole_or_name_somebody_twice_are_refused(shares):
    with pytest.raises(DeductionRefused) as refused:
        check_awards([Awarded("party", *one) for one in shares])
    assert refused.value.code == "awards"


@given(
    micros=st.integers(1, 10**12),
    us_share=st.fractions(0, 1),
    weights=st.lists(st.integers(1, 10**6), min_size=1, max_size=40),
    order=st.randoms(use_true_random=False),
)
def test_parts_sum_to_the_line_with_its_us_source_in_any_order(micros, us_share, weights, order):
    us_micros = int(micros * us_share)
    ppm = allocate(PPM - len(weights), [(f"{n:02d}", one) for n, one in enumerate(weights)])
    awards = [Awarded("party", key, share + 1) for key, share in ppm.items()]
    check_awards(awards)
    line = replace(LINE, micros=micros, us_micros=us_micros)
    divided = divide(line, awards)
    parts = [part for _, part in divided]
    assert (total(parts), us_total(parts)) == (micros, us_micros)
    assert all(0 <= part.us_micros <= part.micros for part in parts)
    order.shuffle(awards)
    assert dict(divide(line, awards)) == dict(divided)
