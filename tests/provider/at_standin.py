"""A platform account at our stand-in: what happens in its world is done to its books directly.

Invariant: everything has happened when a call returns, so nothing here ever waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from licensing.stripe_gateway import Gateway
from portal.demo.standin import cards, invoices
from portal.demo.standin.server import StandIn
from tests.provider.platform import GOOD, Event, Platform, Ring, utc

BEGIN = datetime(2026, 11, 10, 9, tzinfo=UTC)


@dataclass
class Clock:
    """Moments that a test sets, as a stand-in's clock."""

    at: datetime = BEGIN

    def __call__(self) -> float:
        return self.at.timestamp()


def gateway_to(standin: StandIn, timeout_s: int = 5) -> Gateway:
    """A gateway that speaks to the stand-in and does not retry by itself."""
    return Gateway("sk_test_standin", api_base=standin.address, retries=0, timeout_s=timeout_s)


class AtStandIn(Platform):
    """A running stand-in. Time passes there where `clock` is its clock."""

    def __init__(self, standin: StandIn, clock: Clock | None = None) -> None:
        self.standin: StandIn = standin
        self.gateway = gateway_to(standin)
        self.secret = standin.secret
        self.clock = clock
        self._began = self.now()
        self._told = 0

    def settings(self) -> dict[str, object]:
        return {
            "STRIPE_SECRET_KEY": "sk_test_standin",
            "STRIPE_API_BASE": self.standin.address,
            "STRIPE_WEBHOOK_SECRETS": [self.secret],
        }

    def ready_account(self, *, bank_refuses: bool = False) -> str:
        id = self.unready_account()
        self.standin.books.answer_questions(id, bank_refuses=bank_refuses)
        return id

    def the_bank_acts(self, account: str, payout: str) -> None:
        self.standin.books.banks_act()

    def fund(self, amount: int) -> None:
        self.standin.books.fund(amount)

    def available(self) -> int:
        found: int = self.standin.books.balance("")["available"][0]["amount"]
        return found

    def charge(self, amount: int) -> str:
        asked = {"amount": amount, "currency": "eur", "confirm": "true"}
        made = cards.pay_by_card(self.standin.billing, asked | {"payment_method": cards.AT_ONCE})
        return str(made["latest_charge"])

    @property
    def began(self) -> datetime:
        return self._began

    def now(self) -> datetime:
        return utc(self.standin.books.clock())

    def open_customer(self) -> str:
        return str(self.standin.billing.open_customer({})["id"])

    def subscribe(
        self, customer: str, price: int, terms: dict[str, str], card: str = GOOD
    ) -> tuple[str, str]:
        made = self.standin.billing.subscribe(customer, (price, "eur"), terms, card)
        return made["id"], made["latest_invoice"]

    def put_card(self, subscription: str, card: str) -> None:
        billing = self.standin.billing
        billing.cards[billing.get("subscription", subscription)["customer"]] = card

    def pay_invoice(self, invoice: str) -> None:
        invoices.pay(self.standin.billing, invoice, {})

    def newest_invoice(self, subscription: str) -> str:
        return str(self.standin.billing.get("subscription", subscription)["latest_invoice"])

    def refund(self, charge: str, amount: int | None = None) -> str:
        return str(self.standin.billing.refund(charge, amount)["id"])

    def dispute(self, charge: str) -> str:
        (one,) = (one for one in self.standin.billing.all_of("dispute") if one["charge"] == charge)
        return str(one["id"])

    def win(self, dispute: str) -> None:
        self.standin.billing.win(dispute)

    def charges_of(self, customer: str) -> list[str]:
        found = self.standin.billing.all_of("charge")
        return [one["id"] for one in reversed(found) if one["customer"] == customer]

    def state_of(self, kind: str, id: str) -> str:
        return str(self.standin.billing.get(kind, id)["status"])

    def wait_until(self, moment: datetime) -> None:
        assert self.clock is not None, "this stand-in goes by the time of the world"
        self.clock.at = moment
        self.standin.billing.pass_time()

    def news(self) -> list[Event]:
        events = self.standin.books.events[self._told :]
        self._told += len(events)
        return events

    def deliver(self, ring: Ring, until: Callable[[], object]) -> None:
        assert ring(self.news()) == 0
        assert until()
