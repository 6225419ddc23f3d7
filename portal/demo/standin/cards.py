"""Paying by Stripe's own test cards, over the API alone: what no browser has to do in test mode.

It knows the cards that Stripe documents by name (docs.stripe.com/testing) and what each does.
Invariant: a card is somebody's before it is charged, or is charged once by name.
"""

from portal.demo.standin import billing_shapes as shapes
from portal.demo.standin.billing import DECLINED, DISPUTED, GOOD, Billing
from portal.demo.standin.books import Declined
from portal.demo.standin.shapes import Json

AT_ONCE = "pm_card_bypassPending"
"""Pays as a good one, and its money is available at once."""
CARDS = {
    "pm_card_visa": GOOD,
    AT_ONCE: GOOD,
    "pm_card_chargeCustomerFail": DECLINED,
    "pm_card_createDispute": DISPUTED,
}
WINNING = "winning_evidence"
"""The evidence that wins a dispute in test mode."""


def attach(billing: Billing, name: str, asked: Json) -> Json:
    """A test card becomes a customer's; it is not charged."""
    billing.get("customer", asked["customer"])
    card, id = _card(name), billing.books.new_id("pm")
    billing.cards[id] = card
    return billing.keep(shapes.payment_method(id, billing.books.now(), asked["customer"]))


def prefer(billing: Billing, customer: str, asked: Json) -> Json:
    """From now on a customer's invoices are charged to this card."""
    made = billing.get("customer", customer)
    billing.cards[customer] = _own(billing, asked["invoice_settings"]["default_payment_method"])
    return made


def open_price(billing: Billing, asked: Json) -> Json:
    """What a month costs."""
    id, amount = billing.books.new_id("price"), _whole(asked["unit_amount"])
    return billing.keep(shapes.monthly_price(id, billing.books.now(), amount, asked["currency"]))


def subscribe(billing: Billing, asked: Json) -> Json:
    """A subscription at a price, its first month charged to a card of the customer's."""
    billing.get("customer", asked["customer"])
    price = billing.get("price", asked["items"]["0"]["price"])
    card = _own(billing, asked["default_payment_method"])
    costs = (price["unit_amount"], price["currency"])
    return billing.subscribe(asked["customer"], costs, asked.get("metadata", {}), card)


def pay_by_card(billing: Billing, asked: Json) -> Json:
    """A payment without an invoice, by a card's name and at once."""
    name = asked["payment_method"]
    if asked.get("confirm") != "true" or _card(name) != GOOD:
        raise Declined(402, "card_declined", "Your card was declined.")
    costs = {"total": asked["amount"], "currency": asked["currency"], "customer": None}
    intent = billing.keep(shapes.intent(billing.books.new_id("pi"), billing.books.now(), costs))
    charge = billing.charge(intent)
    if name != AT_ONCE:
        billing.objects[charge["balance_transaction"]]["status"] = "pending"
    return intent


def give_evidence(billing: Billing, id: str, asked: Json) -> Json:
    """What is said against a dispute; the evidence that wins in test mode does so at once."""
    one = billing.get("dispute", id)
    said = asked.get("evidence", {}).get("uncategorized_text")
    if asked.get("submit") != "true" or said != WINNING:
        raise Declined(400, None, f"Here a dispute is won by {WINNING!r} or not at all.")
    return billing.win(one["id"])


def _card(name: str) -> str:
    if name not in CARDS:
        raise Declined(404, "resource_missing", f"No such PaymentMethod: '{name}'")
    return CARDS[name]


def _own(billing: Billing, id: str) -> str:
    billing.get("payment_method", id)
    return billing.cards[id]


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise Declined(400, "parameter_invalid_integer", f"Invalid integer: {text}")
    return int(text)
