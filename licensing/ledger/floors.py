"""Accounts that are never drawn below zero, however many write at once.

Whoever draws on one holds its lock until the end of the transaction, in one order for all writers,
and reads the balance after it has the lock. Invariant: no committed balance of such an account is
negative.
"""

from collections.abc import Mapping

from django.db import connection

from licensing.ledger import rules

_LOCK_ACCOUNT = "SELECT pg_advisory_xact_lock(hashtextextended('ledger account', %s))"
_BALANCES = """
SELECT account_id,
       COALESCE(SUM(amount_micros) FILTER (WHERE side = 'debit'), 0)::bigint,
       COALESCE(SUM(amount_micros) FILTER (WHERE side = 'credit'), 0)::bigint
FROM ledger_posting WHERE account_id = ANY(%s) GROUP BY account_id
"""


def keep_floors(changes: Mapping[int, tuple[str, int]]) -> None:
    """Lock those of the accounts that are drawn on, and refuse to go below zero: BalanceTooLow.

    changes: id of an account with a floor -> (its kind, change of its balance in micro-units); to
    be called before the postings are written.
    """
    falling = {account: change for account, change in changes.items() if change[1] < 0}
    if not falling:
        return
    ordered = sorted(falling)
    with connection.cursor() as cursor:
        for account in ordered:
            cursor.execute(_LOCK_ACCOUNT, [account])
        cursor.execute(_BALANCES, [ordered])
        sums = {account: (debit, credit) for account, debit, credit in cursor.fetchall()}
    for account in ordered:
        kind, change = falling[account]
        balance = rules.signed(kind, *sums.get(account, (0, 0)))
        if balance + change < 0:
            raise rules.BalanceTooLow(f"{kind} holds {balance}, asked {-change} micro-units")
