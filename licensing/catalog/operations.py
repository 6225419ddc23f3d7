"""Parties, recordings and stems come in, are described, and go; sheets are agreed beside this.

It refuses to know uploads and decoding: a stem is told what was found. Invariant: equal audio is
one object; equal audio of two parties is never silently accepted, the second stem waits for a
person, and so does audio that a room above doubts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from licensing.audit.operations import record_fact
from licensing.catalog import identifiers
from licensing.catalog.agreement import decline_sheet, propose_sheet, sign_sheet
from licensing.catalog.models import AudioObject, Party, Recording, Stem, Work
from licensing.catalog.rules import (
    STEMS_PER_RECORDING,
    CatalogRefused,
    clean_name,
    shown_file_name,
)
from licensing.catalog.store import audio_store

Actor = tuple[str, str]
_ON_THE_WAY = (Stem.State.UPLOADING, Stem.State.CHECKING)

__all__ = [
    "Actor",
    "add_stem",
    "attach_audio",
    "begin_check",
    "create_party",
    "create_recording",
    "decline_sheet",
    "describe_stem",
    "doubt_stem",
    "hide_recording",
    "mark_audio_removed",
    "mark_stem_deleted",
    "mark_stems_complete",
    "propose_sheet",
    "refuse_stem",
    "resolve_review",
    "show_recording",
    "sign_sheet",
]


@transaction.atomic
def create_party(
    *,
    name: str,
    actor: Actor,
    now: datetime,
    kind: str = Party.Kind.PERSON,
    isni: str = "",
    ipi: str = "",
) -> Party:
    """A new party. Raises CatalogRefused for an odd name, InvalidIdentifier for a wrong code."""
    if kind not in Party.Kind.values:
        raise CatalogRefused("odd_kind", "A party is a person or a company.")
    party = Party.objects.create(
        name=clean_name(name),
        kind=kind,
        isni=identifiers.normalise_isni(isni) if isni else "",
        ipi=identifiers.normalise_ipi(ipi) if ipi else "",
        created_at=now,
    )
    _fact(actor, "create_party", "party", party.id, {"name": party.name, "kind": kind}, now)
    return party


@transaction.atomic
def create_recording(
    *,
    party_id: UUID,
    title: str,
    actor: Actor,
    now: datetime,
    work_id: UUID | None = None,
    work_title: str = "",
    isrc: str = "",
    iswc: str = "",
    explicit: bool = False,
) -> Recording:
    """A new recording on a party's page, of the work named or of a new one with its title."""
    if work_id is not None:
        work = Work.objects.get(pk=work_id)
    else:
        work = Work.objects.create(
            title=clean_name(work_title or title, "title of the work"),
            iswc=identifiers.normalise_iswc(iswc) if iswc else "",
            created_at=now,
        )
    recording = Recording.objects.create(
        title=clean_name(title, "title"),
        party=Party.objects.get(pk=party_id),
        work=work,
        isrc=identifiers.normalise_isrc(isrc) if isrc else "",
        explicit=explicit,
        created_at=now,
    )
    after = {"title": recording.title, "party": str(party_id), "work": str(work.id)}
    _fact(actor, "create_recording", "recording", recording.id, after, now)
    return recording


@transaction.atomic
def add_stem(
    *,
    recording_id: UUID,
    party_id: UUID,
    label: str,
    actor: Actor,
    now: datetime,
    client_name: str = "",
    role: str = "",
) -> Stem:
    """A place for a stem, in state UPLOADING; a complete recording is open again until it is said.

    Raises CatalogRefused `too_many_stems` beyond 64 that are neither refused nor deleted.
    """
    recording = Recording.objects.select_for_update().get(pk=recording_id)
    gone = [Stem.State.REFUSED, Stem.State.DELETED]
    if recording.stems.exclude(state__in=gone).count() >= STEMS_PER_RECORDING:
        raise CatalogRefused(
            "too_many_stems", f"A recording has at most {STEMS_PER_RECORDING} stems."
        )
    last = recording.stems.aggregate(last=Max("position"))["last"]
    stem = Stem.objects.create(
        recording=recording,
        party_id=party_id,
        label=clean_name(label, "label"),
        client_name=shown_file_name(client_name),
        role=role,
        position=0 if last is None else last + 1,
        created_at=now,
    )
    if recording.state == Recording.State.COMPLETE:
        _move_recording(recording, Recording.State.DRAFT, actor, "reopen_recording", now)
    _fact(actor, "add_stem", "stem", stem.id, {"recording": str(recording_id)}, now)
    return stem


