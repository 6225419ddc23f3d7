"""Subscribing: offer a price, lead to the provider's page, end with the period, go on after all.

What a subscriber does at the provider comes back through `following`. Invariants: a payer has one
customer and one page to pay on at a time, and none while a subscription runs; no call to the
provider is made inside a transaction.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from licensing.audit.operations import record_fact
from licensing.money import check_currency
from licensing.receipts.operations import LISTENING
from licensing.stripe_gateway import Gateway, Refused, Session
from licensing.subscriptions.following import write_down
from licensing.subscriptions.models import Offer, Subscriber, Subscription
from licensing.subscriptions.queries import sold_at, subscription_of
from licensing.subscriptions.rules import SubscribingRefused, is_running

Payer = tuple[str, str]


@transaction.atomic
def set_offer(
    *,
    country: str,
    currency: str,
    price_minor: int,
    effective_from: datetime,
    actor: tuple[str, str],
    now: datetime,
    product: str = LISTENING,
) -> Offer:
    """Sell a month at a price (with tax) from a moment on; who subscribed keeps theirs."""
    offer = Offer.objects.create(
        product=product,
        country=country,
        currency=check_currency(currency),
        price_minor=price_minor,
        effective_from=effective_from,
    )
    record_fact(
        actor=actor,
        verb="set_offer",
        object_kind="product",
        object_ref=product,
        after={"country": country, "price_minor": price_minor, "currency": currency},
        at=now,
    )
    return offer


def begin_subscribing(
    *,
    payer: Payer,
    country: str,
    name: str,
    back: str,
    gateway: Gateway,
    now: datetime,
    product: str = LISTENING,
) -> str:
    """The address of the provider's page where this payer subscribes; the same one while it waits.

    Raises SubscribingRefused: subscribed, no_offer where nothing is sold or no terms say
    what the country's tax is; GatewayError.
    """
    current = subscription_of(payer)
    if current is not None and is_running(current.status):
        raise SubscribingRefused("subscribed", "You are subscribed already.")
    offer = sold_at(product, country, now)
    if offer is None:
        raise SubscribingRefused("no_offer", "Nothing is sold in this country yet.")
    who = open_subscriber(payer=payer, gateway=gateway, now=now)
    if who.checkout_until is not None and who.checkout_until > now:
        if who.checkout_country == country:
            return who.checkout_url
        _close(who, gateway)
    page = gateway.billing.open_checkout(
        customer_id=who.provider_id,
        name=name,
        price=(offer.price_minor, offer.currency),
        terms={"product": product, "country": country},
        back=back,
        key=f"checkout:{who.pk}:{who.checkouts}:{country}:{offer.pk}",
    )
    return _keep_page(who, page, country)


def open_portal(*, payer: Payer, back: str, gateway: Gateway) -> str:
    """The address where a payer changes the card. Raises SubscribingRefused("nobody")."""
    who = Subscriber.objects.filter(payer_kind=payer[0], payer_ref=payer[1]).first()
    if who is None:
        raise SubscribingRefused("nobody", "You never subscribed.")
    return gateway.billing.open_portal(who.provider_id, back=back)


def end_with_period(*, payer: Payer, gateway: Gateway, now: datetime) -> Subscription:
    """Charge nothing after the period that runs. Raises SubscribingRefused("not_subscribed")."""
    return _set_end(payer, True, gateway, now)


def go_on(*, payer: Payer, gateway: Gateway, now: datetime) -> Subscription:
    """Renew after all, while the period still runs. Raises SubscribingRefused("not_subscribed")."""
    return _set_end(payer, False, gateway, now)


def _set_end(payer: Payer, cancels: bool, gateway: Gateway, now: datetime) -> Subscription:
    current = subscription_of(payer)
    if current is None or not is_running(current.status):
        raise SubscribingRefused("not_subscribed", "There is no subscription that runs.")
    state = gateway.billing.set_cancel_at_end(current.provider_id, cancels=cancels)
    row = write_down(state, now)
    if row is None:
        raise SubscribingRefused("not_subscribed", "There is no subscription that runs.")
    record_fact(
        actor=payer,
        verb="end_with_period" if cancels else "go_on",
        object_kind="subscription",
        object_ref=row.pk,
        after={"until": row.until.isoformat()},
        at=now,
    )
    return row


def open_subscriber(*, payer: Payer, gateway: Gateway, now: datetime) -> Subscriber:
    """The payer as the provider's customer; asked twice at once it is one, because the key is one.

    Raises GatewayError.
    """
    known = Subscriber.objects.filter(payer_kind=payer[0], payer_ref=payer[1]).first()
    if known is not None:
        return known
    name = ":".join(payer)
    provider_id = gateway.billing.open_customer(payer=name, key=f"customer:{name}")
    with transaction.atomic():
        row, _ = Subscriber.objects.get_or_create(
            payer_kind=payer[0],
            payer_ref=payer[1],
            defaults={"provider_id": provider_id, "opened_at": now},
        )
    return row


def _close(who: Subscriber, gateway: Gateway) -> None:
    try:
        gateway.billing.close_checkout(who.checkout_id)
    except Refused as error:
        raise SubscribingRefused("paying", "Your payment is under way; wait a minute.") from error


def _keep_page(who: Subscriber, page: Session, country: str) -> str:
    rows = Subscriber.objects.filter(pk=who.pk, checkouts=who.checkouts)
    rows.update(
        checkouts=F("checkouts") + 1,
        checkout_id=page.id,
        checkout_url=page.url,
        checkout_until=page.until,
        checkout_country=country,
    )
    return page.url
