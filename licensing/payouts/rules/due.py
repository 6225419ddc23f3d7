"""How much of a balance is paid, and if nothing, why; values only.

Whole cents, rounded once per payee and run; the rest stays on the payee's account. Invariants:
nothing is forfeited, holds delay and never reduce, and nobody is paid more than is there.
"""

from dataclasses import dataclass

from licensing.money import minor_micros, payable_minor

THRESHOLD_MINOR = {
    "EUR": 20_00,
    "USD": 20_00,
    "GBP": 20_00,
    "CHF": 20_00,
    "CAD": 20_00,
    "AUD": 20_00,
    "NZD": 20_00,
    "DKK": 20_00,
    "NOK": 20_00,
    "PLN": 20_00,
    "SEK": 20_00,
}
"""The least that is paid, per currency that is paid at all: 20 units at most, by the house's word.

All have two decimals here and at the provider; others wait until one is earned.
"""


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of where a payee's money would go; None of it stands for no account."""

    can_receive: bool
    is_closing: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What is held back of one balance: a part that is contested, or everything."""

    micros: int = 0
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """What a payout of now would be: minor units, and one word.

    `why`: due, on_its_way, nothing, currency, held, threshold, no_account, requirements.
    """

    minor: int
    why: str


def free_micros(balance_micros: int, held: Held) -> int:
    """What of a balance no hold keeps back; it may be below zero."""
    return 0 if held.everything else balance_micros - held.micros


def due(
    balance_micros: int,
    currency: str,
    *,
    held: Held,
    account: Account | None,
    is_on_its_way: bool = False,
) -> Due:
    """What of a balance would be paid now. An account that closes is paid whatever is there."""
    if currency not in THRESHOLD_MINOR:
        words = (("on_its_way", is_on_its_way), ("nothing", balance_micros <= 0))
        return Due(0, next((word for word, holds in words if holds), "currency"))
    minor, _ = payable_minor(free_micros(balance_micros, held), currency)
    least = 1 if account and account.is_closing else THRESHOLD_MINOR[currency]
    refusals = (
        ("on_its_way", is_on_its_way),
        ("nothing", payable_minor(balance_micros, currency)[0] <= 0),
        ("held", minor < least <= payable_minor(balance_micros, currency)[0]),
        ("threshold", minor < least),
        ("no_account", account is None),
        ("requirements", account is not None and not account.can_receive),
    )
    why = next((word for word, holds in refusals if holds), "due")
    return Due(minor if why == "due" else 0, why)


def micros_of(minor: int, currency: str) -> int:
    """What a payout of so many minor units takes from the account, in micro-units."""
    return minor_micros(minor, currency)
