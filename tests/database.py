"""One worker's database, and how it is as new again after a test that committed.

Copying the template costs half a second of work, most tests touch a dozen tables of a hundred: so
what was written is deleted, sequences start where they started, and only where more has changed
(what the template holds, or the tables themselves) the template is copied. It knows PostgreSQL's
catalogs, no table of the product. Invariant: afterwards it reads like the template.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from portal.demo.embedded import Postgres
from tests.prepared import TEMPLATE
from tests.servers import worker

# Whoever is in the middle of something: a process that was killed, a thread left behind.
_END_THE_BUSY = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend' AND state <> 'idle'
"""
# Nobody adds a row to what is emptied already, and no trigger refuses to forget.
_ALONE = """
    SET LOCAL deadlock_timeout = '60s';
    SET LOCAL session_replication_role = replica;
    DO $$ BEGIN EXECUTE (
        SELECT 'LOCK TABLE ' || string_agg(oid::regclass::text, ',') || ' IN EXCLUSIVE MODE'
        FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    ); END $$
"""
_WRITTEN = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_SHAPE = """
    SELECT md5((SELECT string_agg(concat(oid, relname), ' ' ORDER BY oid) FROM pg_class)
            || (SELECT string_agg(concat(oid, tgenabled), ' ' ORDER BY oid) FROM pg_trigger)
            || (SELECT string_agg(concat(oid, prosrc), ' ' ORDER BY oid) FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace))
"""
# Rows that are known to be sound are put back without asking triggers again (tests/kept_rows.py).
_MAY_PUT_BACK = "GRANT SET ON PARAMETER session_replication_role TO stemma_app"
# Tests of what happens to rows that nobody may change have to change some (tests/bent.py). Not in
# `public`: it is no part of the product, and none of its guards.
_MAY_BEND = """
    CREATE SCHEMA bent;
    CREATE FUNCTION bent.bend(statement text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        changed bigint;
    BEGIN
        PERFORM set_config('session_replication_role', 'replica', true);
        EXECUTE statement;
        GET DIAGNOSTICS changed = ROW_COUNT;
        PERFORM set_config('session_replication_role', 'origin', true);
        RETURN changed;
    END $$;
    GRANT USAGE ON SCHEMA bent TO stemma_app;
"""
_SEQUENCES = "SELECT sequencename, start_value, last_value FROM pg_sequences"


@dataclass(frozen=True)
class Held:
    """What the template holds: its shape, rows by table as one digest, sequences by last value."""

    shape: str
    rows: dict[str, str]
    sequences: dict[str, int | None]


class DatabaseServer:
    """This worker's PostgreSQL, and on it the one database of its tests."""

    def __init__(self) -> None:
        self.postgres = Postgres(Path("/nonexistent"), durable=False)
        self.postgres.sockets = Path(os.environ["STEMMA_TEST_SOCKETS"])
        self.name = f"test_{worker()}"

    def make(self) -> None:
        """Copy the template; whoever is connected is thrown out."""
        self.postgres.create_database(self.name, template=TEMPLATE)
        with self._connect() as connection:
            connection.execute(_MAY_PUT_BACK)
            connection.execute(_MAY_BEND)
            written = [name for (name,) in connection.execute(_WRITTEN)]
            self.held = _held(connection, written)

    def renew(self) -> None:
        """Bring back what the template holds; connections that are idle stay open."""
        with self._connect() as connection, connection.transaction():
            connection.execute(_END_THE_BUSY)
            connection.execute(_ALONE)
            for (name,) in connection.execute(_WRITTEN).fetchall():
                if name not in self.held.rows:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            _restart(connection, self.held.sequences)
            is_as_new = _held(connection, list(self.held.rows)) == self.held
        if not is_as_new:
            self.make()

    def _connect(self) -> psycopg.Connection:
        return self.postgres.connect(self.name, "postgres")


def _held(connection: psycopg.Connection, tables: list[str]) -> Held:
    (shape,) = connection.execute(_SHAPE).fetchone() or ("",)
    rows = {name: _digest(connection, name) for name in tables}
    sequences = {name: last for name, _, last in connection.execute(_SEQUENCES)}
    return Held(shape, rows, sequences)


def _digest(connection: psycopg.Connection, table: str) -> str:
    text = "SELECT md5(string_agg(one::text, ' ' ORDER BY one::text)) FROM {} AS one"
    (found,) = connection.execute(sql.SQL(text).format(sql.Identifier(table))).fetchone() or ("",)
    return str(found)


def _restart(connection: psycopg.Connection, known: dict[str, int | None]) -> None:
    for name, start, last in connection.execute(_SEQUENCES).fetchall():
        before = known.get(name)
        if last != before:
            value = [name, start, False] if before is None else [name, before, True]
            connection.execute("SELECT setval(%s::regclass, %s, %s)", value)
