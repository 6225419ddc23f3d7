"""Invoices that are no subscription's: drafted, given an amount, sent, paid by hand or taken back.

Rules as Stripe documents them (Invoicing). Invariant: a draft is not paid, and neither is what was
taken back.
"""

from portal.demo.standin import billing_shapes as shapes
from portal.demo.standin.billing import DECLINED, Billing
from portal.demo.standin.books import Declined
from portal.demo.standin.shapes import Json


def open_invoice(billing: Billing, asked: Json) -> Json:
    """A draft without an amount."""
    billing.get("customer", asked["customer"])
    id, now = billing.books.new_id("in"), billing.books.now()
    made = shapes.sent_invoice(id, now, asked, 0, (now, now))
    made["status"], made["metadata"] = "draft", dict(asked.get("metadata", {}))
    return billing.keep(made)


def add_item(billing: Billing, asked: Json) -> Json:
    """The amount of a draft; told as the item."""
    invoice = _in_state(billing, asked["invoice"], "draft")
    for field in ("amount_due", "amount_remaining", "subtotal", "total"):
        invoice[field] = asked["amount"]
    line = invoice["lines"]["data"][0]
    line["amount"] = line["subtotal"] = asked["amount"]
    id, now = billing.books.new_id("ii"), billing.books.now()
    return billing.keep(shapes.invoice_item(id, now, invoice, asked))


def finalize(billing: Billing, id: str) -> Json:
    """From now on it can be paid."""
    invoice = _in_state(billing, id, "draft")
    invoice["status"] = "open"
    invoice["hosted_invoice_url"] = f"{billing.address}/invoice/{id}"
    billing.await_payment(invoice)
    billing.books.tell("invoice.finalized", invoice)
    return invoice


def take_back(billing: Billing, id: str) -> Json:
    """Nobody can pay it any more."""
    invoice = _in_state(billing, id, "open")
    invoice["status"], invoice["hosted_invoice_url"] = "void", None
    billing.books.tell("invoice.voided", invoice)
    return invoice


def pay(billing: Billing, id: str, asked: Json) -> Json:
    """The customer pays it, on its page or by a card of theirs that is named."""
    invoice = _in_state(billing, id, "open")
    if billing.cards.get(asked.get("payment_method", "")) == DECLINED:
        raise Declined(402, "card_declined", "Your card was declined.")
    billing.take(invoice)
    if invoice["parent"] is not None:
        billing.become(invoice, "active")
    return invoice


def _in_state(billing: Billing, id: str, status: str) -> Json:
    invoice = billing.get("invoice", id)
    if invoice["status"] != status:
        raise Declined(400, None, f"Invoice {id} is {invoice['status']}.")
    return invoice
