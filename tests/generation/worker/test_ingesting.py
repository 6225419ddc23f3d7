"""An uploaded file becomes a measured stem, or a sentence and nothing else."""

import io

import numpy as np
import pytest
import soundfile
from django.utils import timezone

from generation.analysis.queries import recording_analysis, stem_analysis
from generation.uploads import folders, queries
from generation.uploads import operations as uploads
from generation.work.models import Job
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from licensing.catalog import operations as catalog
from licensing.catalog.models import AudioObject, Stem
from licensing.catalog.store import audio_store

ACTOR = ("user", "1")


@pytest.fixture
def recording(db):
    now = timezone.now()
    party = catalog.create_party(name="Ada", actor=ACTOR, now=now)
    return catalog.create_recording(party_id=party.id, title="Song", actor=ACTOR, now=now)


def wav(seconds=3.0):
    at = np.arange(int(48_000 * seconds)) / 48_000
    tone = 0.3 * np.sin(2 * np.pi * 220 * at) * np.exp(-(at % 0.5) * 6)
    stream = io.BytesIO()
    soundfile.write(stream, np.stack((tone, tone), axis=1), 48_000, "PCM_24", format="WAV")
    return stream.getvalue()


def upload(recording, data, name):
    now = timezone.now()
    begun = uploads.begin_upload(
        party_id=recording.party_id,
        recording_id=recording.id,
        client_name=name,
        size_bytes=len(data),
        actor=ACTOR,
        now=now,
    )
    uploads.put_part(upload_id=begun.id, index=0, body=data, now=now)
    return uploads.complete_upload(upload_id=begun.id, now=now)


def work_off():
    drain(worker="test", handlers=HANDLERS, clock=timezone.now, stop=lambda: False)


def test_wave_file_becomes_a_measured_stem_and_its_recording_can_be_measured(recording):
    data = wav()
    upload(recording, data, "bass.wav")
    work_off()
    (progress,) = queries.recording_progress(recording.id)
    assert progress.step == "ready"
    stem = Stem.objects.get()
    assert (stem.state, stem.audio.frames) == ("READY", 144_000)
    assert audio_store().open(stem.audio.original_name).read() == data
    assert audio_store().exists(stem.audio.archive_name)
    assert stem_analysis(stem.id).length == 144_000
    uploads.complete_recording(recording_id=recording.id, actor=ACTOR, now=timezone.now())
    work_off()
    assert recording_analysis(recording.id).length == 144_000


def test_equal_audio_inside_a_party_is_one_object(recording):
    for name in ("bass.wav", "bass again.wav"):
        upload(recording, wav(), name)
    work_off()
    assert Stem.objects.filter(state="READY").count() == 2
    assert AudioObject.objects.count() == 1


def test_truncated_file_is_refused_with_a_sentence_and_leaves_nothing(
    recording, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        refused = upload(recording, wav()[:60_000], "cut.wav")
        work_off()
    stem = Stem.objects.get()
    assert stem.state == "REFUSED"
    assert stem.refusal.endswith(".")
    assert not folders.folder_of(refused.id).exists()
    assert not AudioObject.objects.exists()


def test_a_stem_that_is_deleted_while_it_is_decoded_ends_at_once(
    recording, django_capture_on_commit_callbacks
):
    begun = upload(recording, wav(), "bass.wav")
    catalog.mark_stem_deleted(stem_id=begun.stem_id, actor=ACTOR, now=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        work_off()
    begun.refresh_from_db()
    assert (begun.state, begun.refusal_code) == ("REFUSED", "stem_settled")
    job = Job.objects.get()
    assert (job.state, job.attempt) == ("DONE", 1)
    assert not folders.folder_of(begun.id).exists()
    assert Stem.objects.get().state == "DELETED"
