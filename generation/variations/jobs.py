"""The jobs of a variation: which of them must be in the queue, given what is stored.

It refuses to know what the jobs do. Invariant: a variation under way has an open job, or the next
sweep gives it one, so however a job was lost the variation goes on.
"""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction

from generation.variations import rules
from generation.variations.models import Variation
from generation.variations.rules import State
from generation.work import operations as work
from generation.work.queries import has_open
from generation.work.rules import Priority


def locked(variation_id: uuid.UUID) -> Variation:
    return Variation.objects.select_for_update().get(id=variation_id)


def _urgency(variation: Variation, usual: Priority) -> Priority:
    """Nobody's listener waits for a preview; it comes after those."""
    is_preview = variation.request.requester_kind == rules.PARTY
    return Priority.PREVIEW if is_preview else usual


def put_compose(variation: Variation, now: datetime) -> None:
    urgency = _urgency(variation, Priority.FIRST_PIECE)
    job = work.Wanted(rules.COMPOSE, variation.subject(), urgency)
    work.put_jobs(wanted=[job], now=now)


def put_pieces(variation: Variation, now: datetime) -> None:
    """Jobs for the pieces that are not stored yet, or for sealing when all are."""
    stored = set(variation.segments.values_list("index", flat=True))
    missing = [index for index in range(variation.piece_count) if index not in stored]
    if not missing:
        put_seal(variation, now)
        return
    first = {missing[0]: _urgency(variation, Priority.FIRST_PIECE)}
    rest = _urgency(variation, Priority.PIECE)
    jobs = [
        work.Wanted(rules.PIECE, variation.subject(), first.get(index, rest), part=index)
        for index in missing
    ]
    work.put_jobs(wanted=jobs, now=now, bells=settings.RENDER_WORKERS)


def put_seal(variation: Variation, now: datetime) -> None:
    work.put_jobs(wanted=[work.Wanted(rules.SEAL, variation.subject(), Priority.SEAL)], now=now)


def mend_variations(*, now: datetime) -> int:
    """Put the jobs of variations under way that have none, however they were lost; how many."""
    mended = 0
    for row in Variation.objects.filter(state__in=rules.UNDER_WAY):
        if has_open(row.subject(), rules.KINDS):
            continue
        with transaction.atomic():
            variation = locked(row.id)
            if variation.state == State.COMPOSING:
                put_compose(variation, now)
            elif variation.state == State.RENDERING:
                put_pieces(variation, now)
            mended += 1
    return mended
