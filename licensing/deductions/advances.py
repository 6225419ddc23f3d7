"""Advances: agreed by one person, paid by another; recoupment happens where earnings flow on.

What is open of an advance is the balance of its own asset account, which never falls below zero.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.deductions.accounts import Payee, advance_of
from licensing.deductions.models import Advance, AdvanceRecording
from licensing.deductions.rules.refusals import DeductionRefused, check_reason
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.ledger import rules as ledger
from licensing.ledger.booking import book
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.money import check_currency

BANK = ("bank", "house")


@transaction.atomic
def agree_advance(
    *,
    agreement: str,
    payee: Payee,
    amount_micros: int,
    currency: str,
    recoup_ppm: int,
    reason: str,
    agreed_by: str,
    now: datetime,
    right: str = "",
    recordings: Sequence[UUID] = (),
    is_crossed: bool = False,
) -> Advance:
    """Write down an advance under an agreement; nothing is paid yet.

    `recoup_ppm` of the earnings it covers recoup it: those of `right` ("" for both) of
    `recordings` (none for all). Raises DeductionRefused: agreement_taken, no_reason.
    """
    why = check_reason(reason)
    if Advance.objects.filter(agreement=agreement).exists():
        raise DeductionRefused("agreement_taken", f"{agreement} has its advance already.")
    row = Advance.objects.create(
        agreement=agreement,
        payee_kind=payee[0],
        payee_ref=str(payee[1]),
        currency=check_currency(currency),
        amount_micros=amount_micros,
        recoup_ppm=recoup_ppm,
        right=right,
        is_crossed=is_crossed,
        agreed_by=agreed_by,
        agreed_at=now,
    )
    AdvanceRecording.objects.bulk_create(
        AdvanceRecording(advance=row, recording_id=recording) for recording in recordings
    )
    _tell(row, "agree_advance", agreed_by, now, reason=why)
    return row


@transaction.atomic
def pay_advance(
    *, advance_id: UUID, paid_by: str, proof: SecondFactor | None, bank_ref: str, now: datetime
) -> Advance:
    """Post that the advance left our bank under `bank_ref`; from now on it recoups.

    Paid again under the same reference it stays as it was paid. Raises DeductionRefused: paid,
    same_person, no_second_factor, stale_second_factor.
    """
    row = Advance.objects.select_for_update(of=("self",)).get(pk=advance_id)
    proved = check_four_eyes(row.agreed_by, paid_by, proof, now, refused=DeductionRefused)
    if row.entry is not None:
        if row.entry.postings.filter(ref=bank_ref).exists():
            return row
        raise DeductionRefused("paid", "This advance was paid already.")
    bank = AccountKey(ledger.CASH, *BANK, row.currency)
    lines = [
        Line(advance_of(row.pk, row.currency), DEBIT, row.amount_micros, bank_ref),
        Line(bank, CREDIT, row.amount_micros, bank_ref),
    ]
    row.entry = book(
        key=f"advance:{row.pk}", kind="advance", lines=lines, now=now, memo=row.agreement
    )
    row.paid_by, row.paid_at = paid_by, now
    row.save(update_fields=["entry", "paid_by", "paid_at"])
    _tell(row, "pay_advance", paid_by, now, method=proved.method)
    return row


def _tell(row: Advance, verb: str, who: str, now: datetime, **more: str) -> None:
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="advance",
        object_ref=row.pk,
        after={
            "payee": [row.payee_kind, row.payee_ref],
            "amount_micros": row.amount_micros,
            "currency": row.currency,
            "recoup_ppm": row.recoup_ppm,
            "is_crossed": row.is_crossed,
            **more,
        },
        at=now,
    )
