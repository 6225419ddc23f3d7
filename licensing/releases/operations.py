"""Releasing a derivative: it gets an ISRC of its own, once, out of a locked counter.

A remix is a new recording and never takes its sources' codes. Invariant: two releases at the same
moment get two codes, and a code is never given again, not even after a withdrawal.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.attribution.models import LicenceRecord
from licensing.attribution.queries import may_serve
from licensing.attribution.rules import SESSION
from licensing.audit.operations import record_fact
from licensing.catalog.models import Recording
from licensing.clearance.rules import PREVIEW
from licensing.releases.models import IsrcCounter, Release
from licensing.releases.rules import ReleaseRefused, check_prefix, isrc_of


@transaction.atomic
def release_variation(
    *,
    record_id: UUID,
    title: str,
    reason: str,
    prefix: str,
    actor: tuple[str, str],
    now: datetime,
) -> Release:
    """Release the variation of a sealed record; one that was released already is given back.

    The code's year is the year of `now` in UTC. Raises LicenceRecord.DoesNotExist and
    ReleaseRefused: no_prefix, bad_prefix, no_title, not_sealed, not_a_recording (a session, a
    preview), not_served (held or withdrawn), year_is_full.
    """
    record = LicenceRecord.objects.select_for_update().get(pk=record_id)
    earlier = Release.objects.filter(record=record).first()
    if earlier is not None:
        return earlier
    _check(record, title.strip(), now)
    release = Release.objects.create(
        record=record,
        isrc=_next_isrc(check_prefix(prefix), now.year),
        title=title.strip(),
        released_at=now,
    )
    record_fact(
        actor=actor,
        verb="release_variation",
        object_kind=record.subject_kind,
        object_ref=record.subject_ref,
        after={
            "isrc": release.isrc,
            "title": release.title,
            "record": str(record.pk),
            "reason": reason,
        },
        at=now,
    )
    return release


def _check(record: LicenceRecord, title: str, now: datetime) -> None:
    if not title:
        raise ReleaseRefused("no_title", "A release has a title.")
    if record.subject_kind == SESSION or record.use == PREVIEW:
        raise ReleaseRefused(
            "not_a_recording", "Live sessions and previews are not recordings; nothing to release."
        )
    if record.state != LicenceRecord.State.SEALED:
        raise ReleaseRefused("not_sealed", "Only what is finished and sealed can be released.")
    if not may_serve(record.pk, now):
        raise ReleaseRefused(
            "not_served", "A hold or a withdrawal stands on this variation; it is not released."
        )


def _next_isrc(prefix: str, year: int) -> str:
    """The next code that no recording of the catalog brought along."""
    IsrcCounter.objects.get_or_create(prefix=prefix, year=year)
    counter = IsrcCounter.objects.select_for_update().get(prefix=prefix, year=year)
    code = isrc_of(prefix, year, counter.next_number)
    while Recording.objects.filter(isrc=code).exists():
        counter.next_number += 1
        code = isrc_of(prefix, year, counter.next_number)
    counter.next_number += 1
    counter.save(update_fields=["next_number"])
    return code
