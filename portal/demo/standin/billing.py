"""Subscriptions as the stand-in keeps them: pages to pay on, renewals, failures, refunds, disputes.

It knows no HTTP. Time passes only where a test or the demo lets it. Invariants: a period is
invoiced once, a payment that failed is tried again after 3, 5 and 7 days and then the subscription
ends; every change of the balance is a balance transaction and every change leaves an event. Rules
as Stripe documents them (Billing: subscriptions, smart retries aside; disputes).
"""

from datetime import UTC, datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from portal.demo.standin import billing_shapes as shapes
from portal.demo.standin.books import PLATFORM, Books, Declined
from portal.demo.standin.shapes import Json

RETRIES_S = tuple(days * 86_400 for days in (3, 5, 7))
DISPUTE_FEE = 1_500
GOOD, DECLINED, DISPUTED = "good", "declined", "disputed"
"""What a card does: it pays; it does not; it pays, and its bank takes the money back."""


def fee_of(amount: int) -> int:
    """What a card payment costs here: 1.5 % and 25 cents."""
    return 25 + (amount * 15 + 500) // 1000


class Billing:
    """Customers and what they pay, beside the books of one platform."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.address = ""
        self.objects: dict[str, Json] = {}
        self.cards: dict[str, str] = {}
        self._waiting: dict[str, Json] = {}

    # -- what the API offers ---------------------------------------------------------------------

    def open_customer(self, asked: Json) -> Json:
        """Somebody who will pay, by the time of a clock of theirs where they have one."""
        id, clock = self.books.new_id("cus"), asked.get("test_clock")
        if clock is not None:
            self.get("test_helpers.test_clock", clock)
        return self.keep(shapes.customer(id, self.books.now(), asked.get("metadata", {}), clock))

    def get(self, kind: str, id: str) -> Json:
        """The object of this kind, or Declined."""
        found = self.objects.get(id)
        if found is None or found["object"] != kind:
            raise Declined(404, "resource_missing", f"No such {kind}: '{id}'")
        return found

    def all_of(self, kind: str) -> list[Json]:
        """Every object of a kind, newest first."""
        return [one for one in reversed(self.objects.values()) if one["object"] == kind]

    def open_checkout(self, asked: Json) -> Json:
        """A page where a customer subscribes."""
        self.get("customer", asked["customer"])
        id = self.books.new_id("cs")
        url = f"{self.address}/checkout/{id}"
        self._waiting[id] = asked
        return self.keep(shapes.checkout(id, self.books.now(), asked, url))

    def expire_checkout(self, id: str) -> Json:
        """Nobody pays on this page any more; declined where somebody did."""
        page = self.get("checkout.session", id)
        if page["status"] != "open":
            raise Declined(400, None, f"This Session is {page['status']} and cannot be expired.")
        page["status"], page["url"] = "expired", None
        self.books.tell("checkout.session.expired", page)
        return page

    def open_portal(self, asked: Json) -> Json:
        """A page where a customer changes the card."""
        self.get("customer", asked["customer"])
        id = self.books.new_id("bps")
        return self.keep(shapes.portal(id, self.books.now(), asked, f"{self.address}/portal/{id}"))

    def change_subscription(self, id: str, asked: Json) -> Json:
        """Let it end with its period, or go on, or be charged to another card."""
        one = self.get("subscription", id)
        if one["ended_at"]:
            raise Declined(404, "resource_missing", f"No such subscription: '{id}'")
        if "default_payment_method" in asked:
            self.cards[one["customer"]] = self.cards[asked["default_payment_method"]]
        if "cancel_at_period_end" in asked:
            one["cancel_at_period_end"] = asked["cancel_at_period_end"] == "true"
            one["cancel_at"] = _end(one) if one["cancel_at_period_end"] else None
        self.books.tell("customer.subscription.updated", one)
        return one

    # -- what happens in the world ---------------------------------------------------------------

    def pay_checkout(self, id: str, card: str = GOOD) -> Json:
        """The customer subscribes on the page; returns the subscription."""
        page, asked = self.get("checkout.session", id), self._waiting[id]
        if page["status"] != "open":
            raise Declined(400, None, "This page is no longer good.")
        item = asked["line_items"]["0"]["price_data"]
        price = (int(item["unit_amount"]), item["currency"])
        metadata = asked.get("subscription_data", {}).get("metadata", {})
        made = self.subscribe(asked["customer"], price, metadata, card)
        page.update(status="complete", payment_status="paid", subscription=made["id"], url=None)
        self.books.tell("checkout.session.completed", page)
        return made

    def back_of(self, id: str) -> str:
        """Where a page leads afterwards."""
        return str(self._waiting[id]["success_url"])

    def subscribe(
        self, customer: str, price: tuple[int, str], metadata: Json, card: str = GOOD
    ) -> Json:
        """A subscription from now on, its first month charged to the card."""
        now = self.now_of(customer)
        self.cards[customer] = card
        id = self.books.new_id("sub")
        made = shapes.subscription(id, now, customer, price, (now, _month_after(now, now)))
        made["metadata"] = dict(metadata)
        self.keep(made)
        self.books.tell("customer.subscription.created", made)
        self._invoice(made)
        return made

    def put_card(self, customer: str, card: str = GOOD) -> None:
        """The customer puts in another card; what is owed is tried at once."""
        self.cards[customer] = card
        for one in self.all_of("invoice"):
            if one["customer"] == customer and one["status"] == "open":
                self._attempt(one)

    def pass_time(self) -> None:
        """Do what became due by the clock: renewals, ends and second attempts, oldest first."""
        while due := self._due():
            _, _, kind, one = min(due, key=lambda row: row[:3])
            if kind == "attempt":
                self._attempt(one)
            elif one["cancel_at_period_end"]:
                self.end(one)
            else:
                self._renew(one)

    def refund(self, charge_id: str, amount: int | None = None) -> Json:
        """Money of a charge goes back, all that is left or a part; its fee stays."""
        charge = self.get("charge", charge_id)
        left = charge["amount"] - charge["amount_refunded"]
        amount = left if amount is None else amount
        if charge["disputed"] or not 0 < amount <= left:
            raise Declined(400, "charge_already_refunded", "There is not so much to refund.")
        id = self.books.new_id("re")
        line = self.books.enter(PLATFORM, charge, ("refund", "refund"), -amount, id)
        made = self.keep(shapes.refund(id, self.books.now(), charge, amount, line["id"]))
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.books.tell("charge.refunded", charge)
        self.books.tell("refund.created", made)
        return made

    def dispute(self, charge_id: str) -> Json:
        """The customer's bank takes a charge back, and its fee is ours."""
        charge = self.get("charge", charge_id)
        id = self.books.new_id("dp")
        kind = ("adjustment", "dispute")
        line = self.books.enter(PLATFORM, charge, kind, -charge["amount"], id, DISPUTE_FEE)
        charge["disputed"] = True
        made = self.keep(shapes.dispute(id, self.books.now(), charge, [line]))
        self.books.tell("charge.dispute.created", made)
        self.books.tell("charge.dispute.funds_withdrawn", made)
        return made

    def win(self, dispute_id: str) -> Json:
        """The bank gives it back; the fee stays."""
        one = self.get("dispute", dispute_id)
        kind = ("adjustment", "dispute_reversal")
        line = self.books.enter(PLATFORM, one, kind, one["amount"], one["id"])
        one["balance_transactions"].append(line)
        one["status"] = "won"
        self.books.tell("charge.dispute.funds_reinstated", one)
        self.books.tell("charge.dispute.closed", one)
        return one

    # -- underneath ------------------------------------------------------------------------------

    def _due(self) -> list[tuple[int, str, str, Json]]:
        subscriptions = [one for one in self.all_of("subscription") if not one["ended_at"]]
        rows = [(_end(one), one["id"], "period", one) for one in subscriptions]
        for one in self.all_of("invoice"):
            if one["next_payment_attempt"]:
                rows.append((one["next_payment_attempt"], one["id"], "attempt", one))
        return [row for row in rows if row[0] <= self.now_of(row[3]["customer"])]

    def now_of(self, customer: str) -> int:
        """What time it is for a customer."""
        clock = self.get("customer", customer).get("test_clock")
        now: int = self.objects[clock]["frozen_time"] if clock else self.books.now()
        return now

    def _renew(self, one: Json) -> None:
        item = one["items"]["data"][0]
        begin = item["current_period_end"]
        item["current_period_start"] = begin
        item["current_period_end"] = _month_after(begin, one["billing_cycle_anchor"])
        self._invoice(one)

    def _invoice(self, one: Json) -> None:
        item = one["items"]["data"][0]
        period = (item["current_period_start"], item["current_period_end"])
        id, amount = self.books.new_id("in"), item["price"]["unit_amount"]
        now = self.now_of(one["customer"])
        made = self.keep(shapes.invoice(id, now, one, amount, period))
        self.await_payment(made)
        one["latest_invoice"] = id
        self.books.tell("invoice.created", made)
        self._attempt(made)

    def await_payment(self, invoice: Json) -> None:
        """From now on a payment for it can come."""
        intent = shapes.intent(self.books.new_id("pi"), self.books.now(), invoice)
        self.keep(intent)
        link = self.books.new_id("inpay")
        self.keep(shapes.invoice_payment(link, self.books.now(), invoice, intent))

    def _attempt(self, invoice: Json) -> None:
        """Charge the card for an invoice, and say what came of it."""
        invoice["attempted"], invoice["attempt_count"] = True, invoice["attempt_count"] + 1
        card = self.cards[invoice["customer"]]
        if card == DECLINED:
            self._failed(invoice)
            return
        charge = self.take(invoice)
        self.become(invoice, "active")
        if card == DISPUTED:
            self.dispute(charge["id"])

    def take(self, invoice: Json) -> Json:
        """The money of an invoice comes in; returns the charge."""
        link = next(
            one for one in self.all_of("invoice_payment") if one["invoice"] == invoice["id"]
        )
        charge = self.charge(self.objects[link["payment"]["payment_intent"]])
        amount = charge["amount"]
        link.update(status="paid", amount_paid=amount)
        invoice.update(
            status="paid", amount_paid=amount, amount_remaining=0, next_payment_attempt=None
        )
        self.books.tell("invoice.paid", invoice)
        return charge

    def charge(self, intent: Json) -> Json:
        """The money of a card comes in."""
        amount, id = intent["amount"], self.books.new_id("ch")
        line = self.books.enter(PLATFORM, intent, ("charge", "charge"), amount, id, fee_of(amount))
        charge = self.keep(shapes.charge(id, self.books.now(), intent, line["id"]))
        self.objects[line["id"]] = line
        intent.update(latest_charge=id, amount_received=amount, status="succeeded")
        self.books.tell("charge.succeeded", charge)
        return charge

    def _failed(self, invoice: Json) -> None:
        tried = invoice["attempt_count"] - 1
        more = tried < len(RETRIES_S)
        invoice["next_payment_attempt"] = invoice["created"] + RETRIES_S[tried] if more else None
        self.books.tell("invoice.payment_failed", invoice)
        one = self.become(invoice, "past_due")
        if not more:
            self.end(one)

    def become(self, invoice: Json, status: str) -> Json:
        """The subscription of an invoice is in another state."""
        one = self.objects[invoice["parent"]["subscription_details"]["subscription"]]
        one["status"] = status
        self.books.tell("customer.subscription.updated", one)
        return one

    def end(self, one: Json) -> None:
        """A subscription ends, and nothing of it is tried any more."""
        one["status"], one["ended_at"] = "canceled", self.now_of(one["customer"])
        for invoice in self.all_of("invoice"):
            if invoice["id"] == one["latest_invoice"]:
                invoice["next_payment_attempt"] = None
        self.books.tell("customer.subscription.deleted", one)

    def keep(self, made: Json) -> Json:
        """Remember an object by its id."""
        self.objects[made["id"]] = made
        return made


def _end(subscription: Json) -> int:
    end: int = subscription["items"]["data"][0]["current_period_end"]
    return end


def _month_after(moment: int, anchor: int) -> int:
    """A calendar month later, on the day of the anchor or the last that the month has."""
    begin = datetime.fromtimestamp(moment, UTC)
    day = datetime.fromtimestamp(anchor, UTC).day
    return int((begin + relativedelta(months=1, day=day)).timestamp())


def expanded(billing: Billing, one: Json, paths: list[str]) -> Json:
    """The object with the references on these paths (a.b.c) replaced by what they name."""
    for path in paths:
        _expand(billing, one, path.split("."))
    return one


def _expand(billing: Billing, one: Any, path: list[str]) -> None:
    if isinstance(one, list):
        for row in one:
            _expand(billing, row, path)
        return
    name, *more = path
    if isinstance(one.get(name), str):
        one[name] = dict(billing.objects[one[name]])
    if more and one.get(name) is not None:
        _expand(billing, one[name], more)