@transaction.atomic
def describe_stem(
    *,
    stem_id: UUID,
    actor: Actor,
    now: datetime,
    label: str | None = None,
    role: str | None = None,
) -> Stem:
    """Name a stem or its role anew; what was measured stays where it is."""
    stem = Stem.objects.select_for_update().get(pk=stem_id)
    before = {"label": stem.label, "role": stem.role}
    stem.label = clean_name(label, "label") if label is not None else stem.label
    stem.role = role if role is not None else stem.role
    stem.save(update_fields=["label", "role"])
    after = {"label": stem.label, "role": stem.role}
    _fact(actor, "describe_stem", "stem", stem.id, after, now, before)
    return stem


@transaction.atomic
def begin_check(*, stem_id: UUID, now: datetime) -> Stem:
    """The bytes are in and are being decoded; repeating it changes nothing."""
    stem = Stem.objects.select_for_update().get(pk=stem_id)
    if stem.state == Stem.State.UPLOADING:
        _move_stem(stem, Stem.State.CHECKING, ("system", "ingest"), "begin_check", now)
    return stem


@transaction.atomic
def refuse_stem(*, stem_id: UUID, sentence: str, now: datetime) -> Stem:
    """The bytes cannot be a stem; the sentence says why. Only before the stem has audio."""
    stem = Stem.objects.select_for_update().get(pk=stem_id)
    if stem.state == Stem.State.REFUSED:
        return stem
    if stem.state not in _ON_THE_WAY:
        raise CatalogRefused("stem_settled", "This stem has been checked already.")
    stem.refusal = sentence[:300]
    stem.save(update_fields=["refusal"])
    _move_stem(stem, Stem.State.REFUSED, ("system", "ingest"), "refuse_stem", now)
    return stem


@transaction.atomic
def keep_made_audio(
    *, digest: str, frames: int, archive_name: str, archive_sha256: str, size: int, now: datetime
) -> None:
    """Audio that belongs to no stem: an external net made it. Its archive is stored before.

    The same call again changes nothing.
    """
    fields = {
        "frames": frames,
        "original_sha256": archive_sha256,
        "original_bytes": size,
        "archive_name": archive_name,
        "original_name": "",
        "created_at": now,
    }
    AudioObject.objects.bulk_create([AudioObject(digest=digest, **fields)], ignore_conflicts=True)


@transaction.atomic
def attach_audio(
    *,
    stem_id: UUID,
    digest: str,
    frames: int,
    original_sha256: str,
    original_bytes: int,
    archive_name: str,
    original_name: str,
    now: datetime,
    ingest_gain_db: float = 0.0,
    notes: Sequence[Any] = (),
) -> Stem:
    """The checked audio of a stem: READY, or REVIEW when another party has the same audio.

    The objects under the two names are stored before. The same call again changes nothing.
    Raises CatalogRefused `stem_settled` for a stem that has other audio, was refused or deleted,
    `store_again` when a sweep removed the objects meanwhile: store them and call again.
    """
    stem = Stem.objects.select_for_update().get(pk=stem_id)
    if stem.audio_id == digest and stem.state in (Stem.State.READY, Stem.State.REVIEW):
        return stem
    if stem.state not in _ON_THE_WAY:
        raise CatalogRefused("stem_settled", "This stem has been checked already.")
    fields = {
        "frames": frames,
        "original_sha256": original_sha256,
        "original_bytes": original_bytes,
        "archive_name": archive_name,
        "original_name": original_name,
        "ingest_gain_db": ingest_gain_db,
        "notes": list(notes),
        "created_at": now,
    }
    AudioObject.objects.bulk_create([AudioObject(digest=digest, **fields)], ignore_conflicts=True)
    # The lock makes two parties with one audio come one after the other.
    audio = AudioObject.objects.select_for_update().get(pk=digest)
    if audio.removed_at is not None:
        _bring_back(audio, fields)
    others = audio.stems.exclude(party_id=stem.party_id).exclude(state=Stem.State.DELETED)
    stem.audio = audio
    stem.save(update_fields=["audio"])
    state = Stem.State.REVIEW if others.exists() else Stem.State.READY
    _move_stem(stem, state, ("system", "ingest"), "attach_audio", now)
    return stem


def _bring_back(audio: AudioObject, fields: dict[str, Any]) -> None:
    """Audio that a sweep removed is here again, if its objects are: the sweep may have come after
    they were found in place and not stored anew."""
    for name in (fields["archive_name"], fields["original_name"]):
        if not audio_store().exists(name):
            raise CatalogRefused("store_again", "The audio is to be stored once more.")
    AudioObject.objects.filter(pk=audio.pk).update(**fields, removed_at=None)


