"""The pages of one's taste, the keys beside the player, and asking by taste; and who sees none."""

import io
import json
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.taste import operations, queries
from generation.taste.models import Decision, Feedback, PlayHeard, Taste
from generation.taste.playing import learn_play
from generation.taste.rules.attributes import Heard
from generation.variations.models import Variation
from generation.variations.operations import cancel_variation
from tests.licensing.stage import grant_everything
from tests.portal.listeners.made import granted_stage, measured, opened, sealed

NOW = timezone.now()
# Chance is drawn from who listens and what is asked: with this listener the draws of this file are
# the same in every run, but where a recording, whose id is drawn anew, is named.
LEA = uuid.UUID("5e7a6f0c-1d2b-4c3a-9e8f-0a1b2c3d4e5f")


@pytest.fixture
def listener(make_user, client):
    user = make_user("Lea", pk=LEA, country="DE")
    client.force_login(user)
    return user


@pytest.fixture
def stage(db):
    made = granted_stage(tempo_min_ratio=0.9, tempo_max_ratio=1.1)
    measured(made, NOW)
    return made


def of(user):
    return ("user", str(user.pk))


def set_ideals(user, **ideals):
    operations.set_belief(listener=of(user), ideals=ideals, now=NOW)


def page(client, name, *args):
    answer = client.get(reverse(f"listeners:{name}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def send(client, name, *args, **given):
    return client.post(reverse(f"listeners:{name}", args=args), given, follow=True)


def lean(user, attribute):
    found = queries.taste_view(of(user)).leanings
    return next(one for one in found if one.attribute == attribute)


def test_a_newcomers_page_claims_nothing(client, listener) -> None:
    text = page(client, "taste")
    assert "You have said nothing yet" in text
    assert "You prefer" not in text
    assert not Taste.objects.exists()


def test_every_belief_stands_there_as_sentence_bar_and_fader(client, listener) -> None:
    set_ideals(listener, brightness=0.8)
    text = page(client, "taste")
    assert "You prefer it bright" in text
    assert text.count('<li class="leaning stack">') == 8
    assert 'id="brightness" name="brightness" min="0" max="100" value="90"' in text
    assert "<title" in text
    assert "style=" not in text


def test_a_fader_sets_what_is_believed(client, listener) -> None:
    answer = send(client, "taste_set", attribute="energy", energy="10")
    assert "Set. The next variation by your taste follows it." in answer.content.decode()
    assert lean(listener, "energy").best == pytest.approx(-0.8, abs=0.05)
    send(client, "taste_set", attribute="energy", energy="10", free="yes")
    assert lean(listener, "energy").sentence == "It does not seem to matter to you."


@pytest.mark.parametrize("given", [
    {"attribute": "energy", "energy": "101"},
    {"attribute": "energy", "energy": "loud"},
    {"attribute": "energy"},
    {"attribute": "loudness", "loudness": "5"},
    {},
])  # fmt: skip
def test_what_no_fader_sends_sets_nothing(client, listener, given) -> None:
    answer = send(client, "taste_set", **given)
    assert "Nothing was set" in answer.content.decode()
    assert not Taste.objects.exists()


def test_the_switch_stops_learning_and_choosing(client, listener, stage) -> None:
    row = sealed(listener, stage, NOW)
    send(client, "taste_switch", is_on="no")
    assert "Switched off" in page(client, "taste")
    assert "Livelier" not in page(client, "variation", row.pk)
    assert "By my taste" not in page(client, "anew")
    send(client, "say", row.pk, tell=":LIKE")
    assert not Feedback.objects.exists()
    send(client, "taste_switch", is_on="yes")
    assert "Livelier" in page(client, "variation", row.pk)


def test_consent_is_given_and_taken_back_on_the_page(client, listener) -> None:
    assert "You do not share yours" in page(client, "taste")
    send(client, "taste_share", shares="yes")
    assert Taste.objects.get().shares_prior
    assert "You share yours" in page(client, "taste")
    send(client, "taste_share", shares="no")
    assert not Taste.objects.get().shares_prior


def test_learning_from_plays_is_off_until_somebody_wants_it(client, listener) -> None:
    text = page(client, "taste")
    assert "This is off." in text
    assert "by how you listen;" not in text
    send(client, "taste_plays", agrees="yes")
    assert Taste.objects.get().learns_plays
    heard = Heard("v1", {"energy": 0.5}, "mood")
    learn_play(listener=of(listener), heard=heard, ended="OUT", now=NOW)
    text = page(client, "taste")
    assert "It rests on no things you said, set or brought along, and on one play" in text
    assert "a little by how you listen" in text
    assert "what one play taught" in page(client, "taste_erase")
    answer = send(client, "taste_plays", agrees="no")
    assert "what it had learned so is forgotten" in answer.content.decode()
    assert not PlayHeard.objects.exists()


def test_a_history_is_read_or_refused_in_a_sentence(client, listener) -> None:
    def bring(text, name):
        file = io.BytesIO(text)
        file.name = name
        return send(client, "taste_bring", history=file).content.decode()

    assert "Two lines read." in bring(b"energy,liked\n0.9,yes\n0.1,no\n", "mine.csv")
    assert "This history was read before." in bring(b"energy,liked\n0.9,yes\n0.1,no\n", "a.csv")
    assert "Line 1: energy lies between 0 and 1." in bring(b'[{"energy": 3}]', "mine.json")
    assert "Choose a file first" in send(client, "taste_bring").content.decode()
    assert lean(listener, "energy").best > 0.3


def test_everything_can_be_taken_away_as_json(client, listener, stage) -> None:
    row = sealed(listener, stage, NOW)
    send(client, "say", row.pk, tell="energy:MORE")
    answer = client.get(reverse("listeners:taste_export"))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    told = json.loads(answer.content)
    assert told["feedback"][0]["subject_ref"] == str(row.pk)
    assert len(told["belief"]["mean"]) == 20


def test_erasing_warns_first_and_then_leaves_nothing(client, listener, stage) -> None:
    row = sealed(listener, stage, NOW)
    send(client, "say", row.pk, tell=":SKIP")
    warning = page(client, "taste_erase")
    assert "cannot be brought back" in warning
    assert "one thing you said" in warning
    assert Taste.objects.exists()
    send(client, "taste_erase")
    assert not Taste.objects.exists()
    assert not Feedback.objects.exists()
    assert "You have said nothing yet" in page(client, "taste")


def test_keys_beside_the_player_say_it_and_take_it_back(client, listener, stage) -> None:
    row = sealed(listener, stage, NOW)
    answer = client.post(
        reverse("listeners:say", args=[row.pk]), {"tell": "energy:MORE"},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    text = answer.content.decode()
    assert '<section id="said"' in text
    assert 'value="energy:" aria-pressed="true">Livelier' in text
    kept = Feedback.objects.get()
    assert (kept.said, kept.attribute, kept.subject_ref) == ("MORE", "energy", str(row.pk))
    assert kept.known["vocals"] == pytest.approx(1.0)
    assert kept.known["drums"] == pytest.approx(1.0)
    assert kept.known["tempo"] == pytest.approx(0.263, abs=0.001)
    assert kept.known["novelty"] == 1.0
    send(client, "say", row.pk, tell="energy:")
    assert not Feedback.objects.exists()


def test_what_was_heard_before_is_no_longer_new(client, listener, stage) -> None:
    sealed(listener, stage, NOW, seed=1)
    later = sealed(listener, stage, timezone.now(), seed=2)
    send(client, "say", later.pk, tell=":LIKE")
    assert Feedback.objects.get().known["novelty"] == -1.0


@pytest.mark.parametrize(
    "tell", ["", "LIKE", ":MORE", "energy:LIKE", "loud:MORE", ":", "novelty:MORE"]
)
def test_what_no_key_sends_is_nothing(client, listener, stage, tell) -> None:
    row = sealed(listener, stage, NOW)
    client.post(reverse("listeners:say", args=[row.pk]), {"tell": tell})
    assert not Feedback.objects.exists()


def asked(client, **more):
    given = {
        "mode": "mood", "key": "k", "energy": "50", "valence": "50", "brightness": "50",
        "density": "50", "vocals": "sung", "length": "180", "seed": "7", "by": "taste",
    } | more  # fmt: skip
    return client.post(reverse("listeners:ask"), given)


def test_targets_are_chosen_by_taste_and_the_decision_is_logged(client, listener, stage) -> None:
    set_ideals(listener, energy=0.9, brightness=-0.9)
    asked(client)
    made, decision = Variation.objects.select_related("request").get(), Decision.objects.get()
    targets = made.request.targets
    assert targets["energy"] > 0.6
    assert targets["brightness"] < 0.5
    assert targets["seconds"] == 180.0
    assert decision.subject_ref == str(made.pk)
    assert 0 < decision.propensity <= 1
    assert {name: targets[name] for name in decision.targets} == decision.targets


def test_pressed_twice_it_is_decided_once(client, listener, stage) -> None:
    first = asked(client)
    set_ideals(listener, energy=-1.0)
    assert asked(client).headers["Location"] == first.headers["Location"]
    assert Decision.objects.count() == Variation.objects.count() == 1


def test_what_its_holders_keep_from_taste_is_offered_and_asked_for_by_hand_alone(
    client, listener, stage
) -> None:
    set_ideals(listener, energy=0.9)
    address = reverse("listeners:recording", args=[stage.tide.pk])
    mood = {"mode": "mood"}
    assert 'value="taste"' in client.get(address, mood).content.decode()
    grant_everything(stage, "MOOD", limits={"by_taste": False})
    assert 'value="taste"' not in client.get(address, mood).content.decode()
    asked(client, recording=str(stage.tide.pk), energy="20")
    made = Variation.objects.select_related("request").get().request
    assert (made.by_taste, made.targets["energy"]) == (False, 0.2)
    assert not Decision.objects.exists()


def test_by_hand_nothing_is_decided(client, listener, stage) -> None:
    set_ideals(listener, energy=0.9)
    asked(client, by="hand", energy="20")
    assert Variation.objects.select_related("request").get().request.targets["energy"] == 0.2
    assert not Decision.objects.exists()


def test_a_named_recordings_tempo_is_chosen_within_permission(client, listener, stage) -> None:
    for n in range(3):
        asked(client, recording=str(stage.tide.pk), key=f"k{n}")
        made = Variation.objects.select_related("request").latest("created_at")
        assert 112 * 0.9 - 0.2 <= made.request.targets["tempo_bpm"] <= 112 * 1.1 + 0.2
        cancel_variation(variation_id=made.pk, requester=of(listener), now=timezone.now())


def test_without_a_recording_the_tempo_stays_near_what_may_be_used(client, listener, stage):
    set_ideals(listener, tempo=1.0)
    asked(client)
    tempo = Variation.objects.select_related("request").get().request.targets["tempo_bpm"]
    assert 112 <= tempo <= 112 * 1.12 + 0.1


def test_wide_permission_strains_no_recording(client, listener, db) -> None:
    wide = granted_stage(tempo_min_ratio=0.5, tempo_max_ratio=2.0)
    measured(wide, NOW)
    set_ideals(listener, tempo=-1.0)
    asked(client, recording=str(wide.tide.pk))
    tempo = Variation.objects.select_related("request").get().request.targets["tempo_bpm"]
    assert 112 / 1.12 - 0.1 <= tempo <= 112 * 1.12 + 0.1


def test_ambient_has_no_tempo_and_focus_no_vocals_to_choose(client, listener, stage) -> None:
    asked(client, mode="ambient", key="a")
    asked(client, mode="focus", key="f")
    found = {one.context: one for one in Decision.objects.all()}
    assert "tempo_bpm" not in found["ambient"].targets
    assert found["focus"].targets["vocals"] is False


def test_a_refused_request_decides_nothing(client, listener, stage) -> None:
    for n in range(3):
        opened(listener, stage, NOW, seed=n)
    assert asked(client).status_code == 422
    assert not Decision.objects.exists()


def test_the_form_begins_with_taste_only_where_there_is_one(client, listener, stage) -> None:
    assert 'value="hand" checked' in page(client, "anew")
    operations.record_feedback(
        listener=of(listener), heard=Heard("v", {"energy": 0.5}, "mood"), said="LIKE", now=NOW
    )
    assert 'value="taste" checked' in page(client, "anew")
    assert "By my taste" not in page(client, "recording", stage.tide.pk)


def test_a_stranger_sees_and_moves_nothing_of_anothers_taste(client, listener, stage, make_user):
    row = sealed(listener, stage, NOW)
    set_ideals(listener, brightness=0.9)
    send(client, "say", row.pk, tell=":LIKE")
    before = queries.export_taste(of(listener))
    client.force_login(make_user("Mo"))
    assert "You prefer" not in page(client, "taste")
    assert "brightness" not in str(json.loads(page(client, "taste_export"))["feedback"])
    assert (
        client.post(reverse("listeners:say", args=[row.pk]), {"tell": ":SKIP"}).status_code == 404
    )
    send(client, "taste_erase")
    assert queries.export_taste(of(listener)) == before
