"""Reads of attribution: may this be served now, who is in it, and what a withdrawal would stop.

It refuses to know sound. Invariant: `may_serve` is one SQL query, asked before every play list,
segment and file; any withdrawal or hold that is committed counts, whatever its clock said. A record
with parts (a live session) is served while it is not held itself; `parts_standing` says which.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from licensing.attribution.models import (
    AttributionLine,
    LicenceGrant,
    LicenceRecord,
    LicenceSource,
    MinuteLine,
    RecordPart,
)
from licensing.attribution.rules import SWEEP_DAYS
from licensing.catalog.models import AudioObject, Stem
from licensing.clearance.approving import PASSED
from licensing.clearance.models import Approval, Grant, Hold, Use, Withdrawal
from licensing.clearance.rules import PREVIEW


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a withdrawal stops, or has stopped: records that may be served until then.

    `stopped` counts them by kind of subject, `being_made` those that end while being made. A record
    with parts (a live session) counts while it is open: it goes on without what was withdrawn.
    """

    stems: int
    uses: tuple[str, ...]
    records: int
    being_made: int
    stopped: tuple[tuple[str, int], ...]

    def of_kind(self, subject_kind: str) -> int:
        """How many of them are of one kind of subject."""
        return dict(self.stopped).get(subject_kind, 0)


@dataclass(frozen=True, slots=True)
class Removal:
    """When a stem's original and archive go, were it deleted at the moment asked about.

    `on` is None while another stem has the same audio, which then stays for that one.
    """

    on: datetime | None
    other_stems: int


@dataclass(frozen=True, slots=True)
class LineView:
    """One source of a record for a page; `ppm` is None until the record is sealed."""

    stem_id: UUID
    label: str
    role: str
    digest: str
    recording_id: UUID
    recording_title: str
    party_id: UUID
    party_name: str
    ppm: int | None


def served(at: datetime) -> QuerySet[LicenceRecord]:
    """A queryset of the records that may be served at `at`: they stand, and nobody is asked."""
    asked = Approval.objects.filter(clearance=OuterRef("clearance")).exclude(state__in=PASSED)
    return standing(at).filter(~Exists(asked))


def standing(at: datetime) -> QuerySet[LicenceRecord]:
    """A queryset of the records whose permission stands at `at`, also while a yes is waited for."""
    return LicenceRecord.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        _stands(at),
        state__in=[LicenceRecord.State.OPEN, LicenceRecord.State.SEALED],
    )


def _has_parts() -> Q:
    return Q(Exists(RecordPart.objects.filter(record=OuterRef("pk"))))


def _stands(at: datetime) -> Q:
    """No hold on the record; and, unless its parts answer for that, nothing it rests on fell."""
    on_record = Hold.objects.filter(
        released_at__isnull=True,
        target_kind="RECORD",
        target_ref=Cast(OuterRef("pk"), TextField()),
    )
    return Q(~Exists(on_record), _has_parts() | _nothing_fell(at))


def _nothing_fell(at: datetime) -> Q:
    """No grant withdrawn or ended, no stem deleted, no hold on stem or recording."""
    rests = LicenceGrant.objects.filter(record=OuterRef("pk"))
    withdrawn = Withdrawal.objects.filter(
        Q(effect="TAKE_DOWN") | Q(served_until__lte=at) | Exists(_open(OuterRef(OuterRef("pk")))),
        grant__records__record=OuterRef("pk"),
        uses__contains=[OuterRef("use")],
    )
    holds = Hold.objects.filter(released_at__isnull=True)
    on_stem = holds.filter(target_kind="STEM", target_ref=Cast(OuterRef("stem_id"), TextField()))
    on_recording = holds.filter(
        target_kind="RECORDING", target_ref=Cast(OuterRef("stem__recording_id"), TextField())
    )
    fallen = LicenceSource.objects.filter(record=OuterRef("pk")).filter(
        ~Q(stem__state=Stem.State.READY) | Exists(on_stem) | Exists(on_recording)
    )
    ended = rests.filter(grant__valid_until__lte=at)
    return Q(~Exists(withdrawn), ~Exists(ended), ~Exists(fallen))


def _open(record: OuterRef) -> QuerySet[LicenceRecord]:
    """What is still being made stops, whatever a withdrawal says about finished variations."""
    return LicenceRecord.objects.filter(pk=record, state=LicenceRecord.State.OPEN)


def may_serve(record_id: UUID, at: datetime) -> bool:
    """Whether sound of this record may be handed out at `at`; False for an unknown record."""
    return served(at).filter(pk=record_id).exists()


