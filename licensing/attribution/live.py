"""The record of a live session grows while it is heard: parts are opened, minutes are sealed.

It refuses to know when a section or a minute is due. Invariant: every part was decided on alone, at
its moment, by the rules that open a record; what has been opened or sealed stays as it is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from licensing.attribution.models import (
    LicenceGrant,
    LicenceRecord,
    LicenceSource,
    MinuteLine,
    RecordPart,
    SealedMinute,
)
from licensing.attribution.operations import decide_again, share_stems, write_fact
from licensing.attribution.rules import (
    OpenRefused,
    SealRefused,
    check_digest,
    check_lines,
    check_minute,
)
from licensing.clearance.facts import load_facts
from licensing.clearance.models import Clearance
from licensing.clearance.rules import Asked, Reason


@transaction.atomic
def open_part(
    *,
    record_id: UUID,
    index: int,
    clearance_id: UUID,
    recipe_sha256: str,
    sources: Sequence[tuple[UUID, str]],
    now: datetime,
    made: Asked | None = None,
) -> RecordPart:
    """Lock the sources of a section, decide again, and add it to the record or raise OpenRefused.

    `index`: from 0, one section each; the same call again returns the part there is, another recipe
    is refused. `sources` and `made`: as in `open_record`. The clearance is of the record's use and
    requester. Sources and grants that the record did not rest on before are added to it.
    """
    cleared = Clearance.objects.get(pk=clearance_id)
    share_stems(stem for stem, _ in sources)
    record = _hold(record_id)
    earlier = record.parts.filter(index=index).first()
    if earlier is not None:
        return _same(earlier, recipe_sha256)
    _check_record(record, cleared)
    facts = load_facts([stem for stem, _ in sources], now)
    decision = decide_again(cleared, facts, sources, made)
    grants = sorted({grant.grant for grant in decision.grants})
    part = RecordPart.objects.create(
        record=record,
        index=index,
        clearance=cleared,
        recipe_sha256=check_digest(recipe_sha256),
        terms_sha256=cleared.terms_sha256,
        stems=[stem for stem, _ in sources],
        digests=[digest for _, digest in sources],
        grants=grants,
        opened_at=now,
    )
    _rest_on(record, sources, grants)
    after: Mapping[str, Any] = {"part": index, "clearance": str(clearance_id)}
    write_fact("open_part", record, {**after, "recipe_sha256": recipe_sha256}, now)
    return part


@transaction.atomic
def seal_minute(
    *,
    record_id: UUID,
    minute: int,
    lines: Sequence[tuple[UUID, int]],
    windows_sha256: str,
    now: datetime,
    model_ppm: int = 0,
) -> SealedMinute:
    """Close one minute of an open record with what sounded in it. Raises SealRefused.

    `minute`: from 0. `lines`: (stem, ppm) among the record's sources, 1,000,000 in all; none for a
    minute of silence. A minute that is sealed already is returned as it stands.
    """
    record = _hold(record_id)
    earlier = record.minutes.filter(minute=minute).first()
    if earlier is not None:
        return earlier
    if record.state != LicenceRecord.State.OPEN:
        raise SealRefused("A minute is sealed only while its licence record is open.")
    check_minute(minute, model_ppm)
    if lines:
        check_lines(lines, set(record.sources.values_list("stem_id", flat=True)))
    sealed = SealedMinute.objects.create(
        record=record,
        minute=minute,
        line_count=len(lines),
        windows_sha256=check_digest(windows_sha256),
        model_ppm=model_ppm,
        sealed_at=now,
    )
    MinuteLine.objects.bulk_create(
        MinuteLine(sealed_minute=sealed, stem_id=stem, ppm=ppm) for stem, ppm in lines
    )
    write_fact("seal_minute", record, {"minute": minute, "windows_sha256": windows_sha256}, now)
    return sealed


def _hold(record_id: UUID) -> LicenceRecord:
    """The record, for this writer alone; rows that only name it (usages) need not wait."""
    return LicenceRecord.objects.select_for_update(no_key=True).get(pk=record_id)


def _same(earlier: RecordPart, recipe_sha256: str) -> RecordPart:
    if earlier.recipe_sha256 == recipe_sha256:
        return earlier
    raise OpenRefused([Reason("part_taken", "This part has another recipe already.")])


def _check_record(record: LicenceRecord, cleared: Clearance) -> None:
    if record.state != LicenceRecord.State.OPEN:
        raise OpenRefused([Reason("not_open", "The licence record is closed.")])
    first = record.clearance
    if (cleared.use, cleared.requester_kind, cleared.requester_ref) != (
        first.use,
        first.requester_kind,
        first.requester_ref,
    ):
        raise OpenRefused([Reason("other_clearance", "That was cleared for something else.")])


def _rest_on(
    record: LicenceRecord, sources: Sequence[tuple[UUID, str]], grants: Sequence[UUID]
) -> None:
    """Add what the record did not rest on before; its row is held, so nobody else adds."""
    known = set(record.sources.values_list("stem_id", flat=True))
    new = [(stem, digest) for stem, digest in sources if stem not in known]
    LicenceSource.objects.bulk_create(
        LicenceSource(record=record, stem_id=stem, digest=digest, position=position)
        for position, (stem, digest) in enumerate(new, start=len(known))
    )
    resting = set(record.resting_on.values_list("grant_id", flat=True))
    LicenceGrant.objects.bulk_create(
        LicenceGrant(record=record, grant_id=ref) for ref in grants if ref not in resting
    )
