"""What the provider rings about: each event kept once, as it came, and acted on afterwards.

An event is a doorbell. What it claims is not believed; the object it names is looked at anew, so
repeats, reordering and late arrival end in the same state. Invariants: an event is handled in the
end or stays among those that are not, with the reason; what one event or payout meets, whatever it
is, keeps no other waiting.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from licensing.audit.operations import record_fact
from licensing.invoicing import sending as invoicing
from licensing.invoicing.rules import InvoiceRefused
from licensing.ledger.rules import LedgerError
from licensing.payouts.accounts import refresh_payee_account
from licensing.payouts.house import follow_house_payout
from licensing.payouts.models import EventTrouble, HandledEvent, Payout, ProviderEvent
from licensing.payouts.queries import list_under_way, list_unhandled
from licensing.payouts.rules.states import PayoutRefused
from licensing.payouts.sending import advance_payout, note_problem
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

    What one of them meets does not keep the others waiting. Raises OperationalError and
    InterfaceError where the database is away: then nothing could be written down either.
    """
    events = list(list_unhandled().values_list("pk", flat=True)[:_AT_ONCE])
    handled = [_try_event(pk, gateway, now) for pk in events]
    brought_on = [_try_payout(pk, gateway, now) for pk in list_under_way(now)]
    return (handled + brought_on).count(False)


@transaction.atomic
def try_again(*, event_id: str, reason: str, actor: tuple[str, str], now: datetime) -> None:
    """Let an event that was set aside be tried with the next sweep.

    Raises PayoutRefused("not_set_aside").
    """
    trouble = _set_aside(event_id)
    trouble.is_set_aside = False
    trouble.save(update_fields=["is_set_aside"])
    _tell("try_event_again", trouble, reason, actor, now)


@transaction.atomic
def leave_undone(*, event_id: str, reason: str, actor: tuple[str, str], now: datetime) -> None:
    """Do nothing of what an event that was set aside rang for, for good.

    Raises PayoutRefused("not_set_aside").
    """
    trouble = _set_aside(event_id)
    HandledEvent.objects.create(event=trouble.event, at=now, outcome=IGNORED)
    _tell("leave_event_undone", trouble, reason, actor, now)
    trouble.delete()


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


def _try_event(event_id: str, gateway: Gateway, now: datetime) -> bool:
    """Whether it could be handled. Where the provider is silent, or the books do not take it yet
    (a country has no terms), it is tried again; what nobody foresaw is set aside."""
    try:
        handle_event(event_id=event_id, gateway=gateway, now=now)
    except GatewayError as error:
        log.warning("the event %s waits: %s", event_id, error)
        return False
    except (InvoiceRefused, LedgerError, ReceiptRefused) as error:
        log.warning("the event %s waits: %s", event_id, error)
        _note(event_id, error, now, is_set_aside=False)
        return False
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever it is, the events behind it are handled
        log.exception("the event %s is set aside", event_id)
        _note(event_id, error, now, is_set_aside=True)
        return False
    EventTrouble.objects.filter(event=event_id).delete()
    return True


def _try_payout(payout_id: UUID, gateway: Gateway, now: datetime) -> bool:
    """Whether it could be brought on; where not, its row says why."""
    try:
        advance_payout(payout_id=payout_id, gateway=gateway, now=now)
    except GatewayError as error:
        log.warning("the payout %s waits: %s", payout_id, error)
        return False
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever it is, the payouts behind it are brought on
        log.exception("the payout %s does not go on", payout_id)
        note_problem(payout_id=payout_id, problem=_words(error), now=now)
        return False
    return True


def _note(event_id: str, error: Exception, now: datetime, *, is_set_aside: bool) -> None:
    said = {"reason": _words(error), "last_at": now, "is_set_aside": is_set_aside}
    with transaction.atomic():
        known = EventTrouble.objects.filter(event=event_id)
        if not known.update(**said, tries=F("tries") + 1):
            EventTrouble.objects.create(event_id=event_id, **said)


def _words(error: Exception) -> str:
    """What an error says, headed by its name unless it was written for a person."""
    said = " ".join(str(error).split())
    if isinstance(error, (InvoiceRefused, PayoutRefused, ReceiptRefused)) and said:
        return said[:300]
    return f"{type(error).__name__}: {said}"[:300]


def _set_aside(event_id: str) -> EventTrouble:
    rows = EventTrouble.objects.select_for_update().filter(event=event_id, is_set_aside=True)
    trouble = rows.first()
    if trouble is None:
        raise PayoutRefused("not_set_aside", "This event is not set aside any more.")
    return trouble


def _tell(
    verb: str, trouble: EventTrouble, reason: str, actor: tuple[str, str], now: datetime
) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="provider_event",
        object_ref=trouble.event_id,
        after={"reason": reason, "it_met": trouble.reason, "tries": trouble.tries},
        at=now,
    )
