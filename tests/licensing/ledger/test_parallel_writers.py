"""Fifty writers under one key, twenty at one pool: one key is one entry, a pool never falls below
zero, closes wait."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import psycopg
import pytest
from django.db import connection, transaction

from licensing.ledger.models import JournalEntry
from licensing.ledger.months import close_month, hold_month
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey, BalanceTooLow, MonthClosed
from tests.waiting import wait_until_somebody_waits

CASH = AccountKey("cash", "processor", "test", "EUR")
POOL = AccountKey("pool", "month", "2026-10", "EUR")
PAYABLE = AccountKey("payable", "party", "p1", "EUR")
AT = datetime(2026, 10, 3, tzinfo=UTC)
WRITERS = 20


def put(key, debit, credit, amount):
    postings = [(debit, "debit", amount), (credit, "credit", amount)]
    return post(key=key, kind="test", postings=postings, effective_at=AT, now=AT)


def all_at_once(job, writers=WRITERS):
    gate = Barrier(writers)

    def run(number):
        try:
            gate.wait()
            return job(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(writers) as pool:
        return list(pool.map(run, range(writers)))


def test_one_key_from_fifty_writers_is_one_entry(committed_db):
    entries = all_at_once(lambda _: put("same", CASH, POOL, 700).pk, writers=50)
    assert JournalEntry.objects.count() == 1
    assert len(set(entries)) == 1
    assert balance_of(POOL) == 700


def test_a_pool_for_ten_pays_exactly_ten_of_twenty(committed_db):
    put("in", CASH, POOL, 1000)

    def draw(number):
        try:
            put(f"d{number}", POOL, PAYABLE, 100)
        except BalanceTooLow:
            return "refused"
        return "paid"

    assert Counter(all_at_once(draw)) == {"paid": 10, "refused": 10}
    assert (balance_of(POOL), balance_of(PAYABLE)) == (0, 1000)
    assert trial_balance().differences() == {"EUR": 0}


def test_a_close_waits_for_an_uncommitted_entry(committed_db):
    """The race of a balance cut at the highest id: a lower id that commits later counts."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            put("early", CASH, POOL, 16)
            closing = pool.submit(close_in_own_connection)
            wait_until_somebody_waits()
        assert closing.result(timeout=30) == 16
    with pytest.raises(MonthClosed):
        put("late", CASH, POOL, 5)
    assert JournalEntry.objects.count() == 1


def close_in_own_connection():
    try:
        with transaction.atomic():
            hold_month(date(2026, 10, 1))
            balance = balance_of(POOL)
            close_month(date(2026, 10, 1), now=AT)
            return balance
    finally:
        connection.close()


@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "UPDATE {} SET id = id", "TRUNCATE {} CASCADE"]
)
@pytest.mark.parametrize("table", ["ledger_posting", "ledger_journalentry"])
def test_the_owner_cannot_change_the_books_either(committed_db, database_server, table, statement):
    put("in", CASH, POOL, 1000)
    owner = database_server.postgres.url(database_server.name, "stemma_owner")
    with psycopg.connect(owner) as session, pytest.raises(psycopg.Error, match="append-only"):
        session.execute(statement.format(table))
