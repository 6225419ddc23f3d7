"""Guards of the database ask our tables, and no table that a session made of the same name."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, connection

from licensing.ledger.months import close_month
from licensing.ledger.operations import post
from licensing.ledger.rules import AccountKey, Line

OCTOBER = datetime(2026, 10, 31, tzinfo=UTC)
LATER = datetime(2026, 11, 6, tzinfo=UTC)
CASH = AccountKey("cash", "product", "listening", "EUR")
OWED = AccountKey("payable", "party", "Ana", "EUR")


def rows(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_every_guard_names_the_schemas_it_looks_in(db):
    guards = rows(
        "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND (prorettype = 'trigger'::regtype OR prosecdef)"
    )
    assert len(guards) > 20
    open_to_others = [name for name, path in guards if path != ["search_path=public, pg_temp"]]
    assert open_to_others == []


def test_a_temporary_table_of_the_same_name_does_not_open_a_closed_month(db):
    close_month(date(2026, 10, 1), now=LATER)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE ledger_closedmonth (LIKE public.ledger_closedmonth)")
    lines = [Line(CASH, "debit", 5, "a"), Line(OWED, "credit", 5, "b")]
    with pytest.raises(DatabaseError, match="closed"):
        post(key="k", kind="test", postings=lines, effective_at=OCTOBER, now=LATER)
