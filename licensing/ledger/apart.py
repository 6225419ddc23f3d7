"""Writing a large batch of rows into a table of its own, which becomes a partition of the whole.

It knows no table: whoever fills one that `audit.apart` has split names it. A batch is filled by the
connection of the transaction, or by another one beside it: that one commits a table which nobody
reads and nobody may write any more. Invariant: a batch becomes part of its table in the transaction
that it belongs to, where the database checks every row of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any, Protocol

from django.db import connection

from licensing.ledger import scratch_sql
from licensing.ledger.array_copy import write

APART_FROM = 50_000
"""Fewer rows are inserted among the others: a partition costs each later look into the table."""

_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '60s'"
"""The database does not see that a transaction waits for another connection of its own."""


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


class Filling(Protocol):
    """A batch of rows that come as COPY takes them, in several goes."""

    number: int

    def write(self, blocks: Iterable[bytes]) -> None:
        """Take rows; `blocks` must ask the database nothing, and may be read later."""

    def finish(self) -> None:
        """There are no more."""

    def attach(self) -> None:
        """Have them in the table, checked: raises IntegrityError."""


@contextmanager
def filling(table: str, columns: Sequence[str], rows: int) -> Iterator[Filling]:
    """A batch of about so many rows, to be filled while the transaction does something else."""
    if rows < APART_FROM:
        yield _Among(table, columns)
        return
    jobs: list[Future[Any]] = []
    with ThreadPoolExecutor(1) as thread:
        try:
            yield _Beside(table, columns, thread, jobs)
        finally:
            # Also where no batch could be opened. What is not committed is as if it had never been.
            for job in jobs:
                job.cancel()
            thread.submit(_let_go).result()


class _Among:
    """Few rows, written among the others when they are attached."""

    number = 0

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self._table, self._columns = table, columns
        self._blocks: list[Iterable[bytes]] = []

    def write(self, blocks: Iterable[bytes]) -> None:
        self._blocks.append(blocks)

    def finish(self) -> None:
        pass

    def attach(self) -> None:
        write(self._table, chain.from_iterable(self._blocks), self._columns)


class _Beside:
    """Many rows, written by another thread through a connection of its own."""

    def __init__(
        self,
        table: str,
        columns: Sequence[str],
        thread: ThreadPoolExecutor,
        jobs: list[Future[Any]],
    ) -> None:
        self._table, self._columns, self._thread, self._jobs = table, columns, thread, jobs
        thread.submit(_asked, f"SELECT {table}_sweep_batches()").result()
        # Until the transaction ends, nobody takes the batch for one that was left behind.
        _asked(f"SELECT {table}_share_batches()")
        self.number: int = thread.submit(_open_beside, table).result()

    def write(self, blocks: Iterable[bytes]) -> None:
        part = part_of(self._table, self.number)
        self._jobs.append(self._thread.submit(write, part, blocks, self._columns))

    def finish(self) -> None:
        self._jobs.append(self._thread.submit(_finish_beside, self._table, self.number))

    def attach(self) -> None:
        for job in self._jobs:
            job.result()
        attach_batch(self._table, self.number)


def _open_beside(table: str) -> int:
    connection.set_autocommit(False)
    with connection.cursor() as cursor:
        for setting in (*scratch_sql.SETTINGS, _LOCK_TIMEOUT):
            cursor.execute(setting)
    return open_batch(table, APART_FROM)


def _finish_beside(table: str, batch: int) -> None:
    _asked(f"SELECT {table}_finish_batch({batch:d})")
    connection.commit()


def _let_go() -> None:
    if not connection.get_autocommit():
        connection.rollback()
    connection.close()


def _asked(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0] or 0)
