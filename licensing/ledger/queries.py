"""Reading the books: a balance, all balances of an owner, the trial balance.

A balance is positive on its account's natural side: what is owed of a liability, what is there of
an asset. Sums are made by the database in whole micro-units.
"""

from dataclasses import dataclass

from django.db import connection

from licensing.ledger.models import Posting
from licensing.ledger.rules import AccountKey, signed

_DEBIT = "COALESCE(SUM(p.amount_micros) FILTER (WHERE p.side = 'debit'), 0)::bigint"
_CREDIT = "COALESCE(SUM(p.amount_micros) FILTER (WHERE p.side = 'credit'), 0)::bigint"
_SUMS = f"""
SELECT a.kind, a.owner_kind, a.owner_ref, a.currency, {_DEBIT}, {_CREDIT}
FROM ledger_account a LEFT JOIN ledger_posting p ON p.account_id = a.id
"""
_GROUP = " GROUP BY a.id ORDER BY a.kind, a.owner_kind, a.owner_ref, a.currency"
_TRIAL = f"""
SELECT a.currency, a.kind, {_DEBIT}, {_CREDIT}
FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
GROUP BY a.currency, a.kind ORDER BY a.currency, a.kind
"""


@dataclass(frozen=True, slots=True)
class TrialLine:
    """Everything ever posted to the accounts of one kind and currency, both sides."""

    currency: str
    kind: str
    debit_micros: int
    credit_micros: int


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All kinds of accounts; the books are sound when every difference is zero."""

    lines: tuple[TrialLine, ...]

    def differences(self) -> dict[str, int]:
        """Debits minus credits per currency: all zero, or something is very wrong."""
        out: dict[str, int] = {}
        for line in self.lines:
            difference = line.debit_micros - line.credit_micros
            out[line.currency] = out.get(line.currency, 0) + difference
        return out


def balance_of(account: AccountKey) -> int:
    """The balance in micro-units, zero for an account nobody has posted to."""
    where = " WHERE (a.kind, a.owner_kind, a.owner_ref, a.currency) = (%s, %s, %s, %s)"
    with connection.cursor() as cursor:
        cursor.execute(_SUMS + where + _GROUP, list(account))
        row = cursor.fetchone()
    return signed(account.kind, row[4], row[5]) if row else 0


def list_balances(*, kind: str, owner_kind: str | None = None) -> dict[AccountKey, int]:
    """Balances of all accounts of a kind, of one kind of owner where given."""
    where, given = " WHERE a.kind = %s", [kind]
    if owner_kind is not None:
        where, given = where + " AND a.owner_kind = %s", [kind, owner_kind]
    with connection.cursor() as cursor:
        cursor.execute(_SUMS + where + _GROUP, given)
        return {AccountKey(*row[:4]): signed(kind, row[4], row[5]) for row in cursor.fetchall()}


def trial_balance() -> TrialBalance:
    """Sums of both sides per kind and currency over everything ever posted."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIAL)
        return TrialBalance(tuple(TrialLine(*row) for row in cursor.fetchall()))


def list_postings(account: AccountKey) -> tuple[Posting, ...]:
    """All postings of an account, oldest first, with their entries loaded."""
    rows = Posting.objects.filter(
        **{f"account__{name}": value for name, value in account._asdict().items()}
    )
    return tuple(rows.select_related("entry").order_by("pk"))
