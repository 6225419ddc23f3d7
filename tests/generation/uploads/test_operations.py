"""Files come in: parts in any order, checks at the end, nothing left of what was refused."""

import hashlib
import io
import struct
from datetime import timedelta

import pytest

from generation.uploads import operations as uploads
from generation.uploads import queries
from generation.uploads.models import Upload
from generation.uploads.rules import PART_BYTES, PartsMissing, UploadRefused
from generation.work.models import Job
from licensing.audit.models import Fact
from licensing.catalog.models import Stem
from licensing.compliance.rules import ANSWER_WITHIN
from tests.licensing.compliance.told import block, decide, told

ACTOR = ("user", "1")


def wav(seconds=1):
    data = b"\0\0" * 48_000 * seconds
    head = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt "
    head += struct.pack("<IHHIIHH", 16, 1, 1, 48_000, 96_000, 2, 16)
    return head + b"data" + struct.pack("<I", len(data)) + data


@pytest.fixture
def begin(party, recording, folder, now):
    def _begin(data, **more):
        given = {
            "party_id": party.id,
            "recording_id": recording.id,
            "client_name": "drums.wav",
            "size_bytes": len(data),
            "actor": ACTOR,
            "now": now,
        }
        return uploads.begin_upload(**(given | more))

    return _begin


