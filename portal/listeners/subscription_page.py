"""A listener's subscription in one clear sentence; values only.

It refuses to know rows and requests. Invariant: every state of a subscription has its sentence, and
what happens next, with its day and price, stands in it.
"""

from dataclasses import dataclass
from datetime import datetime

from licensing.money import amount_text, minor_micros
from licensing.subscriptions.queries import SubscriptionView
from licensing.subscriptions.rules import FAILED, is_running

PREVIEWS = "you hear the first 30 seconds of everything"


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """What the page says and which keys it has."""

    sentence: str
    price: str
    may_subscribe: bool
    may_end: bool
    may_go_on: bool
    needs_card: bool
    has_card: bool
    ends_on: str


def subscription_page(
    one: SubscriptionView | None, offer: tuple[int, str] | None, *, is_covered: bool
) -> SubscriptionPage:
    """The page. offer: what a month costs (minor units, currency), None where nothing is sold.

    `is_covered`: whether something paid covers this moment.
    """
    runs = one is not None and is_running(one.status)
    failed = one is not None and one.status in FAILED
    ends = one is not None and one.cancels_at_end
    return SubscriptionPage(
        sentence=_sentence(one if runs else None, is_covered),
        price=price_words(*offer) if offer else "",
        may_subscribe=not runs and offer is not None,
        may_end=runs and not ends,
        may_go_on=runs and ends,
        needs_card=runs and failed,
        has_card=one is not None,
        ends_on=day_words(one.until) if one else "",
    )


def _sentence(one: SubscriptionView | None, is_covered: bool) -> str:
    if one is None:
        return (
            "You have no subscription; what was paid for still runs, and then you hear the first "
            "30 seconds of everything."
            if is_covered
            else f"You have no subscription: {PREVIEWS}."
        )
    price = price_words(one.price_minor, one.currency)
    if one.status in FAILED:
        return _failed(one, price, is_covered)
    if one.cancels_at_end:
        return f"You are subscribed until {day_words(one.until)}; nothing is charged after that."
    return f"You are subscribed; on {day_words(one.until)} the next month is charged, {price}."


def _failed(one: SubscriptionView, price: str, is_covered: bool) -> str:
    meanwhile = "you listen as before" if is_covered else PREVIEWS
    if one.next_attempt_at is None:
        return (
            f"Your payment of {price} failed and is not tried again by itself: put in another "
            f"card; until then {meanwhile}."
        )
    return (
        f"Your payment of {price} failed; it is tried again on {day_words(one.next_attempt_at)}, "
        f"or as soon as you put in another card, and until it succeeds {meanwhile}."
    )


def price_words(minor: int, currency: str) -> str:
    """9.99 EUR."""
    return f"{amount_text(minor_micros(minor, currency))[:-4]} {currency}"


def day_words(at: datetime) -> str:
    """29 December 2026, in UTC, as the books count days."""
    return f"{at.day} {at:%B %Y}"
