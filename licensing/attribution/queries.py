"""Reads of attribution: may this be served now, who is in it, and what a withdrawal would stop.

It refuses to know sound. Invariant: `may_serve` is one SQL query, asked before every play list,
segment and file; any withdrawal or hold that is committed counts, whatever its clock said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from licensing.attribution.models import (
    AttributionLine,
    LicenceGrant,
    LicenceRecord,
    LicenceSource,
)
from licensing.attribution.rules import SWEEP_DAYS
from licensing.catalog.models import AudioObject, Stem
from licensing.clearance.models import Grant, Hold, Use, Withdrawal
from licensing.clearance.rules import PREVIEW


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a withdrawal stops, or has stopped: records that may be served until then.

    `stopped` counts them by kind of subject, `being_made` those among them that are still open.
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
    """A queryset of the records that may be served at `at`."""
    return LicenceRecord.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        _nothing_fell(at),
        state__in=[LicenceRecord.State.OPEN, LicenceRecord.State.SEALED],
    )


def _nothing_fell(at: datetime) -> Q:
    """No grant withdrawn or ended, no stem deleted, no hold on record, stem or recording."""
    rests = LicenceGrant.objects.filter(record=OuterRef("pk"))
    withdrawn = Withdrawal.objects.filter(
        grant__records__record=OuterRef("pk"), uses__contains=[OuterRef("use")]
    )
    holds = Hold.objects.filter(released_at__isnull=True)
    on_record = holds.filter(target_kind="RECORD", target_ref=Cast(OuterRef("pk"), TextField()))
    on_stem = holds.filter(target_kind="STEM", target_ref=Cast(OuterRef("stem_id"), TextField()))
    on_recording = holds.filter(
        target_kind="RECORDING", target_ref=Cast(OuterRef("stem__recording_id"), TextField())
    )
    fallen = LicenceSource.objects.filter(record=OuterRef("pk")).filter(
        ~Q(stem__state=Stem.State.READY) | Exists(on_stem) | Exists(on_recording)
    )
    return (
        ~Exists(withdrawn)
        & ~Exists(rests.filter(grant__valid_until__lte=at))
        & ~Exists(on_record)
        & ~Exists(fallen)
    )


def may_serve(record_id: UUID, at: datetime) -> bool:
    """Whether sound of this record may be handed out at `at`; False for an unknown record."""
    return served(at).filter(pk=record_id).exists()


def may_serve_each(record_ids: Iterable[UUID], at: datetime) -> frozenset[UUID]:
    """Those of the records that may be served, in one query: for lists."""
    return frozenset(served(at).filter(pk__in=list(record_ids)).values_list("pk", flat=True))


def still_stands(record_id: UUID, at: datetime) -> bool:
    """Whether everything the record rests on still holds, whatever state the record is in."""
    return LicenceRecord.objects.filter(_nothing_fell(at), pk=record_id).exists()


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
    sources = LicenceSource.objects.filter(record_id=record_id).select_related(
        "stem__recording", "stem__party"
    )
    ordered = sorted(sources, key=lambda one: (-shares.get(one.stem_id, 0), one.position))
    return tuple(
        LineView(
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
        for one in ordered
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
    """What withdrawing these uses of these stems would stop, before the deed; writes nothing."""
    wanted = [use.value for use in Use if use != PREVIEW] if uses is None else sorted(set(uses))
    rests = LicenceGrant.objects.filter(
        record=OuterRef("pk"), grant__party_id=party_id, grant__stem__in=list(stem_ids)
    )
    records = served(at).filter(Exists(rests), use__in=wanted)
    return consequences(records, len(set(stem_ids)), wanted)


def preview_deletion(stem_id: UUID, at: datetime) -> tuple[Consequences, Removal]:
    """What deleting a stem would stop, and when its audio would go."""
    sources = LicenceSource.objects.filter(record=OuterRef("pk"), stem_id=stem_id)
    records = served(at).filter(Exists(sources))
    uses = records.order_by("use").values_list("use", flat=True).distinct()
    stopped = consequences(records, 1, list(uses))
    audio_id = Stem.objects.values_list("audio_id", flat=True).get(pk=stem_id)
    others = Stem.objects.filter(audio_id=audio_id).exclude(pk=stem_id)
    count = others.exclude(state=Stem.State.DELETED).count() if audio_id else 0
    return stopped, Removal(None if count else at + timedelta(days=SWEEP_DAYS), count)


def consequences(records: QuerySet[LicenceRecord], stems: int, uses: Sequence[str]) -> Consequences:
    """The count of `records` by kind of subject and by whether they are still open."""
    rows = list(
        records.order_by()
        .values_list("subject_kind", "state")
        .annotate(count=Count("pk"))
        .values_list("subject_kind", "state", "count")
    )
    kinds: dict[str, int] = {}
    for kind, _, count in rows:
        kinds[kind] = kinds.get(kind, 0) + count
    return Consequences(
        stems=stems,
        uses=tuple(uses),
        records=sum(kinds.values()),
        being_made=sum(count for _, state, count in rows if state == LicenceRecord.State.OPEN),
        stopped=tuple(sorted(kinds.items())),
    )


def removable_audio(now: datetime) -> QuerySet[AudioObject]:
    """A queryset of audio whose stems were all deleted a day ago and which no open record needs.

    Nothing is being made for longer than a day: an older open record is of something that failed.
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
