"""What the gateway promises of Stripe Billing, on the stand-in and, with STRIPE_TEST_KEY, on
Stripe's test mode."""

from datetime import UTC, datetime, timedelta

import pytest

from licensing.stripe_gateway import Refused
from tests.provider import fresh_key

TERMS = {"product": "listening", "country": "DE"}
BACK = "https://example.org/back"


def test_a_customer_is_led_to_a_page_that_can_be_closed_once(platform):
    billing = platform.gateway.billing
    key = fresh_key()
    customer = billing.open_customer(payer="user:anna", key=key)
    assert billing.open_customer(payer="user:anna", key=key) == customer
    page = billing.open_checkout(
        customer_id=customer,
        name="A month",
        price=(999, "EUR"),
        terms=TERMS,
        back=BACK,
        key=fresh_key(),
    )
    assert page.url.startswith("http")
    assert page.until > datetime.now(UTC) + timedelta(minutes=25)
    billing.close_checkout(page.id)
    with pytest.raises(Refused):
        billing.close_checkout(page.id)


def test_a_subscription_tells_its_price_and_end_and_what_was_paid_for_it(platform):
    customer = platform.gateway.billing.open_customer(payer="user:anna", key=fresh_key())
    id, invoice = platform.subscribe(customer, 999, TERMS)
    billing = platform.gateway.billing
    seen = billing.get_subscription(id)
    assert (seen.customer_id, seen.status, seen.price_minor) == (customer, "active", 999)
    assert (seen.currency, seen.product, seen.country) == ("EUR", "listening", "DE")
    assert timedelta(days=27) < seen.until - datetime.now(UTC) < timedelta(days=32)
    (charge,) = billing.list_charges_of(invoice)
    paid = billing.get_payment(charge)
    assert (paid.subscription_id, paid.customer_id) == (id, customer)
    assert (paid.amount_minor, paid.currency, paid.tax_minor) == (999, "EUR", None)
    assert 0 < paid.fee_minor < 999
    assert paid.covers_until == seen.until
    assert paid.given_back == ()


def test_an_ending_is_set_and_taken_back(platform):
    customer = platform.gateway.billing.open_customer(payer="user:anna", key=fresh_key())
    id, _ = platform.subscribe(customer, 999, TERMS)
    billing = platform.gateway.billing
    assert billing.set_cancel_at_end(id, cancels=True).cancels_at_end
    assert billing.set_cancel_at_end(id, cancels=True).cancels_at_end
    assert not billing.set_cancel_at_end(id, cancels=False).cancels_at_end


def test_what_is_refunded_stands_at_its_payment(platform):
    customer = platform.gateway.billing.open_customer(payer="user:anna", key=fresh_key())
    _, invoice = platform.subscribe(customer, 999, TERMS)
    billing = platform.gateway.billing
    (charge,) = billing.list_charges_of(invoice)
    platform.refund(charge, 400)
    (back,) = billing.get_payment(charge).given_back
    assert (back.amount_minor, back.is_dispute, back.won_minor) == (400, False, 0)
    assert back.id.startswith("re_")


def test_a_link_to_the_portal_is_one(platform):
    customer = platform.gateway.billing.open_customer(payer="user:anna", key=fresh_key())
    assert platform.gateway.billing.open_portal(customer, back=BACK).startswith("http")
