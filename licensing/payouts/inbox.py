"""What the provider rings about: each event kept once, as it came, and acted on afterwards.

An event is a doorbell. What it claims is not believed; the object it names is looked at anew, so
repeats, reordering and late arrival end in the same state. Invariant: an event is handled in the
end or stays in the list of those that are not.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from licensing.invoicing import sending as invoicing
from licensing.invoicing.rules import InvoiceRefused
from licensing.ledger.rules import LedgerError
from licensing.payouts.accounts import refresh_payee_account
from licensing.payouts.house import follow_house_payout
from licensing.payouts.models import HandledEvent, Payout, ProviderEvent
from licensing.payouts.queries import list_under_way, list_unhandled
from licensing.payouts.sending import advance_payout
from licensing.receipts.rules import ReceiptRefused
from licensing.stripe_gateway import Event, Gateway, GatewayError, Refused, event_of
from licensing.subscriptions import following as subscriptions

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=400)
APPLIED, IGNORED = "APPLIED", "IGNORED"
_AT_ONCE = 500


def take_event(*, event: Event, body: bytes, now: datetime) -> bool:
    """Keep an event whose signature was checked; False when it was here before."""
    row = ProviderEvent(
        id=event.id,
        type=event.type[:100],
        account_id=event.account_id[:100],
        told_at=event.at,
        received_at=now,
        body=body,
    )
    with transaction.atomic():
        known = ProviderEvent.objects.filter(pk=event.id).exists()
        ProviderEvent.objects.bulk_create([row], ignore_conflicts=True)
    return not known


def handle_event(*, event_id: str, gateway: Gateway, now: datetime) -> str:
    """Do what an event rings for; APPLIED, or IGNORED for what is no matter of ours.

    Raises GatewayError where the provider gave no answer, ReceiptRefused or InvoiceRefused for
    money that cannot stand in the books; the event then stays unhandled.
    """
    row = ProviderEvent.objects.get(pk=event_id)
    outcome = APPLIED if _apply(event_of(bytes(row.body)), gateway, now) else IGNORED
    HandledEvent.objects.bulk_create(
        [HandledEvent(event=row, at=now, outcome=outcome)], ignore_conflicts=True
    )
    return outcome


def sweep_payouts(*, gateway: Gateway, now: datetime) -> int:
    """Handle every event that waits, and bring on every payout whose time it is; how many failed.

    What one of them meets does not keep the others waiting.
    """
    events = list_unhandled().values_list("pk", flat=True)[:_AT_ONCE]
    deeds: list[Callable[[], object]] = [
        partial(handle_event, event_id=pk, gateway=gateway, now=now) for pk in events
    ]
    troubles = sum(not _try(deed) for deed in deeds)
    for payout_id in list_under_way(now):
        deed = partial(advance_payout, payout_id=payout_id, gateway=gateway, now=now)
        troubles += not _try(deed)
    return troubles


def forget_old_events(*, now: datetime) -> int:
    """Remove events of more than 400 days ago; the provider repeats none of them any more."""
    old = ProviderEvent.objects.filter(received_at__lt=now - KEPT_FOR)
    return old.delete()[0]


def _apply(event: Event, gateway: Gateway, now: datetime) -> bool:
    family = event.type.split(".")[0]
    if family == "account":
        provider_id = event.account_id or event.object_id
        return refresh_payee_account(provider_id=provider_id, gateway=gateway, now=now)
    if family == "payout" and not event.account_id:
        return follow_house_payout(payout_id=event.object_id, gateway=gateway, now=now)
    if family not in ("payout", "transfer"):
        return not event.account_id and _follow(event, gateway, now)
    if not event.entry:
        return False
    payout = Payout.objects.filter(entry__key=event.entry).first()
    if payout is None:
        return False
    advance_payout(payout_id=payout.pk, gateway=gateway, now=now)
    return True


def _follow(event: Event, gateway: Gateway, now: datetime) -> bool:
    """What a payer did: news of subscriptions and invoices. What is gone there is no matter."""
    try:
        follows = (subscriptions.follow, invoicing.follow)
        return any(follow(event, gateway, now) for follow in follows)
    except Refused as error:
        if error.code != "resource_missing":
            raise
        return False


def _try(deed: Callable[[], object]) -> bool:
    try:
        deed()
    except (GatewayError, InvoiceRefused, LedgerError, ReceiptRefused) as error:
        log.warning("what the provider rang about waits: %s", error)
        return False
    return True
