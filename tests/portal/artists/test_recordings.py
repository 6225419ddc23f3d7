"""Recording pages over HTTP: the list, a new one, its identifiers, and strangers."""

import re
import string
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from stdnum import isrc as oracle

from generation.analysis.models import Correction
from generation.analysis.operations import store_stem_measure
from generation.analysis.queries import stem_analysis
from licensing.catalog.models import AudioObject, Recording
from licensing.catalog.store import audio_store
from portal.artists.forms import ALLOTTED, correction_prefix

from .test_pure import PIANO


def test_without_a_party_the_first_step_is_to_open_one(client, ines):
    client.force_login(ines)
    assert "Open a party" in client.get(reverse("artists:recordings")).content.decode()
    assert client.get(reverse("artists:recording_new")).url == reverse("accounts:party_new")


def test_a_recording_is_made_with_its_work(client, ines, maravel):
    client.force_login(ines)
    facts = {"title": "Kelp Lantern", "isrc": "zz-st1-26-00417", "party": str(maravel.pk)}
    answer = client.post(reverse("artists:recording_new"), facts)
    made = Recording.objects.get()
    assert answer.url == reverse("artists:recording", args=[made.pk])
    assert (made.isrc, made.work.title, made.party) == ("ZZST12600417", "Kelp Lantern", maravel)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "A recording needs a title"),
        ("isrc", "ZZ-ST1", "An ISRC has two letters"),
        ("iswc", "T-034.524.680-2", "last digit does not match"),
        ("party", "7b0c6a1e-3a43-4c0a-9d0b-0a4d7b1f8a10", "Choose one of the parties you manage"),
    ],
)
def test_a_wrong_field_says_so_where_it_was_made(client, ines, maravel, field, value, sentence):
    client.force_login(ines)
    facts = {"title": "Kelp Lantern", "party": str(maravel.pk)} | {field: value}
    page = client.post(reverse("artists:recording_new"), facts).content.decode()
    assert sentence in page.replace("&#x27;", "'")
    assert not Recording.objects.exists()


def test_an_isrc_of_no_agency_is_taken_and_said_to_be_odd(client, ines, maravel):
    """IFPI's own example of its format is never to be used; no check digit could say so."""
    client.force_login(ines)
    facts = {"title": "Kelp Lantern", "isrc": "AA6Q72000047", "party": str(maravel.pk)}
    page = client.post(reverse("artists:recording_new"), facts, follow=True).content.decode()
    assert "No agency gives ISRCs that begin with AA" in page
    assert Recording.objects.get().isrc == "AA6Q72000047"


def test_beginnings_are_those_that_an_independent_list_knows():
    letters = string.ascii_uppercase
    pairs = {a + b for a in letters for b in letters}
    known = {pair for pair in pairs if oracle.is_valid(f"{pair}ABC2600001")}
    assert known == ALLOTTED


def test_the_same_isrc_twice_is_refused(client, ines, maravel, make_recording):
    recording = make_recording(maravel)
    Recording.objects.filter(pk=recording.pk).update(isrc="ZZST12600417")
    client.force_login(ines)
    facts = {"title": "Other", "isrc": "ZZST12600417", "party": str(maravel.pk)}
    page = client.post(reverse("artists:recording_new"), facts).content.decode()
    assert "Another recording here has this ISRC" in page


def test_a_key_pressed_twice_makes_one_recording(client, ines, maravel):
    client.force_login(ines)
    facts = {"title": "Kelp Lantern", "party": str(maravel.pk)}
    first, second = (client.post(reverse("artists:recording_new"), facts).url for _ in range(2))
    assert first == second
    assert Recording.objects.count() == 1
    client.post(reverse("artists:recording_new"), facts | {"title": "Other"})
    Recording.objects.update(created_at=F("created_at") - timedelta(minutes=1))
    client.post(reverse("artists:recording_new"), facts)
    assert sorted(Recording.objects.values_list("title", flat=True)) == [
        "Kelp Lantern", "Kelp Lantern", "Other",
    ]  # fmt: skip


def test_nobody_makes_recordings_in_a_strangers_name(client, ines, maravel, make_party):
    client.force_login(ines)
    facts = {"title": "Kelp Lantern", "party": str(make_party("Bo").pk)}
    client.post(reverse("artists:recording_new"), facts)
    assert not Recording.objects.exists()


def test_the_list_takes_as_many_queries_for_ten_as_for_one(
    client, ines, maravel, make_recording, django_assert_num_queries
):
    client.force_login(ines)
    make_recording(maravel, "One", [("Drums", "drums")])
    client.get(reverse("artists:recordings"))
    with CaptureQueriesContext(connection) as once:
        client.get(reverse("artists:recordings"))
    for number in range(9):
        make_recording(maravel, f"More {number}", [("Drums", "drums"), ("Bass", "bass")])
    with django_assert_num_queries(len(once)):
        client.get(reverse("artists:recordings"))


