"""Uploads over HTTP: parts in any order, resumed, refused with a sentence, and strangers."""

import hashlib
import io
import wave

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from generation.uploads import rules
from generation.uploads.models import Upload, UploadPart
from generation.work.models import Job
from licensing.catalog.models import Stem


def wav(seconds=1):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\x00\x10" * 8_000 * seconds)
    return out.getvalue()


@pytest.fixture(autouse=True)
def small_parts(settings, tmp_path, monkeypatch):
    settings.UPLOAD_DIR = tmp_path
    monkeypatch.setattr(rules, "PART_BYTES", 10_000)


def begin(client, recording, name="Drums.wav", size=16_044):
    return client.post(
        reverse("artists:upload_begin", args=[recording.pk]),
        {"name": name, "size": size},
        content_type="application/json",
    )


def put(client, state, body, index, **headers):
    part = body[index * rules.PART_BYTES : (index + 1) * rules.PART_BYTES]
    return client.put(
        f"{state['part_url']}{index}/", part, content_type="application/octet-stream", **headers
    )


def test_a_file_in_parts_out_of_order_becomes_a_stem_under_check(as_ines, recording):
    body = wav()
    state = begin(as_ines, recording, size=len(body)).json()
    assert state["missing"] == [0, 1]
    digest = hashlib.sha256(body[10_000:]).hexdigest()
    answer = put(as_ines, state, body, 1, HTTP_X_PART_SHA256=digest)
    assert answer.json() == {"index": 1, "sha256": digest}
    told = as_ines.get(reverse("artists:upload_state", args=[state["upload"]])).json()
    assert told["missing"] == [0]
    put(as_ines, state, body, 0)
    assert as_ines.post(state["complete_url"]).status_code == 202
    stem = Stem.objects.get(pk=state["stem"])
    assert (stem.label, stem.state) == ("Drums", "CHECKING")
    assert Job.objects.filter(kind="ingest").count() == 1
    row = as_ines.get(state["row_url"]).content.decode()
    assert "Being checked" in row
    assert "hx-get" in row


def test_completing_too_early_names_what_is_missing(as_ines, recording):
    body = wav()
    state = begin(as_ines, recording, size=len(body)).json()
    put(as_ines, state, body, 0)
    answer = as_ines.post(state["complete_url"])
    assert answer.status_code == 409
    assert answer.json()["missing"] == [1]


def test_a_damaged_part_is_refused_and_can_be_sent_again(as_ines, recording):
    body = wav()
    state = begin(as_ines, recording, size=len(body)).json()
    bad = put(as_ines, state, body, 0, HTTP_X_PART_SHA256="0" * 64)
    assert (bad.status_code, bad.json()["code"]) == (422, "checksum")
    assert not UploadPart.objects.exists()
    assert put(as_ines, state, body, 0).status_code == 200
    assert put(as_ines, state, body, 0).status_code == 200
    assert UploadPart.objects.count() == 1


def test_a_script_named_as_audio_is_refused_with_a_sentence(as_ines, recording):
    body = b"#!/bin/sh\necho hello\n"
    state = begin(as_ines, recording, size=len(body)).json()
    put(as_ines, state, body, 0)
    answer = as_ines.post(state["complete_url"])
    assert (answer.status_code, answer.json()["code"]) == (422, "not_audio")
    page = as_ines.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert "not a sound file" in page


@pytest.mark.parametrize(("name", "size", "status"), [("a.wav", 0, 422), ("a.wav", 3 * 2**30, 413)])
def test_an_impossible_size_is_refused_at_once(as_ines, recording, name, size, status):
    answer = begin(as_ines, recording, name, size)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("name", "size", "deed"),
    [
        ("a.wav", 0, "Export it again"),
        ("a.wav", 10**15, "in shorter parts"),
        ("a" * 300 + ".wav", 9, "Rename it"),
    ],
)
def test_a_refusal_says_what_to_do(as_ines, recording, name, size, deed):
    assert deed in begin(as_ines, recording, name, size).json()["title"]


def test_an_empty_file_of_the_plain_form_says_what_to_do(as_ines, recording):
    url = reverse("artists:upload_plain", args=[recording.pk])
    page = as_ines.post(url, {"files": ContentFile(b"", "a.wav")}, follow=True).content.decode()
    assert "a.wav: The file is empty. Export it again, then choose the new file." in page


@pytest.mark.parametrize("body", [b"", b"[]", b'{"name": "a.wav"}', b'{"name":1,"size":"x"}'])
def test_an_odd_request_is_answered_with_a_problem(as_ines, recording, body):
    url = reverse("artists:upload_begin", args=[recording.pk])
    answer = as_ines.post(url, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "odd_request")


def test_an_unfinished_upload_shows_how_far_it_is(as_ines, recording):
    body = wav()
    state = begin(as_ines, recording, size=len(body)).json()
    put(as_ines, state, body, 0)
    page = as_ines.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert f'data-upload="{state["upload"]}"' in page
    assert "62 %" in page
    assert "Choose the same file again" in page


def test_a_cancelled_upload_leaves_no_row(as_ines, recording):
    state = begin(as_ines, recording).json()
    as_ines.post(reverse("artists:upload_cancel", args=[state["upload"]]))
    page = as_ines.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert state["stem"] not in page
    again = put(as_ines, state, wav(), 0)
    assert (again.status_code, again.json()["code"]) == (410, "closed")


def test_without_script_a_form_sends_whole_files(as_ines, recording):
    files = [io.BytesIO(wav(2)), io.BytesIO(b"just words")]
    files[0].name, files[1].name = "Lead.wav", "Notes.wav"
    url = reverse("artists:upload_plain", args=[recording.pk])
    assert as_ines.post(url, {"files": files}).status_code == 302
    assert Stem.objects.get(label="Lead").state == "CHECKING"
    assert Stem.objects.get(label="Notes").state == "REFUSED"


def test_a_form_token_is_asked_for(ines, recording):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(ines)
    assert begin(client, recording).status_code == 403


def test_a_stranger_reaches_no_upload(as_ines, client, recording, eve):
    state = begin(as_ines, recording).json()
    client.force_login(eve)
    assert begin(client, recording).status_code == 404
    assert put(client, state, wav(), 0).status_code == 404
    for name in ("upload_complete", "upload_cancel"):
        assert client.post(reverse(f"artists:{name}", args=[state["upload"]])).status_code == 404
    assert client.get(reverse("artists:upload_state", args=[state["upload"]])).status_code == 404
    assert client.get(state["row_url"]).status_code == 404
    url = reverse("artists:upload_plain", args=[recording.pk])
    assert client.post(url, {"files": [io.BytesIO(b"x")]}).status_code == 404
    assert Upload.objects.get().state == "OPEN"
