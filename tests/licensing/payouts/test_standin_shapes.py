"""The stand-in's objects against the installed SDK: nothing that it requires is missing, nothing
is there that it does not know."""

import types
import typing

import pytest
import stripe

from portal.demo.standin import cards, clocks, shapes
from portal.demo.standin.billing import Billing
from portal.demo.standin.books import Books

BILLING = {
    "billing_portal.session": stripe.billing_portal.Session,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "plan": stripe.Plan,
    "price": stripe.Price,
    "refund": stripe.Refund,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "test_helpers.test_clock": stripe.test_helpers.TestClock,
}
SDK = BILLING | {
    "account": stripe.Account,
    "account_link": stripe.AccountLink,
    "balance": stripe.Balance,
    "balance_transaction": stripe.BalanceTransaction,
    "event": stripe.Event,
    "payout": stripe.Payout,
    "transfer": stripe.Transfer,
    "transfer_reversal": stripe.TransferReversal,
}
PLAIN = {int: int, str: str, bool: bool}


def _everything() -> dict[str, list[dict]]:
    """One of each object, in the states it goes through."""
    books = Books(lambda: 1_795_176_000)
    new = books.open_account({"metadata": {"payee": "party:ana"}})
    ready = books.answer_questions(books.open_account({})["id"])
    books.fund(10_000)
    books.charge(500, 30)
    asked = {"amount": 900, "currency": "eur", "destination": ready["id"], "transfer_group": "g"}
    transfer = books.send_transfer(asked)
    payout = books.send_payout(ready["id"], {"amount": 400, "currency": "eur"})
    books.bounce(ready["id"], payout["id"])
    back = books.reverse_transfer(transfer["id"], {})
    return _of_billing(books) | {
        "account": [new, ready],
        "account_link": [shapes.account_link("http://a", 1)],
        "balance": [books.balance(""), books.balance(ready["id"])],
        "balance_transaction": books.lines[""] + books.lines[ready["id"]],
        "event": books.events,
        "payout": [payout, books.events[2]["data"]["object"]],
        "transfer": [transfer],
        "transfer_reversal": [back],
    }


def _of_billing(books: Books) -> dict[str, list[dict]]:
    """A subscription paid, refunded and disputed, and one whose card is declined."""
    billing = Billing(books)
    customer = billing.open_customer({})["id"]
    price = {"currency": "eur", "unit_amount": "999"}
    asked = {"customer": customer, "line_items": {"0": {"price_data": price}}, "success_url": "a"}
    billing.open_checkout(asked)
    billing.pay_checkout(billing.open_checkout(asked)["id"])
    billing.open_portal({"customer": customer, "return_url": "http://a"})
    charge = billing.all_of("charge")[0]["id"]
    billing.refund(charge, 100)
    billing.subscribe(customer, (999, "eur"), {})
    billing.win(billing.dispute(billing.all_of("charge")[0]["id"])["id"])
    billing.subscribe(customer, (999, "eur"), {}, "declined")
    _by_api_alone(billing)
    found = {name: billing.all_of(name) for name in BILLING}
    for subscription in found["subscription"]:
        found["subscription_item"] += subscription["items"]["data"]
    for item in found["subscription_item"]:
        found["price"].append(item["price"])
        found["plan"].append(item["plan"])
    for invoice in found["invoice"]:
        found["line_item"] += invoice["lines"]["data"]
    return found


def _by_api_alone(billing: Billing) -> None:
    """Cards by name, a price, a payment without an invoice, and a customer by a clock's time."""
    clock = clocks.open_clock(billing, {"frozen_time": "1795176000"})
    customer = billing.open_customer({"test_clock": clock["id"]})["id"]
    card = cards.attach(billing, "pm_card_createDispute", {"customer": customer})
    price = cards.open_price(billing, {"unit_amount": "999", "currency": "eur"})
    subscribed = {"items": {"0": {"price": price["id"]}}, "default_payment_method": card["id"]}
    cards.subscribe(billing, {"customer": customer, **subscribed})
    paid = {"amount": 700, "currency": "eur", "payment_method": cards.AT_ONCE, "confirm": "true"}
    cards.pay_by_card(billing, paid)


@pytest.fixture(scope="module")
def objects():
    return _everything()


def _fields(of: type) -> dict[str, object]:
    return {field: kind for field, kind in of.__annotations__.items() if field != "OBJECT_NAME"}


def _is_optional(kind: object) -> bool:
    return type(None) in typing.get_args(kind)


@pytest.mark.parametrize("name", SDK)
def test_no_field_is_missing_or_unknown_to_the_sdk(objects, name):
    known = _fields(SDK[name])
    required = {field for field, kind in known.items() if not _is_optional(kind)}
    assert objects[name]
    for one in objects[name]:
        assert set(one) - set(known) == set()
        assert required - set(one) == set()


@pytest.mark.parametrize("name", SDK)
def test_plain_fields_have_the_sdks_types(objects, name):
    checked = 0
    for one in objects[name]:
        for field, kind in _fields(SDK[name]).items():
            if kind in PLAIN and field in one:
                assert type(one[field]) is PLAIN[kind], (name, field)
                checked += 1
            if typing.get_origin(kind) is typing.Literal:
                assert one[field] in typing.get_args(kind), (name, field)
    assert checked > 0


def test_kinds_of_balance_transactions_and_events_are_ones_the_sdk_names(objects):
    def named(of: type, field: str) -> set[str]:
        kind = of.__annotations__[field]
        parts = typing.get_args(kind) if not isinstance(kind, types.UnionType) else kind.__args__
        literals = [one for one in (kind, *parts) if typing.get_origin(one) is typing.Literal]
        return {word for one in literals for word in typing.get_args(one)}

    lines = {one["type"] for one in objects["balance_transaction"]}
    assert lines >= {"transfer", "transfer_refund", "payout", "payout_failure", "topup", "charge"}
    assert lines <= named(stripe.BalanceTransaction, "type")
    told = {one["type"] for one in objects["event"]}
    assert told >= {"account.updated", "transfer.reversed", "payout.failed"}
    assert told >= {"invoice.paid", "invoice.payment_failed", "charge.dispute.created"}
    assert told <= named(stripe.Event, "type")


def test_what_an_account_owes_has_every_field_of_the_sdks_requirements(objects):
    known = stripe.Account.Requirements.__annotations__
    for one in objects["account"]:
        assert set(one["requirements"]) == set(known)


@pytest.mark.parametrize("name", BILLING)
def test_what_billing_objects_hold_within_is_whole_too(objects, name):
    for one in objects[name]:
        for field, kind in _fields(BILLING[name]).items():
            inner = [of for of in (kind, *typing.get_args(kind)) if isinstance(of, type)]
            inner = [of for of in inner if "__annotations__" in vars(of)]
            if inner and isinstance(one.get(field), dict) and "data" not in one[field]:
                known = _fields(inner[0])
                required = {name for name, of in known.items() if not _is_optional(of)}
                assert required - set(one[field]) == set(), (name, field)
