"""A platform whose time a test lets pass, with one listener who subscribes there.

On our stand-in the listener pays on the page where one subscribes; in Stripe's test mode, where
that page wants a browser, by a card through the API, as a customer whose time can pass.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.test import Client

from licensing.ledger.queries import trial_balance
from licensing.payouts.inbox import sweep_payouts, take_event
from licensing.receipts.models import ProductTerms, Receipt
from licensing.stripe_gateway import Gateway, event_of
from licensing.subscriptions.models import Subscriber, Subscription
from licensing.subscriptions.operations import begin_subscribing
from portal.demo.standin.server import StandIn
from tests.provider import GOOD, STANDIN, Platform
from tests.provider.at_standin import BEGIN, Clock

BACK = "https://stemma.test/listen/subscription/"
TERMS = {"product": "listening", "country": "DE"}


def _somebody() -> tuple[str, str]:
    return "user", f"anna-{uuid4().hex[:12]}"


@dataclass
class Town:
    """The platform, its time, and a listener, whose customer and subscription there are known."""

    platform: Platform
    clock: Clock
    anna: tuple[str, str] = field(default_factory=_somebody)
    customer: str = ""
    subscription: str = ""

    @property
    def gateway(self) -> Gateway:
        """What speaks to the platform."""
        return self.platform.gateway

    @property
    def standin(self) -> StandIn:
        """Our stand-in, where the platform is there."""
        return self.platform.standin

    def ask(self, payer: tuple[str, str] | None = None, country: str = "DE") -> str:
        """The address of the page where a payer subscribes."""
        return begin_subscribing(
            payer=payer or self.anna,
            country=country,
            name="A month",
            back=BACK,
            gateway=self.gateway,
            now=self.clock.at,
        )

    def subscribe(self, card: str = GOOD, terms: dict[str, str] = TERMS) -> None:
        """The listener subscribes for 9.99 EUR a month and pays the first."""
        if self.standin is not None and terms == TERMS:
            made = self.standin.billing.pay_checkout(self.ask().rsplit("/", 1)[1], card)
            self.customer, self.subscription = made["customer"], made["id"]
            return
        self.customer = self.known(self.anna)
        self.subscription, _ = self.platform.subscribe(self.customer, 999, terms, card)

    def known(self, payer: tuple[str, str]) -> str:
        """The payer's customer at the provider, as one who was led there before."""
        customer = self.platform.open_customer()
        Subscriber.objects.create(
            payer_kind=payer[0], payer_ref=payer[1], provider_id=customer, opened_at=self.clock.at
        )
        return customer

    def wait(self, days: int) -> None:
        """Time passes, here and there."""
        self.clock.at += timedelta(days=days)
        self.platform.wait_until(self.clock.at)

    def hear(self, until: Callable[[], object] = lambda: True) -> None:
        """All news ring and are acted on, until it holds and nothing fails."""
        self.platform.deliver(self.ring, until)

    def ring(self, events: list[dict]) -> int:
        """These events ring in this order, repeats and all, and are acted on; how many failed.

        Stripe's ring at our address, signed; our stand-in's are put there, because they are many.
        """
        for event in events:
            body, signature = self.platform.signed(event)
            if self.standin is not None:
                take_event(event=event_of(body), body=body, now=self.clock.at)
                continue
            asked = {"content_type": "application/json", "headers": {"Stripe-Signature": signature}}
            assert Client().post("/webhooks/stripe/", body, **asked).status_code == 200
        return sweep_payouts(gateway=self.gateway, now=self.clock.at)

    def charge(self, number: int = -1) -> str:
        """The id of a charge of the listener's, the newest by default."""
        return self.platform.charges_of(self.customer)[number]


def town_on(platform: Platform, clock: Clock | None, settings: object) -> Town:
    """The town around a platform, whose events are taken; a clock of its own runs with it."""
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_other", platform.secret]
    return Town(platform, clock or Clock(platform.began))


def clock_of(kind: str, at: datetime = BEGIN) -> Clock | None:
    """The clock of a stand-in's world; at Stripe it is as late as it is."""
    return Clock(at) if kind == STANDIN else None


def sell(since: datetime) -> None:
    """What a month's tax and commission are in Austria; Germany's are there from the beginning."""
    ProductTerms.objects.create(
        product="listening", country="AT", tax_ppm=200_000, commission_ppm=300_000,
        effective_from=since,
    )  # fmt: skip


def only() -> Subscription:
    """The one subscription there is."""
    return Subscription.objects.get()


def money() -> list[tuple[str, str, int, int, int, int, int]]:
    """Every receipt as (what, kind, amount, tax, fee, commission, pool), in the order of keys."""
    rows = Receipt.objects.order_by("key")
    return [
        (
            row.key.split("_")[0] + (":won" if row.key.endswith(":won") else ""),
            row.kind,
            row.amount_micros,
            row.tax_micros,
            row.fee_micros,
            row.commission_micros,
            row.pool_micros,
        )
        for row in rows
    ]


def books_balance() -> bool:
    """Whether debits equal credits in every currency."""
    return not any(trial_balance().differences().values())
