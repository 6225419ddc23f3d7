"""What of a closing balance can be paid and what is carried into the next month, and why; values.

It refuses to know holds, missing accounts and accounts that are being closed: they change from one
day to the next, a statement does not. Invariant: payable and carried forward are the closing
balance, to the micro-unit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from licensing.money import minor_micros, minor_text, payable_minor

PAID_KINDS = ("party", "society")
_ALIKE = ("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "NZD", "DKK", "NOK", "PLN", "SEK")
LEAST_MINOR = ((datetime(2020, 1, 1, tzinfo=UTC), dict.fromkeys(_ALIKE, 20_00)),)
"""(from when, least that is paid per currency that is paid): a statement keeps what was in force
when it was made. Another threshold is a further row; a test holds the last one to the runs'."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Micro-units; `because` is a sentence, "" where nothing is carried."""

    payable_micros: int
    carried_micros: int
    because: str


def carried(payee_kind: str, closing_micros: int, currency: str, made_at: datetime) -> Carried:
    """Whole cents from the threshold on are payable; all else is carried forward."""
    least = _least(made_at).get(currency)
    minor, rest = payable_minor(closing_micros, currency)
    if payee_kind not in PAID_KINDS:
        return _all(closing_micros, "Nobody is known yet to whom this can be paid.")
    if closing_micros < 0:
        return _all(
            closing_micros, "The balance is below zero; it is set off against later months."
        )
    if least is None:
        return _all(closing_micros, f"Nothing is paid out in {currency}; it can be exchanged.")
    if minor < least:
        text = minor_text(least, currency)
        return _all(closing_micros, f"It is less than {text} {currency}, the least that is paid.")
    because = "It is less than can be paid in whole coins." if rest else ""
    return Carried(minor_micros(minor, currency), rest, because)


def _least(made_at: datetime) -> dict[str, int]:
    found: dict[str, int] = {}
    for since, least in LEAST_MINOR:
        if since <= made_at:
            found = least
    return found


def _all(micros: int, because: str) -> Carried:
    return Carried(0, micros, because if micros else "")
