"""Societies are paid by hand: one person says what was wired on which document, another posts it.

A society has no account at the provider; what it collects for writers waits on its payee account
until it is paid and reported to it. Invariant: nothing is posted by one person alone, nothing that
is held or not there, and one document of one society is posted once.
"""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.ledger.booking import book
from licensing.ledger.models import JournalEntry
from licensing.ledger.rules import BalanceTooLow
from licensing.payouts.models import OutsidePayment
from licensing.payouts.planning import free_of
from licensing.payouts.rules import postings
from licensing.payouts.rules.due import THRESHOLD_MINOR, micros_of
from licensing.payouts.rules.states import PayoutRefused
from licensing.two_people import decide

SOCIETY = "society"
State = OutsidePayment.State


@transaction.atomic
def propose_outside(
    *,
    key: UUID,
    society: str,
    currency: str,
    amount_minor: int,
    document: str,
    paid_on: date,
    proposed_by: str,
    now: datetime,
) -> OutsidePayment:
    """Say that a society was paid past the provider; nothing is posted yet.

    The same key again is the same row. Raises PayoutRefused: currency, nothing, no_document,
    not_yet for a day to come, less_is_due, document_twice.
    """
    known = OutsidePayment.objects.filter(pk=key).first()
    if known is not None:
        return known
    number = " ".join(document.split())[:100]
    _check(currency, amount_minor, number, paid_on, now)
    _check_due(society, currency, amount_minor, now)
    try:
        with transaction.atomic():
            row = OutsidePayment.objects.create(
                pk=key,
                payee_kind=SOCIETY,
                payee_ref=society,
                currency=currency,
                amount_minor=amount_minor,
                document=number,
                paid_on=paid_on,
                proposed_by=proposed_by,
                proposed_at=now,
            )
    except IntegrityError as twice:
        raise PayoutRefused(
            "document_twice", "A payment to this society under this document is here already."
        ) from twice
    _tell(row, "propose_outside_payment", proposed_by, now)
    return row


@transaction.atomic
def post_outside(
    *, payment_id: UUID, confirmed_by: str, proof: SecondFactor | None, now: datetime
) -> OutsidePayment:
    """Post what another person said was paid: owed to the society no more, gone from our bank.

    Raises PayoutRefused: decided, same_person, no_second_factor, stale_second_factor, less_is_due.
    """
    row = _open(payment_id)
    proved = check_four_eyes(row.proposed_by, confirmed_by, proof, now, refused=PayoutRefused)
    _check_due(row.payee_ref, row.currency, row.amount_minor, now)
    row.entry = _booked(row, now)
    decide(row, state=State.POSTED, by=confirmed_by, now=now, proved=proved)
    _tell(row, "post_outside_payment", confirmed_by, now)
    return row


@transaction.atomic
def drop_outside(
    *, payment_id: UUID, because: str, dropped_by: str, now: datetime
) -> OutsidePayment:
    """Post nothing of it; who proposed it may drop it. Raises PayoutRefused: decided, no_reason."""
    row = _open(payment_id)
    if not because.strip():
        raise PayoutRefused("no_reason", "Write the reason: it goes into the record.")
    row.dropped_because = because.strip()[:300]
    decide(row, state=State.DROPPED, by=dropped_by, now=now)
    _tell(row, "drop_outside_payment", dropped_by, now)
    return row


def _check(currency: str, amount_minor: int, number: str, paid_on: date, now: datetime) -> None:
    if currency not in THRESHOLD_MINOR:
        raise PayoutRefused("currency", f"Nobody is paid in {currency} here.")
    if amount_minor <= 0:
        raise PayoutRefused("nothing", "Write an amount above nothing.")
    if not number:
        raise PayoutRefused("no_document", "Write the number of the document.")
    if paid_on > now.date():
        raise PayoutRefused("not_yet", "It is posted once it was paid, not before.")


def _check_due(society: str, currency: str, amount_minor: int, now: datetime) -> None:
    if free_of((SOCIETY, society), currency, now) < micros_of(amount_minor, currency):
        raise PayoutRefused("less_is_due", f"Less than that is owed to {society} and not held.")


def _booked(row: OutsidePayment, now: datetime) -> JournalEntry:
    of = postings.Amount(
        (row.payee_kind, row.payee_ref), row.currency, micros_of(row.amount_minor, row.currency)
    )
    try:
        return book(
            key=f"outside:{row.pk}",
            kind="payout",
            lines=postings.paid_outside(of, row.document),
            now=now,
            memo=f"Paid on {row.paid_on:%Y-%m-%d}, document {row.document}",
            floors=frozenset({postings.payable_of(of.payee, of.currency)}),
        )
    except BalanceTooLow as less:
        raise PayoutRefused("less_is_due", "Less is due than when this was proposed.") from less


def _open(payment_id: UUID) -> OutsidePayment:
    row = OutsidePayment.objects.select_for_update().get(pk=payment_id)
    if row.state != State.OPEN:
        raise PayoutRefused("decided", "This was decided already.")
    return row


def _tell(row: OutsidePayment, verb: str, who: str, now: datetime) -> None:
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="outside_payment",
        object_ref=row.pk,
        after={
            "payee": [row.payee_kind, row.payee_ref],
            "minor": row.amount_minor,
            "currency": row.currency,
            "document": row.document,
            "state": row.state,
        },
        at=now,
    )
