"""Reading subscriptions: what one costs, and how a payer's stands."""

from dataclasses import dataclass
from datetime import datetime

from licensing.receipts.queries import own_terms_at
from licensing.subscriptions.models import Offer, Subscription
from licensing.subscriptions.rules import is_running


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A payer's subscription; `until` ends the period it is in, price in minor units with tax."""

    provider_id: str
    status: str
    price_minor: int
    currency: str
    until: datetime
    cancels_at_end: bool
    next_attempt_at: datetime | None
    ended_at: datetime | None


def offer_at(product: str, country: str, at: datetime) -> Offer | None:
    """What a product costs in a country at a moment; the price of all others where it has none."""
    rows = Offer.objects.filter(product=product, country__in=[country, ""], effective_from__lte=at)
    return rows.order_by("-country", "-effective_from").first()


def sold_at(product: str, country: str, at: datetime) -> Offer | None:
    """What is sold to somebody in a country: its offer, where terms of its own say its tax.

    Without them nobody knows what of the price is tax, so nothing is sold there.
    """
    if not country or own_terms_at(product, country, at) is None:
        return None
    return offer_at(product, country, at)


def subscription_of(payer: tuple[str, str]) -> SubscriptionView | None:
    """The payer's subscription that runs, or the one that ended last; None without any."""
    rows = Subscription.objects.filter(
        subscriber__payer_kind=payer[0], subscriber__payer_ref=str(payer[1])
    )
    ordered = sorted(rows, key=lambda row: (is_running(row.status), row.until), reverse=True)
    return _view(ordered[0]) if ordered else None


def _view(row: Subscription) -> SubscriptionView:
    return SubscriptionView(
        provider_id=row.provider_id,
        status=row.status,
        price_minor=row.price_minor,
        currency=row.currency,
        until=row.until,
        cancels_at_end=row.cancels_at_end,
        next_attempt_at=row.next_attempt_at,
        ended_at=row.ended_at,
    )
