"""The ledger accounts of this room, and moving an amount from one account to another."""

from uuid import UUID

from licensing.ledger import rules as ledger
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line

Payee = tuple[str, str]
SYSTEM = ("system", "deductions")


def payable_of(payee: Payee, currency: str) -> AccountKey:
    """What is owed to a payee and may be paid."""
    return AccountKey(ledger.PAYABLE, *payee, currency)


def reserve_of(payee: Payee, currency: str) -> AccountKey:
    """What is a payee's and waits."""
    return AccountKey(ledger.RESERVE, *payee, currency)


def advance_of(advance_id: UUID | str, currency: str) -> AccountKey:
    """What is still to be recouped of one advance."""
    return AccountKey(ledger.ADVANCE, "agreement", str(advance_id), currency)


def suspense_of(dispute_id: UUID | str, currency: str) -> AccountKey:
    """What one dispute holds."""
    return AccountKey(ledger.SUSPENSE, "dispute", str(dispute_id), currency)


def withholding_for(country: str, currency: str) -> AccountKey:
    """Tax kept back, owed to a state."""
    return AccountKey(ledger.WITHHOLDING, "country", country, currency)


def move(debit: AccountKey, credit: AccountKey, micros: int, ref: str = "") -> list[Line]:
    """The two postings of an amount that leaves `debit`, a liability, for `credit`."""
    return [Line(debit, DEBIT, micros, ref), Line(credit, CREDIT, micros, ref)]
