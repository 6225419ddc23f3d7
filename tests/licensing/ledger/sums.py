"""Every balance in one look, summed here and not by the product."""

from collections.abc import Collection

from django.db import connection

from licensing.ledger.rules import AccountKey, signed

_SUMS = """
    SELECT a.kind, a.owner_kind, a.owner_ref, a.currency,
        sum(p.amount_micros) FILTER (WHERE p.side = 'debit'),
        sum(p.amount_micros) FILTER (WHERE p.side = 'credit')
    FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
    WHERE a.kind = ANY(%s) GROUP BY a.id
"""


def balances(kinds: Collection[str]) -> dict[AccountKey, int]:
    """Accounts of these kinds that hold anything, in micro-units on their natural side."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [list(kinds)])
        sums = {
            AccountKey(*row[:4]): signed(row[0], int(row[4] or 0), int(row[5] or 0))
            for row in cursor.fetchall()
        }
    return {account: micros for account, micros in sums.items() if micros}


def check_entries() -> None:
    """Ask now what is asked of each entry at the end of its transaction: whether it balances."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
