"""What makes an entry sound, and how months are cut, checked without a database."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.ledger import rules
from licensing.ledger.rules import AccountKey, EntryDraft, Line

CASH = AccountKey("cash", "processor", "test", "EUR")
POOL = AccountKey("pool", "month", "2026-10", "EUR")
AT = datetime(2026, 10, 3, tzinfo=UTC)


def draft(*lines, **changes):
    return EntryDraft(**{"key": "k", "kind": "test", "lines": lines, "effective_at": AT, **changes})


@pytest.mark.parametrize(
    "unsound",
    [
        draft(),
        draft(Line(CASH, "debit", 5)),
        draft(Line(CASH, "debit", 5), Line(POOL, "credit", 4)),
        draft(Line(CASH, "debit", 0), Line(POOL, "credit", 0)),
        draft(Line(CASH, "debit", -5), Line(POOL, "credit", -5)),
        draft(Line(CASH, "debit", 5.0), Line(POOL, "credit", 5.0)),
        draft(Line(CASH, "debet", 5), Line(POOL, "credit", 5)),
        draft(Line(CASH, "debit", 5), Line(POOL._replace(currency="USD"), "credit", 5)),
        draft(Line(CASH._replace(kind="purse"), "debit", 5), Line(POOL, "credit", 5)),
        draft(Line(CASH, "debit", 5), Line(POOL, "credit", 5), key=""),
        draft(
            Line(CASH, "debit", 5), Line(POOL, "credit", 5), effective_at=AT.replace(tzinfo=None)
        ),
    ],
)
def test_an_unsound_entry_is_refused(unsound):
    with pytest.raises(rules.UnsoundEntry):
        rules.check_draft(unsound)


def test_order_of_postings_is_not_content():
    lines = [Line(CASH, "debit", 5), Line(POOL, "credit", 5)]
    assert rules.content_sha256(draft(*lines)) == rules.content_sha256(draft(*lines[::-1]))


def test_an_amount_is_content():
    one = draft(Line(CASH, "debit", 5), Line(POOL, "credit", 5))
    other = draft(Line(CASH, "debit", 6), Line(POOL, "credit", 6))
    assert rules.content_sha256(one) != rules.content_sha256(other)


def test_a_month_is_cut_in_utc():
    new_york = timezone(timedelta(hours=-4))
    assert rules.month_of(datetime(2026, 9, 30, 21, tzinfo=new_york)) == date(2026, 10, 1)


def test_december_is_followed_by_january():
    assert rules.month_after(date(2026, 12, 1)) == date(2027, 1, 1)


def test_covered_months_carry_their_seconds():
    begin, end = datetime(2026, 10, 16, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert rules.months_covered(begin, end) == [
        (date(2026, 10, 1), 16 * 86400),
        (date(2026, 11, 1), 30 * 86400),
    ]


MOMENT = st.integers(1_577_836_800, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC))


@given(MOMENT, st.integers(1, 10**8))
def test_covered_months_add_up_to_the_whole_span(begin, seconds):
    begin = begin.replace(microsecond=0)
    months = rules.months_covered(begin, begin + timedelta(seconds=seconds))
    assert sum(weight for _, weight in months) == seconds
