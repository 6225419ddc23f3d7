"""What a subscription's state means, and what tax is in a payment; values only.

Invariant: a state that nobody knows is one in which nothing new is sold, so nobody pays twice.
"""

from licensing.money import minor_micros
from licensing.receipts.rules import tax_inside

ENDED = frozenset({"canceled", "incomplete_expired"})
"""Stripe's words for a subscription that never charges again."""
FAILED = frozenset({"past_due", "unpaid", "incomplete"})
"""Its words for one whose last payment did not succeed."""


class SubscribingRefused(Exception):
    """What cannot be done about a subscription; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def is_running(status: str) -> bool:
    """Whether a subscription in this state may charge again."""
    return status not in ENDED


def tax_of(amount_minor: int, tax_minor: int | None, tax_ppm: int, currency: str) -> int:
    """The tax in a payment, micro-units: what the provider reckoned, in its cents, else by the
    product's terms, to the micro-unit."""
    if tax_minor is not None:
        return minor_micros(tax_minor, currency)
    return tax_inside(minor_micros(amount_minor, currency), tax_ppm)
