"""Shares over a thousand places: exact, stable, and moved no more than they must be."""

import hashlib
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.serving.rules import (
    WHOLE,
    RoutingRefused,
    Span,
    choose,
    place_of,
    rerouted,
    shares_of,
)

NAMES = "abcde"
KEYS = [f"request {n}" for n in range(4_000)]


@st.composite
def shares(draw):
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), max_size=4)))
    sizes = [end - begin for begin, end in zip([0, *cuts], [*cuts, WHOLE], strict=True)]
    return dict(zip(draw(st.permutations(NAMES)), sizes, strict=False))


def laid(route):
    """The digest at every place."""
    return [span.digest for span in route for _ in range(span.places)]


def test_the_place_of_a_key_is_its_sha256_in_big_endian_modulo_a_thousand() -> None:
    # 0xba7816bf8f01cfea are the first 64 bits of the SHA-256 of "abc" (FIPS 180-2, appendix B.1).
    assert place_of("abc") == 0xBA7816BF8F01CFEA % 1_000
    assert place_of("é") == int(hashlib.sha256("é".encode()).hexdigest()[:16], 16) % 1_000


def test_a_canary_of_five_percent_gets_five_percent_of_the_keys() -> None:
    route = rerouted((Span("old", WHOLE),), {"old": 950, "new": 50})
    counted = Counter(choose(route, key) for key in KEYS)
    # 200 expected; 5 standard deviations of a binomial are 69.
    assert abs(counted["new"] - 200) < 69
    assert sum(counted.values()) == len(KEYS)


def test_a_growing_canary_takes_keys_and_gives_none_away() -> None:
    before = rerouted((Span("old", WHOLE),), {"old": 950, "new": 50})
    after = rerouted(before, {"old": 700, "new": 300})
    moves = {(choose(before, key), choose(after, key)) for key in KEYS}
    assert moves == {("old", "old"), ("old", "new"), ("new", "new")}


def test_a_canary_that_grows_leaves_the_other_canary_alone() -> None:
    before = rerouted((Span("old", WHOLE),), {"old": 900, "new": 50, "odd": 50})
    after = rerouted(before, {"old": 850, "new": 100, "odd": 50})
    moves = {(choose(before, key), choose(after, key)) for key in KEYS}
    assert {one for one in moves if one[0] != one[1]} == {("old", "new")}


@given(shares(), shares())
def test_shares_are_exact_and_no_more_places_move_than_must(first, second) -> None:
    before = rerouted((), first)
    after = rerouted(before, second)
    assert shares_of(after) == {one: share for one, share in second.items() if share}
    moved = sum(a != b for a, b in zip(laid(before), laid(after), strict=True))
    assert moved == sum(max(0, second.get(one, 0) - first.get(one, 0)) for one in NAMES)
    assert all(a.digest != b.digest for a, b in pairwise(after))


def test_the_same_shares_again_move_nothing() -> None:
    route = rerouted(rerouted((), {"a": 500, "b": 500}), {"a": 400, "b": 500, "c": 100})
    assert rerouted(route, shares_of(route)) == route


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"a": 990}, "add up to 99 %, not to 100 %"),
        ({"a": 995, "b": 6}, "add up to 100.1 %"),
        ({"a": 1_001, "b": -1}, "never negative"),
        ({"a": 999.5, "b": 0.5}, "whole number"),
        ({}, "add up to 0 %"),
    ],
)
def test_shares_that_are_not_a_thousand_are_refused(shares, told) -> None:
    with pytest.raises(RoutingRefused, match=told):
        rerouted((Span("a", WHOLE),), shares)


def test_a_route_with_a_hole_is_no_route() -> None:
    with pytest.raises(ValueError, match="fills a thousand"):
        choose((Span("a", 0),), "any key")
