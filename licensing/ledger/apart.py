"""Writing a large batch of rows into a table of its own, which becomes a partition of the whole.

It knows no table: whoever fills one that `audit.apart` has split names it. Invariant: a batch that
was opened is attached in the same transaction, where the database checks every row of it.
"""

from django.db import connection

APART_FROM = 50_000
"""Fewer rows are inserted among the others: a partition costs each later look into the table."""


def open_batch(table: str, rows: int) -> int:
    """The number of a new batch of so many rows; 0, that of the others, where they are few."""
    return _asked(f"SELECT {table}_open_batch()") if rows >= APART_FROM else 0


def part_of(table: str, batch: int) -> str:
    """Where the rows of a batch are inserted until it is attached."""
    return f"{table}_{batch}" if batch else table


def attach_batch(table: str, batch: int) -> None:
    """Index a batch, make it part of its table and check it: raises IntegrityError."""
    if batch:
        _asked(f"SELECT {table}_attach_batch({batch:d})")


def _asked(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0] or 0)
