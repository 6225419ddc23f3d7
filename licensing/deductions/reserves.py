"""Reserves: rules that set earnings aside, amounts held by a decision, and their release.

A hold delays a payment and never reduces what was earned: the amount moves from payable to the
payee's reserve and back. What is of US source passes withholding on its way back.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.deductions.accounts import SYSTEM, Payee, move, payable_of, reserve_of
from licensing.deductions.flowing import Earned, let_flow
from licensing.deductions.models import Reserve, ReserveRule
from licensing.deductions.queries import form_of, list_due, profiles_in_force
from licensing.deductions.rules.parts import Part
from licensing.deductions.rules.refusals import DeductionRefused, check_reason
from licensing.deductions.rules.taxes import rate_ppm
from licensing.ledger.booking import book

Actor = tuple[str, str]


@transaction.atomic
def place_reserve_rule(
    *,
    ppm: int,
    days: int,
    reason: str,
    actor: Actor,
    now: datetime,
    payee: Payee = ("", ""),
    recording_id: UUID | None = None,
) -> ReserveRule:
    """Set aside so much of what a payee, a recording, or a payee with a recording earns.

    From the next close on; each month's part comes free `days` after the month's end. Raises
    DeductionRefused("no_reason").
    """
    row = ReserveRule.objects.create(
        payee_kind=payee[0],
        payee_ref=str(payee[1]),
        recording_id=recording_id,
        ppm=ppm,
        days=days,
        reason=check_reason(reason),
        placed_by=actor[1],
        placed_at=now,
    )
    after = {"payee": list(payee), "recording": str(recording_id or ""), "ppm": ppm, "days": days}
    _tell("reserve_rule", row.pk, "place_reserve_rule", actor, after, now)
    return row


@transaction.atomic
def end_reserve_rule(*, rule_id: UUID, reason: str, actor: Actor, now: datetime) -> ReserveRule:
    """Set nothing more aside by this rule; what it set aside keeps its day.

    Raises DeductionRefused("no_reason").
    """
    why = check_reason(reason)
    row = ReserveRule.objects.select_for_update(of=("self",)).get(pk=rule_id)
    if row.ended_at is None:
        row.ended_at, row.ended_by = now, actor[1]
        row.save(update_fields=["ended_at", "ended_by"])
        _tell("reserve_rule", row.pk, "end_reserve_rule", actor, {"reason": why}, now)
    return row


@transaction.atomic
def hold_balance(
    *,
    key: UUID,
    payee: Payee,
    currency: str,
    amount_micros: int,
    reason: str,
    actor: Actor,
    now: datetime,
    release_at: datetime | None = None,
) -> Reserve:
    """Move an amount of what is payable to the payee's reserve, until a day or a decision.

    `key` is the reserve's id to be: held twice under it, it is held once. Raises BalanceTooLow when
    less is payable, DeductionRefused("no_reason").
    """
    known = Reserve.objects.filter(pk=key).first()
    if known is not None:
        return known
    payable = payable_of(payee, currency)
    entry = book(
        key=f"hold:{key}",
        kind="reserve",
        lines=move(payable, reserve_of(payee, currency), amount_micros, f"reserve:{key}"),
        now=now,
        memo=check_reason(reason),
        floors=frozenset({payable}),
    )
    row = Reserve.objects.create(
        pk=key,
        why=Reserve.Why.DECISION,
        payee_kind=payee[0],
        payee_ref=str(payee[1]),
        currency=currency,
        amount_micros=amount_micros,
        reason=reason.strip(),
        placed_by=actor[1],
        placed_at=now,
        release_at=release_at,
        entry=entry,
    )
    after = {"payee": list(payee), "micros": amount_micros, "reason": row.reason}
    _tell("reserve", row.pk, "hold_balance", actor, after, now)
    return row


@transaction.atomic
def release_reserve(
    *, reserve_id: UUID, actor: Actor, now: datetime, reason: str = "its day has come"
) -> Reserve:
    """Make a reserve payable again; released twice it stays as it was released first.

    Its income of US source passes withholding, and where no tax form is in force it waits for one.
    Raises DeductionRefused("tax_form") for a reserve that itself waits for the form.
    """
    row = Reserve.objects.select_for_update(of=("self",)).get(pk=reserve_id)
    if row.released_at is not None:
        return row
    payee = (row.payee_kind, row.payee_ref)
    if row.why == Reserve.Why.TAX_FORM and not _with_a_rate([payee], now):
        raise DeductionRefused("tax_form", "No tax form of this payee is in force.")
    row.release_entry = book(
        key=f"release:{row.pk}",
        kind="reserve release",
        lines=move(
            reserve_of(payee, row.currency),
            payable_of(payee, row.currency),
            row.amount_micros,
            f"reserve:{row.pk}",
        ),
        now=now,
        memo=row.reason,
    )
    row.released_at, row.released_by = now, actor[1]
    row.save(update_fields=["release_entry", "released_at", "released_by"])
    if row.us_micros:
        earned = Earned(payee, row.currency, [Part("", "", row.us_micros, row.us_micros)])
        at = row.release_entry.effective_at
        key = f"release:{row.pk}"
        let_flow([earned], key=key, at=at, now=now, recoups=False, reserves=False, month=row.month)
    after = {"micros": row.amount_micros, "reason": check_reason(reason)}
    _tell("reserve", row.pk, "release_reserve", actor, after, now)
    return row


def release_due_reserves(*, now: datetime) -> int:
    """Release every reserve whose day has come, and what waited for a form now in force; how many.

    Each is a transaction of its own, so that it may be called at any time and again.
    """
    due = list(list_due(now).values_list("pk", flat=True)) + _with_a_form(now)
    for pk in due:
        release_reserve(reserve_id=pk, actor=SYSTEM, now=now)
    return len(due)


def _with_a_form(now: datetime) -> list[UUID]:
    waiting = Reserve.objects.filter(released_at__isnull=True, why=Reserve.Why.TAX_FORM)
    whose = {row.pk: (row.payee_kind, row.payee_ref) for row in waiting.order_by("placed_at", "pk")}
    taxed = _with_a_rate(sorted(set(whose.values())), now)
    return [pk for pk, payee in whose.items() if payee in taxed]


def _with_a_rate(payees: Sequence[Payee], now: datetime) -> set[Payee]:
    """Those of the payees who have a tax form in force."""
    return {
        payee
        for payee, profile in profiles_in_force(payees).items()
        if rate_ppm(form_of(profile), now.date()) is not None
    }


def _tell(
    kind: str, ref: UUID, verb: str, actor: Actor, after: dict[str, object], now: datetime
) -> None:
    record_fact(actor=actor, verb=verb, object_kind=kind, object_ref=ref, after=after, at=now)
