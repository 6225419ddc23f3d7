"""How far each file is, for the page that shows one upload and the page of a whole recording.

Reads only. Invariant: what is said of a stem comes from rows: its state, its upload, its open jobs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from generation.uploads import rules
from generation.uploads.models import Upload
from generation.uploads.operations import MEASURE_RECORDING, MEASURE_STEM
from generation.work.models import Job
from generation.work.queries import has_open
from generation.work.rules import OPEN
from licensing.catalog.models import Stem
from licensing.catalog.queries import list_stems

# What a page says of a stem, in the order in which it happens.
UPLOADING, CHECKING, MEASURING, READY = "uploading", "checking", "measuring", "ready"
REVIEW, REFUSED = "review", "refused"
_STEPS = {"UPLOADING": UPLOADING, "CHECKING": CHECKING, "REVIEW": REVIEW, "REFUSED": REFUSED}


@dataclass(frozen=True, slots=True)
class UploadState:
    """One upload: what has come, what is missing, what became of it."""

    id: UUID
    stem_id: UUID
    recording_id: UUID
    party_id: UUID
    client_name: str
    state: str
    size_bytes: int
    received_bytes: int
    part_bytes: int
    part_count: int
    missing: tuple[int, ...]
    refusal_code: str
    refusal: str


@dataclass(frozen=True, slots=True)
class StemProgress:
    """One stem on its way. `step`: one of the words above; `upload_id` of its newest upload."""

    stem: Stem
    step: str
    upload_id: UUID | None
    size_bytes: int
    received_bytes: int
    refusal: str


def upload_state(upload_id: UUID) -> UploadState:
    """One upload's state; raises Upload.DoesNotExist."""
    upload = Upload.objects.select_related("stem").get(id=upload_id)
    have = set(upload.parts.values_list("index", flat=True))
    is_open = upload.state == rules.State.OPEN
    received = sum(rules.part_length(upload.size_bytes, index) for index in have)
    return UploadState(
        id=upload.id,
        stem_id=upload.stem_id,
        recording_id=upload.stem.recording_id,
        party_id=upload.party_id,
        client_name=upload.client_name,
        state=upload.state,
        size_bytes=upload.size_bytes,
        received_bytes=received if is_open else upload.size_bytes,
        part_bytes=upload.part_bytes,
        part_count=rules.part_count(upload.size_bytes),
        missing=rules.missing_parts(upload.size_bytes, have) if is_open else (),
        refusal_code=upload.refusal_code,
        refusal=upload.refusal,
    )


def recording_progress(recording_id: UUID) -> tuple[StemProgress, ...]:
    """Every stem of a recording and how far it is, in four SQL queries."""
    stems = list(list_stems(recording_id))
    ids = [stem.id for stem in stems]
    uploads = {
        one.stem_id: one
        for one in Upload.objects.filter(stem__in=ids)
        .annotate(received=Sum("parts__bytes"))
        .order_by("created_at")
    }
    measuring = _measuring(ids)
    return tuple(_progress(stem, uploads.get(stem.id), stem.id in measuring) for stem in stems)


def _measuring(stems: Iterable[UUID]) -> set[UUID]:
    jobs = Job.objects.filter(
        kind=MEASURE_STEM,
        subject_kind="stem",
        subject_ref__in=[str(one) for one in stems],
        state__in=OPEN,
    )
    return {UUID(ref) for ref in jobs.values_list("subject_ref", flat=True)}


def _progress(stem: Stem, upload: Upload | None, measuring: bool) -> StemProgress:
    step = _STEPS.get(stem.state, MEASURING if measuring else READY)
    size = upload.size_bytes if upload else 0
    received = getattr(upload, "received", None) or 0
    return StemProgress(
        stem=stem,
        step=step,
        upload_id=upload.id if upload else None,
        size_bytes=size,
        received_bytes=received if step == UPLOADING else size,
        refusal=stem.refusal,
    )


def is_recording_measuring(recording_id: UUID) -> bool:
    """True while the recording as a whole is being measured."""
    return has_open(("recording", str(recording_id)), (MEASURE_RECORDING,))
