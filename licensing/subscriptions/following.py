"""What the provider rings about subscriptions: the object it names is looked at anew.

A payment becomes a receipt under the charge's id, a refund or a dispute's taking a receipt below
zero under theirs, a dispute that was won one that gives its taking back; so repeats, reordering and
late arrival end in the same books. Invariants: only our own subscribers' money is written down, and
no call is made inside a transaction.
"""

from datetime import datetime

from django.db import transaction

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.winning import win_back
from licensing.money import minor_micros
from licensing.receipts.models import Receipt
from licensing.receipts.operations import record_receipt
from licensing.receipts.queries import terms_at
from licensing.receipts.rules import ReceiptRefused
from licensing.stripe_gateway import (
    Event,
    Gateway,
    GivenBack,
    PaymentState,
    SubscriptionState,
)
from licensing.subscriptions.models import Subscriber, Subscription
from licensing.subscriptions.rules import tax_of

ACTOR = ("system", "subscriptions")
_MONEY = ("charge", "refund")
_SAID = (
    *("product", "country", "currency", "price_minor", "status", "until"),
    *("cancels_at_end", "next_attempt_at", "ended_at"),
)


def follow(event: Event, gateway: Gateway, now: datetime) -> bool:
    """Do what an event rings for; False when it is no matter of our subscribers.

    Raises GatewayError where the provider gave no answer, ReceiptRefused for money that cannot
    stand in the books.
    """
    family = event.type.split(".")[0]
    if event.type.startswith("customer.subscription."):
        return follow_subscription(event.object_id, gateway, now) is not None
    if family == "checkout" and event.subscription_id:
        return follow_subscription(event.subscription_id, gateway, now) is not None
    if family == "invoice":
        return _follow_invoice(event, gateway, now)
    if family in _MONEY and event.charge_id:
        return follow_charge(event.charge_id, gateway, now)
    return False


def follow_subscription(
    subscription_id: str, gateway: Gateway, now: datetime
) -> Subscription | None:
    """Write down how a subscription is now; None when it is none of our subscribers'."""
    return write_down(gateway.billing.get_subscription(subscription_id), now)


def follow_charge(charge_id: str, gateway: Gateway, now: datetime) -> bool:
    """Write down a payment and all that went back of it; False when it is none of ours."""
    paid = gateway.billing.get_payment(charge_id)
    if paid is None or not paid.subscription_id:
        return False
    row = follow_subscription(paid.subscription_id, gateway, now)
    if row is None:
        return False
    receipt = _receive(paid, row, now)
    give_back(paid, receipt, now)
    return True


def give_back(paid: PaymentState, receipt: Receipt, now: datetime) -> None:
    """Write down everything that went back of a payment that stands as a receipt."""
    for one in paid.given_back:
        _give_back(one, receipt, now)


@transaction.atomic
def write_down(state: SubscriptionState, now: datetime) -> Subscription | None:
    """Keep how a subscription is; what was seen later stays. None for a customer not ours."""
    who = Subscriber.objects.select_for_update().filter(provider_id=state.customer_id).first()
    if who is None:
        return None
    said = {name: getattr(state, name) for name in _SAID}
    row, is_new = Subscription.objects.get_or_create(
        provider_id=state.id, defaults={**said, "subscriber": who, "seen_at": now}
    )
    if not is_new and row.seen_at <= now:
        for name, value in said.items():
            setattr(row, name, value)
        row.seen_at = now
        row.save()
    return row


def _follow_invoice(event: Event, gateway: Gateway, now: datetime) -> bool:
    if not event.subscription_id:
        return False
    if follow_subscription(event.subscription_id, gateway, now) is None:
        return False
    for charge_id in gateway.billing.list_charges_of(event.object_id):
        follow_charge(charge_id, gateway, now)
    return True


def _receive(paid: PaymentState, row: Subscription, now: datetime) -> Receipt:
    """The receipt of a payment, written once, whatever its terms became since."""
    known = Receipt.objects.filter(key=paid.id).first()
    if known is not None:
        return known
    terms = terms_at(row.product, row.country, paid.covers_from)
    if terms is None:
        raise ReceiptRefused(f"no terms for {row.product} in {row.country}")
    return record_receipt(
        key=paid.id,
        kind="SUBSCRIPTION",
        payer=(row.subscriber.payer_kind, row.subscriber.payer_ref),
        amount_micros=minor_micros(paid.amount_minor, paid.currency),
        currency=paid.currency,
        covers_from=paid.covers_from,
        covers_until=paid.covers_until,
        tax_micros=tax_of(paid.amount_minor, paid.tax_minor, terms.tax_ppm, paid.currency),
        fee_micros=minor_micros(paid.fee_minor, paid.currency),
        product=row.product,
        country=row.country,
        actor=ACTOR,
        now=now,
    )


def _give_back(one: GivenBack, receipt: Receipt, now: datetime) -> None:
    """What left our balance of a payment; and what of a dispute that was won came back."""
    back = refund_receipt(
        key=one.id,
        receipt_id=receipt.pk,
        kind="CHARGEBACK" if one.is_dispute else "REFUND",
        amount_micros=minor_micros(one.amount_minor, receipt.currency),
        actor=ACTOR,
        now=now,
    )
    if one.won_minor:
        win_back(
            key=f"{one.id}:won",
            chargeback_id=back.pk,
            amount_micros=minor_micros(one.won_minor, receipt.currency),
            actor=ACTOR,
            now=now,
        )
