"""What partners are told: every withdrawal that touches their variations, with a deadline.

The news comes from the log of facts by a kept cursor, so that none is missed and none told twice.
It refuses to decide what is served: `may_serve` acts at once, whether a partner listens or not; the
deadline is for the copies that a partner keeps. Invariant: one notice a partner and withdrawal.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from generation.variations.models import Variation
from licensing.attribution.models import LicenceRecord
from licensing.audit.operations import record_fact
from licensing.audit.queries import FactView, facts_after
from licensing.clearance.effects import deadline_of
from licensing.clearance.models import Withdrawal
from portal.partners.models import Client, NewsCursor, WithdrawalNotice

PURPOSE = "withdrawals"
BATCH = 500


def tell_partners(*, now: datetime) -> int:
    """Write the notices that the facts since the last time call for; how many. Safe to repeat."""
    told = 0
    while True:
        with transaction.atomic():
            NewsCursor.objects.get_or_create(purpose=PURPOSE)
            mark = NewsCursor.objects.select_for_update().get(purpose=PURPOSE)
            facts = facts_after(mark.cursor, BATCH)
            if not facts:
                return told
            told += sum(_told_of(fact, now) for fact in facts if fact.verb == "withdraw_grant")
            mark.cursor = facts[-1].cursor
            mark.save(update_fields=["cursor"])


def _told_of(fact: FactView, now: datetime) -> int:
    ref = (fact.after or {}).get("withdrawal")
    withdrawal = Withdrawal.objects.filter(pk=ref).first() if ref else None
    if withdrawal is None:
        return 0
    deadline = deadline_of(withdrawal.effect, withdrawal.served_until, withdrawal.at)
    if deadline is None:
        return 0
    notices = WithdrawalNotice.objects.bulk_create(
        WithdrawalNotice(
            client_id=client,
            withdrawal=withdrawal,
            variations=variations,
            deadline=deadline,
            written_at=now,
        )
        for client, variations in _touched(withdrawal).items()
    )
    return len(notices)


def _touched(withdrawal: Withdrawal) -> dict[UUID, list[UUID]]:
    """The finished variations of each partner that rest on what was withdrawn."""
    records = LicenceRecord.objects.filter(
        resting_on__grant=withdrawal.grant_id,
        use__in=withdrawal.uses,
        state=LicenceRecord.State.SEALED,
        subject_kind="variation",
    )
    rows = Variation.objects.filter(
        record__in=records, request__requester_kind="client"
    ).values_list("request__requester_ref", "id")
    known = {str(pk): pk for pk in Client.objects.values_list("pk", flat=True)}
    found: dict[UUID, list[UUID]] = {}
    for ref, variation in rows.order_by("created_at", "id"):
        if ref in known:
            found.setdefault(known[ref], []).append(variation)
    return found


@transaction.atomic
def confirm_removal(*, notice: WithdrawalNotice, now: datetime) -> WithdrawalNotice:
    """The partner says that its copies are gone; repeating it changes nothing."""
    row = WithdrawalNotice.objects.select_for_update().get(pk=notice.pk)
    if row.confirmed_at is None:
        row.confirmed_at = now
        row.save(update_fields=["confirmed_at"])
        record_fact(
            actor=("client", str(row.client_id)),
            verb="confirm_removal",
            object_kind="withdrawal_notice",
            object_ref=str(row.pk),
            after={"variations": len(row.variations), "deadline": row.deadline.isoformat()},
            at=now,
        )
    return row
