"""An upload and the decision that takes its sound down, at once, in two connections."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from generation.uploads import operations as uploads
from generation.uploads.models import Upload
from licensing.catalog.models import Stem
from licensing.compliance.queries import find_target, same_sound
from licensing.compliance.rules import ANSWER_WITHIN
from tests.licensing import stage as on
from tests.licensing.compliance.told import block, decide, told
from tests.waiting import wait_until_somebody_waits

LATER = on.NOON + ANSWER_WITHIN


@pytest.fixture
def stage(committed_db, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    return on.open_stage()


@pytest.fixture
def upload(stage):
    """Ana's upload to Tide, checked so far that its sound is known."""
    made = uploads.begin_upload(
        party_id=stage.ana.pk, recording_id=stage.tide.pk, client_name="again.wav",
        size_bytes=1_000, actor=on.ACTOR, now=on.NOON,
    )  # fmt: skip
    Upload.objects.filter(pk=made.pk).update(state="CHECKING")
    Stem.objects.filter(pk=made.stem_id).update(state="CHECKING")
    return made


def accept(upload, digest):
    return uploads.accept_upload(
        upload_id=upload.pk, digest=digest, frames=48_000, original_sha256="b" * 64,
        original_bytes=1_000, archive_name=f"archive/{digest[:2]}/{digest}.flac",
        original_name=f"original/bb/{'b' * 64}.wav", ingest_gain_db=0.0, notes=(), now=LATER,
    )  # fmt: skip


def beside(call):
    """Run in a connection of its own."""

    def run():
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_decision_waits_for_an_upload_of_its_sound_and_names_it(stage, upload):
    row = block(told("STEM", stage.drums.pk))
    with transaction.atomic():
        accept(upload, stage.drums.audio_id)
        deciding = beside(lambda: decide(row, LATER, upheld=True))
        wait_until_somebody_waits()
    deciding.join(20)
    row.refresh_from_db()
    assert row.state == "UPHELD"
    assert Stem.objects.get(pk=upload.stem_id).state == "READY", "it came before the decision"
    found = same_sound(find_target("STEM", str(stage.drums.pk)))
    assert [one.pk for one in found] == [upload.stem_id]


def test_an_upload_waits_for_a_decision_about_its_sound_and_is_looked_at(stage, upload):
    row = block(told("STEM", stage.drums.pk))
    with transaction.atomic():
        decide(row, LATER + timedelta(seconds=1), upheld=True)
        uploading = beside(lambda: accept(upload, stage.drums.audio_id))
        wait_until_somebody_waits()
    uploading.join(20)
    assert Stem.objects.get(pk=upload.stem_id).state == "REVIEW"