def may_serve_each(record_ids: Iterable[UUID], at: datetime) -> frozenset[UUID]:
    """Those of the records that may be served, in one query: for lists."""
    return frozenset(served(at).filter(pk__in=list(record_ids)).values_list("pk", flat=True))


def may_make(record_id: UUID, at: datetime) -> bool:
    """Whether sound of this record may be made at `at`, for its holders to hear at least."""
    return standing(at).filter(pk=record_id).exists()


def still_stands(record_id: UUID, at: datetime) -> bool:
    """Whether the record still holds, whatever state it is in: what it rests on, or its parts."""
    return LicenceRecord.objects.filter(_stands(at), pk=record_id).exists()


_PARTS_STANDING = """
SELECT part.id
FROM attribution_recordpart part JOIN attribution_licencerecord record ON record.id = part.record_id
WHERE part.id = ANY(%(parts)s) AND record.state = 'OPEN'
  AND (record.ends_at IS NULL OR record.ends_at > %(at)s)
  AND NOT EXISTS (
      SELECT 1 FROM clearance_hold hold
      WHERE hold.released_at IS NULL AND hold.target_kind = 'RECORD'
        AND hold.target_ref = record.id::text)
  AND NOT EXISTS (
      SELECT 1 FROM clearance_withdrawal gone
      WHERE gone.grant_id = ANY(part.grants) AND record.use = ANY(gone.uses))
  AND NOT EXISTS (
      SELECT 1 FROM clearance_grant given
      WHERE given.id = ANY(part.grants) AND given.valid_until <= %(at)s)
  AND NOT EXISTS (
      SELECT 1 FROM catalog_stem stem
      WHERE stem.id = ANY(part.stems) AND (
          stem.state <> 'READY'
          OR EXISTS (
              SELECT 1 FROM clearance_hold hold
              WHERE hold.released_at IS NULL
                AND (hold.target_kind, hold.target_ref) IN
                    (('STEM', stem.id::text), ('RECORDING', stem.recording_id::text)))))
"""


