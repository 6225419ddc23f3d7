"""A Stripe platform account to test against: our stand-in, or Stripe's own test mode.

The second needs STRIPE_TEST_KEY (sk_test_…) and, for transfers, STRIPE_TEST_ACCOUNT: the id of a
connected account of that platform that has answered its questions. Neither was ever at hand.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest

from licensing.stripe_gateway import Gateway
from portal.demo.standin.server import StandIn

KINDS = ["stand-in", "test mode"]


@dataclass
class Platform:
    """What a scenario needs of either."""

    gateway: Gateway
    standin: StandIn | None
    key: str

    def ready_account(self) -> str:
        """An account that may receive."""
        if self.standin is None:
            ready = os.environ.get("STRIPE_TEST_ACCOUNT")
            return ready or pytest.skip("STRIPE_TEST_ACCOUNT is not set")
        made = self.gateway.open_account(payee="party:ana", country="DE", key=fresh_key())
        self.standin.books.answer_questions(made.id)
        return made.id

    def fund(self, amount_minor: int) -> None:
        """Money on the platform's balance, available at once."""
        if self.standin is not None:
            self.standin.books.fund(amount_minor)
            return
        import stripe

        stripe.StripeClient(self.key).v1.payment_intents.create(
            {
                "amount": amount_minor * 2,  # its fee comes off
                "currency": "eur",
                "payment_method": "pm_card_bypassPending",
                "payment_method_types": ["card"],
                "confirm": True,
            }
        )

    def subscribe(self, customer: str, price_minor: int, terms: dict) -> tuple[str, str]:
        """A subscription of theirs whose first month is paid: its id, and its invoice's."""
        if self.standin is not None:
            made = self.standin.billing.subscribe(customer, (price_minor, "eur"), terms)
            return made["id"], made["latest_invoice"]
        import stripe

        client = stripe.StripeClient(self.key).v1
        card = client.payment_methods.attach("pm_card_visa", {"customer": customer})
        price = client.prices.create(
            {
                "currency": "eur",
                "unit_amount": price_minor,
                "recurring": {"interval": "month"},
                "product_data": {"name": "A month"},
            }
        )
        made = client.subscriptions.create(
            {
                "customer": customer,
                "default_payment_method": card.id,
                "items": [{"price": price.id}],
                "metadata": terms,
            }
        )
        return made.id, str(made.latest_invoice)

    def refund(self, charge: str, amount_minor: int) -> None:
        """A part of a charge goes back."""
        if self.standin is not None:
            self.standin.billing.refund(charge, amount_minor)
            return
        import stripe

        stripe.StripeClient(self.key).v1.refunds.create({"charge": charge, "amount": amount_minor})


def fresh_key() -> str:
    """A key nobody used before."""
    return f"test:{uuid4()}"


@contextmanager
def platform_of(kind: str) -> Iterator[Platform]:
    """The platform of this kind; skips where it cannot be reached."""
    if kind == "test mode":
        key = os.environ.get("STRIPE_TEST_KEY", "")
        if not key.startswith("sk_test_"):
            pytest.skip("STRIPE_TEST_KEY is not set")
        yield Platform(Gateway(key), None, key)
        return
    with StandIn() as standin:
        yield Platform(gateway_to(standin), standin, "sk_test_standin")


def gateway_to(standin: StandIn, timeout_s: int = 5) -> Gateway:
    """A gateway that speaks to the stand-in and does not retry by itself."""
    return Gateway("sk_test_standin", api_base=standin.address, retries=0, timeout_s=timeout_s)
