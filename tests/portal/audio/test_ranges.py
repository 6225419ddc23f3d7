"""Ranges of bytes by RFC 9110, sections 14.1.2 and 14.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.audio.ranges import Span, Unsatisfiable, span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-499", Span(0, 499)),
        ("bytes=500-999", Span(500, 999)),
        ("bytes=-500", Span(9500, 9999)),
        ("bytes=9500-", Span(9500, 9999)),
        ("bytes=0-0", Span(0, 0)),
        ("bytes=9999-20000", Span(9999, 9999)),
        ("bytes=-20000", Span(0, 9999)),
    ],
)
def test_the_examples_of_the_rfc_on_ten_thousand_bytes(header: str, span: Span) -> None:
    assert span_of(header, 10_000) == span


@pytest.mark.parametrize(
    "header", ["", "bytes=", "bytes=-", "bytes=5-2", "items=0-1", "bytes=0-1,3-4", "bytes=a-b"]
)
def test_what_is_no_single_range_means_the_whole(header: str) -> None:
    assert span_of(header, 10_000) is None


@pytest.mark.parametrize("header", ["bytes=10000-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_met(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        span_of(header, 10_000)


@given(st.integers(0, 10**19), st.integers(0, 10**19), st.integers(1, 10**12))
def test_a_span_always_lies_inside_the_file(first: int, last: int, size: int) -> None:
    try:
        span = span_of(f"bytes={first}-{last}", size)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span.first <= span.last < size
