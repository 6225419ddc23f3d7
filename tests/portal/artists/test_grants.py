"""Grants over HTTP: the matrix, its limits, withdrawing, deleting, and strangers."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from licensing.clearance.models import LONGEST_VOICE, Grant, Withdrawal

LIMITS = {"slowest": "80", "fastest": "125", "semitones": "3", "mix": "100", "vocals": "on"}


def cell(recording, use, label):
    return f"{use}:{recording.stems.get(label=label).pk}"


def standing(recording):
    """(use, label) of what is granted now, straight from the rows."""
    found = set()
    for grant in Grant.objects.filter(stem__recording=recording).order_by("granted_at"):
        gone = {use for one in grant.withdrawals.all() for use in one.uses}
        found -= {(use, grant.stem.label) for use in gone}
        found |= {(use, grant.stem.label) for use in set(grant.uses) - gone}
    return found


@pytest.fixture
def grant(as_ines, recording, post_signed):
    """Signs a matrix as Ines."""

    def sign(*cells, **changes):
        facts = LIMITS | {"grant": [cell(recording, *one) for one in cells]} | changes
        return post_signed(as_ines, reverse("artists:grant", args=[recording.pk]), facts)

    return sign


def test_a_matrix_is_granted_stem_by_stem_within_limits(grant, recording):
    answer = grant(
        ("REMIX", "Drums"), ("REMIX", "Bass"), ("AMBIENT", "Bass"), territories="de fr",
        channels="site", until="2038-12-31",
    )  # fmt: skip
    assert answer.status_code == 302
    assert standing(recording) == {("REMIX", "Drums"), ("REMIX", "Bass"), ("AMBIENT", "Bass")}
    one = Grant.objects.get(stem__label="Drums")
    assert one.limits == {
        "tempo_min_ratio": 0.8, "tempo_max_ratio": 1.25, "semitones_max": 3,
        "vocals": True, "with_others": False, "mix_reach": 1.0,
        "with_explicit": False, "by_taste": False,
    }  # fmt: skip
    assert (one.territories, one.channels) == (["DE", "FR"], ["SITE"])
    assert one.valid_until == datetime(2039, 1, 1, tzinfo=UTC)


def test_signing_a_grant_asks_for_the_password(as_ines, recording):
    facts = LIMITS | {"grant": [cell(recording, "REMIX", "Drums")]}
    answer = as_ines.post(reverse("artists:grant", args=[recording.pk]), facts)
    assert "reauthenticate" in answer.url
    assert not Grant.objects.exists()


def test_leaving_a_cell_empty_takes_it_back(grant, recording):
    grant(("REMIX", "Drums"), ("REMIX", "Bass"))
    grant(("REMIX", "Bass"), ("FOCUS", "Bass"))
    assert standing(recording) == {("REMIX", "Bass"), ("FOCUS", "Bass")}
    assert Withdrawal.objects.get().grant.stem.label == "Drums"


def test_the_form_comes_back_with_what_was_granted(grant, as_ines, recording):
    grant(("REMIX", "Drums"), slowest="90", until="2038-12-31")
    page = as_ines.get(reverse("artists:grant", args=[recording.pk])).content.decode()
    assert 'name="slowest" value="90"' in page
    assert 'value="2038-12-31"' in page
    assert page.count(" checked") == 2  # the cell, and the voice


def test_how_far_the_mix_may_go_is_granted_and_comes_back(grant, as_ines, recording):
    grant(("REMIX", "Drums"), mix="35")
    assert Grant.objects.get().limits["mix_reach"] == 0.35
    page = as_ines.get(reverse("artists:grant", args=[recording.pk])).content.decode()
    assert 'name="mix" value="35"' in page


def test_a_first_grant_begins_without_explicit_words_and_with_taste_in_sight(
    grant, as_ines, recording
):
    url = reverse("artists:grant", args=[recording.pk])
    first = as_ines.get(url).content.decode()
    assert is_ticked(first, "by_taste")
    assert is_ticked(first, "vocals")
    assert not is_ticked(first, "with_others")
    assert not is_ticked(first, "with_explicit")
    assert "checked" not in re.sub(r'<input[^>]*name="(by_taste|vocals)"[^>]*>', "", first)
    grant(("REMIX", "Drums"), with_others="on", with_explicit="on")
    limits = Grant.objects.get().limits
    assert (limits["with_explicit"], limits["by_taste"]) == (True, False)
    again = as_ines.get(url).content.decode()
    assert is_ticked(again, "with_explicit")
    assert not is_ticked(again, "by_taste")


def is_ticked(page, name):
    (box,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
    return " checked" in box


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("slowest", "10", "At least 25 %"),
        ("slowest", "110", "the recorded tempo itself must be allowed"),
        ("fastest", "90", "the recorded tempo itself must be allowed"),
        ("semitones", "30", "At most 24 semitones"),
        ("semitones", "", "0 means not at all"),
        ("mix", "101", "At most 100 %"),
        ("mix", "", "100 means as far as it can"),
        ("territories", "Germany", "no country code"),
        ("until", "2001-01-01", "This day is over"),
        ("until", "soon", "Write a date as year-month-day"),
    ],
)
def test_a_wrong_limit_says_what_to_do(grant, recording, field, value, sentence):
    page = grant(("REMIX", "Drums"), **{field: value})
    assert page.status_code == 200
    assert sentence in page.content.decode()
    assert not Grant.objects.exists()


def test_a_use_that_does_not_apply_cannot_be_ticked(grant, recording):
    assert grant(("VOICE", "Drums")).status_code == 404
    assert grant(("VOICE", "Voice")).status_code == 302


def test_a_voice_is_signed_as_a_grant_of_its_own_that_ends(grant, recording):
    assert grant(("VOICE", "Voice"), ("MOOD", "Voice")).status_code == 302
    ends = {
        tuple(one.uses): one.valid_until - one.valid_from
        for one in Grant.objects.filter(uses=["VOICE"])
    }
    assert ends == {("VOICE",): LONGEST_VOICE}
    assert Grant.objects.get(uses=["MOOD"]).valid_until is None


def test_withdrawing_says_before_what_stops_and_takes_all_back(
    grant, as_ines, recording, post_signed
):
    grant(("REMIX", "Drums"), ("MOOD", "Bass"))
    url = reverse("artists:withdraw", args=[recording.pk])
    page = as_ines.get(url).content.decode()
    assert "Nothing new is made from it, from this moment on." in page
    assert standing(recording)
    post_signed(as_ines, url, {"effect": "TAKE_DOWN", "reason": "a change of mind"})
    assert standing(recording) == set()


def test_deleting_a_stem_says_before_what_stops_and_hides_it(grant, as_ines, recording):
    grant(("REMIX", "Drums"))
    stem = recording.stems.get(label="Drums")
    url = reverse("artists:stem_delete", args=[stem.pk])
    page = as_ines.get(url).content.decode()
    assert "its grants are withdrawn" in page
    as_ines.post(url)
    stem.refresh_from_db()
    assert stem.state == "DELETED"
    assert as_ines.get(url).status_code == 404
    assert standing(recording) == set()


def test_the_recording_page_shows_the_matrix_and_the_way_to_withdraw(grant, as_ines, recording):
    page = as_ines.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert "You have granted nothing yet" in page
    grant(("REMIX", "Drums"))
    page = as_ines.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert reverse("artists:withdraw", args=[recording.pk]) in page


def test_a_holder_who_may_only_see_grants_nothing(client, recording, maravel, make_user, join):
    viewer = make_user("Viewer")
    join(viewer, maravel, "VIEW")
    client.force_login(viewer)
    assert client.get(reverse("artists:recording", args=[recording.pk])).status_code == 200
    for name in ("grant", "withdraw"):
        assert client.get(reverse(f"artists:{name}", args=[recording.pk])).status_code == 404


def test_a_stranger_grants_withdraws_and_deletes_nothing(client, recording, eve, post_signed):
    client.force_login(eve)
    stem = recording.stems.first()
    for name, row in (("grant", recording), ("withdraw", recording), ("stem_delete", stem)):
        url = reverse(f"artists:{name}", args=[row.pk])
        assert client.get(url).status_code == 404
        assert post_signed(client, url, LIMITS).status_code == 404
    for name in ("stem_audio", "stem_row"):
        assert client.get(reverse(f"artists:{name}", args=[stem.pk])).status_code == 404
    corrections = reverse("artists:corrections", args=[recording.pk])
    assert client.post(corrections).status_code == 404
