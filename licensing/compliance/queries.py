"""Reads of notices: what they are about, who holds it, what waits, what concerns a record or party.

It refuses to say who may see what; faces ask for the parties of a login first. Invariant: whose
answer is asked for is who holds the target at that moment, by catalog and sheets.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, UUIDField
from django.db.models.functions import Cast

from licensing.attribution.models import LicenceRecord, LicenceSource
from licensing.attribution.rules import SESSION
from licensing.catalog.models import Recording, Stem
from licensing.catalog.queries import is_uuid, list_parties_of_recording
from licensing.clearance.models import Hold
from licensing.compliance.models import Takedown
from licensing.compliance.rules import UNDECIDED, State

Kind = Hold.TargetKind


@dataclass(frozen=True, slots=True)
class Target:
    """What a notice is about, in words, with the recordings it touches."""

    kind: str
    ref: str
    title: str
    recordings: tuple[UUID, ...]


def find_target(kind: str, ref: str) -> Target | None:
    """The stem, recording or licence record of this id; None where there is none."""
    if not is_uuid(ref):
        return None
    if kind == Kind.STEM:
        stem = Stem.objects.select_related("recording").filter(pk=ref).first()
        return None if stem is None else _of_stem(stem)
    if kind == Kind.RECORDING:
        row = Recording.objects.filter(pk=ref).first()
        return None if row is None else Target(kind, str(row.pk), f"“{row.title}”", (row.pk,))
    record = LicenceRecord.objects.filter(pk=ref).first() if kind == Kind.RECORD else None
    return None if record is None else _of_record(record)


def _of_stem(stem: Stem) -> Target:
    title = f"“{stem.label}” of “{stem.recording.title}”"
    return Target(Kind.STEM, str(stem.pk), title, (stem.recording_id,))


def _of_record(record: LicenceRecord) -> Target:
    sources = LicenceSource.objects.filter(record=record).order_by("position")
    found = dict(sources.values_list("stem__recording_id", "stem__recording__title"))
    what = "a live session" if record.subject_kind == SESSION else "a variation"
    named = " and ".join(f"“{title}”" for title in found.values())
    return Target(Kind.RECORD, str(record.pk), f"{what} of {named}", tuple(found))


def holders_of(target: Target) -> frozenset[UUID]:
    """Every party that keeps, brought or holds a share of what the target is made of."""
    return frozenset(party for one in target.recordings for party in list_parties_of_recording(one))


def target_of(row: Takedown) -> Target:
    """What a notice is about. Raises LookupError if that is gone, which nothing here ever is."""
    found = find_target(row.target_kind, row.target_ref)
    if found is None:
        raise LookupError(f"{row.target_kind} {row.target_ref}")
    return found


def list_undecided() -> QuerySet[Takedown]:
    """A queryset of the notices that wait for a decision, the one due first first."""
    return Takedown.objects.filter(state__in=sorted(UNDECIDED)).order_by("decide_by", "pk")


def list_overdue(now: datetime) -> QuerySet[Takedown]:
    """A queryset of those whose day has passed."""
    return list_undecided().filter(decide_by__lt=now)


def list_appeals() -> QuerySet[Takedown]:
    """A queryset of upheld notices that a holder wants looked at again, the one due first first."""
    return Takedown.objects.filter(appeal__outcome="OPEN").order_by("appeal__decide_by", "pk")


def list_on(refs: Collection[str]) -> QuerySet[Takedown]:
    """A queryset of the notices about any of these stems, recordings and records, oldest first."""
    return Takedown.objects.filter(target_ref__in=list(refs)).order_by("received_at", "pk")


def list_asked(recording_id: UUID) -> QuerySet[Takedown]:
    """A queryset of the notices that the holders of a recording were asked about, newest first."""
    stems = Stem.objects.filter(recording_id=recording_id).values_list("pk", flat=True)
    # Asked of each notice, of which there are few; a recording may stand in any number of records.
    of_record = LicenceSource.objects.filter(
        record_id=Cast(OuterRef("target_ref"), UUIDField()), stem__recording_id=recording_id
    )
    concerned = Q(target_ref__in=_texts([recording_id, *stems])) | (
        Q(target_kind=Kind.RECORD) & Exists(of_record)
    )
    return Takedown.objects.filter(concerned, asked_at__isnull=False).order_by("-received_at", "pk")


def same_sound(target: Target) -> QuerySet[Stem]:
    """A queryset of other stems with exactly the sound of the target: what else may be meant."""
    mine = _stems_of(target)
    return (
        Stem.objects.filter(audio__in=mine.values("audio"))
        .exclude(pk__in=mine.values("pk"))
        .exclude(state=Stem.State.DELETED)
        .select_related("recording", "party")
    )


def _stems_of(target: Target) -> QuerySet[Stem]:
    if target.kind == Kind.STEM:
        return Stem.objects.filter(pk=target.ref)
    if target.kind == Kind.RECORDING:
        return Stem.objects.filter(recording_id=target.ref)
    return Stem.objects.none()


def audio_of(target: Target) -> list[str]:
    """Digests of the audio that a stem or recording consists of; none for a licence record, which
    is made of others' stems."""
    known = _stems_of(target).exclude(audio=None).order_by("audio_id")
    return list(known.values_list("audio_id", flat=True).distinct())


def upheld_against(digest: str) -> Takedown | None:
    """The upheld notice that still blocks this very audio, wherever it came in; None without one.

    Equal means the same samples: another master or another encoding has another digest.
    """
    stems = Stem.objects.filter(audio_id=digest).values_list("pk", "recording_id")
    refs = _texts(one for pair in stems for one in pair)
    return Takedown.objects.filter(
        Q(target_kind__in=[Kind.STEM, Kind.RECORDING]),
        state=State.UPHELD,
        hold__released_at__isnull=True,
        target_ref__in=refs,
    ).first()


def _texts(ids: Iterable[UUID]) -> list[str]:
    return sorted({str(one) for one in ids})
