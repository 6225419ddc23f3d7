"""Previews over HTTP: asked for on the unsigned page, heard by members, unknown to all others."""

import pytest
from django.urls import reverse
from django.utils import timezone

from generation import recipe as recipes
from generation.variations.models import Variation, VariationFile
from generation.variations.operations import StoredFile, open_variation, seal_variation
from licensing.clearance.limits import Limits
from licensing.clearance.models import Grant
from licensing.clearance.operations import clear_use
from licensing.royalties.models import PlaybackToken
from portal.accounts.models import Membership
from portal.artists.preview_ask import Ground, targets_at
from portal.audio.reach import audible_for
from tests.licensing.stage import set_stage
from tests.portal.listeners.made import add_piece, body_of, measured, plan, store

NOW = timezone.now()
LIMITS = {"slowest": "80", "fastest": "125", "semitones": "3", "mix": "100", "vocals": "on"}


@pytest.fixture
def stage(db):
    """Ana's recording, measured; nothing of it is granted."""
    stage = set_stage()
    measured(stage, NOW)
    return stage


@pytest.fixture
def ana(make_user, client, stage):
    """A member of the party Ana, logged in."""
    user = make_user("Ana")
    Membership.objects.create(user=user, party=stage.ana, role="ADMIN", created_at=NOW)
    client.force_login(user)
    return user


def ask(client, stage, *cells, **changes):
    facts = LIMITS | {
        "party": str(stage.ana.pk),
        "grant": [f"{use}:{stem.pk}" for use, stem in cells],
        "preview_use": "REMIX",
        "preview_end": "high",
    }
    return client.post(reverse("artists:preview_ask", args=[stage.tide.pk]), facts | changes)


def finish(row, stage):
    """What a worker makes of it, by the same operations."""
    cleared = clear_use(
        use="PREVIEW",
        stems=[stage.drums.pk, stage.vocals.pk],
        requester=("party", str(stage.ana.pk)),
        territory="ZZ",
        channel="SITE",
        now=NOW,
    )
    assert cleared.allowed, cleared.reasons
    sources = [(one.pk, one.audio_id) for one in (stage.drums, stage.vocals)]
    recipe = recipes.to_json(plan(stage, 4.0))
    open_variation(
        variation_id=row.pk, recipe=recipe, clearance_id=cleared.pk, sources=sources, now=NOW
    )
    row.refresh_from_db()
    for index in range(row.piece_count):
        add_piece(row, index, NOW)
    name, digest = store("file", "mp3", b"sound of a preview")
    seal_variation(
        variation_id=row.pk,
        lines=[(stage.drums.pk, 600_000), (stage.vocals.pk, 400_000)],
        windows_sha256="a" * 64,
        measured={},
        files=[StoredFile("mp3", name, digest, 18)],
        now=NOW,
    )
    row.refresh_from_db()
    assert row.state == "READY"


@pytest.fixture
def heard(ana, client, stage):
    """A finished preview of Ana's."""
    ask(client, stage)
    row = Variation.objects.get()
    finish(row, stage)
    return row


def test_a_preview_goes_to_the_end_of_the_limits_on_the_page_with_what_is_ticked(
    ana, client, stage
):
    page = ask(client, stage, ("REMIX", stage.drums))
    row = Variation.objects.select_related("request").get()
    targets = row.request.targets
    assert (targets["tempo_bpm"], targets["key"], targets["seconds"]) == (140.0, "C min", 30.0)
    assert row.request.without == [str(stage.vocals.pk)]
    assert (row.request.requester_kind, row.request.mode) == ("party", "remix")
    text = page.content.decode()
    assert "Tide, preview of a remix" in text
    assert "Being made" in text
    assert f'value="REMIX:{stage.drums.pk}" aria-label="Remix, Drums" checked' in text
    assert not Grant.objects.exists()


def test_every_end_of_the_limits_is_asked_for_as_far_as_it_can_be():
    limits = Limits(tempo_min_ratio=0.5, tempo_max_ratio=3.0, semitones_max=12, vocals=False)
    ground = Ground(100.0, "A min")
    low = targets_at("REMIX", "low", limits, ground)
    assert (low["tempo_bpm"], low["key"], low["vocals"]) == (50.0, "D# min", False)
    assert targets_at("MOOD", "high", limits, ground)["tempo_bpm"] == 240.0
    middle = targets_at("FOCUS", "middle", limits, ground)
    assert (middle["tempo_bpm"], middle["key"]) == (100.0, "A min")
    assert "tempo_bpm" not in targets_at("AMBIENT", "high", limits, ground)
    assert targets_at("REMIX", "high", limits, Ground(None, None)).keys() == {"seconds", "vocals"}


