"""Entries in the books: keys, balances, reversals, and what the database itself refuses."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.ledger import rules
from licensing.ledger.models import Account, JournalEntry, Posting
from licensing.ledger.months import close_month
from licensing.ledger.operations import post, post_many, reverse_entry
from licensing.ledger.queries import balance_of, list_balances, trial_balance
from licensing.ledger.rules import AccountKey, EntryDraft, Line

CASH = AccountKey("cash", "processor", "test", "EUR")
POOL = AccountKey("pool", "month", "2026-10", "EUR")
AT = datetime(2026, 10, 3, tzinfo=UTC)


def pay_in(key="r1", amount=700, **changes):
    postings = [(CASH, "debit", amount), (POOL, "credit", amount)]
    values = {"kind": "receipt", "postings": postings, "effective_at": AT, "now": AT, **changes}
    return post(key=key, **values)


def commit_now():
    """Let the deferred checks speak inside a test that rolls back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def execute(sql, *given):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, given)


def test_balances_stand_on_their_natural_side(db):
    pay_in()
    commit_now()
    assert (balance_of(CASH), balance_of(POOL)) == (700, 700)
    assert trial_balance().differences() == {"EUR": 0}


def test_the_same_key_and_content_changes_nothing(db):
    assert pay_in() == pay_in()
    assert balance_of(POOL) == 700


def test_the_same_key_with_other_content_is_refused(db):
    pay_in()
    with pytest.raises(rules.KeyTaken):
        pay_in(amount=701)


def test_a_reversal_cancels_and_names_its_original(db):
    entry = pay_in()
    undone = reverse_entry(key="u1", entry_id=entry.pk, effective_at=AT, now=AT)
    commit_now()
    assert undone.reverses == entry
    assert (balance_of(CASH), balance_of(POOL)) == (0, 0)


def test_an_entry_is_reversed_once(db):
    entry = pay_in()
    reverse_entry(key="u1", entry_id=entry.pk, effective_at=AT, now=AT)
    pay_in("r2")
    with pytest.raises(rules.AlreadyReversed):
        reverse_entry(key="u2", entry_id=entry.pk, effective_at=AT, now=AT)


def test_a_pool_is_not_drawn_below_zero(db):
    pay_in(amount=10)
    with pytest.raises(rules.BalanceTooLow):
        post(
            key="d",
            kind="draw",
            postings=[(POOL, "debit", 11), (CASH, "credit", 11)],
            effective_at=AT,
            now=AT,
        )


def test_many_entries_stand_or_fall_together(db):
    good = EntryDraft("a", "t", [Line(CASH, "debit", 5), Line(POOL, "credit", 5)], AT)
    bad = EntryDraft("b", "t", [Line(POOL, "debit", 50), Line(CASH, "credit", 50)], AT)
    with pytest.raises(rules.BalanceTooLow):
        post_many(drafts=[good, bad], now=AT)
    assert JournalEntry.objects.count() == 0


def test_accounts_of_other_owners_stay_apart(db):
    other = POOL._replace(owner_ref="2026-11")
    pay_in()
    assert balance_of(other) == 0
    assert list_balances(kind="pool", owner_kind="month") == {POOL: 700}
    assert list_balances(kind="pool", owner_kind="party") == {}


def raw_entry(**changes):
    values = {"key": "raw", "kind": "t", "content_sha256": "", "effective_at": AT}
    return JournalEntry.objects.create(
        **{**values, "created_at": AT, "posting_count": 2, **changes}
    )


def raw_posting(entry, side, amount):
    account = Account.objects.get(kind="cash")
    return Posting.objects.create(entry=entry, account=account, side=side, amount_micros=amount)


def test_database_refuses_an_entry_without_postings(db):
    pay_in()
    raw_entry()
    with pytest.raises(IntegrityError, match="0 postings"):
        commit_now()


def test_database_refuses_an_entry_that_does_not_balance(db):
    pay_in()
    cash, entry = Account.objects.get(kind="cash"), raw_entry()
    sides = [
        Posting(entry=entry, account=cash, side=side, amount_micros=amount)
        for side, amount in (("debit", 3), ("credit", 2))
    ]
    with pytest.raises(IntegrityError, match="balance in EUR"):
        Posting.objects.bulk_create(sides)


def test_an_early_check_opens_no_door_for_later_postings(db):
    pay_in()
    entry = raw_entry()
    raw_posting(entry, "debit", 3)
    raw_posting(entry, "credit", 3)
    commit_now()
    with pytest.raises(IntegrityError, match="only with its entry"):
        raw_posting(entry, "credit", 1)


def test_a_posting_enters_only_in_the_transaction_of_its_entry(committed_db):
    entry = pay_in()
    with pytest.raises(IntegrityError, match="only with its entry"):
        raw_posting(entry, "credit", 1)


@pytest.mark.parametrize(
    "table", ["ledger_account", "ledger_journalentry", "ledger_posting", "ledger_closedmonth"]
)
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_cannot_change_the_books(db, table, verb):
    pay_in()
    column = "month" if table.endswith("month") else "id"
    with pytest.raises(DatabaseError):
        execute(verb.format(table, column, column))


def test_a_closed_month_takes_no_entry(db):
    close_month(date(2026, 10, 1), now=AT)
    with pytest.raises(rules.MonthClosed):
        pay_in()


def test_database_refuses_an_entry_in_a_closed_month(db):
    close_month(date(2026, 10, 1), now=AT)
    with pytest.raises(IntegrityError, match="2026-10 are closed"):
        raw_entry()


def test_a_month_closes_once(db):
    close_month(date(2026, 10, 1), now=AT)
    with pytest.raises(IntegrityError):
        close_month(date(2026, 10, 1), now=AT)


def test_database_refuses_postings_that_complete_an_entry_out_of_balance_by_two_statements(db):
    pay_in()
    entry = raw_entry()
    raw_posting(entry, "debit", 5)
    with pytest.raises(IntegrityError, match="does not balance in EUR"), transaction.atomic():
        raw_posting(entry, "credit", 6)
    raw_posting(entry, "credit", 5)
    commit_now()


def test_database_refuses_an_entry_that_is_not_complete_at_commit(db):
    pay_in()
    raw_posting(raw_entry(posting_count=3), "debit", 5)
    with pytest.raises(IntegrityError, match="1 postings, not 3"):
        commit_now()
