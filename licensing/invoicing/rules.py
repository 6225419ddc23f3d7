"""What an invoice comes to, what may become of it, and what each step posts; values only.

What was used is counted in micro-units, what is owed in whole cents: rounded down once per invoice,
and the rest is shown. Invariant: lines and rounding sum to the net, net and tax to the gross.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from licensing.ledger import rules as ledger
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.money import minor_micros, payable_minor, smallest_minor

PPM = 1_000_000
DRAFT, ISSUED, PAID, VOIDED, DROPPED = "DRAFT", "ISSUED", "PAID", "VOIDED", "DROPPED"
BECOMES: dict[str, frozenset[str]] = {
    DRAFT: frozenset({ISSUED, DROPPED}),
    ISSUED: frozenset({PAID, VOIDED}),
    PAID: frozenset(),
    VOIDED: frozenset(),
    DROPPED: frozenset(),
}
STATES = tuple(BECOMES)
STANDING = (DRAFT, ISSUED, PAID)
"""A payer has at most one invoice in these states per month."""


class InvoiceRefused(Exception):
    """What cannot be done with an invoice; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Used:
    """So many plays or started minutes (`unit`) of a use, at a price each in micro-units."""

    use: str
    unit: str
    quantity: int
    price_micros: int

    @property
    def amount_micros(self) -> int:
        return self.quantity * self.price_micros


@dataclass(frozen=True, slots=True)
class Total:
    """What an invoice comes to, micro-units. `rounding_micros` is not above zero."""

    rounding_micros: int
    net_micros: int
    tax_micros: int

    @property
    def gross_micros(self) -> int:
        return self.net_micros + self.tax_micros


@dataclass(frozen=True, slots=True)
class Owed:
    """Who owes how much of what, for postings."""

    payer: tuple[str, str]
    country: str
    currency: str
    net_micros: int
    tax_micros: int


def price_of(use: str, unit: str, prices: Mapping[tuple[str, str], int]) -> int:
    """The price of a use's unit, or of every other use's."""
    return prices[use, unit] if (use, unit) in prices else prices["", unit]


def total(lines: Sequence[Used], tax_ppm: int, currency: str) -> Total:
    """Net rounded down to cents, tax on it to the nearest cent, half a cent up; where less than
    ten or a hundred of them cannot be paid, to those."""
    whole = sum(line.amount_micros for line in lines)
    minor, _ = payable_minor(whole, currency)
    net = minor_micros(minor, currency)
    least = smallest_minor(currency)
    steps = (minor * tax_ppm * 2 + PPM * least) // (2 * PPM * least)
    tax = minor_micros(steps * least, currency)
    return Total(net - whole, net, tax)


def number_text(year: int, number: int) -> str:
    """2026-000001: one series per year of issue, without gaps."""
    return f"{year}-{number:06d}"


def due_on(issued_at: datetime, due_days: int) -> date:
    """The last day (UTC) on which payment is in time."""
    return (issued_at + timedelta(days=due_days)).date()


def check_move(state: str, to: str) -> None:
    """Raise InvoiceRefused("no_such_move") unless an invoice in `state` may become `to`."""
    if to not in BECOMES[state]:
        raise InvoiceRefused("no_such_move", f"An invoice that is {state} never becomes {to}.")


def issued(of: Owed) -> Sequence[Line]:
    """Owed to us, of which the tax is owed on; the rest is nobody's before it was received."""
    lines = [
        Line(_receivable(of), DEBIT, of.net_micros + of.tax_micros),
        Line(AccountKey(ledger.TAX, "country", of.country, of.currency), CREDIT, of.tax_micros),
        Line(_billed(of), CREDIT, of.net_micros),
    ]
    return [line for line in lines if line.amount_micros]


def received(of: Owed) -> Sequence[Line]:
    """Not owed to us any more. The receipt, posted beside, says the tax and divides the net."""
    lines = [
        Line(_billed(of), DEBIT, of.net_micros),
        Line(AccountKey(ledger.TAX, "country", of.country, of.currency), DEBIT, of.tax_micros),
        Line(_receivable(of), CREDIT, of.net_micros + of.tax_micros),
    ]
    return [line for line in lines if line.amount_micros]


def _receivable(of: Owed) -> AccountKey:
    return AccountKey(ledger.RECEIVABLE, *of.payer, of.currency)


def _billed(of: Owed) -> AccountKey:
    return AccountKey(ledger.BILLED, *of.payer, of.currency)
