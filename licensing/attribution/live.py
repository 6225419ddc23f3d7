"""The record of a live session grows while it is heard: parts are opened, minutes are sealed.

It refuses to know when a section or a minute is due. Invariant: every part was decided on alone, at
its moment, by the rules that open a record; what has been opened or sealed stays as it is.
"""

from collections.abc import Sequence
from datetime import datetime
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
from licensing.attribution.operations import (
    decide_on,
    share_stems,
    write_fact,
    write_record,
)
from licensing.attribution.rules import (
    OpenRefused,
    SealRefused,
    check_digest,
    check_lines,
    check_minute,
)
from licensing.clearance.facts import load_facts
from licensing.clearance.models import Clearance
from licensing.clearance.operations import keep_decision
from licensing.clearance.rules import Asked, Decision, Reason, UseAsked


@transaction.atomic
def open_part(
    *,
    subject: tuple[str, UUID | str],
    index: int,
    wanted: UseAsked,
    recipe_sha256: str,
    sources: Sequence[tuple[UUID, str]],
    policy: str,
    now: datetime,
    made: Asked | None = None,
) -> RecordPart:
    """Lock the sources of a section, decide, and add it to the subject's record, or OpenRefused.

    `index`: from 0, one section each; the record opens with its first part, and the same call again
    returns the part there is. `wanted` names the stems of `sources` in any order, and is of the use
    and requester that the record was opened for. `made`: as in `open_record`. The decision is kept
    as a clearance of its own; sources and grants that are new are added to the record.
    """
    share_stems(stem for stem, _ in sources)
    record = _record_of(subject)
    earlier = record.parts.filter(index=index).first() if record else None
    if earlier is not None:
        return _same(earlier, recipe_sha256)
    if record is not None:
        _check_record(record, wanted)
    facts = load_facts([stem for stem, _ in sources], now, wanted.use)
    decision = decide_on(wanted, facts, sources, made)
    cleared = keep_decision(wanted, facts, now)
    is_new = record is None
    if record is None:
        record = write_record(
            subject=subject,
            cleared=cleared,
            decision=decision,
            recipe_sha256=recipe_sha256,
            sources=sources,
            policy=policy,
            now=now,
        )
    part = _write_part(record, index, cleared, decision, recipe_sha256, sources, now)
    if not is_new:
        _rest_on(record, sources, part.grants)
    return part


def _write_part(
    record: LicenceRecord,
    index: int,
    cleared: Clearance,
    decision: Decision,
    recipe_sha256: str,
    sources: Sequence[tuple[UUID, str]],
    now: datetime,
) -> RecordPart:
    part = RecordPart.objects.create(
        record=record,
        index=index,
        clearance=cleared,
        recipe_sha256=check_digest(recipe_sha256),
        terms_sha256=cleared.terms_sha256,
        stems=[stem for stem, _ in sources],
        digests=[digest for _, digest in sources],
        grants=sorted({grant.grant for grant in decision.grants}),
        opened_at=now,
    )
    after = {"part": index, "clearance": str(cleared.pk), "recipe_sha256": recipe_sha256}
    write_fact("open_part", record, after, now)
    return part


def _record_of(subject: tuple[str, UUID | str]) -> LicenceRecord | None:
    """The subject's record, for this writer alone; None before its first part."""
    rows = LicenceRecord.objects.select_for_update(no_key=True, of=("self",))
    found = rows.select_related("clearance").filter(
        subject_kind=subject[0], subject_ref=str(subject[1])
    )
    return found.first()


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


def _check_record(record: LicenceRecord, wanted: UseAsked) -> None:
    if record.state != LicenceRecord.State.OPEN:
        raise OpenRefused([Reason("not_open", "The licence record is closed.")])
    first = record.clearance
    opened_for = (first.use, (first.requester_kind, first.requester_ref))
    if (wanted.use, wanted.requester) != opened_for:
        raise OpenRefused([Reason("other_clearance", "That was asked for something else.")])


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
