"""Recording pages over HTTP: the list, a new one, its identifiers, and strangers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from licensing.catalog.models import Recording


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


def test_the_same_isrc_twice_is_refused(client, ines, maravel, make_recording):
    recording = make_recording(maravel)
    Recording.objects.filter(pk=recording.pk).update(isrc="ZZST12600417")
    client.force_login(ines)
    facts = {"title": "Other", "isrc": "ZZST12600417", "party": str(maravel.pk)}
    page = client.post(reverse("artists:recording_new"), facts).content.decode()
    assert "Another recording here has this ISRC" in page


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
