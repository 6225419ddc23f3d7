"""Where the stand-in's subscriptions are reached over HTTP, in the manner of calls.py."""

from collections.abc import Callable

from portal.demo.standin import invoices
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


def _of_charge(billing: Billing, given: Json, kind: str) -> Json:
    rows = [one for one in billing.all_of(kind) if one["charge"] == given["charge"]]
    return page(rows, f"/v1/{kind}s")


DEEDS: tuple[tuple[str, str, Deed], ...] = (
    ("POST", r"/v1/customers", lambda billing, given: billing.open_customer(given)),
    ("POST", r"/v1/checkout/sessions", lambda billing, given: billing.open_checkout(given)),
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
    ("GET", r"/v1/charges/(\w+)", lambda billing, given, id: billing.get("charge", id)),
    ("GET", r"/v1/invoice_payments", _payments),
    ("GET", r"/v1/refunds", lambda billing, given: _of_charge(billing, given, "refund")),
    ("GET", r"/v1/disputes", lambda billing, given: _of_charge(billing, given, "dispute")),
)
