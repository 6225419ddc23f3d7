"""The demo's music goes in by the same doors as everybody's: parts, checks, sheets, grants.

It knows folders of stems and who brings them. Invariant: a recording that is there already is left
as it is.
"""

import hashlib
import mimetypes
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone

from generation.analysis.models import RecordingMeasure
from generation.uploads.operations import (
    begin_upload,
    complete_recording,
    complete_upload,
    put_part,
)
from generation.uploads.rules import PART_BYTES
from licensing.catalog.asking import asked_of
from licensing.catalog.models import Party, Recording, Stem
from licensing.catalog.operations import (
    create_recording,
    propose_sheet,
    sign_sheet,
)
from licensing.catalog.rules import TEXT_LANGUAGE, ShareAsked
from licensing.given import Given, Strength
from portal.accounts.models import Membership

PATIENCE_S = 900.0
_CHECKED = (Stem.State.READY, Stem.State.REVIEW, Stem.State.REFUSED)


class NotSeeded(RuntimeError):
    """Something did not come to its end; the message says what and what it said."""


def seed_recording(
    party: Party, title: str, files: Sequence[Path], shares: dict[UUID, int], now: datetime
) -> Recording:
    """The recording `title` of `party`, uploaded, analysed, with signed sheets on both sides."""
    known = Recording.objects.filter(party=party, title=title).first()
    if known is not None:
        return known
    actor = ("party", str(party.id))
    recording = create_recording(party_id=party.id, title=title, actor=actor, now=now)
    for path in files:
        _upload(recording, path, actor)
    wait_until(lambda: _are_checked(recording), f"checking the stems of {title}")
    _refuse_half(recording)
    complete_recording(recording_id=recording.id, actor=actor, now=timezone.now())
    _sign("MASTER", shares, actor, recording_id=recording.id)
    _sign("PUBLISHING", shares, actor, work_id=recording.work_id)
    wait_until(lambda: _is_measured(recording), f"measuring {title}")
    return recording


def _upload(recording: Recording, path: Path, actor: tuple[str, str]) -> None:
    """One file in parts, as a browser sends it."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    upload = begin_upload(
        party_id=recording.party_id,
        recording_id=recording.id,
        client_name=path.name,
        size_bytes=path.stat().st_size,
        sha256=sha256,
        actor=actor,
        now=timezone.now(),
    )
    with path.open("rb") as file:
        for index, part in enumerate(iter(lambda: file.read(PART_BYTES), b"")):
            put_part(upload_id=upload.id, index=index, body=part, now=timezone.now())
    complete_upload(upload_id=upload.id, now=timezone.now())


def _are_checked(recording: Recording) -> bool:
    return not recording.stems.exclude(state__in=_CHECKED).exists()


def _is_measured(recording: Recording) -> bool:
    return RecordingMeasure.objects.filter(recording=recording).exists()


def _refuse_half(recording: Recording) -> None:
    refused = recording.stems.filter(state=Stem.State.REFUSED).first()
    if refused is not None:
        raise NotSeeded(f"{refused.client_name}: {refused.refusal}")


def _sign(right: str, shares: dict[UUID, int], actor: tuple[str, str], **target: Any) -> None:
    """Propose a sheet and sign it by a member of every party that it asks."""
    asked = [ShareAsked(party_id, ppm) for party_id, ppm in shares.items()]
    sheet = propose_sheet(right=right, shares=asked, actor=actor, now=timezone.now(), **target)
    for party_id in sorted(asked_of(sheet)):
        member = Membership.objects.filter(party_id=party_id).order_by("id").first()
        if member is None:
            raise NotSeeded("A party on the sheet has nobody who can sign.")
        sign_sheet(
            sheet_id=sheet.id,
            party_id=party_id,
            user_ref=str(member.user_id),
            given=Given("demo", Strength.COMMAND, TEXT_LANGUAGE),
            text_sha256=sheet.text_sha256,
            now=timezone.now(),
        )


def wait_until(is_done: Callable[[], bool], what: str) -> None:
    """Look every tenth of a second; raises NotSeeded when it takes longer than fifteen minutes."""
    pause = threading.Event()
    for _ in range(round(PATIENCE_S * 10)):
        if is_done():
            return
        pause.wait(0.1)
    raise NotSeeded(f"{what} took longer than {PATIENCE_S:.0f} s; see the workers' logs.")


def sound_files(folder: Path) -> list[Path]:
    """The files of a folder that say they are sound, by name; raises NotSeeded for none."""
    found = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and (mimetypes.guess_type(path.name)[0] or "").startswith("audio/")
    )
    if not found:
        raise NotSeeded(f"{folder} holds no sound files.")
    return found
