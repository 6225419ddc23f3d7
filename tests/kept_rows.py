"""A world of rows that the house's operations made once, put back for every other test that asks.

Setting a stage takes some two hundred statements and a third of a second of work; writing down what
they left takes ten. It knows PostgreSQL's catalogs, no table of the product. Invariant: what is put
back reads like what was made, but for numbers and transactions, which the database gives anew.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import connection, transaction

_Given = ParamSpec("_Given")
_World = TypeVar("_World")

# What the database fills by itself (numbers, the transaction, what is reckoned) is left to it.
_TABLES = """
    SELECT relname, string_agg(quote_ident(attname), ',') FILTER (WHERE NOT is_given),
           (array_agg(attname) FILTER (WHERE attidentity <> ''))[1]
    FROM pg_class JOIN (
        SELECT attrelid, attname, attidentity, attidentity <> '' OR attgenerated <> ''
            OR coalesce(pg_get_expr(adbin, adrelid) LIKE '%%(%%', false) AS is_given
        FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
        WHERE attnum > 0 AND NOT attisdropped
    ) AS columns ON attrelid = pg_class.oid
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND has_table_privilege(pg_class.oid, 'SELECT')
    GROUP BY relname
"""
_NAMED_BY_NUMBER = """
    SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = %s::regclass
      AND conrelid = ANY(%s::regclass[])
"""


@dataclass(frozen=True)
class _Table:
    """A table's name, the columns to write, and the column that the database numbers, if any."""

    name: str
    columns: str
    number: str | None


_Rows = dict[_Table, dict[str, Any]]
"""What stands in each table: rows under their text."""


def made_once(make: Callable[_Given, _World]) -> Callable[_Given, _World]:
    """`make` runs once per process and arguments; later calls put back its rows, with a copy.

    It may only add rows, and none may be named by the number that the database gave it:
    AssertionError otherwise.
    """
    kept: dict[str, tuple[str, _World]] = {}

    @wraps(make)
    def again(*args: _Given.args, **kwargs: _Given.kwargs) -> _World:
        key = repr((args, sorted(kwargs.items())))
        if key not in kept:
            before = _rows()
            world = make(*args, **kwargs)
            kept[key] = _as_statements(before, _rows()), copy.deepcopy(world)
            return world
        statements, world = kept[key]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statements)
        return copy.deepcopy(world)

    return again


def _rows() -> _Rows:
    """Every row that may be read."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [_Table(*row) for row in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(row)::text FROM "{table.name}" AS row')
            found[table] = {text: json.loads(text) for (text,) in cursor.fetchall()}
    return found


def _as_statements(
    before: dict[_Table, dict[str, Any]], after: dict[_Table, dict[str, Any]]
) -> str:
    """What writes the rows of `after` that `before` does not have.

    Triggers and foreign keys were asked when the rows were made, in an order that is lost.
    """
    changed = [table.name for table in before if not before[table].keys() <= after[table].keys()]
    assert changed == [], "only what adds rows can be kept"
    new = {
        table: [row for text, row in rows.items() if text not in before[table]]
        for table, rows in after.items()
        if len(rows) > len(before[table])
    }
    _nobody_is_named_by_number(list(new))
    role = "SET LOCAL session_replication_role = "
    inserts = [_insert(table, rows) for table, rows in new.items()]
    return ";".join([role + "replica", *inserts, role + "origin"])


def _nobody_is_named_by_number(tables: list[_Table]) -> None:
    names = [table.name for table in tables]
    with connection.cursor() as cursor:
        for table in tables:
            if table.number is not None:
                cursor.execute(_NAMED_BY_NUMBER, [table.name, names])
                assert cursor.fetchone() == (0,), f"{table.name} is named by its number"


def _insert(table: _Table, rows: list[dict[str, Any]]) -> str:
    ordered = sorted(rows, key=lambda row: row[table.number]) if table.number else rows
    text = json.dumps(ordered).replace("'", "''")
    return (
        f'INSERT INTO "{table.name}" ({table.columns}) SELECT {table.columns} '
        f"FROM jsonb_populate_recordset(NULL::\"{table.name}\", '{text}')"
    )
