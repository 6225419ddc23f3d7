"""Converting a balance into another currency; values only.

Two balanced sides through a trading account per pair of currencies, so that no entry mixes amounts
of two currencies and the open position of a pair is its account's balance. Invariant: what the
payee gets and the spread sum to the amount at the rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from licensing.ledger import rules as ledger
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.money import allocate
from licensing.payouts.rules.postings import payable_of

NANO = 1_000_000_000
"""A rate is an int of these: 1.0837 USD for one EUR is 1,083,700,000."""
PPM = 1_000_000
SPREAD_PPM = 5_000
"""What the house keeps of an exchange, half a percent, for what its bank takes and for the rate's
way meanwhile. Changing it is a change of code, which two people see."""


@dataclass(frozen=True, slots=True)
class Converted:
    """Micro-units of the currency bought: at the rate, the house's spread of it, and the rest."""

    at_rate_micros: int
    spread_micros: int
    payable_micros: int


def convert(micros: int, rate_nano: int, spread_ppm: int) -> Converted:
    """What an amount (> 0) is at a rate, rounded down once, less the spread.

    Raises ValueError for an amount or rate that is not above zero, or a spread out of range.
    """
    if micros <= 0 or rate_nano <= 0 or not 0 <= spread_ppm < PPM:
        raise ValueError("an amount above zero at a rate above zero, and a spread below all of it")
    gross = micros * rate_nano // NANO
    spread = allocate(gross, [("payee", PPM - spread_ppm), ("spread", spread_ppm)])["spread"]
    return Converted(gross, spread, gross - spread)


def exchanged(
    payee: tuple[str, str], sold: tuple[str, int], bought: tuple[str, Converted]
) -> Sequence[Line]:
    """The postings of one conversion: (currency, micros) sold, (currency, what came) bought."""
    (of, micros), (into, came) = sold, bought
    pair = ("pair", f"{of}/{into}")
    lines = [
        Line(payable_of(payee, of), DEBIT, micros),
        Line(AccountKey(ledger.TRADING, *pair, of), CREDIT, micros),
        Line(AccountKey(ledger.TRADING, *pair, into), DEBIT, came.at_rate_micros),
        Line(AccountKey(ledger.SPREAD, "house", "exchange", into), CREDIT, came.spread_micros),
        Line(payable_of(payee, into), CREDIT, came.payable_micros),
    ]
    return [line for line in lines if line.amount_micros]
