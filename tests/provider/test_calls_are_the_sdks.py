"""What is sent, held to the installed SDK's typed parameters: no field that it does not know.

The stand-in takes fields that it does not read, and so would hide one that Stripe refuses. Every
call of a life at the provider, the gateway's and the scenarios', is held against the parameters
that the SDK has for it, at every depth.
"""

import re
import typing
from datetime import timedelta

import pytest
from stripe import params
from stripe.params import billing_portal, checkout, test_helpers

from portal.demo.standin.server import StandIn
from tests.provider import DISPUTED, fresh_key
from tests.provider.at_stripe import AtStripe

TERMS = {"product": "listening", "country": "DE"}
BACK = "https://example.org/back"
ELSEWHERE = {"StripeContext": object, "Mapping": typing.Mapping}
"""Names that the SDK's options use and import only for type checkers."""
GET, POST, DELETE = "GET", "POST", "DELETE"
KNOWN = {
    (POST, "accounts"): params.AccountCreateParams,
    (GET, "accounts/ID"): params.AccountRetrieveParams,
    (POST, "account_links"): params.AccountLinkCreateParams,
    (GET, "balance"): params.BalanceRetrieveParams,
    (GET, "balance_transactions"): params.BalanceTransactionListParams,
    (POST, "transfers"): params.TransferCreateParams,
    (GET, "transfers"): params.TransferListParams,
    (GET, "transfers/ID"): params.TransferRetrieveParams,
    (POST, "transfers/ID/reversals"): params.TransferReversalCreateParams,
    (POST, "payouts"): params.PayoutCreateParams,
    (GET, "payouts"): params.PayoutListParams,
    (GET, "payouts/ID"): params.PayoutRetrieveParams,
    (POST, "customers"): params.CustomerCreateParams,
    (POST, "checkout/sessions"): checkout.SessionCreateParams,
    (POST, "checkout/sessions/ID/expire"): checkout.SessionExpireParams,
    (GET, "checkout/sessions/ID"): checkout.SessionRetrieveParams,
    (POST, "billing_portal/sessions"): billing_portal.SessionCreateParams,
    (POST, "prices"): params.PriceCreateParams,
    (POST, "payment_methods/ID/attach"): params.PaymentMethodAttachParams,
    (POST, "payment_intents"): params.PaymentIntentCreateParams,
    (POST, "subscriptions"): params.SubscriptionCreateParams,
    (POST, "subscriptions/ID"): params.SubscriptionModifyParams,
    (GET, "subscriptions/ID"): params.SubscriptionRetrieveParams,
    (POST, "invoices"): params.InvoiceCreateParams,
    (GET, "invoices/ID"): params.InvoiceRetrieveParams,
    (POST, "invoices/ID/finalize"): params.InvoiceFinalizeInvoiceParams,
    (POST, "invoices/ID/pay"): params.InvoicePayParams,
    (POST, "invoices/ID/void"): params.InvoiceVoidInvoiceParams,
    (POST, "invoiceitems"): params.InvoiceItemCreateParams,
    (GET, "invoice_payments"): params.InvoicePaymentListParams,
    (GET, "charges"): params.ChargeListParams,
    (GET, "charges/ID"): params.ChargeRetrieveParams,
    (POST, "refunds"): params.RefundCreateParams,
    (GET, "refunds"): params.RefundListParams,
    (GET, "disputes"): params.DisputeListParams,
    (GET, "disputes/ID"): params.DisputeRetrieveParams,
    (POST, "disputes/ID"): params.DisputeUpdateParams,
    (GET, "events"): params.EventListParams,
    (POST, "test_helpers/test_clocks"): test_helpers.TestClockCreateParams,
    (GET, "test_helpers/test_clocks/ID"): test_helpers.TestClockRetrieveParams,
    (POST, "test_helpers/test_clocks/ID/advance"): test_helpers.TestClockAdvanceParams,
    (DELETE, "test_helpers/test_clocks/ID"): test_helpers.TestClockDeleteParams,
}


