"""What a scenario needs of a payment provider, whichever it is: a platform account and a world.

Half of it is what customers, payees, banks and time do there, the other half is what the provider
tells of it. It refuses to know our rows. Invariants: what a scenario makes is its own (keys and
references nobody used before), and it is told of nothing else; nothing is assumed of what stands at
the provider already.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from licensing.stripe_gateway import BalanceLine, Gateway
from portal.demo.standin.billing import DECLINED, DISPUTED, GOOD
from portal.demo.standin.server import StandIn, sign

__all__ = ["DECLINED", "DISPUTED", "GOOD", "Event", "Platform", "fresh_key"]

Event = dict
Ring = Callable[[list[Event]], int]
"""Takes events, acts on them, says how many deeds failed."""


def fresh_key() -> str:
    """A key nobody used before."""
    return f"test:{uuid4()}"


class Platform(ABC):
    """A platform account; `gateway` speaks to it, `secret` is what its events are signed with.

    `standin` is None where it is Stripe's own. Amounts are minor units of EUR.
    """

    gateway: Gateway
    secret: str = "whsec_platform"
    standin: StandIn | None = None

    @abstractmethod
    def settings(self) -> dict[str, object]:
        """What says to the portal that this is its provider."""

    # -- payees and their banks --------------------------------------------------------------------

    @abstractmethod
    def ready_account(self, *, bank_refuses: bool = False) -> str:
        """An account that may receive, another one each time; what its bank will do."""

    def unready_account(self) -> str:
        """An account that has answered nothing, so that it may not receive."""
        return self.gateway.open_account(payee=fresh_key(), country="DE", key=fresh_key()).id

    @abstractmethod
    def the_bank_acts(self, account: str, payout: str) -> None:
        """Return once the bank of an account took a payout, or refused it."""

    # -- money on the platform's balance -----------------------------------------------------------

    @abstractmethod
    def fund(self, amount: int) -> None:
        """At least so much more on the platform's balance, available at once."""

    @abstractmethod
    def available(self) -> int:
        """What is on the platform's balance and can be moved."""

    @abstractmethod
    def charge(self, amount: int) -> str:
        """Somebody paid without an invoice, available at once; the id of the charge."""

    def moved(self, sources: Collection[str]) -> int:
        """What these charges, transfers, refunds and so on did to the balance, fees taken off."""
        return sum(line.net_minor for line in self.lines() if line.source in sources)

    def lines(self) -> list[BalanceLine]:
        """Every change of the balance since this scenario began, other scenarios' too."""
        since, until = self.span()
        return list(self.gateway.list_balance_lines(since=since, until=until))

    def span(self) -> tuple[datetime, datetime]:
        """A time, by the provider's clock, in which everything of this scenario lies."""
        return self.began - timedelta(minutes=5), self.now() + timedelta(hours=1)

    @property
    @abstractmethod
    def began(self) -> datetime:
        """When this scenario began, by the provider's clock."""

    @abstractmethod
    def now(self) -> datetime:
        """What time it is at the provider."""

    # -- customers and what they pay ---------------------------------------------------------------

    @abstractmethod
    def open_customer(self) -> str:
        """A customer whose time passes with `wait_until`."""

    @abstractmethod
    def subscribe(
        self, customer: str, price: int, terms: dict[str, str], card: str = GOOD
    ) -> tuple[str, str]:
        """A subscription of theirs by the month, its first one charged: its id, its invoice's."""

    @abstractmethod
    def put_card(self, subscription: str, card: str) -> None:
        """From now on a subscription is charged to another card; nothing is tried yet."""

    @abstractmethod
    def pay_invoice(self, invoice: str) -> None:
        """An open invoice is paid by a card that pays."""

    @abstractmethod
    def newest_invoice(self, subscription: str) -> str:
        """The invoice of the month a subscription is in."""

    @abstractmethod
    def refund(self, charge: str, amount: int | None = None) -> str:
        """A part of a charge goes back, or all that is left; the refund's id."""

    @abstractmethod
    def dispute(self, charge: str) -> str:
        """Return once the bank disputed a charge of a DISPUTED card; the dispute's id."""

    @abstractmethod
    def win(self, dispute: str) -> None:
        """Return once a dispute is won and its money is back."""

    @abstractmethod
    def charges_of(self, customer: str) -> list[str]:
        """Every charge of a customer, oldest first."""

    @abstractmethod
    def state_of(self, kind: str, id: str) -> str:
        """The word with which the provider says how an invoice or a checkout page is."""

    @abstractmethod
    def wait_until(self, moment: datetime) -> None:
        """Time passes for the customers of this scenario, and what became due is done."""

    # -- news --------------------------------------------------------------------------------------

    @abstractmethod
    def news(self) -> list[Event]:
        """What happened in this scenario and was not told yet, oldest first."""

    @abstractmethod
    def deliver(self, ring: Ring, until: Callable[[], object]) -> None:
        """Ring about all news until `until()` holds and no deed fails, or fail in the end."""

    def signed(self, event: Event, *, at: float | None = None) -> tuple[bytes, str]:
        """An event as it goes over the wire: (body, Stripe-Signature), signed now."""
        body = json.dumps(event).encode()
        return body, sign(body, self.secret, int(time.time() if at is None else at))

    def wait_for(self, type: str, about: str) -> list[Event]:
        """All news up to the first of this type that names what it is `about`, and with it."""
        told: list[Event] = []

        def ring(events: list[Event]) -> int:
            told.extend(events)
            return 0

        def is_it(one: Event) -> bool:
            return one["type"] == type and about in json.dumps(one)

        self.deliver(ring, lambda: any(is_it(one) for one in told))
        return told

    def close(self) -> None:
        """Leave nothing behind that can be taken away; nothing is, unless a platform says so."""
        return


def utc(seconds: float) -> datetime:
    """A moment of the provider's."""
    return datetime.fromtimestamp(seconds, UTC)
