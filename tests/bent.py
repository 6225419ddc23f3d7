"""Changing what nobody may change, as somebody would who has the database itself.

For tests of what is noticed afterwards, and of states that only time brings about. No right and no
trigger is asked, and it happens in the test's own transaction.
"""

from django.db import connection
from django.db.models import QuerySet


def bend(statement: str) -> None:
    """Do one statement past all rights and guards; it has to change something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT bent.bend(%s)", [statement])
        (changed,) = cursor.fetchone()
    assert changed, statement


def rewrite(rows: QuerySet, change: str) -> None:
    """UPDATE these rows so, like "repeat_score = 500"; where there are none, nothing."""
    if rows.exists():
        bend(f"UPDATE {rows.model._meta.db_table} SET {change} WHERE {_these(rows)}")


def remove(rows: QuerySet) -> None:
    """DELETE these rows."""
    bend(f"DELETE FROM {rows.model._meta.db_table} WHERE {_these(rows)}")


def _these(rows: QuerySet) -> str:
    named = ", ".join(f"'{pk}'" for pk in rows.values_list("pk", flat=True))
    return f"id IN ({named})"