@transaction.atomic
def doubt_stem(*, stem_id: UUID, why: str, now: datetime) -> Stem:
    """A stem that is READY waits for a person after all, who resolves its review; `why` goes into
    the log. Repeating it changes nothing. Raises CatalogRefused `stem_settled`.
    """
    stem = Stem.objects.select_for_update().get(pk=stem_id)
    if stem.state == Stem.State.REVIEW:
        return stem
    if stem.state != Stem.State.READY:
        raise CatalogRefused("stem_settled", "Only a stem that is ready can be doubted.")
    stem.state = Stem.State.REVIEW
    stem.save(update_fields=["state"])
    after = {"state": stem.state, "digest": stem.audio_id, "why": why}
    before = {"state": Stem.State.READY.value}
    _fact(("system", "ingest"), "doubt_stem", "stem", stem.id, after, now, before)
    return stem


@transaction.atomic
def resolve_review(
    *, stem_id: UUID, accept: bool, actor: Actor, now: datetime, sentence: str = ""
) -> Stem:
    """A rights administrator's answer to equal audio of two parties: READY, or REFUSED with why."""
    stem = Stem.objects.select_for_update().get(pk=stem_id)
    if stem.state != Stem.State.REVIEW:
        raise CatalogRefused("not_in_review", "This stem is not under review.")
    if not accept:
        stem.refusal = clean_name(sentence, "reason", 300)
        stem.save(update_fields=["refusal"])
    state = Stem.State.READY if accept else Stem.State.REFUSED
    _move_stem(stem, state, actor, "resolve_review", now)
    return stem


@transaction.atomic
def mark_stems_complete(*, recording_id: UUID, actor: Actor, now: datetime) -> Recording:
    """The artist says that all stems are in. Raises CatalogRefused while one is on its way."""
    recording = Recording.objects.select_for_update().get(pk=recording_id)
    if recording.state == Recording.State.COMPLETE:
        return recording
    if recording.stems.filter(state__in=_ON_THE_WAY).exists():
        raise CatalogRefused(
            "stems_on_the_way",
            "A stem is still coming in or being checked: wait for it or stop its upload, then say "
            "again that all are in.",
        )
    if not recording.stems.filter(state=Stem.State.READY).exists():
        raise CatalogRefused("no_stems", "No stem is ready yet: bring one that is taken first.")
    recording.stems_complete_at = now
    recording.save(update_fields=["stems_complete_at"])
    _move_recording(recording, Recording.State.COMPLETE, actor, "mark_stems_complete", now)
    return recording


@transaction.atomic
def hide_recording(*, recording_id: UUID, actor: Actor, now: datetime) -> Recording:
    """Take a recording off every page; what was made from it goes on under its licences."""
    recording = Recording.objects.select_for_update().get(pk=recording_id)
    if recording.state != Recording.State.HIDDEN:
        _move_recording(recording, Recording.State.HIDDEN, actor, "hide_recording", now)
    return recording


@transaction.atomic
def show_recording(*, recording_id: UUID, actor: Actor, now: datetime) -> Recording:
    """Bring a hidden recording back, as a draft whose stems are to be confirmed again."""
    recording = Recording.objects.select_for_update().get(pk=recording_id)
    if recording.state == Recording.State.HIDDEN:
        _move_recording(recording, Recording.State.DRAFT, actor, "show_recording", now)
    return recording


@transaction.atomic
def mark_stem_deleted(*, stem_id: UUID, actor: Actor, now: datetime) -> Stem:
    """Hide a stem for good. Faces call `attribution.operations.delete_stem`, which also withdraws.

    Digest, measurements, licence lines and money stay; the objects go by the sweep.
    """
    stem = Stem.objects.select_for_update().get(pk=stem_id)
    if stem.state != Stem.State.DELETED:
        stem.deleted_at = now
        stem.save(update_fields=["deleted_at"])
        _move_stem(stem, Stem.State.DELETED, actor, "delete_stem", now)
    return stem


@transaction.atomic
def mark_audio_removed(*, digest: str, now: datetime) -> None:
    """Original and archive of this audio are gone from the store; the row with its digest stays."""
    AudioObject.objects.filter(pk=digest, removed_at__isnull=True).update(removed_at=now)
    _fact(("system", "sweep"), "remove_audio", "audio", digest, None, now)


def _move_stem(stem: Stem, state: str, actor: Actor, verb: str, now: datetime) -> None:
    before = {"state": stem.state}
    stem.state = state
    stem.save(update_fields=["state"])
    after = {"state": state, "digest": stem.audio_id, "refusal": stem.refusal}
    _fact(actor, verb, "stem", stem.id, after, now, before)


def _move_recording(
    recording: Recording, state: str, actor: Actor, verb: str, now: datetime
) -> None:
    before = {"state": recording.state}
    recording.state = state
    recording.save(update_fields=["state"])
    _fact(actor, verb, "recording", recording.id, {"state": state}, now, before)


def _fact(
    actor: Actor,
    verb: str,
    kind: str,
    ref: UUID | str,
    after: dict[str, Any] | None,
    now: datetime,
    before: dict[str, Any] | None = None,
) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind=kind,
        object_ref=str(ref),
        before=before,
        after=after,
        at=now,
    )
