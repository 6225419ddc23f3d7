"""Tax forms of payees: submitted, accepted or rejected by a person; the newest accepted counts.

Income of US source waits in reserve until one is in force (`reserves.release_due_reserves`).
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.deductions.accounts import Payee
from licensing.deductions.models import TaxProfile
from licensing.deductions.rules import taxes as rules
from licensing.deductions.rules.refusals import DeductionRefused, check_reason

Actor = tuple[str, str]


@transaction.atomic
def submit_tax_form(
    *,
    payee: Payee,
    form: str,
    form_ref: str,
    country: str,
    signed_at: datetime,
    actor: Actor,
    now: datetime,
    treaty_ppm: int | None = None,
    reason: str = "",
) -> TaxProfile:
    """Keep what a payee signed, for a person to look at. `treaty_ppm`: the rate a treaty gives.
    `reason`: why somebody else than the payee brings it.

    Raises DeductionRefused: unknown_form, signed_later, treaty_above_statute.
    """
    if form not in rules.FORMS:
        raise DeductionRefused("unknown_form", f"{form} is no form that is taken here.")
    if signed_at > now:
        raise DeductionRefused("signed_later", "A form is not signed in the future.")
    if treaty_ppm is not None and not 0 <= treaty_ppm <= rules.STATUTORY_PPM:
        raise DeductionRefused("treaty_above_statute", "A treaty lowers the rate of 30 percent.")
    row = TaxProfile.objects.create(
        payee_kind=payee[0],
        payee_ref=str(payee[1]),
        form=form,
        form_ref=form_ref,
        country=country,
        treaty_ppm=treaty_ppm,
        signed_at=signed_at,
        expires_on=rules.expires_on(form, signed_at.date()),
    )
    _tell(row, "submit_tax_form", actor, now, reason=reason.strip())
    return row


@transaction.atomic
def review_tax_form(
    *, profile_id: UUID, is_accepted: bool, reason: str, actor: Actor, now: datetime
) -> TaxProfile:
    """Accept or reject a form, once. Raises DeductionRefused: reviewed, no_reason."""
    why = check_reason(reason)
    row = TaxProfile.objects.select_for_update().get(pk=profile_id)
    if row.status != rules.PENDING:
        raise DeductionRefused("reviewed", "This form was looked at already.")
    row.status = rules.ACCEPTED if is_accepted else rules.REJECTED
    row.reviewed_by, row.reviewed_at = actor[1], now
    row.save(update_fields=["status", "reviewed_by", "reviewed_at"])
    _tell(row, "review_tax_form", actor, now, reason=why)
    return row


def _tell(row: TaxProfile, verb: str, actor: Actor, now: datetime, **more: str) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="tax_profile",
        object_ref=row.pk,
        after={"form": row.form, "status": row.status, "treaty_ppm": row.treaty_ppm, **more},
        at=now,
    )
