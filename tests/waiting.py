"""Waiting for what another process or connection does, by asking the database, never the clock."""

from collections.abc import Callable
from threading import Event
from time import monotonic

import psycopg
from django.db import connection

PATIENCE_S = 240
_LOOK_EACH_S = 0.005
_WAITING = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE datname = current_database())
"""


def waiting_backends() -> int:
    """How many backends of this database wait for a lock; `pg_locks` is read anew each time."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return cursor.fetchone()[0]


def wait_until(holds: Callable[[], object]) -> None:
    """Return once `holds()`."""
    pause, until = Event(), monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < until, f"it never came to {holds.__name__}"
        pause.wait(_LOOK_EACH_S)


def wait_until_somebody_waits() -> None:
    """Return once a backend of this database waits for a lock that another holds."""
    wait_until(waiting_backends)


class News:
    """What is announced on the channel "segment" from now on, as it is committed."""

    def __init__(self) -> None:
        given = connection.settings_dict
        self.heard = psycopg.connect(
            host=given["HOST"], dbname=given["NAME"], user=given["USER"], autocommit=True
        )
        self.heard.execute("LISTEN segment")

    def wait_for(self, is_it: Callable[[str], bool]) -> None:
        """Return at the first word (a number of a piece, or a state) for which `is_it` holds."""
        for notice in self.heard.notifies(timeout=PATIENCE_S):
            if is_it(notice.payload.split(":")[1]):
                return
        raise AssertionError("it was not announced in time")

    def close(self) -> None:
        self.heard.close()
