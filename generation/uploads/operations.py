"""Files come in: begun, sent in parts in any order, completed, checked, taken or refused.

It moves bytes and asks `ingest.sniff` what they look like; decoding happens above, in a worker.
Invariant: a refused or abandoned upload leaves its sentence and not one byte.
"""

import io
from datetime import datetime
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from generation.ingest import names, sniff
from generation.uploads import folders, rules
from generation.uploads.models import Upload, UploadPart
from generation.uploads.rules import Limits, PartsMissing, State, UploadRefused
from generation.work import operations as work
from generation.work.rules import Priority
from licensing.catalog import operations as catalog
from licensing.catalog.models import Party, Recording, Stem
from licensing.catalog.rules import CatalogRefused
from licensing.compliance.queries import upheld_against

INGEST, MEASURE_STEM, MEASURE_RECORDING = "ingest", "measure_stem", "measure_recording"
ABANDONED = "The upload was not finished within a day."
CANCELLED = "The upload was cancelled."
_UNDER_WAY = (State.OPEN, State.CHECKING)


def begin_upload(
    *,
    party_id: UUID,
    recording_id: UUID,
    client_name: str,
    size_bytes: int,
    actor: tuple[str, str],
    now: datetime,
    sha256: str = "",
    label: str = "",
    role: str = "",
) -> Upload:
    """A place for one file, and the stem it is to become. `sha256`: of the whole file, if known.

    Raises UploadRefused: "name", "empty", "too_large", "too_much_in_flight", "too_many_stems",
    "bad_checksum".
    """
    limits = Limits(**settings.UPLOAD_LIMITS)
    try:
        name = names.clean_name(client_name)
    except names.HostileName as error:
        raise UploadRefused("name", str(error)) from error
    declared = rules.check_sha256(sha256)
    with transaction.atomic():
        Party.objects.select_for_update(no_key=True).get(id=party_id)
        rules.check_begin(size_bytes, _in_flight(party_id), limits)
        try:
            stem = catalog.add_stem(
                recording_id=recording_id,
                party_id=party_id,
                label=label or rules.label_of(name),
                client_name=name,
                role=role,
                actor=actor,
                now=now,
            )
        except CatalogRefused as error:
            raise UploadRefused(error.code, str(error)) from error
        return Upload.objects.create(
            party_id=party_id,
            stem=stem,
            client_name=name,
            size_bytes=size_bytes,
            sha256=declared,
            created_at=now,
            expires_at=rules.expires_at(now, limits),
        )


def _in_flight(party_id: UUID) -> int:
    """Bytes that the party's unfinished uploads will hold."""
    mine = Upload.objects.filter(party_id=party_id, state__in=_UNDER_WAY)
    return mine.aggregate(bytes=Sum("size_bytes"))["bytes"] or 0


def put_part(
    *, upload_id: UUID, index: int, body: IO[bytes] | bytes, now: datetime, sha256: str = ""
) -> UploadPart:
    """Keep part `index`; a part that comes again takes the place of the first.

    `sha256`, where given, must be the part's. Raises UploadRefused: "no_such_part", "part_length",
    "checksum", "closed".
    """
    upload = Upload.objects.get(id=upload_id)
    length = rules.part_length(upload.size_bytes, index)
    declared = rules.check_sha256(sha256)
    _must_be_open(upload, now)
    source = io.BytesIO(body) if isinstance(body, bytes) else body
    try:
        digest, count = folders.keep_part(upload_id, index, source, length, declared)
    except FileNotFoundError:
        _must_be_open(Upload.objects.get(id=upload_id), now)
        raise
    if count != length:
        raise UploadRefused("part_length", f"Part {index} must have {length} bytes.")
    if declared and declared != digest:
        raise UploadRefused("checksum", f"Part {index} does not have the checksum given.")
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(id=upload_id)
        if upload.state != State.OPEN:
            folders.forget_part(upload_id, index, digest)
        _must_be_open(upload, now)
        known = UploadPart.objects.filter(upload_id=upload_id, index=index).first()
        if known is not None and known.digest != digest:
            folders.part_of(upload_id, index, known.digest).unlink(missing_ok=True)
        part, _ = UploadPart.objects.update_or_create(
            upload_id=upload_id, index=index, defaults={"digest": digest, "bytes": count}
        )
    return part


def _must_be_open(upload: Upload, now: datetime) -> None:
    if upload.state != State.OPEN or upload.expires_at <= now:
        raise UploadRefused("closed", "This upload has ended; begin it anew.")


def complete_upload(*, upload_id: UUID, now: datetime) -> Upload:
    """All parts are in: check size, checksum and type, and have it decoded. Safe to repeat.

    A file that cannot be taken ends as REFUSED with its sentence. Raises PartsMissing.
    """
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(id=upload_id)
        if upload.state != State.OPEN:
            return upload
        parts = dict(upload.parts.values_list("index", "digest"))
        missing = rules.missing_parts(upload.size_bytes, set(parts))
        if missing:
            raise PartsMissing(missing)
        refusal = _look_at(upload, sorted(parts.items()))
        if refusal is not None:
            _refuse(upload, *refusal, now)
            return upload
        upload.state = State.CHECKING
        upload.save(update_fields=["state"])
        upload.parts.all().delete()
        catalog.begin_check(stem_id=upload.stem_id, now=now)
        job = work.Wanted(INGEST, ("upload", str(upload.id)), Priority.INGEST)
        work.put_jobs(wanted=[job], now=now)
    for index, digest in parts.items():
        folders.part_of(upload.id, index, digest).unlink(missing_ok=True)
    return upload


