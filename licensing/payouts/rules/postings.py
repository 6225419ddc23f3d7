"""What each step of a payout posts; values only.

Two things are kept apart: what we owe (payable, then payout) and where the money is (cash at the
provider, then transit). So every change of the provider's balance is one posting on our cash there,
named by the provider's own id, and the two can be compared line by line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from licensing.ledger import rules as ledger
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line

PROVIDER = ("provider", "stripe")
BANK = ("bank", "house")


@dataclass(frozen=True, slots=True)
class Amount:
    """So many micro-units of a currency, for a payee (kind, ref)."""

    payee: tuple[str, str]
    currency: str
    micros: int


def payable_of(payee: tuple[str, str], currency: str) -> AccountKey:
    """What is owed to a payee and not on its way."""
    return AccountKey(ledger.PAYABLE, *payee, currency)


def cash_at(place: tuple[str, str], currency: str) -> AccountKey:
    """Our money at the provider or at the bank."""
    return AccountKey(ledger.CASH, *place, currency)


def approved(of: Amount) -> Sequence[Line]:
    """What was payable is on its way."""
    return _move(payable_of(of.payee, of.currency), _payout(of), of)


def sent(of: Amount, transfer_id: str) -> Sequence[Line]:
    """It left our balance at the provider."""
    return _move(_transit(of), cash_at(PROVIDER, of.currency), of, transfer_id)


def settled(of: Amount, bank_payout_id: str) -> Sequence[Line]:
    """It arrived: nothing is owed any more, nothing is under way."""
    return _move(_payout(of), _transit(of), of, bank_payout_id)


def refused(of: Amount) -> Sequence[Line]:
    """It never left: payable again."""
    return _move(_payout(of), payable_of(of.payee, of.currency), of)


def returned(of: Amount, reversal_id: str) -> Sequence[Line]:
    """It came back to our balance at the provider, and is payable again."""
    back = _move(cash_at(PROVIDER, of.currency), _transit(of), of, reversal_id)
    return [*back, *refused(of)]


def paid_outside(of: Amount, document: str) -> Sequence[Line]:
    """It was paid from our bank by hand, past the provider; `document` names the bank's line."""
    return _move(payable_of(of.payee, of.currency), cash_at(BANK, of.currency), of, document)


def bounced(of: Amount, bank_payout_id: str, reversal_id: str) -> Sequence[Line]:
    """It had arrived and the bank gave it back: no correction, so nothing is reversed by name."""
    under_way = _move(_transit(of), _payout(of), of, bank_payout_id)
    return [*under_way, *returned(of, reversal_id)]


def _payout(of: Amount) -> AccountKey:
    return AccountKey(ledger.PAYOUT, *of.payee, of.currency)


def _transit(of: Amount) -> AccountKey:
    return AccountKey(ledger.TRANSIT, *of.payee, of.currency)


def _move(debit: AccountKey, credit: AccountKey, of: Amount, ref: str = "") -> list[Line]:
    return [Line(debit, DEBIT, of.micros, ref), Line(credit, CREDIT, of.micros, ref)]
