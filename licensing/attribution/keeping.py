"""The particulars of a record are written once, when it is sealed, and held to that for good.

What stands in them is gathered from the rows of this floor and from what the rooms above say of the
subject's origin; `particulars` composes it. It refuses to decide anything. Invariants: they are
written while the record is open, in the transaction that closes it; the fact of its sealing names
their digest, so the chain of facts covers them; an older record has none.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from licensing.attribution.attesting import RecordChanged
from licensing.attribution.models import (
    ExternalSource,
    LicenceGrant,
    LicenceRecord,
    LicenceSource,
    RecordParticulars,
)
from licensing.attribution.particulars import (
    ExternalKnown,
    HolderAsked,
    Origin,
    RecordKnown,
    SourceKnown,
    oversight_now,
    particulars_of,
    sha256_of_text,
    text_of,
)
from licensing.audit.models import Fact
from licensing.clearance.models import Approval


def keep_particulars(
    record: LicenceRecord, lines: Sequence[tuple[UUID, int]], origin: Origin
) -> str:
    """Write the particulars of a record that is about to be saved as sealed; their SHA-256.

    `record` has all its closing values already, and `lines` are those it closes with.
    """
    value = particulars_of(
        _record(record), _sources(record, dict(lines)), _external(record), _asked(record), origin
    )
    text = text_of(value)
    sha256 = sha256_of_text(text)
    RecordParticulars.objects.create(record=record, text=text, sha256=sha256)
    return sha256


def _record(record: LicenceRecord) -> RecordKnown:
    assert record.sealed_at is not None
    return RecordKnown(
        record=str(record.pk),
        subject=(record.subject_kind, record.subject_ref),
        state=record.state,
        use=record.use,
        territory=record.clearance.territory,
        channel=record.clearance.channel,
        clearance=str(record.clearance_id),
        terms_sha256=record.terms_sha256,
        recipe_sha256=record.recipe_sha256,
        windows_sha256=record.windows_sha256,
        policy=record.policy,
        opened_at=record.opened_at,
        sealed_at=record.sealed_at,
        model_ppm=record.model_ppm,
        unattributed_ppm=record.unattributed_ppm,
        chroma_likeness=record.chroma_likeness,
        onset_likeness=record.onset_likeness,
        files=record.files,
        parts=record.parts.count(),
    )


def _sources(record: LicenceRecord, ppm: dict[UUID, int]) -> list[SourceKnown]:
    consents: dict[UUID, list[str]] = defaultdict(list)
    resting = LicenceGrant.objects.filter(record=record).values_list("grant__stem_id", "grant_id")
    for stem, grant in resting:
        consents[stem].append(str(grant))
    rows = LicenceSource.objects.filter(record=record).select_related("stem__recording__work")
    return [
        SourceKnown(
            position=one.position,
            stem=str(one.stem_id),
            digest=one.digest,
            recording=str(one.stem.recording_id),
            isrc=one.stem.recording.isrc,
            work=str(one.stem.recording.work_id),
            iswc=one.stem.recording.work.iswc,
            ppm=ppm.get(one.stem_id),
            consents=tuple(consents[one.stem_id]),
        )
        for one in rows
    ]


def _external(record: LicenceRecord) -> list[ExternalKnown]:
    return [
        ExternalKnown(one.position, one.digest, one.net, one.version, one.licence)
        for one in ExternalSource.objects.filter(record=record)
    ]


def _asked(record: LicenceRecord) -> list[HolderAsked]:
    rows = Approval.objects.filter(clearance_id=record.clearance_id).order_by("party_id", "pk")
    return [
        HolderAsked(str(one.party_id), str(one.recording_id), one.state, tuple(one.reasons))
        for one in rows
    ]


@dataclass(frozen=True, slots=True)
class Review:
    """One holder's answer: the party, how it stands, and the number of the fact that says so."""

    party: UUID
    state: str
    fact: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """The particulars of a record, and what holders have answered since.

    `text` is the frozen JSON and `sha256` its digest; `oversight` the level as it stands now.
    """

    text: str
    sha256: str
    value: dict[str, Any]
    oversight: str | None
    reviews: tuple[Review, ...]


def kept_of(record: LicenceRecord) -> Kept | None:
    """The particulars of a record beside the answers of this moment; None for one without any."""
    row = RecordParticulars.objects.filter(record=record).first()
    if row is None:
        return None
    value: dict[str, Any] = json.loads(row.text)
    answers = list(
        Approval.objects.filter(clearance_id=record.clearance_id)
        .exclude(state="RELEASED")
        .order_by("party_id", "pk")
    )
    facts = _facts_of_answers(record.clearance_id)
    reviews = tuple(
        Review(one.party_id, one.state, facts.get(str(one.party_id)))
        for one in answers
        if one.state in ("APPROVED", "DECLINED")
    )
    level = oversight_now(
        value.get("oversight"), [(str(one.party_id), one.state) for one in answers]
    )
    return Kept(row.text, row.sha256, value, level, reviews)


def _facts_of_answers(clearance_id: UUID) -> dict[str, int]:
    """The newest fact of an answer, by party."""
    rows = Fact.objects.filter(
        object_kind="clearance",
        object_ref=str(clearance_id),
        verb__in=["approve_variation", "decline_variation"],
    )
    return {str(row.after["party"]): row.pk for row in rows.order_by("pk") if row.after}


# What a fact of sealing says, against the text that is there; and a text that no fact named.
_FIRST_CHANGED = """
SELECT named.object_ref, p.record_id IS NULL
FROM (SELECT f.sequence, f.object_ref, f.after ->> 'particulars_sha256' AS sha256
      FROM audit_fact f
      WHERE f.verb = 'seal_record' AND f.object_kind = 'licence_record'
        AND f.after ? 'particulars_sha256') named
LEFT JOIN attribution_recordparticulars p ON p.record_id = named.object_ref::uuid
WHERE p.record_id IS NULL OR p.sha256 <> named.sha256
   OR encode(sha256(convert_to(p.text, 'UTF8')), 'hex') <> named.sha256
ORDER BY named.sequence LIMIT 1
"""
_FIRST_UNNAMED = """
SELECT p.record_id::text FROM attribution_recordparticulars p
WHERE NOT EXISTS (
    SELECT 1 FROM audit_fact f
    WHERE f.verb = 'seal_record' AND f.object_kind = 'licence_record'
      AND f.object_ref = p.record_id::text AND f.after ->> 'particulars_sha256' = p.sha256)
ORDER BY p.record_id LIMIT 1
"""


def verify_particulars() -> int:
    """Hold all particulars to the facts of sealing; how many there are.

    Raises RecordChanged with the first whose text is gone, says something else, or was never named.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_CHANGED)
        if (found := cursor.fetchone()) is not None:
            what = "are gone" if found[1] else "do not say what they said when it was sealed"
            raise RecordChanged(f"the particulars of the licence record {found[0]} {what}")
        cursor.execute(_FIRST_UNNAMED)
        if (found := cursor.fetchone()) is not None:
            raise RecordChanged(
                f"the particulars of the licence record {found[0]} were not written at its sealing"
            )
    return RecordParticulars.objects.count()