def _look_at(upload: Upload, parts: list[tuple[int, str]]) -> tuple[str, str] | None:
    """Join the parts; why the file cannot be taken, as code and sentence, or None."""
    sha256 = folders.join_parts(upload.id, parts)
    whole = folders.whole_of(upload.id)
    if whole.stat().st_size != upload.size_bytes:
        return ("size", "The file does not have the size that was announced.")
    if upload.sha256 and upload.sha256 != sha256:
        return ("checksum", "The file does not have the checksum given; send it again.")
    with whole.open("rb") as file:
        if sniff.sniff(file) is None:
            looks_like = sniff.describe(file.read(512))
            return ("not_audio", f"This is {looks_like}, not a sound file that is taken.")
    return None


@transaction.atomic
def refuse_upload(*, upload_id: UUID, code: str, sentence: str, now: datetime) -> Upload:
    """The bytes are no stem: keep the sentence, remove the bytes. Safe to repeat."""
    upload = Upload.objects.select_for_update().get(id=upload_id)
    if upload.state in _UNDER_WAY:
        _refuse(upload, code, sentence, now)
    return upload


def _refuse(
    upload: Upload, code: str, sentence: str, now: datetime, end: State = State.REFUSED
) -> None:
    upload.state, upload.finished_at = end, now
    upload.refusal_code, upload.refusal = code, sentence
    upload.save()
    upload.parts.all().delete()
    stem = Stem.objects.get(id=upload.stem_id)
    if stem.state in (Stem.State.UPLOADING, Stem.State.CHECKING):
        catalog.refuse_stem(stem_id=stem.id, sentence=sentence, now=now)
    transaction.on_commit(lambda: folders.remove(upload.id))


@transaction.atomic
def accept_upload(
    *,
    upload_id: UUID,
    digest: str,
    frames: int,
    original_sha256: str,
    original_bytes: int,
    archive_name: str,
    original_name: str,
    ingest_gain_db: float,
    notes: tuple[str, ...],
    now: datetime,
) -> Stem:
    """The sound is in the store: give it to the stem and have it measured. Safe to repeat.

    Sound that was taken down is looked at by a person first, whoever brings it: its audio is locked
    here until that is written down.
    """
    upload = Upload.objects.select_for_update().get(id=upload_id)
    stem = catalog.attach_audio(
        stem_id=upload.stem_id,
        digest=digest,
        frames=frames,
        original_sha256=original_sha256,
        original_bytes=original_bytes,
        archive_name=archive_name,
        original_name=original_name,
        ingest_gain_db=ingest_gain_db,
        notes=notes,
        now=now,
    )
    notice = upheld_against(digest)
    if notice is not None and upload.state == State.CHECKING:
        why = f"The same sound was taken down by notice {notice.reference}."
        stem = catalog.doubt_stem(stem_id=stem.id, why=why, now=now)
    if upload.state == State.CHECKING:
        upload.state, upload.finished_at = State.DONE, now
        upload.save(update_fields=["state", "finished_at"])
        job = work.Wanted(MEASURE_STEM, ("stem", str(stem.id)), Priority.ANALYSIS)
        work.put_jobs(wanted=[job], now=now)
        transaction.on_commit(lambda: folders.remove(upload.id))
    return stem


@transaction.atomic
def cancel_upload(*, upload_id: UUID, now: datetime) -> Upload:
    """The artist wants it no more. An upload that has ended is left as it is."""
    upload = Upload.objects.select_for_update().get(id=upload_id)
    if upload.state == State.OPEN:
        _refuse(upload, "cancelled", CANCELLED, now, State.ABANDONED)
    return upload


def abandon_uploads(*, now: datetime) -> int:
    """Remove the unfinished uploads whose time is over; returns how many."""
    late = Upload.objects.filter(state=State.OPEN, expires_at__lte=now)
    count = 0
    for upload_id in late.values_list("id", flat=True):
        with transaction.atomic():
            upload = late.select_for_update(skip_locked=True).filter(id=upload_id).first()
            if upload is not None:
                _refuse(upload, "abandoned", ABANDONED, now, State.ABANDONED)
                count += 1
    return count


@transaction.atomic
def complete_recording(*, recording_id: UUID, actor: tuple[str, str], now: datetime) -> Recording:
    """The artist says that all stems are in: close the list and have the recording measured.

    Raises CatalogRefused while a stem is on its way, or when none is ready.
    """
    recording = catalog.mark_stems_complete(recording_id=recording_id, actor=actor, now=now)
    job = work.Wanted(MEASURE_RECORDING, ("recording", str(recording.id)), Priority.ANALYSIS)
    work.put_jobs(wanted=[job], now=now)
    return recording