def parts_standing(part_ids: Iterable[int], at: datetime) -> frozenset[int]:
    """Those of the parts whose sound may be handed out: their record is open and not held, and
    every stem and grant of theirs holds. One query, however many parts.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PARTS_STANDING, {"parts": list(part_ids), "at": at})
        return frozenset(row[0] for row in cursor.fetchall())


def list_records_on(stem_id: UUID) -> QuerySet[LicenceRecord]:
    """A queryset of the records that rest on a stem, newest first."""
    return LicenceRecord.objects.filter(sources__stem_id=stem_id).order_by("-opened_at", "pk")


def get_record_of(subject_kind: str, subject_ref: UUID | str) -> LicenceRecord:
    """The record of a subject, with its clearance; raises LicenceRecord.DoesNotExist."""
    return LicenceRecord.objects.select_related("clearance").get(
        subject_kind=subject_kind, subject_ref=str(subject_ref)
    )


def lines_of(record_id: UUID) -> tuple[LineView, ...]:
    """The sources of a record, largest share first, then in their order; two queries."""
    shares = dict(AttributionLine.objects.filter(record_id=record_id).values_list("stem_id", "ppm"))
    return _lines(LicenceSource.objects.filter(record_id=record_id), shares)


def lines_in_order(record: LicenceRecord) -> tuple[LineView, ...]:
    """The sources of a record in the order in which they came in; one query while it is open."""
    shares: dict[UUID, int] = {}
    if record.state != LicenceRecord.State.OPEN:
        lines = AttributionLine.objects.filter(record=record)
        shares = dict(lines.values_list("stem_id", "ppm"))
    rows = LicenceSource.objects.filter(record=record).select_related(*_OF_SOURCES)
    return tuple(_line(one, shares) for one in rows.order_by("position"))


def lines_of_minute(record_id: UUID, minute: int) -> tuple[LineView, ...]:
    """What sounded in a sealed minute, largest share first; empty if silent, or not sealed yet."""
    lines = MinuteLine.objects.filter(
        sealed_minute__record_id=record_id, sealed_minute__minute=minute
    )
    shares = dict(lines.values_list("stem_id", "ppm"))
    return _lines(LicenceSource.objects.filter(record_id=record_id, stem__in=shares), shares)


def _lines(rows: QuerySet[LicenceSource], shares: Mapping[UUID, int]) -> tuple[LineView, ...]:
    sources = rows.select_related(*_OF_SOURCES)
    ordered = sorted(sources, key=lambda one: (-shares.get(one.stem_id, 0), one.position))
    return tuple(_line(one, shares) for one in ordered)


_OF_SOURCES = ("stem__recording", "stem__party")


def _line(one: LicenceSource, shares: Mapping[UUID, int]) -> LineView:
    return LineView(
        stem_id=one.stem_id,
        label=one.stem.label,
        role=one.stem.role,
        digest=one.digest,
        recording_id=one.stem.recording_id,
        recording_title=one.stem.recording.title,
        party_id=one.stem.party_id,
        party_name=one.stem.party.name,
        ppm=shares.get(one.stem_id),
    )


def grants_of(record_id: UUID) -> QuerySet[Grant]:
    """A queryset of the grants a record rests on, with party, stem and withdrawals."""
    return (
        Grant.objects.filter(records__record_id=record_id)
        .select_related("party", "stem")
        .prefetch_related("withdrawals")
        .order_by("stem__position", "party__name", "pk")
    )


def preview_withdrawal(
    *,
    party_id: UUID,
    stem_ids: Sequence[UUID],
    at: datetime,
    uses: Sequence[str] | None = None,
) -> Consequences:
    """What withdrawing these uses of these stems would stop, were all taken down; writes nothing.

    `being_made` and the sessions stop, or go on without, whatever becomes of the finished ones.
    """
    wanted = [use.value for use in Use if use != PREVIEW] if uses is None else sorted(set(uses))
    rests = LicenceGrant.objects.filter(
        ~Exists(
            Withdrawal.objects.filter(
                grant=OuterRef("grant"), uses__contains=[OuterRef("record__use")]
            )
        )
        | Q(record__state=LicenceRecord.State.SEALED),
        record=OuterRef("pk"),
        grant__party_id=party_id,
        grant__stem__in=list(stem_ids),
    )
    records = _going_on(at).filter(Exists(rests), use__in=wanted)
    return consequences(records, len(set(stem_ids)), wanted)


def preview_deletion(stem_id: UUID, at: datetime) -> tuple[Consequences, Removal]:
    """What deleting a stem would stop, and when its audio would go."""
    sources = LicenceSource.objects.filter(
        record=OuterRef("pk"), stem_id=stem_id, stem__state=Stem.State.READY
    )
    records = _going_on(at).filter(Exists(sources))
    uses = records.order_by("use").values_list("use", flat=True).distinct()
    stopped = consequences(records, 1, list(uses))
    audio_id = Stem.objects.values_list("audio_id", flat=True).get(pk=stem_id)
    others = Stem.objects.filter(audio_id=audio_id).exclude(pk=stem_id)
    count = others.exclude(state=Stem.State.DELETED).count() if audio_id else 0
    return stopped, Removal(None if count else at + timedelta(days=SWEEP_DAYS), count)


def _going_on(at: datetime) -> QuerySet[LicenceRecord]:
    """What stands, less the live sessions that are over: nobody hears those any more."""
    return standing(at).filter(Q(state=LicenceRecord.State.OPEN) | ~_has_parts())


def consequences(records: QuerySet[LicenceRecord], stems: int, uses: Sequence[str]) -> Consequences:
    """The count of `records` by kind of subject, and of those that end while being made."""
    being_made = Q(state=LicenceRecord.State.OPEN) & ~_has_parts()
    rows = list(
        records.order_by()
        .values_list("subject_kind")
        .annotate(count=Count("pk"), being_made=Count("pk", filter=being_made))
        .values_list("subject_kind", "count", "being_made")
    )
    kinds = {kind: count for kind, count, _ in rows}
    return Consequences(
        stems=stems,
        uses=tuple(uses),
        records=sum(kinds.values()),
        being_made=sum(ending for _, _, ending in rows),
        stopped=tuple(sorted(kinds.items())),
    )


def removable_audio(now: datetime) -> QuerySet[AudioObject]:
    """A queryset of audio whose stems were all deleted a day ago and which no open record needs.

    Nothing is being made for longer than a day, and no live session lasts so long: an older open
    record is of something that failed.
    """
    kept = Stem.objects.filter(audio=OuterRef("pk")).exclude(
        state=Stem.State.DELETED, deleted_at__lte=now - timedelta(days=SWEEP_DAYS)
    )
    in_use = LicenceSource.objects.filter(
        digest=OuterRef("pk"),
        record__state=LicenceRecord.State.OPEN,
        record__opened_at__gte=now - timedelta(days=SWEEP_DAYS),
    )
    return AudioObject.objects.filter(
        ~Exists(kept), ~Exists(in_use), removed_at__isnull=True, stems__isnull=False
    ).distinct()
