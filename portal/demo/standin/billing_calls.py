"""Where the stand-in's subscriptions are reached over HTTP, in the manner of calls.py."""

from collections.abc import Callable

from portal.demo.standin import cards, clocks, invoices
from portal.demo.standin.billing import Billing
from portal.demo.standin.shapes import Json, page

Deed = Callable[..., Json]


def _payments(billing: Billing, given: Json) -> Json:
    rows = billing.all_of("invoice_payment")
    intent = given.get("payment", {}).get("payment_intent")
    if intent is not None:
        rows = [one for one in rows if one["payment"]["payment_intent"] == intent]
    for name in ("invoice", "status"):
        if name in given:
            rows = [one for one in rows if one[name] == given[name]]
    return page(rows, "/v1/invoice_payments")


def _of(billing: Billing, given: Json, kind: str, of: str) -> Json:
    rows = [one for one in billing.all_of(kind) if one[of] == given[of]]
    return page(rows, f"/v1/{kind}s")


DEEDS: tuple[tuple[str, str, Deed], ...] = (
    ("POST", r"/v1/customers", lambda billing, given: billing.open_customer(given)),
    ("POST", r"/v1/customers/(\w+)", lambda billing, given, id: cards.prefer(billing, id, given)),
    ("POST", r"/v1/prices", cards.open_price),
    (
        "POST",
        r"/v1/payment_methods/(\w+)/attach",
        lambda billing, given, id: cards.attach(billing, id, given),
    ),
    ("POST", r"/v1/payment_intents", cards.pay_by_card),
    ("POST", r"/v1/test_helpers/test_clocks", clocks.open_clock),
    (
        "GET",
        r"/v1/test_helpers/test_clocks/(\w+)",
        lambda billing, given, id: billing.get(clocks.KIND, id),
    ),
    (
        "POST",
        r"/v1/test_helpers/test_clocks/(\w+)/advance",
        lambda billing, given, id: clocks.advance(billing, id, given),
    ),
    (
        "DELETE",
        r"/v1/test_helpers/test_clocks/(\w+)",
        lambda billing, given, id: clocks.delete(billing, id),
    ),
    ("POST", r"/v1/subscriptions", cards.subscribe),
    ("POST", r"/v1/checkout/sessions", lambda billing, given: billing.open_checkout(given)),
    (
        "GET",
        r"/v1/checkout/sessions/(\w+)",
        lambda billing, given, id: billing.get("checkout.session", id),
    ),
    (
        "POST",
        r"/v1/checkout/sessions/(\w+)/expire",
        lambda billing, given, id: billing.expire_checkout(id),
    ),
    ("POST", r"/v1/billing_portal/sessions", lambda billing, given: billing.open_portal(given)),
    (
        "GET",
        r"/v1/subscriptions/(\w+)",
        lambda billing, given, id: billing.get("subscription", id),
    ),
    (
        "POST",
        r"/v1/subscriptions/(\w+)",
        lambda billing, given, id: billing.change_subscription(id, given),
    ),
    ("POST", r"/v1/invoices", invoices.open_invoice),
    ("GET", r"/v1/invoices/(\w+)", lambda billing, given, id: billing.get("invoice", id)),
    (
        "POST",
        r"/v1/invoices/(\w+)/pay",
        lambda billing, given, id: invoices.pay(billing, id, given),
    ),
    ("POST", r"/v1/invoiceitems", invoices.add_item),
    (
        "POST",
        r"/v1/invoices/(\w+)/finalize",
        lambda billing, given, id: invoices.finalize(billing, id),
    ),
    (
        "POST",
        r"/v1/invoices/(\w+)/void",
        lambda billing, given, id: invoices.take_back(billing, id),
    ),
    ("GET", r"/v1/charges", lambda billing, given: _of(billing, given, "charge", "customer")),
    ("GET", r"/v1/charges/(\w+)", lambda billing, given, id: billing.get("charge", id)),
    ("GET", r"/v1/invoice_payments", _payments),
    ("GET", r"/v1/refunds", lambda billing, given: _of(billing, given, "refund", "charge")),
    (
        "POST",
        r"/v1/refunds",
        lambda billing, given: billing.refund(given["charge"], given.get("amount")),
    ),
    ("GET", r"/v1/disputes", lambda billing, given: _of(billing, given, "dispute", "charge")),
    ("GET", r"/v1/disputes/(\w+)", lambda billing, given, id: billing.get("dispute", id)),
    (
        "POST",
        r"/v1/disputes/(\w+)",
        lambda billing, given, id: cards.give_evidence(billing, id, given),
    ),
)