def test_limits_that_cannot_be_kept_make_no_preview(ana, client, stage):
    text = ask(client, stage, slowest="5").content.decode()
    assert "nothing to hear yet" in text
    assert "At least 25 %" in text
    assert not Variation.objects.exists()


def test_a_use_that_is_not_previewed_is_not_there(ana, client, stage):
    assert ask(client, stage, preview_use="TRAINING").status_code == 404


def test_three_previews_are_made_at_a_time(ana, client, stage):
    for _ in range(3):
        ask(client, stage)
    assert "3 variations are being made" in ask(client, stage).content.decode()


def test_a_party_without_signed_sheets_is_told_why_there_are_none(as_ines, recording, maravel):
    page = as_ines.get(reverse("artists:grant", args=[recording.pk])).content.decode()
    assert "No previews yet." in page
    assert "has no master split sheet" in page


def test_she_hears_it_on_her_page_and_it_counts_nowhere(heard, client, stage):
    page = client.get(reverse("artists:grant", args=[stage.tide.pk])).content.decode()
    sound = reverse("artists:preview_audio", args=[heard.pk])
    assert f'data-play="{sound}"' in page
    assert page.index("100 % human stems") < page.index(f'data-play="{sound}"')
    answer = client.get(sound)
    assert body_of(answer) == b"sound of a preview"
    assert answer.headers["Content-Disposition"] == "inline"
    assert not PlaybackToken.objects.exists()


def test_one_that_failed_says_why(heard, client, stage):
    Variation.objects.filter(pk=heard.pk).update(
        state="FAILED", error_code="cannot_compose", error_sentence="No beat was found in it."
    )
    row = client.get(reverse("artists:preview", args=[heard.pk])).content.decode()
    assert "Not made" in row
    assert "No beat was found in it." in row
    assert "hx-get" not in row
    assert "data-play" not in row


def test_strangers_listeners_and_partners_find_no_preview(heard, client, eve, make_user, stage):
    names = ("artists:preview", "artists:preview_audio")
    theirs = ("listeners:variation", "listeners:licence", "listeners:place")
    for user in (eve, make_user("Lea")):
        client.force_login(user)
        assert {client.get(reverse(name, args=[heard.pk])).status_code for name in names} == {404}
        assert {client.get(reverse(name, args=[heard.pk])).status_code for name in theirs} == {404}
        deleting = client.post(reverse("artists:preview_delete", args=[heard.pk]))
        playing = client.post(reverse("listeners:play", args=[heard.pk]))
        assert (deleting.status_code, playing.status_code) == (404, 404)
        assert ask(client, stage).status_code == 404
    for machine in (("client", "stride"), ("customer", f"stride:{heard.pk}")):
        assert audible_for(machine, heard.pk, NOW) is None
    assert Variation.objects.get().state == "READY"


def test_another_holder_of_the_recording_does_not_hear_it_either(heard, client, make_user, stage):
    """A preview is of the party that asked; Ben makes his own."""
    ben = make_user("Ben")
    Membership.objects.create(user=ben, party=stage.ben, role="ADMIN", created_at=NOW)
    client.force_login(ben)
    assert client.get(reverse("artists:preview_audio", args=[heard.pk])).status_code == 404


def test_the_artist_herself_reaches_it_through_no_listeners_page(heard, client):
    assert client.get(reverse("listeners:variation", args=[heard.pk])).status_code == 404
    assert client.post(reverse("listeners:play", args=[heard.pk])).status_code == 404


def test_it_is_gone_when_it_is_deleted(heard, client, stage):
    client.post(reverse("artists:preview_delete", args=[heard.pk]))
    assert client.get(reverse("artists:preview_audio", args=[heard.pk])).status_code == 404
    page = client.get(reverse("artists:grant", args=[stage.tide.pk])).content.decode()
    assert "Previews you ask for will be here." in page
    assert not VariationFile.objects.exists()
