"""Posting by the set: the books cannot tell it from posting one by one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.ledger import rules
from licensing.ledger.batch_arrays import SIDES, Batch, Head, Lines, sound
from licensing.ledger.batches import post_batch
from licensing.ledger.models import Account, JournalEntry, Posting
from licensing.ledger.months import close_month
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey, EntryDraft, Line

NOW = datetime(2026, 11, 6, 7, 8, 9, tzinfo=UTC)
AT = datetime(2026, 10, 31, 23, 59, 59, 999999, tzinfo=UTC)
CASH = AccountKey("cash", "product", "listening", "EUR")
OWED = AccountKey("payable", "party", "Ana", "EUR")
POOL = AccountKey("pool", "month", "2026-10", "EUR")


def draft(key="k", amount=5, *, at=AT, memo="", to=OWED, **more):
    lines = [Line(CASH, "debit", amount, "a"), Line(to, "credit", amount, "b")]
    return EntryDraft(key, "test", more.pop("lines", lines), at, memo, **more)


def batch_of(*drafts):
    """Drafts column by column; accounts and references stand in no order."""
    lines = [(number, line) for number, one in enumerate(drafts) for line in one.lines]
    accounts = sorted({line.account for _, line in lines}, reverse=True)
    refs = sorted({line.ref for _, line in lines}, reverse=True)
    rows = [
        (
            number,
            accounts.index(line.account),
            SIDES.index(line.side) if line.side in SIDES else len(SIDES),
            line.amount_micros,
            refs.index(line.ref),
        )
        for number, line in lines
    ]
    heads = [Head(one.key, one.kind, one.effective_at, one.memo, one.reverses) for one in drafts]
    return Batch(heads, accounts, refs, Lines(*np.array(rows, np.int64).reshape(-1, 5).T))


def posted(*drafts):
    """Post drafts as a close would."""
    return post_batch(batch_of(*drafts), now=NOW)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
AMOUNTS = st.integers(1, 2**40)


@st.composite
def sound_drafts(draw):
    """A balanced entry with words of all scripts, quotes and control characters in it."""
    parts = draw(st.lists(st.tuples(WORDS, WORDS, WORDS, AMOUNTS), min_size=1, max_size=6))
    lines = [
        Line(AccountKey("payable", kind, ref, "EUR"), "credit", amount, what)
        for kind, ref, what, amount in parts
    ]
    lines.append(Line(CASH, "debit", sum(part[-1] for part in parts)))
    at = NOW + timedelta(microseconds=draw(st.integers(-(10**14), 10**14)))
    return EntryDraft("k", draw(WORDS) or "kind", lines, at, draw(WORDS))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sound_drafts())
def test_an_entry_has_the_content_hash_of_the_python_rule(db, sound):
    point = transaction.savepoint()
    assert posted(sound) == 1
    assert JournalEntry.objects.get().content_sha256 == rules.content_sha256(sound)
    transaction.savepoint_rollback(point)


def test_a_batch_after_post_and_post_after_a_batch_change_nothing(db):
    one, other = draft("one"), draft("other", 7)
    post(key="one", kind="test", postings=one.lines, effective_at=AT, now=NOW)
    assert posted(one, other) == 1
    assert posted(other, one) == 0
    post(key="other", kind="test", postings=other.lines, effective_at=AT, now=NOW)
    assert (JournalEntry.objects.count(), Posting.objects.count()) == (2, 4)
    assert (balance_of(OWED), balance_of(CASH)) == (12, 12)


def test_entries_come_into_the_books_in_the_order_of_their_keys(db):
    posted(draft("b"), draft("a"), draft("C"))
    assert list(JournalEntry.objects.order_by("pk").values_list("key", flat=True)) == [
        "C",
        "a",
        "b",
    ]


def test_a_key_that_stands_for_something_else_is_refused(db):
    posted(draft("k", 5))
    with pytest.raises(rules.KeyTaken, match="another"), transaction.atomic():
        posted(draft("k", 6))
    with pytest.raises(rules.KeyTaken, match="twice"), transaction.atomic():
        posted(draft("n"), draft("n"))


UNSOUND = {
    "at least two": [Line(CASH, "debit", 5)],
    "differ by 1": [Line(CASH, "debit", 6), Line(OWED, "credit", 5)],
    "positive": [Line(CASH, "debit", 0), Line(OWED, "credit", 0)],
    "a debit or a credit": [Line(CASH, "Debit", 5), Line(OWED, "credit", 5)],
    "unknown kind": [Line(CASH._replace(kind="x"), "debit", 5), Line(OWED, "credit", 5)],
    "currency": [
        Line(CASH._replace(currency="eur"), "debit", 5),
        Line(OWED._replace(currency="eur"), "credit", 5),
    ],
}


@pytest.mark.parametrize("words", UNSOUND)
def test_what_is_no_entry_is_refused_with_the_whole_batch(db, words):
    with pytest.raises(rules.UnsoundEntry, match=words), transaction.atomic():
        posted(draft("good"), draft("bad", lines=UNSOUND[words]))
    assert not JournalEntry.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize("column", ["entries", "accounts", "refs"])
@pytest.mark.parametrize("place", [-1, 9])
def test_a_line_of_nothing_is_refused(column, place):
    batch = batch_of(draft("k"))
    getattr(batch.lines, column)[0] = place
    with pytest.raises(rules.UnsoundEntry, match="a posting has no"):
        sound(batch)


def test_amounts_that_pass_64_bits_are_refused():
    """Debits of 2^63 and twice 2^62 credited, 2^64 in all, would balance modulo 2^64."""
    lines = [Line(CASH, "debit", 2**62), Line(OWED, "credit", 2**62)] * 2
    with pytest.raises(OverflowError):
        sound(batch_of(draft("k", lines=lines)))


def test_entries_balance_in_each_currency():
    dollars = OWED._replace(currency="USD")
    lines = [Line(CASH, "debit", 5), Line(dollars, "credit", 5)]
    with pytest.raises(rules.UnsoundEntry, match="differ by 5 micro-units of EUR"):
        sound(batch_of(draft("k", lines=lines)))


def test_nothing_is_posted_of_an_empty_batch(db):
    assert posted() == 0


def test_a_closed_month_takes_no_batch_but_knows_what_it_has(db):
    posted(draft("k"))
    close_month(AT.date().replace(day=1), now=NOW)
    assert posted(draft("k")) == 0
    with pytest.raises(rules.MonthClosed, match="2026-10"):
        posted(draft("late"))


def test_a_batch_does_not_draw_a_pool_below_zero(db):
    posted(draft("in", 10, to=POOL))
    out = [Line(POOL, "debit", 6), Line(OWED, "credit", 6)]
    assert posted(draft("out", lines=out)) == 1
    with pytest.raises(rules.BalanceTooLow, match="holds 4, asked 12"), transaction.atomic():
        posted(draft("o1", lines=out), draft("o2", lines=out))
    assert balance_of(POOL) == 4


def test_an_entry_is_reversed_once(db):
    posted(draft("k"))
    entry = JournalEntry.objects.get()
    back = rules.opposite(draft().lines)
    assert posted(draft("r1", lines=back, reverses=entry.pk)) == 1
    with pytest.raises(rules.AlreadyReversed):
        posted(draft("r2", lines=back, reverses=entry.pk))


@pytest.mark.parametrize("column", ["entry_id", "account_id"])
def test_a_posting_of_nothing_is_refused_by_the_database(db, column):
    posted(draft("k"))
    other = {"entry_id": "account_id", "account_id": "entry_id"}[column]
    with pytest.raises(DatabaseError, match="a posting"), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ledger_posting ({column}, {other}, side, amount_micros, ref)"
            f" SELECT 0, {other}, 'debit', 1, '' FROM ledger_posting LIMIT 1"
        )