def _payees(there, standin):
    account = there.ready_account()
    there.gateway.onboarding_link(account, back=BACK, again=BACK)
    there.fund(900)
    there.available()
    given = {"account_id": account, "amount_minor": 900, "currency": "EUR", "entry": "one"}
    made = there.gateway.send_transfer(**given, key=fresh_key())
    sent = there.gateway.send_bank_payout(**given, key=fresh_key())
    standin.books.bounce(account, sent.id)
    there.the_bank_acts(account, sent.id)
    since = there.began
    there.gateway.find_bank_payout("one", account_id=account, since=since)
    there.gateway.return_transfer(made.id, entry="one", key=fresh_key())
    there.gateway.find_transfer("one")
    there.gateway.get_transfer(made.id)
    there.gateway.get_account(account)
    there.wait_for("payout.failed", sent.id)


def _listeners(there):
    billing, customer = there.gateway.billing, there.open_customer()
    priced = {"name": "A month", "price": (999, "EUR"), "terms": TERMS, "back": BACK}
    page = billing.open_checkout(customer_id=customer, key=fresh_key(), **priced)
    billing.close_checkout(page.id)
    there.state_of("checkout.session", page.id)
    billing.open_portal(customer, back=BACK)
    subscription, invoice = there.subscribe(customer, 999, TERMS)
    (charge,) = billing.list_charges_of(invoice)
    there.refund(charge, 400)
    there.put_card(subscription, DISPUTED)
    there.wait_until(there.began + timedelta(days=32))
    there.win(there.dispute(there.charges_of(customer)[-1]))
    billing.set_cancel_at_end(subscription, cancels=True)
    billing.get_payment(charge)


def _partners(there):
    customer = there.gateway.billing.open_customer(payer="client:a", key=fresh_key())
    for key in ("paid", "void"):
        sent = there.gateway.invoices.send_invoice(
            customer_id=customer, number="1", owed=(11_900, "EUR"), due_days=30, key=key
        )
        if key == "paid":
            there.pay_invoice(sent.id)
        else:
            there.gateway.invoices.take_back(sent.id, key=fresh_key())


@pytest.fixture(scope="module")
def calls():
    with StandIn() as standin:
        id = standin.books.answer_questions(standin.books.open_account({})["id"])["id"]
        there = AtStripe("sk_test_rehearsal", api_base=standin.address, accounts=(id, ""))
        there.unready_account()
        _payees(there, standin)
        _listeners(there)
        _partners(there)
        list(there.lines())
        there.close()
        return list(standin.board.made)


def _place(call):
    """An address with ID where an object is named."""
    return call.method, re.sub(
        r"/\w+_\w+standin\w*|/\w+_standin\w*|/pm_card_\w+", "/ID", call.path[4:]
    )


def test_every_kind_of_call_that_there_is_was_made(calls):
    assert {_place(call) for call in calls} == set(KNOWN)


@pytest.mark.parametrize("place", KNOWN, ids=" ".join)
def test_no_field_is_sent_that_the_sdk_does_not_know(calls, place):
    sent = [call.given for call in calls if _place(call) == place]
    assert sent
    for given in sent:
        assert list(_unknown(given, KNOWN[place], "")) == []


def test_a_field_that_the_sdk_does_not_know_is_found_at_every_depth():
    given = {"line_items": {"0": {"price_data": {"recurring": {"month": "1"}}}}, "customer": "a"}
    found = _unknown(given | {"who": "b"}, checkout.SessionCreateParams, "")
    assert set(found) == {".line_items.price_data.recurring.month", ".who"}


def _unknown(given, kind, path):
    """Every field, by its path, that a typed mapping does not have; free ones have all."""
    if not isinstance(given, dict):
        return
    mappings = [one for one in _parts(kind) if hasattr(one, "__required_keys__")]
    lists = [one for one in _parts(kind) if typing.get_origin(one) is list]
    if set(given) and all(name.isdecimal() for name in given) and lists:
        for one in given.values():
            yield from _unknown(one, typing.get_args(lists[0])[0], path)
        return
    if not mappings:
        return
    fields: dict = {}
    for one in mappings:
        fields |= typing.get_type_hints(one, localns=ELSEWHERE)
    for name, value in given.items():
        if name not in fields:
            yield f"{path}.{name}"
        else:
            yield from _unknown(value, fields[name], f"{path}.{name}")


def _parts(kind):
    """What a kind may be: itself, or each member of a union."""
    if typing.get_origin(kind) is typing.Union:
        return [part for one in typing.get_args(kind) for part in _parts(one)]
    return [kind]