def send(upload, data, now, order=None):
    count = -(-len(data) // PART_BYTES)
    for index in order or range(count):
        part = data[index * PART_BYTES : (index + 1) * PART_BYTES]
        uploads.put_part(upload_id=upload.id, index=index, body=io.BytesIO(part), now=now)


def test_parts_in_any_order_become_the_same_file(begin, now, folder):
    data = wav(200)
    upload = begin(data, sha256=hashlib.sha256(data).hexdigest().upper())
    send(upload, data, now, order=[2, 0, 1, 0])
    done = uploads.complete_upload(upload_id=upload.id, now=now)
    assert done.state == "CHECKING"
    assert (folder / str(upload.id) / "whole").read_bytes() == data
    assert Job.objects.get().kind == "ingest"
    assert Stem.objects.get().state == "CHECKING"
    assert uploads.complete_upload(upload_id=upload.id, now=now).state == "CHECKING"
    assert Job.objects.count() == 1


def test_missing_parts_are_named_and_can_still_come(begin, now):
    data = wav(200)
    upload = begin(data)
    send(upload, data, now, order=[1])
    with pytest.raises(PartsMissing) as missing:
        uploads.complete_upload(upload_id=upload.id, now=now)
    assert missing.value.missing == (0, 2)
    state = queries.upload_state(upload.id)
    assert (state.received_bytes, state.missing) == (PART_BYTES, (0, 2))
    send(upload, data, now, order=[0, 2])
    assert uploads.complete_upload(upload_id=upload.id, now=now).state == "CHECKING"


def test_part_that_came_wrong_is_replaced_by_the_next(begin, now):
    data = wav()
    upload = begin(data, sha256=hashlib.sha256(data).hexdigest())
    send(upload, bytes(len(data)), now)
    send(upload, data, now)
    assert uploads.complete_upload(upload_id=upload.id, now=now).state == "CHECKING"


@pytest.mark.parametrize(
    ("data", "sha256", "code"),
    [
        (b"#EXTM3U\nhttp://example.org/a.mp3\n", "", "not_audio"),
        (b"#!/bin/sh\nrm -rf /\n", "", "not_audio"),
        (wav(), "0" * 64, "checksum"),
    ],
)
def test_refused_upload_leaves_a_sentence_and_no_byte(
    begin, now, folder, data, sha256, code, django_capture_on_commit_callbacks
):
    upload = begin(data, sha256=sha256)
    send(upload, data, now)
    with django_capture_on_commit_callbacks(execute=True):
        done = uploads.complete_upload(upload_id=upload.id, now=now)
    assert (done.state, done.refusal_code) == ("REFUSED", code)
    assert Stem.objects.get().refusal == done.refusal
    assert list(folder.iterdir()) == []
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.wav", "evil\u202evaw.exe", "", "a\0b"])
def test_hostile_name_is_refused(begin, name, folder):
    with pytest.raises(UploadRefused) as refused:
        begin(b"x", client_name=name)
    assert refused.value.code == "name"
    assert not Stem.objects.exists()


def test_part_of_another_length_or_checksum_is_refused(begin, now, folder):
    upload = begin(b"12345")
    for body, sha256, code in [(b"1234", "", "part_length"), (b"123456", "", "part_length")]:
        with pytest.raises(UploadRefused) as refused:
            uploads.put_part(upload_id=upload.id, index=0, body=body, sha256=sha256, now=now)
        assert refused.value.code == code
    with pytest.raises(UploadRefused) as refused:
        uploads.put_part(upload_id=upload.id, index=0, body=b"12345", sha256="0" * 64, now=now)
    assert refused.value.code == "checksum"
    assert not queries.upload_state(upload.id).received_bytes


def test_limits_count_what_is_in_flight_of_this_party_only(begin, settings, now, recording):
    settings.UPLOAD_LIMITS = settings.UPLOAD_LIMITS | {"in_flight_bytes": 100}
    begin(bytes(60))
    with pytest.raises(UploadRefused) as refused:
        begin(bytes(60))
    assert refused.value.code == "too_much_in_flight"


def test_unfinished_upload_is_removed_after_a_day(
    begin, now, folder, django_capture_on_commit_callbacks
):
    upload = begin(wav())
    send(upload, wav(), now)
    assert uploads.abandon_uploads(now=now + timedelta(hours=23)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert uploads.abandon_uploads(now=now + timedelta(hours=25)) == 1
    assert list(folder.iterdir()) == []
    assert Upload.objects.get().state == "ABANDONED"
    with pytest.raises(UploadRefused):
        send(upload, wav(), now)


def test_progress_tells_uploading_checking_measuring_ready(begin, recording, now):
    data = wav()
    upload = begin(data)
    steps = []

    def step():
        (progress,) = queries.recording_progress(recording.id)
        steps.append(progress.step)

    step()
    send(upload, data, now)
    uploads.complete_upload(upload_id=upload.id, now=now)
    step()
    uploads.accept_upload(
        upload_id=upload.id,
        digest="a" * 64,
        frames=48_000,
        original_sha256="b" * 64,
        original_bytes=len(data),
        archive_name=f"archive/aa/{'a' * 64}.flac",
        original_name=f"original/bb/{'b' * 64}.wav",
        ingest_gain_db=0.0,
        notes=(),
        now=now,
    )
    step()
    Job.objects.all().update(state="DONE")
    step()
    assert steps == ["uploading", "checking", "measuring", "ready"]


def test_part_with_another_checksum_leaves_no_byte(begin, now, folder):
    upload = begin(b"12345")
    with pytest.raises(UploadRefused):
        uploads.put_part(upload_id=upload.id, index=0, body=b"54321", sha256="0" * 64, now=now)
    assert [one for one in folder.rglob("*") if one.is_file()] == []


@pytest.mark.parametrize("is_swept", [True, False], ids=["folder gone", "folder still there"])
def test_part_that_comes_while_its_upload_ends_leaves_no_byte(
    begin, now, folder, is_swept, django_capture_on_commit_callbacks
):
    upload = begin(b"12345")

    class Slow(io.BytesIO):
        def read(self, size=-1):
            with django_capture_on_commit_callbacks(execute=is_swept):
                uploads.cancel_upload(upload_id=upload.id, now=now)
            return super().read(size)

    with pytest.raises(UploadRefused) as refused:
        uploads.put_part(upload_id=upload.id, index=0, body=Slow(b"12345"), now=now)
    assert refused.value.code == "closed"
    assert list(folder.iterdir()) == []


def accepted(begin, now, digest):
    """The stem of an upload whose sound has this digest."""
    data = wav()
    upload = begin(data)
    send(upload, data, now)
    uploads.complete_upload(upload_id=upload.id, now=now)
    return uploads.accept_upload(
        upload_id=upload.id,
        digest=digest,
        frames=48_000,
        original_sha256="b" * 64,
        original_bytes=len(data),
        archive_name=f"archive/aa/{digest}.flac",
        original_name=f"original/bb/{'b' * 64}.wav",
        ingest_gain_db=0.0,
        notes=(),
        now=now,
    )


def test_sound_that_was_taken_down_waits_for_a_person_whoever_brings_it_again(begin, now):
    first = accepted(begin, now, "a" * 64)
    assert first.state == "READY"
    row = block(told("STEM", first.pk, now), now)
    assert accepted(begin, now, "a" * 64).state == "READY", "nothing was decided yet"
    decide(row, now + ANSWER_WITHIN, upheld=True)
    again = accepted(begin, now, "a" * 64)
    again.refresh_from_db()
    assert again.state == "REVIEW"
    assert accepted(begin, now, "c" * 64).state == "READY"
    fact = Fact.objects.filter(object_ref=str(again.pk), verb="doubt_stem").get()
    assert row.reference in fact.after["why"]
