"""A batch that another connection fills: nothing comes into the books that was not looked at."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.ledger import apart
from licensing.ledger.array_copy import field, with_fields
from licensing.ledger.models import Account, JournalEntry, Posting
from licensing.ledger.rules import AccountKey

AT = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
CASH = AccountKey("cash", "product", "listening", "EUR")
TABLE = "ledger_posting"
COLUMNS = ("entry_id", "account_id", "amount_micros", "batch", "side", "ref")
PARTS = "SELECT count(*) FROM pg_class WHERE relname ~ '^ledger_posting_[0-9]+$' AND relkind = 'r'"


@pytest.fixture(autouse=True)
def every_batch_lies_apart(monkeypatch):
    monkeypatch.setattr(apart, "APART_FROM", 1)


def asked(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def elsewhere(query):
    """The same, by somebody else."""

    def ask():
        try:
            return asked(query)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask).result()


def entry(batch, key="k"):
    return JournalEntry.objects.create(
        key=key,
        kind="t",
        content_sha256="",
        effective_at=AT,
        created_at=AT,
        posting_count=2,
        batch=batch,
    )


def rows(of, batch, amounts=(3, 3)) -> Iterator[bytes]:
    """A debit and a credit of cash, as COPY takes them."""
    cash = Account.objects.get_or_create(**CASH._asdict(), defaults={"created_at": AT})[0]
    numbers = [np.full(2, of.pk), np.full(2, cash.pk), np.array(amounts), np.full(2, batch)]
    sides = [field(side) + field(b"") for side in (b"debit", b"credit")]
    return iter([with_fields(numbers, sides, fields=2)])


@transaction.atomic
def filled(amounts=(3, 3)):
    """The number of a batch with one entry, filled beside its transaction."""
    with apart.filling(TABLE, COLUMNS, 2) as batch:
        batch.write(rows(entry(batch.number), batch.number, amounts))
        batch.finish()
        batch.attach()
    return batch.number


def test_a_batch_filled_beside_its_transaction_is_in_the_books(committed_db):
    number = filled()
    assert Posting.objects.filter(batch=number).count() == 2
    assert asked(f"SELECT {TABLE}_sweep_batches()") == 0
    assert Posting.objects.count() == 2


def test_a_batch_that_does_not_balance_is_refused_whoever_has_filled_it(committed_db):
    with pytest.raises(IntegrityError, match="does not balance"):
        filled((3, 2))
    assert not Posting.objects.exists()


def test_rows_that_the_other_connection_cannot_write_end_the_transaction(committed_db):
    with pytest.raises(IntegrityError, match="positive"):
        filled((-3, -3))
    assert not JournalEntry.objects.exists()
    assert asked(PARTS) == 0


def test_nobody_writes_into_a_batch_that_is_finished(db):
    batch = apart.open_batch(TABLE, 2)
    asked(f"SELECT {TABLE}_finish_batch({batch})")
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE}_{batch} (side) VALUES ('debit')")


def test_what_somebody_else_put_into_an_open_batch_is_looked_at(committed_db):
    batch = apart.open_batch(TABLE, 2)
    elsewhere(
        f"INSERT INTO {TABLE}_{batch} (entry_id, account_id, side, amount_micros, ref, batch)"
        f" VALUES (1, 1, 'credit', 7, '', {batch}) RETURNING 0"
    )
    with pytest.raises(IntegrityError, match="an account that is not there"):
        apart.attach_batch(TABLE, batch)


def test_a_batch_is_not_attached_under_a_snapshot_of_before(committed_db):
    """Rows that came in since would be in the books, and nobody would have looked at them."""
    batch = apart.open_batch(TABLE, 2)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        entry(batch)
        elsewhere(f"SELECT {TABLE}_finish_batch({batch})")
        with pytest.raises(DatabaseError, match="sees all of it"):
            apart.attach_batch(TABLE, batch)
        transaction.set_rollback(True)


def test_a_table_of_somebodys_own_is_no_batch(db):
    """Its name is right, and what hides in it would run with the rights of the owner."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {TABLE}_99 (LIKE {TABLE})")
    with pytest.raises(DatabaseError, match="there is no batch 99"):
        apart.attach_batch(TABLE, 99)


def test_a_batch_whose_transaction_fell_is_swept_by_the_next_one(committed_db):
    with transaction.atomic():
        filled()
        transaction.set_rollback(True)
    assert (asked(PARTS), Posting.objects.count()) == (1, 0)
    number = filled()
    assert (asked(PARTS), Posting.objects.count()) == (1, 2)
    assert asked(f"SELECT count(*) FROM {TABLE} WHERE batch = {number}") == 2


def test_a_batch_whose_transaction_goes_on_is_not_swept(committed_db):
    with transaction.atomic(), apart.filling(TABLE, COLUMNS, 2) as batch:
        batch.write(rows(entry(batch.number), batch.number))
        batch.finish()
        assert elsewhere(f"SELECT {TABLE}_sweep_batches()") == 0
        batch.attach()
    assert Posting.objects.count() == 2


def test_a_part_of_the_books_that_somebody_detached_is_not_swept(committed_db, database_server):
    part = f"{TABLE}_{filled()}"
    owner = database_server.postgres.url(database_server.name, "stemma_owner")
    with psycopg.connect(owner) as session:
        session.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {part}")
    assert asked(f"SELECT {TABLE}_sweep_batches()") == 0
    assert asked(PARTS) == 1
