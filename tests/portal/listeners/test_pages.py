"""The listener's pages: what may be asked for, three states of one place, and what a page says."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import timezone

from generation import recipe as recipes
from generation.variations.models import Variation
from licensing.catalog.models import Recording
from licensing.clearance.models import Grant
from licensing.clearance.operations import withdraw_grant
from portal.audio.label import UNKNOWN
from tests.licensing.stage import grant_everything
from tests.portal.listeners.made import (
    add_piece,
    asked,
    granted_stage,
    opened,
    pay,
    sealed,
)

NOW = timezone.now()


@pytest.fixture
def stage(db):
    return granted_stage(tempo_min_ratio=0.9, tempo_max_ratio=1.1, semitones_max=2)


def text_of(client, name, *args, **more):
    answer = client.get(reverse(f"listeners:{name}", args=args), **more)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_only_recordings_that_may_be_varied_are_listed(client, stage) -> None:
    text = text_of(client, "recordings")
    assert "Tide" in text
    assert "Drift" not in text


def test_the_form_of_a_recording_offers_what_its_artists_allow(client, listener, stage) -> None:
    text = text_of(client, "recording", stage.tide.pk)
    assert "Make this variation" in text
    assert 'name="energy"' in text
    assert "This cannot be made" not in text


def test_a_use_nobody_granted_says_every_reason(client, listener, stage) -> None:
    text = text_of(client, "recording", stage.drift.pk)
    assert "This cannot be made" in text
    assert "Cleo has not granted remix of “Pad”." in text


def _asking(stage, **more):
    return {
        "mode": "remix",
        "recording": str(stage.tide.pk),
        "key": "a-key",
        "energy": "70",
        "valence": "50",
        "brightness": "20",
        "density": "100",
        "vocals": "none",
        "length": "180",
        "seed": "7",
    } | more


def test_a_request_becomes_a_variation_with_those_targets(client, listener, stage) -> None:
    answer = client.post(reverse("listeners:ask"), _asking(stage))
    made = Variation.objects.select_related("request").get()
    assert answer.headers["Location"] == reverse("listeners:variation", args=[made.pk])
    assert made.request.seed == 7
    assert made.request.targets["energy"] == 0.7
    assert made.request.targets["brightness"] == 0.2
    assert made.request.targets["seconds"] == 180.0
    assert made.request.targets["vocals"] is False
    assert made.request.territory == "DE"


def test_no_external_net_is_offered_where_none_is_set_up(client, listener, stage) -> None:
    assert 'name="external"' not in text_of(client, "recording", stage.tide.pk)
    answer = client.post(reverse("listeners:ask"), _asking(stage, external="calm"))
    assert "No model from outside is set up here." in answer.content.decode()
    assert not Variation.objects.exists()


def test_weights_that_are_free_on_conditions_are_not_offered_where_somebody_earns(
    client, listener, stage, settings
) -> None:
    settings.EXTERNAL_NET, settings.COMMERCIAL = "stable-audio", True
    said = (
        "Stable Audio Open is under the Stability AI Community License, which permits commercial "
        "use only on conditions, and this deployment is commercial."
    )
    form = text_of(client, "recording", stage.tide.pk)
    assert form.count(said) == 1
    assert "Stability AI Community License; commercial use only on conditions" in form
    assert "Trained on recordings under CC0" in form
    assert 'name="external"' not in form
    answer = client.post(reverse("listeners:ask"), _asking(stage, external="calm"))
    assert answer.status_code == 422
    assert f"<li>{said}</li>" in answer.content.decode()
    assert not Variation.objects.exists()


def test_a_net_that_is_not_set_up_to_the_end_names_no_folder_to_listeners(
    client, listener, stage, settings
) -> None:
    settings.EXTERNAL_NET, settings.EXTERNAL_NET_DIR = "ace-step", "/nowhere/weights"
    form = text_of(client, "recording", stage.tide.pk)
    assert "ACE-Step 1.5 is set up here, but its operator has not finished that yet." in form
    assert "/nowhere" not in form


def test_the_same_key_asks_for_the_same_variation(client, listener, stage) -> None:
    first = client.post(reverse("listeners:ask"), _asking(stage))
    second = client.post(reverse("listeners:ask"), _asking(stage))
    assert first.headers["Location"] == second.headers["Location"]
    assert Variation.objects.count() == 1


@pytest.mark.parametrize("kind", ["remix", "mood"])
def test_without_a_country_the_page_says_where_to_name_it(client, listener, stage, kind) -> None:
    listener.country = ""
    listener.save()
    address = [stage.tide.pk] if kind == "remix" else []
    form = text_of(client, "recording" if kind == "remix" else "anew", *address)
    wishes = _asking(stage, mode=kind) | ({} if kind == "remix" else {"recording": ""})
    answer = client.post(reverse("listeners:ask"), wishes)
    assert answer.status_code == 422
    assert Variation.objects.count() == 0
    for page in (form, answer.content.decode()):
        assert "say which one you are billed in" in page
        assert f'<a href="{reverse("accounts:overview")}">Say which country' in page


def test_a_tempo_is_said_with_at_most_one_decimal(client, listener, stage) -> None:
    row = sealed(listener, stage, NOW)
    for planned, said in ((105.7316, "105.7 bpm"), (116.0, "116 bpm")):
        plan = recipes.from_json(row.recipe)
        told = replace(plan, grid=replace(plan.grid, tempo_bpm=planned))
        Variation.objects.filter(pk=row.pk).update(recipe=recipes.to_json(told))
        assert f"<dd>{said}</dd>" in text_of(client, "variation", row.pk)


def test_other_wishes_on_the_same_page_are_another_request(client, listener, stage) -> None:
    first = client.post(reverse("listeners:ask"), _asking(stage))
    second = client.post(reverse("listeners:ask"), _asking(stage, energy="20"))
    assert (first.status_code, second.status_code) == (302, 302)
    assert Variation.objects.count() == 2


def test_htmx_gets_the_next_state_of_the_place_and_its_address(client, listener, stage) -> None:
    answer = client.post(reverse("listeners:ask"), _asking(stage), headers={"HX-Request": "true"})
    made = Variation.objects.get()
    assert answer.headers["HX-Push-Url"] == reverse("listeners:variation", args=[made.pk])
    assert "Being made" in answer.content.decode()


def test_a_refused_request_keeps_what_was_chosen(client, listener, stage) -> None:
    answer = client.post(reverse("listeners:ask"), _asking(stage, recording=str(stage.drift.pk)))
    assert answer.status_code == 422
    assert Variation.objects.count() == 0
    text = answer.content.decode()
    assert "Cleo has not granted remix" in text
    assert 'value="70"' in text


def test_a_seed_that_is_no_number_says_so_at_its_field(client, listener, stage) -> None:
    answer = client.post(reverse("listeners:ask"), _asking(stage, seed="seven"))
    assert answer.status_code == 422
    assert "A whole number from 0" in answer.content.decode()


def test_a_collaboration_without_a_second_recording_is_refused(client, listener, stage) -> None:
    answer = client.post(reverse("listeners:ask"), _asking(stage, mode="collaboration"))
    assert answer.status_code == 422
    assert "second recording" in answer.content.decode()


def test_a_collaboration_keeps_from_explicit_words_who_wants_that(client, listener, stage) -> None:
    wishes = _asking(stage, mode="collaboration") | {"with": str(stage.drift.pk)}
    address = reverse("listeners:recording", args=[stage.tide.pk])
    offered = f'value="{stage.drift.pk}"'
    Recording.objects.filter(pk=stage.drift.pk).update(explicit=True)
    grant_everything(stage, "COLLABORATION")
    assert offered in client.get(address, {"mode": "collaboration"}).content.decode()
    grant_everything(stage, "COLLABORATION", limits={"with_explicit": False})
    assert offered not in client.get(address, {"mode": "collaboration"}).content.decode()
    answer = client.post(reverse("listeners:ask"), wishes)
    assert answer.status_code == 422
    assert "mixed with explicit words" in answer.content.decode()
    assert not Variation.objects.exists()


def test_a_mood_bed_needs_no_recording(client, listener, stage) -> None:
    wishes = _asking(stage, mode="mood", length="600")
    del wishes["recording"]
    client.post(reverse("listeners:ask"), wishes)
    assert Variation.objects.select_related("request").get().request.recordings == []


def test_a_fourth_render_at_a_time_is_refused_in_words(client, listener, stage) -> None:
    for number in range(3):
        asked(listener, stage, NOW, seed=number + 10)
    answer = client.post(reverse("listeners:ask"), _asking(stage))
    assert answer.status_code == 422
    assert "wait for one to finish" in answer.content.decode()


def test_a_variation_being_made_says_how_far_it_is(client, listener, stage) -> None:
    row = opened(listener, stage, NOW)
    add_piece(row, 0, NOW)
    text = text_of(client, "variation", row.pk)
    assert "Bar 1 of 4" in text
    assert '<progress id="job" max="4" value="1"' in text
    assert "Stop making it" in text


def test_the_label_stands_before_every_play_control(client, listener, stage) -> None:
    made = [opened(listener, stage, NOW), sealed(listener, stage, NOW, seed=2)]
    add_piece(made[0], 0, NOW)
    for row in made:
        text = text_of(client, "variation", row.pk)
        (key,) = re.finditer(r"\bdata-play[ >]", text)
        assert text.index("% human stems") < key.start()


def test_a_finished_one_shows_stemma_credits_and_files(client, listener, stage) -> None:
    pay(listener, NOW)
    text = text_of(client, "variation", sealed(listener, stage, NOW).pk)
    assert "Stemma of this variation: two human stems over four bars." in text
    assert "Who you hear at" in text
    assert "75.0 %" in text
    for word in ("FLAC", "MP3", "M4A", "Opus"):
        assert f"Save as </span>{word}<" in text


def test_without_a_receipt_the_preview_is_said_in_words_and_nothing_can_be_saved(
    client, listener, stage
) -> None:
    row = sealed(listener, stage, NOW, seconds=40)
    text = text_of(client, "variation", row.pk)
    assert "You hear the first 30 seconds" in text
    assert "Save as" not in text
    assert client.get(reverse("listeners:download", args=[row.pk, "flac"])).status_code == 404


def test_stopping_keeps_what_was_made(client, listener, stage) -> None:
    row = opened(listener, stage, NOW)
    add_piece(row, 0, NOW)
    client.post(reverse("listeners:cancel", args=[row.pk]))
    row.refresh_from_db()
    assert row.state == "CANCELLED"


def test_the_licence_page_shows_lines_that_sum_to_the_whole(client, listener, stage) -> None:
    text = text_of(client, "licence", sealed(listener, stage, NOW).pk)
    assert "60.0000 %" in text
    assert "100.0000 %" in text
    assert "k-weighted-shapley/1" in text


def test_pages_say_the_share_of_a_model_that_wrote_notes_once_it_was_measured(
    client, listener, stage
) -> None:
    row = sealed(listener, stage, NOW, net="e" * 64, model_ppm=183_000)
    pages = [text_of(client, "licence", row.pk), text_of(client, "variation", row.pk)]
    for text in (*pages, text_of(client, "library")):
        assert "82 % human stems, 18 % model." in text
        assert UNKNOWN not in text


def test_no_page_says_no_model_while_notes_of_one_are_being_rendered(
    client, listener, stage
) -> None:
    row = opened(listener, stage, NOW, net="e" * 64)
    add_piece(row, 0, NOW)
    pages = [text_of(client, "licence", row.pk), text_of(client, "variation", row.pk)]
    for text in (*pages, text_of(client, "library")):
        assert UNKNOWN in text
        assert "% model" not in text
    assert 'data-word="Listen from the start"' in pages[1]
    assert pages[1].index(UNKNOWN) < pages[1].index('data-word="Listen from the start"')


def test_new_notes_are_offered_where_there_are_bars_to_write_in(client, listener, stage) -> None:
    text = text_of(client, "recording", stage.tide.pk)
    assert "New notes" in text
    assert 'name="line" value="none" checked' in text
    ambient = client.get(reverse("listeners:anew"), {"mode": "ambient"}).content.decode()
    assert "New notes" not in ambient


def test_new_notes_that_were_chosen_are_asked_for(client, listener, stage) -> None:
    client.post(reverse("listeners:ask"), _asking(stage, line="melody"))
    assert Variation.objects.select_related("request").get().request.targets["line"] == "melody"


def test_the_licence_page_says_how_much_of_the_song_is_kept(client, listener, stage) -> None:
    text = text_of(client, "licence", sealed(listener, stage, NOW).pk)
    assert "Keeps the song" in text
    assert "notes (chroma) 0.93, attacks (onsets) 0.88; 1 is like its sources throughout" in text


def test_the_library_lists_only_ones_own(client, listener, stage, make_user) -> None:
    other = make_user("Mo")
    sealed(listener, stage, NOW)
    sealed(other, stage, NOW)
    text = text_of(client, "library")
    assert "One variation" in text


def test_what_rests_on_a_withdrawn_grant_is_not_called_ready(client, listener, stage) -> None:
    row = sealed(listener, stage, NOW)
    assert "Ready" in text_of(client, "library")
    given = Grant.objects.get(stem=stage.drums, party=stage.ben)
    withdraw_grant(grant_id=given.pk, actor=("user", "7"), now=NOW)
    library = text_of(client, "library")
    assert "No longer played" in library
    assert "Ready" not in library
    assert "and no longer played: a permission was withdrawn" in text_of(client, "licence", row.pk)


def test_an_empty_library_offers_the_first_step(client, listener) -> None:
    assert "Choose a recording" in text_of(client, "library")


@pytest.mark.parametrize("count", [1, 4])
def test_the_library_takes_the_same_queries_for_any_number(
    client, listener, stage, count, django_assert_max_num_queries
) -> None:
    for number in range(count):
        sealed(listener, stage, NOW, seed=number)
    with django_assert_max_num_queries(9):
        text_of(client, "library")


def test_pages_carry_no_inline_style_and_no_script_without_nonce(client, listener, stage) -> None:
    for text in (
        text_of(client, "home"),
        text_of(client, "how_shares_are_measured"),
        text_of(client, "recordings"),
        text_of(client, "recording", stage.tide.pk),
        text_of(client, "variation", sealed(listener, stage, NOW).pk),
    ):
        assert " style=" not in text
        assert all("nonce=" in tag for tag in re.findall(r"<script[^>]*>", text))
