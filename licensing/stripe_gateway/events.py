"""Events that Stripe signed: doorbells that say where to look, and are not believed beyond that.

Invariant: no event without a signature that holds under one of our secrets, and about now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from licensing.stripe_gateway.calling import GatewayError, entry_of

TOLERANCE = timedelta(minutes=5)
"""How far an event's signature may lie in the past or in the future."""


class BadSignature(GatewayError):
    """An event that Stripe did not sign with our secret, or not about now."""


@dataclass(frozen=True, slots=True)
class Event:
    """What an event is about, not what it claims: its references say where to look.

    `entry`: the key of our ledger entry; `charge_id` and `subscription_id`: the payment or the
    subscription that its object is or belongs to. Each "" where there is none.
    """

    id: str
    type: str
    account_id: str
    object_id: str
    entry: str
    at: datetime
    charge_id: str = ""
    subscription_id: str = ""


def read_event(body: bytes, signature: str, *, secrets: Sequence[str], now: datetime) -> Event:
    """The event behind a webhook's raw body, once its signature holds under one of `secrets`.

    The SDK looks back only, so the moment is checked here, to both sides. Raises BadSignature.
    """
    if not any(_is_signed(body, signature, secret) for secret in secrets):
        raise BadSignature("The signature is not Stripe's.")
    signed_at = datetime.fromtimestamp(_signed_at(signature), UTC)
    if abs(now - signed_at) > TOLERANCE:
        raise BadSignature("The signature is not about now.")
    return event_of(body)


def event_of(body: bytes) -> Event:
    """The event in a body whose signature was checked when it came. Raises BadSignature when it is
    no event at all."""
    try:
        event = json.loads(body)
        about = event["data"]["object"]
        return Event(
            id=str(event["id"]),
            type=str(event["type"]),
            account_id=str(event.get("account") or ""),
            object_id=str(about.get("id") or ""),
            entry=entry_of(about.get("metadata")),
            at=datetime.fromtimestamp(event["created"], UTC),
            charge_id=_charge_of(about),
            subscription_id=_subscription_of(about),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSignature("What was signed is no event.") from error


def _charge_of(about: dict[str, Any]) -> str:
    found = about.get("id") if about.get("object") == "charge" else about.get("charge")
    return str(found or "")


def _subscription_of(about: dict[str, Any]) -> str:
    """A Checkout page names its subscription; an invoice names the one it is for as its parent."""
    details = (about.get("parent") or {}).get("subscription_details") or {}
    return str(about.get("subscription") or details.get("subscription") or "")


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return bool(secret)


def _signed_at(signature: str) -> int:
    parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
    return int(parts["t"])
