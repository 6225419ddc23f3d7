"""A platform whose clock a test turns, with one listener who subscribes there."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from licensing.ledger.queries import trial_balance
from licensing.payouts.inbox import sweep_payouts, take_event
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import Gateway, event_of
from licensing.subscriptions.models import Subscription
from licensing.subscriptions.operations import begin_subscribing
from portal.demo.standin.server import StandIn
from tests.provider import gateway_to

ANNA = ("user", "anna")
BEGIN = datetime(2026, 11, 10, 9, tzinfo=UTC)
BACK = "https://stemma.test/listen/subscription/"


@dataclass
class Clock:
    """Moments that a test sets."""

    at: datetime = BEGIN

    def __call__(self) -> float:
        return self.at.timestamp()


@dataclass
class Town:
    """The stand-in, a gateway to it, its clock, and how many of its events were heard."""

    standin: StandIn
    clock: Clock
    gateway: Gateway
    heard: int = 0
    customer: str = field(default="")

    def ask(self, payer: tuple[str, str] = ANNA, country: str = "DE") -> str:
        """The address of the page where a payer subscribes."""
        return begin_subscribing(
            payer=payer,
            country=country,
            name="A month",
            back=BACK,
            gateway=self.gateway,
            now=self.clock.at,
        )

    def subscribe(self, card: str = "good", payer: tuple[str, str] = ANNA) -> dict:
        """A payer subscribes on that page; the provider's subscription."""
        page = self.ask(payer).rsplit("/", 1)[1]
        made = self.standin.billing.pay_checkout(page, card)
        self.customer = made["customer"]
        return made

    def wait(self, days: int) -> None:
        """Time passes, here and there."""
        self.clock.at += timedelta(days=days)
        self.standin.billing.pass_time()

    def hear(self) -> int:
        """Every event since last time rings and is acted on; how many failed."""
        events = self.standin.books.events[self.heard :]
        self.heard = len(self.standin.books.events)
        return self.ring(events)

    def ring(self, events: list[dict]) -> int:
        """These events ring in this order, repeats and all, and are acted on."""
        for event in events:
            body, _ = self.standin.signed(event)
            take_event(event=event_of(body), body=body, now=self.clock.at)
        return sweep_payouts(gateway=self.gateway, now=self.clock.at)

    def charge(self, number: int = -1) -> str:
        """The id of a charge, the newest by default."""
        charges = [
            one for one in self.standin.billing.objects.values() if one["object"] == "charge"
        ]
        return charges[number]["id"]


def town_on(standin: StandIn, clock: Clock) -> Town:
    """The town around a running stand-in."""
    return Town(standin, clock, gateway_to(standin))


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
