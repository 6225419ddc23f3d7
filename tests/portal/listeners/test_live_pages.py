"""The pages of live sessions: asking, playing, steering, and the account of what was heard."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.sessions.ending import Minute, close_minute, close_session
from generation.sessions.models import LiveSession
from generation.sessions.operations import end_session
from generation.sessions.steered import words_of
from generation.taste.models import Decision, Feedback
from generation.taste.operations import set_belief, switch_taste
from tests.portal.listeners.made import granted_stage, measured, named, pay
from tests.portal.listeners.made_live import going_on

NOW = timezone.now()


@pytest.fixture
def stage(db):
    return granted_stage()


@pytest.fixture
def paying(listener):
    pay(listener, NOW)
    return listener


def text_of(client, name, *args, **more):
    answer = client.get(reverse(f"listeners:{name}", args=args), more)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def posted(client, name, *args, **body):
    address = reverse(f"listeners:{name}", args=args)
    return client.post(address, json.dumps(body), content_type="application/json")


def test_without_a_receipt_the_page_says_so_and_offers_no_key(client, listener, stage) -> None:
    text = text_of(client, "live_new")
    assert "A live session needs a subscription" in text
    assert "Start this session" not in text


def test_without_a_country_the_page_leads_to_where_it_is_said(client, paying, stage) -> None:
    paying.country = ""
    paying.save()
    text = text_of(client, "live_new")
    assert "Start this session" not in text
    assert reverse("accounts:overview") in text


def test_with_a_receipt_the_key_stands_behind_the_label_and_what_it_costs(
    client, paying, stage
) -> None:
    text = text_of(client, "live_new")
    label, key = text.index("Human stems, and here and there"), text.index("Start this session")
    assert label < key
    assert "every started minute pays those you hear" in text


@pytest.mark.parametrize(
    ("mode", "offers_tempo", "offers_vocals"),
    [("mood", True, True), ("focus", True, False), ("ambient", False, True)],
)
def test_a_mode_offers_what_it_can_do(
    client, paying, stage, mode, offers_tempo, offers_vocals
) -> None:
    measured(stage, NOW)
    text = text_of(client, "live_new", mode=mode)
    assert ('name="tempo"' in text) is offers_tempo
    assert ("112 bpm" in text) is offers_tempo
    assert ('name="vocals"' in text) is offers_vocals
    # Nets write parts of what has a beat; an ambience is stems alone.
    assert ("Planned: 100 % human stems, 0 % model." in text) is not offers_tempo


def test_only_artists_who_allow_it_can_be_chosen_and_a_recording_leads_to_its_own(
    client, paying, stage
) -> None:
    text = text_of(client, "live_new", artist=str(stage.ana.pk))
    assert f'<option value="{stage.ana.pk}" selected>Ana</option>' in text
    assert str(stage.cleo.pk) not in text
    text = text_of(client, "live_new", artist=str(stage.cleo.pk))
    assert "The artist you came from allows no session of this kind" in text
    link = f"{reverse('listeners:live_new')}?artist={stage.ana.pk}"
    assert f'href="{link}">Live, only Ana<' in text_of(client, "recording", stage.tide.pk)


def test_what_the_form_sends_begins_a_session_whose_place_can_be_fetched(
    client, paying, stage
) -> None:
    answer = posted(client, "live_start", mode="focus", artist=str(stage.ana.pk), key="k",
                    wishes={"energy": 0.4, "tempo_bpm": 112})  # fmt: skip
    assert answer.status_code == 201
    session = LiveSession.objects.get()
    assert (session.mode, session.artist, session.targets["tempo_bpm"]) == (
        "focus", stage.ana.pk, 112.0,
    )  # fmt: skip
    place = client.get(answer.json()["page"], headers={"HX-Request": "true"}).content.decode()
    assert place.index("Human stems") < place.index("data-play")
    assert "<html" not in place
    keys = re.findall(r'data-target="(\w+)"', place)
    assert set(keys) == {"energy", "brightness", "density", "tempo_bpm", "key"}
    assert "Ana, focus session" in place


def test_the_form_offers_the_keys_that_permission_reaches_and_the_place_says_the_one_wished(
    client, paying
) -> None:
    stage = granted_stage(semitones_max=1)
    measured(stage, NOW)
    offered = re.findall(r'<option value="([A-G]#? m\w+)"', text_of(client, "live_new"))
    assert offered == ["G# min", "A min", "A# min"]
    answer = posted(client, "live_start", mode="mood", wishes={"key": "A# min"})
    place = text_of(client, "live", LiveSession.objects.get().pk)
    assert "<dt>Key wished</dt><dd data-wish-key>A# min</dd>" in place
    session = going_on(paying, stage, NOW)
    told = client.post(reverse("listeners:live_play", args=[session.pk])).json()
    assert told["sections"][0]["keys"] == ["G# min", "A min", "A# min"]
    assert answer.status_code == 201


def test_by_my_taste_is_offered_chosen_where_there_is_one_and_not_where_it_is_off(
    client, paying, stage
) -> None:
    chosen = re.compile(r'name="by" value="taste"\s+checked')
    assert "By my taste" in text_of(client, "live_new")
    assert not chosen.search(text_of(client, "live_new"))
    set_belief(listener=named(paying), ideals={"energy": 0.9}, now=NOW)
    assert chosen.search(text_of(client, "live_new"))
    asked = {"mode": "mood", "by": "taste", "wishes": {"vocals": False}}
    assert posted(client, "live_start", **asked).status_code == 201
    session, kept = LiveSession.objects.get(), Decision.objects.get()
    assert (kept.subject_ref, kept.listener_ref) == (str(session.pk), str(paying.pk))
    assert session.targets["energy"] == kept.targets["energy"] > 0.6
    assert session.targets["vocals"] is False
    switch_taste(listener=named(paying), is_on=False, now=NOW)
    assert "By my taste" not in text_of(client, "live_new")
    assert posted(client, "live_start", **asked).status_code == 201
    assert Decision.objects.count() == 1


def test_a_refusal_to_begin_is_a_sentence(client, listener, stage) -> None:
    answer = posted(client, "live_start", mode="mood")
    assert answer.status_code == 422
    assert "needs a subscription" in answer.json()["sentence"]


def test_a_player_learns_of_sections_by_the_wish_they_follow(client, paying, stage) -> None:
    session = going_on(paying, stage, NOW)
    told = client.post(reverse("listeners:live_play", args=[session.pk])).json()
    assert [one["control"] for one in told["sections"]] == [0]
    assert [one["number"] for one in told["segments"]] == list(range(6))
    assert told["segments"][0]["shares"] == [750, 250]
    assert 0 < told["segments"][0]["loudness"] <= 1
    assert told["ahead"] == 16_384


def test_steering_tells_taste_and_taking_it_back_takes_that_back(client, paying, stage) -> None:
    session = going_on(paying, stage, NOW)
    first = posted(client, "live_steer", session.pk, wishes={"energy": 0.7}, at=48_000).json()
    assert first["targets"]["energy"] == 0.7
    told = Feedback.objects.get()
    assert (told.attribute, told.said, told.context) == ("energy", "MORE", "mood")
    assert told.known["energy"] == 0.0
    back = posted(client, "live_steer", session.pk, wishes={"energy": 0.5}, undoes=first["control"])
    assert back.json()["targets"]["energy"] == 0.5
    assert not Feedback.objects.exists()


def test_where_taste_is_off_steering_teaches_nothing(client, paying, stage) -> None:
    switch_taste(listener=named(paying), is_on=False, now=NOW)
    session = going_on(paying, stage, NOW)
    assert posted(client, "live_steer", session.pk, wishes={"vocals": False}).status_code == 200
    assert not Feedback.objects.exists()
    assert "nothing is learned" in text_of(client, "live", session.pk)


def test_a_tempo_that_was_left_open_was_neither_more_nor_less() -> None:
    before = {"energy": 0.5, "tempo_bpm": None, "vocals": True}
    after = {"energy": 0.3, "tempo_bpm": 120.0, "vocals": False}
    assert words_of(before, after) == {"energy": "LESS", "vocals": "LESS"}


def _heard_and_over(session, stage, seconds=70):
    LiveSession.objects.filter(pk=session.pk).update(handed=seconds * 48_000)
    end_session(session_id=session.pk, now=NOW)
    lines = [(stage.drums.pk, 600_000), (stage.vocals.pk, 400_000)]
    for minute in range(2):
        told = Minute(minute, tuple(lines), "a" * 64)
        close_minute(session_id=session.pk, minute=told, now=NOW)


def test_what_is_over_says_how_long_who_and_what_it_pays_for(client, paying, stage) -> None:
    session = going_on(paying, stage, NOW)
    _heard_and_over(session, stage)
    text = text_of(client, "live", session.pk)
    assert "You ended this session." in text
    assert "1:10" in text
    assert "two started minutes" in text
    assert "data-play" not in text
    assert text.index("Drums") < text.index("60.0 %") < text.index("40.0 %")
    assert "The last minute is being closed" in text
    licence = text_of(client, "live_licence", session.pk)
    assert "60.0000 %" in licence
    assert "they count the minutes closed so far" in licence


def test_the_shares_of_a_sealed_session_are_the_records_own(client, paying, stage) -> None:
    session = going_on(paying, stage, NOW)
    _heard_and_over(session, stage)
    lines = [(stage.drums.pk, 550_000), (stage.vocals.pk, 450_000)]
    close_session(session_id=session.pk, lines=lines, windows_sha256="b" * 64, now=NOW)
    assert "55.0 %" in text_of(client, "live", session.pk)
    licence = text_of(client, "live_licence", session.pk)
    assert "55.0000 %" in licence
    assert "Each minute that was heard pays by its own." in licence


def test_the_part_of_nets_is_said_of_minutes_that_are_closed_and_then_of_all(
    client, paying, stage
) -> None:
    session = going_on(paying, stage, NOW)
    for page in ("live", "live_licence"):
        assert "notes by a model: its share is measured" in text_of(client, page, session.pk)
    lines = ((stage.drums.pk, 600_000), (stage.vocals.pk, 400_000))
    for minute, model_ppm in enumerate((0, 260_000)):
        told = Minute(minute, lines, "a" * 64, model_ppm)
        close_minute(session_id=session.pk, minute=told, now=NOW)
    for page in ("live", "live_licence"):
        text = text_of(client, page, session.pk)
        assert "87 % human stems, 13 % model." in text
        assert "Planned" not in text
    LiveSession.objects.filter(pk=session.pk).update(handed=70 * 48_000)
    end_session(session_id=session.pk, now=NOW)
    sealing = {"lines": lines, "windows_sha256": "b" * 64, "model_ppm": 40_000, "now": NOW}
    close_session(session_id=session.pk, **sealing)
    for page in ("live", "live_licence"):
        assert "96 % human stems, 4 % model." in text_of(client, page, session.pk)


def test_an_end_that_nobody_asked_for_says_why(client, paying, stage) -> None:
    first = going_on(paying, stage, NOW)
    LiveSession.objects.filter(pk=first.pk).update(handed=48_000)
    going_on(paying, stage, NOW)
    assert "You began another session, so this one ended." in text_of(client, "live", first.pk)


def test_the_library_keeps_every_session(
    client, paying, stage, django_assert_max_num_queries
) -> None:
    session = going_on(paying, stage, NOW)
    _heard_and_over(session, stage)
    going_on(paying, stage, NOW + timedelta(minutes=1), mode="ambient")
    with django_assert_max_num_queries(14):
        text = text_of(client, "library")
    assert "Two live sessions" in text
    assert text.index("Ambience. Nothing heard") < text.index("Mood bed. 1:10 heard")
    assert "With Ana" in text
