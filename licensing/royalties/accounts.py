"""The accounts that a close posts to: payees', and where pools wait that reach nobody yet.

It reads no rows.
"""

from datetime import date

from licensing.ledger import rules as ledger
from licensing.ledger.rules import AccountKey

PAYABLE_KINDS = ("party", "society")


def payee_account(payee: tuple[str, str], currency: str) -> AccountKey:
    """Where a payee's earnings go: payable, or unallocated where nobody is known to be paid."""
    kind = ledger.PAYABLE if payee[0] in PAYABLE_KINDS else ledger.UNALLOCATED
    return AccountKey(kind, *payee, currency)


def held_account(month: date, currency: str) -> AccountKey:
    """Where the pools of a month wait for a decision about plays that look odd."""
    return AccountKey(ledger.UNALLOCATED, "held", f"{month:%Y-%m}", currency)


def unplayed_account(month: date, currency: str) -> AccountKey:
    """Where the pools of a month wait in which nobody played anything."""
    return AccountKey(ledger.UNALLOCATED, "month", f"{month:%Y-%m}", currency)
