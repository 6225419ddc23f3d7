"""Previews: what a party hears of its own stems, as a use would make them, before it decides.

A preview is a variation that a party asked for: cleared for its members alone, marked, counted
nowhere. It refuses to know who acts for a party. Invariant: seven days after it was opened, or when
the party wants it gone, nothing of it sounds and its stored pieces are nobody's any more; its
licence record stays.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from generation.variations import rules
from generation.variations.jobs import locked
from generation.variations.models import Variation
from generation.variations.rules import State
from generation.work import operations as work
from licensing.attribution.operations import void_record
from licensing.audit.operations import record_fact
from licensing.clearance.rules import PREVIEW_DAYS

LASTS = timedelta(days=PREVIEW_DAYS)


def list_previews(party_id: uuid.UUID) -> QuerySet[Variation]:
    """A queryset of a party's previews that are still there, newest first, with their records."""
    mine = Variation.objects.filter(
        request__requester_kind=rules.PARTY, request__requester_ref=str(party_id)
    )
    kept = mine.exclude(state=State.DISCARDED)
    return kept.select_related("request", "record").order_by("-created_at", "pk")


@transaction.atomic
def discard_preview(*, variation_id: uuid.UUID, actor: tuple[str, str], now: datetime) -> bool:
    """Stop and forget a preview: its sound is swept within a day. False: it was gone already.

    Raises Variation.DoesNotExist for what is no preview.
    """
    variation = locked(variation_id)
    if variation.request.requester_kind != rules.PARTY:
        raise Variation.DoesNotExist
    before = State(variation.state)
    if before == State.DISCARDED:
        return False
    work.cancel_jobs(subject=variation.subject(), kinds=rules.KINDS, now=now)
    record = variation.record
    if record is not None and record.state == "OPEN":
        void_record(record_id=record.pk, reason="The preview was discarded.", now=now)
    variation.segments.all().delete()
    variation.files.all().delete()
    variation.state, variation.ended_at = State.DISCARDED, now
    variation.save(update_fields=["state", "ended_at"])
    record_fact(
        actor=actor,
        verb="discard_preview",
        object_kind="variation",
        object_ref=str(variation.pk),
        before={"state": str(before)},
        after={"state": str(variation.state)},
        at=now,
    )
    return True


def expire_previews(*, now: datetime) -> int:
    """Discard what is over: a record that has ended, or a preview that never got one; how many."""
    over = Q(record__ends_at__lte=now) | Q(record__isnull=True, created_at__lte=now - LASTS)
    rows = Variation.objects.filter(over, request__requester_kind=rules.PARTY)
    stale = list(rows.exclude(state=State.DISCARDED).values_list("pk", flat=True))
    for pk in stale:
        discard_preview(variation_id=pk, actor=("system", "previews"), now=now)
    return len(stale)
