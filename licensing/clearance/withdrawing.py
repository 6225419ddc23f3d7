"""A holder takes permission back, and chooses what becomes of what was made before.

It refuses to know what rests on a grant: `attribution.operations` counts that beside. Invariant:
the stems are locked FOR UPDATE in the order of their ids, so that no licence record is opened
meanwhile; a withdrawal stands for good, and a later one of the same use is only ever stricter.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.catalog.models import Stem
from licensing.clearance.effects import Effect, OddEffect, check_effect, is_stricter
from licensing.clearance.models import Grant, Use, Withdrawal
from licensing.clearance.refusals import ClearanceRefused
from licensing.clearance.rules import PREVIEW
from licensing.given import NOT_RECORDED, Given

Actor = tuple[str, str]
GRANTABLE = frozenset(use.value for use in Use) - {PREVIEW}


def lock_stems(stem_ids: Iterable[UUID]) -> list[UUID]:
    """Lock stems FOR UPDATE in the order of their ids, inside a transaction; the ids that exist."""
    rows = Stem.objects.filter(pk__in=list(stem_ids)).order_by("pk").select_for_update()
    return list(rows.values_list("pk", flat=True))


@transaction.atomic
def withdraw_grant(
    *,
    grant_id: UUID,
    actor: Actor,
    now: datetime,
    reason: str = "",
    uses: Sequence[str] | None = None,
    effect: str = Effect.TAKE_DOWN,
    served_until: datetime | None = None,
    given: Given = NOT_RECORDED,
) -> Withdrawal:
    """Take back some uses of a grant, or all. Repeating it changes nothing, unless it is stricter.

    Nothing new is made from now on; `effect` and, for a sunset, `served_until` say what becomes of
    finished variations; `given`: how it was withdrawn. Raises ClearanceRefused.
    """
    stem_id = Grant.objects.values_list("stem_id", flat=True).get(pk=grant_id)
    lock_stems([stem_id])
    chosen = _checked(effect, served_until, now)
    grant = Grant.objects.get(pk=grant_id)
    wanted = set(grant.uses) if uses is None else set(uses)
    left = _left(grant, wanted, chosen, served_until)
    if not left:
        earlier = grant.withdrawals.order_by("-id").first()
        if earlier is None:
            raise ClearanceRefused("nothing_to_withdraw", "The grant does not name these uses.")
        return earlier
    return _withdraw(grant, left, (chosen, served_until), actor, reason, given, now)


@transaction.atomic
def withdraw_uses(
    *,
    party_id: UUID,
    stem_ids: Sequence[UUID],
    actor: Actor,
    now: datetime,
    uses: Sequence[str] | None = None,
    reason: str = "",
    effect: str = Effect.TAKE_DOWN,
    served_until: datetime | None = None,
    given: Given = NOT_RECORDED,
) -> tuple[Withdrawal, ...]:
    """Clear whole cells of the matrix: every grant of this party for these stems and uses.

    `uses` None means all of them; `effect` as in `withdraw_grant`. Empty when nothing stood.
    """
    lock_stems(stem_ids)
    chosen = _checked(effect, served_until, now)
    wanted = GRANTABLE if uses is None else set(uses)
    grants = Grant.objects.filter(stem__in=list(stem_ids), party_id=party_id).prefetch_related(
        "withdrawals"
    )
    made = []
    for grant in grants.order_by("granted_at", "pk"):
        left = _left(grant, wanted, chosen, served_until)
        if left:
            made.append(_withdraw(grant, left, (chosen, served_until), actor, reason, given, now))
    return tuple(made)


def _checked(effect: str, served_until: datetime | None, now: datetime) -> Effect:
    try:
        return check_effect(effect, served_until, now)
    except OddEffect as odd:
        raise ClearanceRefused("odd_effect", str(odd)) from odd


def _left(
    grant: Grant, wanted: Iterable[str], effect: Effect, served_until: datetime | None
) -> list[str]:
    """The uses among `wanted` for which this withdrawal says something new."""
    gone: dict[str, list[tuple[str, datetime | None]]] = {}
    for one in grant.withdrawals.all():
        for use in one.uses:
            gone.setdefault(use, []).append((one.effect, one.served_until))
    return sorted(
        use
        for use in set(grant.uses) & set(wanted)
        if is_stricter(effect, served_until, gone.get(use, []))
    )


def _withdraw(
    grant: Grant,
    uses: list[str],
    chosen: tuple[Effect, datetime | None],
    actor: Actor,
    reason: str,
    given: Given,
    now: datetime,
) -> Withdrawal:
    withdrawal = Withdrawal.objects.create(
        grant=grant,
        uses=uses,
        effect=str(chosen[0]),
        served_until=chosen[1],
        at=now,
        by=":".join(map(str, actor)),
        reason=reason[:300],
        **given.fields(),
    )
    record_fact(
        actor=actor,
        verb="withdraw_grant",
        object_kind="grant",
        object_ref=grant.id,
        before={"uses": grant.uses},
        after={
            "stem": str(grant.stem_id),
            "uses": uses,
            "effect": withdrawal.effect,
            "served_until": chosen[1].isoformat() if chosen[1] else None,
            "withdrawal": withdrawal.pk,
            "reason": withdrawal.reason,
        },
        at=now,
    )
    return withdrawal
