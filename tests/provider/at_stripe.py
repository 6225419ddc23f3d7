"""A platform account in Stripe's test mode: everything by the API, with the cards made for it.

Written for Stripe; it speaks the same to whatever stands at `api_base`. What Stripe does in its own
time is waited for: each wait looks again until a condition holds, and fails in the end. Stripe
cannot ring a machine behind a wall, so its events are listed, and told in the shape and with the
`account` that a webhook has. Invariants: only what was made in this scenario is told or counted,
and its clock, with the customers that live by it, is taken away at the end.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event as Pause
from typing import Any

import pytest
import stripe

from licensing.stripe_gateway import Gateway
from tests.provider.platform import DECLINED, DISPUTED, GOOD, Event, Platform, Ring, utc

CARDS = {
    GOOD: "pm_card_visa",
    DECLINED: "pm_card_chargeCustomerFail",
    DISPUTED: "pm_card_createDispute",
}
AT_ONCE = "pm_card_bypassPending"
PATIENCE_S, REHEARSED_S = 180, 20
"""How long Stripe may take to do what it does in its own time, and whoever stands in for it."""
LOOK_EACH_S = 0.5
SKEW = timedelta(minutes=1)
"""How far the machine's clock may be before Stripe's."""


class AtStripe(Platform):
    """The platform account of a key. `accounts`: connected ones that answered everything, the first
    with a bank that takes what comes and the second with one that refuses; "" where there is none.
    """

    def __init__(self, key: str, *, api_base: str = "", accounts: tuple[str, str]) -> None:
        self.gateway = Gateway(key, api_base=api_base)
        base: Any = {"api": api_base} if api_base else None
        self.client = stripe.StripeClient(key, base_addresses=base, max_network_retries=2)
        self.patience_s = REHEARSED_S if api_base else PATIENCE_S
        self.accounts = accounts
        self._settings = {"STRIPE_SECRET_KEY": key, "STRIPE_API_BASE": api_base}
        self._used: list[str] = []
        self._own: set[str] = set()
        self._told: set[str] = set()
        self._clock = ""
        self._began = self.now()

    def settings(self) -> dict[str, object]:
        return {**self._settings, "STRIPE_WEBHOOK_SECRETS": [self.secret]}

    # -- payees and their banks --------------------------------------------------------------------

    def ready_account(self, *, bank_refuses: bool = False) -> str:
        order = [self.accounts[1]] if bank_refuses else list(self.accounts)
        free = [one for one in order if one and one not in self._used]
        if not free:
            missing = "STRIPE_TEST_ACCOUNT_REFUSING" if bank_refuses else "STRIPE_TEST_ACCOUNT"
            pytest.skip(f"{missing} is not set, or used in this scenario already")
        self._used.append(free[0])
        return self._ours(free[0])

    def unready_account(self) -> str:
        return self._ours(super().unready_account())

    def the_bank_acts(self, account: str, payout: str) -> None:
        def acted() -> bool:
            seen = self.gateway.get_bank_payout(payout, account_id=account)
            return seen.status in ("paid", "failed", "canceled")

        self._wait(acted, "the bank to take or refuse a payout")

    # -- money on the platform's balance -----------------------------------------------------------

    def fund(self, amount: int) -> None:
        self.charge(amount * 2 + 100)  # its fee comes off

    def available(self) -> int:
        found = self.client.v1.balance.retrieve().available
        return sum(one.amount for one in found if one.currency == "eur")

    def charge(self, amount: int) -> str:
        made = self.client.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": "eur",
                "payment_method": AT_ONCE,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "confirm": True,
            }
        )
        return self._ours(str(made.latest_charge))

    @property
    def began(self) -> datetime:
        return self._began

    def now(self) -> datetime:
        return utc(time.time())

    # -- customers and what they pay ---------------------------------------------------------------

    def open_customer(self) -> str:
        if not self._clock:
            at = int(self._began.timestamp())
            made = self.client.v1.test_helpers.test_clocks.create({"frozen_time": at})
            self._clock = made.id
        return self._ours(self.client.v1.customers.create({"test_clock": self._clock}).id)

    def subscribe(
        self, customer: str, price: int, terms: dict[str, str], card: str = GOOD
    ) -> tuple[str, str]:
        self._ours(customer)
        costs = self.client.v1.prices.create(
            {
                "currency": "eur",
                "unit_amount": price,
                "recurring": {"interval": "month"},
                "product_data": {"name": "A month"},
            }
        )
        made = self.client.v1.subscriptions.create(
            {
                "customer": customer,
                "default_payment_method": self._card_of(customer, card),
                "items": [{"price": costs.id}],
                "metadata": terms,
            }
        )
        return made.id, str(made.latest_invoice)

    def put_card(self, subscription: str, card: str) -> None:
        one = self.client.v1.subscriptions.retrieve(subscription)
        method = self._card_of(str(one.customer), card)
        self.client.v1.subscriptions.update(subscription, {"default_payment_method": method})

    def pay_invoice(self, invoice: str) -> None:
        customer = str(self.client.v1.invoices.retrieve(invoice).customer)
        method = self._card_of(self._ours(customer), GOOD)
        self.client.v1.invoices.pay(invoice, {"payment_method": method})

    def newest_invoice(self, subscription: str) -> str:
        return str(self.client.v1.subscriptions.retrieve(subscription).latest_invoice)

    def refund(self, charge: str, amount: int | None = None) -> str:
        part: Any = {} if amount is None else {"amount": amount}
        return self.client.v1.refunds.create({"charge": charge, **part}).id

    def dispute(self, charge: str) -> str:
        def found() -> list[str]:
            listed = self.client.v1.disputes.list({"charge": charge}).data
            return [one.id for one in listed if one.balance_transactions]

        return str(self._wait(found, "the bank to dispute a charge")[0])

    def win(self, dispute: str) -> None:
        evidence: Any = {"uncategorized_text": "winning_evidence"}
        self.client.v1.disputes.update(dispute, {"evidence": evidence, "submit": True})

        def won() -> bool:
            one = self.client.v1.disputes.retrieve(dispute)
            return one.status == "won" and len(one.balance_transactions) > 1

        self._wait(won, "a dispute to be won")

    def charges_of(self, customer: str) -> list[str]:
        listed = self.client.v1.charges.list({"customer": customer, "limit": 100})
        return [self._ours(one.id) for one in reversed(listed.data)]

    def state_of(self, kind: str, id: str) -> str:
        if kind == "invoice":
            return str(self.client.v1.invoices.retrieve(id).status)
        return str(self.client.v1.checkout.sessions.retrieve(id).status)

    def wait_until(self, moment: datetime) -> None:
        if not self._clock:
            return  # nobody lives by it
        clocks = self.client.v1.test_helpers.test_clocks
        clocks.advance(self._clock, {"frozen_time": int(moment.timestamp())})

        def ready() -> bool:
            status = clocks.retrieve(self._clock).status
            assert status != "internal_failure", "Stripe could not let the time of a clock pass."
            return status == "ready"

        self._wait(ready, "a clock to be where it was sent")

    # -- news --------------------------------------------------------------------------------------

    def news(self) -> list[Event]:
        found = [*self._listed(""), *(one for of in self._used for one in self._listed(of))]
        new = [one for one in found if one["id"] not in self._told]
        fresh = [one for one in sorted(new, key=lambda one: one["created"]) if self._is_ours(one)]
        self._told.update(one["id"] for one in fresh)
        return fresh

    def deliver(self, ring: Ring, until: Callable[[], object]) -> None:
        def quiet() -> bool:
            return ring(self.news()) == 0 and bool(until())

        self._wait(quiet, "its news to end as they should")

    def close(self) -> None:
        if self._clock:
            self.client.v1.test_helpers.test_clocks.delete(self._clock)

    # -- underneath --------------------------------------------------------------------------------

    def _ours(self, id: str) -> str:
        self._own.add(id)
        return id

    def _is_ours(self, event: Event) -> bool:
        """Whether it names what is ours; what it is about is ours from then on: a customer's
        charge, a charge's dispute."""
        told = json.dumps(event)
        is_ours = any(id in told for id in self._own)
        if is_ours:
            self._ours(event["data"]["object"].get("id") or event["id"])
        return is_ours

    def _card_of(self, customer: str, card: str) -> str:
        return self.client.v1.payment_methods.attach(CARDS[card], {"customer": customer}).id

    def _listed(self, account: str) -> list[Event]:
        """What happened since the scenario began, oldest first, word for word as Stripe tells it.

        To a webhook Stripe names the connected account of an event; in a list of its own it need
        not.
        """
        options = {"stripe_account": account} if account else {}
        named = {"account": account} if account else {}
        return [one | named for one in reversed(list(self._pages(options)))]

    def _pages(self, options: dict[str, str]) -> Iterator[Event]:
        asked: dict[str, Any] = {
            "limit": 100,
            "created": {"gte": int((self._began - SKEW).timestamp())},
        }
        while True:
            answer = self.client.raw_request("get", "/v1/events", **asked, **options)
            page = json.loads(answer.body)
            yield from page["data"]
            if not page["has_more"]:
                return
            asked["starting_after"] = page["data"][-1]["id"]

    def _wait(self, look: Callable[[], Any], what: str) -> Any:
        """What `look` sees once it is something; it looks again and again, but not for ever."""
        pause, end = Pause(), time.monotonic() + self.patience_s
        while not (seen := look()):
            assert time.monotonic() < end, f"Waited {self.patience_s} s for {what}."
            pause.wait(LOOK_EACH_S)
        return seen
