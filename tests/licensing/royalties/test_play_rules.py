"""When a reported play is believed, when it counts, and when a month may close."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.royalties.rules import plays as rules

START = datetime(2026, 10, 3, 12, tzinfo=UTC)
LEAVE = rules.Leave(
    duration_ms=180_000,
    fetched_ms=60_000,
    issued_at=START,
    expires_at=START + timedelta(hours=12),
)


def after(seconds):
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("span", "earlier", "at", "reason"),
    [
        ((0, 30_000), [], 30, ""),
        ((0, 33_000), [], 30, ""),
        ((0, 33_001), [], 30, "faster_than_time"),
        ((0, 60_001), [], 600, "not_fetched"),
        ((0, 30_000), [(0, 30_000)], 40, "faster_than_time"),
        ((0, 30_000), [(0, 30_000)], 60, ""),
        ((5, 5), [], 600, "empty_span"),
        ((9, 5), [], 600, "empty_span"),
        ((-1, 5), [], 600, "empty_span"),
        ((0, 30_000), [], 12 * 3600, "expired"),
        ((0, 30_000), [], -1, "expired"),
    ],
)
def test_a_report_is_believed_as_far_as_it_can_be_true(span, earlier, at, reason):
    assert rules.refusal_of(span, earlier, LEAVE, after(at)) == reason


SPANS = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 50)), max_size=8).map(
    lambda pairs: [(begin, begin + length) for begin, length in pairs]
)


@given(SPANS)
def test_heard_is_the_union_of_the_spans(spans):
    heard = {moment for begin, end in spans for moment in range(begin, end)}
    assert rules.heard_ms(spans) == len(heard)


@pytest.mark.parametrize(
    ("heard", "duration", "counted"),
    [
        (29_999, 180_000, False),
        (30_000, 180_000, True),
        (10_000, 20_000, True),
        (9_999, 20_000, False),
        (0, 0, False),
    ],
)
def test_a_play_counts_from_half_a_minute_or_half_the_piece(heard, duration, counted):
    assert rules.is_counted(heard, duration) is counted


def test_a_month_closes_five_days_after_its_end():
    month = date(2026, 10, 1)
    assert not rules.may_close(month, datetime(2026, 11, 5, 23, 59, tzinfo=UTC))
    assert rules.may_close(month, datetime(2026, 11, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("elsewhere_ms", "at", "reason"),
    [(0, 30, ""), (5_000, 30, ""), (30_000, 30, "heard_elsewhere"), (30_000, 60, "")],
)
def test_a_person_hears_one_piece_at_a_time(elsewhere_ms, at, reason):
    assert rules.refusal_of((0, 30_000), [], LEAVE, after(at), elsewhere_ms) == reason


def test_what_was_told_just_after_a_switch_was_heard_before_it():
    told = [(20_000, after(1)), (20_000, after(40)), (20_000, after(-5))]
    assert rules.heard_since(START, told) == 1_000 + 20_000