def test_stems_are_complete_when_the_artist_says_so(client, ines, maravel, make_recording):
    recording = make_recording(maravel, stems=[("Drums", "drums")])
    client.force_login(ines)
    client.post(reverse("artists:stems_complete", args=[recording.pk]))
    recording.refresh_from_db()
    assert recording.state == "COMPLETE"


def test_a_strangers_list_is_empty(client, maravel, make_recording, make_user):
    recording = make_recording(maravel)
    client.force_login(make_user("Eve"))
    assert "Kelp" not in client.get(reverse("artists:recordings")).content.decode()
    done = reverse("artists:stems_complete", args=[recording.pk])
    assert client.post(done).status_code == 404


def measured(recording, **changes):
    """Gives every stem of a recording an analysis."""
    for stem in recording.stems.all():
        made = replace(PIANO, role=stem.role, **changes)
        store_stem_measure(stem_id=stem.pk, analysis=made, now=recording.created_at)


def correct(client, recording, stem, **changes):
    facts = {}
    for one in recording.stems.all():
        guess = {"tempo": "112", "key": "D min", "role": one.role}
        given = guess | (changes if one == stem else {})
        facts |= {f"{correction_prefix(one.pk)}-{name}": value for name, value in given.items()}
    return client.post(reverse("artists:corrections", args=[recording.pk]), facts)


def test_a_measured_stem_is_drawn_and_can_be_corrected(as_ines, recording):
    measured(recording)
    page = as_ines.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert page.count('aria-label="Waveform of') == 3
    assert "Save corrections" in page
    bass = recording.stems.get(label="Bass")
    correct(as_ines, recording, bass, tempo="56", key="", role="keys")
    now = stem_analysis(bass.pk)
    assert (now.tempo_bpm, now.key, now.role) == (56.0, None, "keys")
    bass.refresh_from_db()
    assert bass.role == "keys"
    assert Correction.objects.count() == 3


def test_a_correction_that_cannot_be_says_why_at_its_field(as_ines, recording):
    measured(recording)
    bass = recording.stems.get(label="Bass")
    page = correct(as_ines, recording, bass, tempo="400").content.decode()
    assert "At most 300 bpm" in page
    assert not Correction.objects.exists()


def test_a_recording_takes_as_many_queries_for_three_stems_as_for_one(
    as_ines, recording, maravel, make_recording, django_assert_num_queries
):
    small = make_recording(maravel, "Small", [("Drums", "drums")])
    measured(small)
    measured(recording)
    for one in (small, recording):
        as_ines.get(reverse("artists:recording", args=[one.pk]))
    with CaptureQueriesContext(connection) as once:
        as_ines.get(reverse("artists:recording", args=[small.pk]))
    with django_assert_num_queries(len(once)):
        as_ines.get(reverse("artists:recording", args=[recording.pk]))


def test_a_stem_is_played_to_members_alone(as_ines, recording, eve, tmp_path):
    digest = "ab" * 32
    name = f"archive/ab/{digest}.flac"
    audio_store().save(name, ContentFile(b"fLaC and so on"))
    stem = recording.stems.get(label="Bass")
    AudioObject.objects.filter(pk=stem.audio_id).update(archive_name=name)
    url = reverse("artists:stem_audio", args=[stem.pk])
    answer = as_ines.get(url, headers={"Range": "bytes=0-3"})
    assert answer.status_code == 206
    assert answer.headers["Content-Type"] == "audio/flac"
    assert answer.headers["Cache-Control"] == "private, no-store"
    as_ines.force_login(eve)
    assert as_ines.get(url).status_code == 404


def test_every_page_is_strict_about_scripts_and_styles(as_ines, recording):
    measured(recording)
    for name, args in (
        ("recordings", []), ("recording_new", []), ("recording", [recording.pk]),
        ("grant", [recording.pk]), ("withdraw", [recording.pk]), ("earnings", []),
        ("sheet_new", [recording.pk, "master"]), ("signatures", []),
        ("stem_delete", [recording.stems.first().pk]),
    ):  # fmt: skip
        page = as_ines.get(reverse(f"artists:{name}", args=args))
        text = page.content.decode()
        assert page.status_code == 200, name
        assert not re.search(r"\s(style|on[a-z]+)=", text), name
        nonce = re.search(r"'nonce-([^']+)'", page.headers["Content-Security-Policy"]).group(1)
        scripts = re.findall(r"<script[^>]*>", text)
        assert scripts, name
        assert all(f'nonce="{nonce}"' in one for one in scripts), name
        assert len(re.findall(r"key-main", text)) <= 2, name
