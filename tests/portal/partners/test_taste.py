"""The taste of a partner's listeners over HTTP: in words, moved, taken away; and who sees none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from generation.taste.keeping import digest_of
from generation.taste.models import Decision, Feedback, PlayHeard, Taste
from generation.taste.queries import current_belief
from generation.variations.models import Variation
from licensing.royalties.models import PlaybackToken
from portal.audio.reach import customer_of
from tests.bent import rewrite
from tests.licensing.stage import Stage
from tests.portal.listeners.made import granted_stage, measured, pay, sealed

NOW = timezone.now()
RUNNER = "/api/v1/taste?customer=runner-7"
WORDS = "/api/v1/taste/words"


@pytest.fixture
def stage(db: None) -> Stage:
    made = granted_stage()
    measured(made, NOW)
    return made


@pytest.fixture
def requester(partner: Any) -> tuple[str, str]:
    return ("client", str(partner[0].id))


def _lean(body: dict[str, Any], attribute: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in body["leanings"] if one["attribute"] == attribute)
    return found


def test_of_a_newcomer_nothing_is_claimed_and_nothing_kept(
    db: None, partner: Any, call: Callable[..., Any]
) -> None:
    body = call(partner, "GET", RUNNER).json()
    assert (body["customer"], body["is_on"], body["learns_plays"]) == ("runner-7", True, False)
    assert (body["said"], body["plays"], body["decisions"]) == (0, 0, 0)
    assert _lean(body, "energy")["sentence"] == "Nothing certain is known yet."
    assert not Taste.objects.exists()


def test_what_is_set_is_told_in_words(db: None, partner: Any, call: Callable[..., Any]) -> None:
    moved = call(partner, "PATCH", RUNNER, {"ideals": {"brightness": 0.8, "drums": None}})
    assert moved.status_code == 200
    bright = _lean(call(partner, "GET", RUNNER).json(), "brightness")
    assert bright["best"] == pytest.approx(0.8, abs=0.06)
    assert bright["sentence"].startswith("You prefer it bright")
    assert bright["ends"] == ["dark", "bright"]


def test_words_stand_in_the_place_of_the_last_and_are_taken_back(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW)
    about = {"customer": "runner-7", "variation": str(row.pk)}
    for said in ("MORE", "LESS", "LESS"):
        answer = call(partner, "PUT", WORDS, about | {"attribute": "energy", "said": said})
        assert answer.json() == {"taken": True}
    call(partner, "PUT", WORDS, about | {"said": "LIKE"})
    kept = dict(Feedback.objects.values_list("attribute", "said"))
    assert kept == {"energy": "LESS", "": "LIKE"}
    assert "novelty" not in Feedback.objects.first().known
    assert call(partner, "GET", RUNNER).json()["said"] == 2
    call(partner, "PUT", WORDS, about | {"attribute": "energy", "said": ""})
    assert Feedback.objects.get().said == "LIKE"


@pytest.mark.parametrize("said", [
    {"said": "MORE"}, {"said": "LIKE", "attribute": "energy"}, {"said": "LOVE"},
    {"said": "MORE", "attribute": "novelty"}, {"said": "LIKE", "mood": "glad"}, {},
])  # fmt: skip
def test_what_is_no_word_is_refused_with_its_field(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any], said: dict[str, str]
) -> None:
    row = sealed(requester, stage, NOW)
    body = {"customer": "runner-7", "variation": str(row.pk)} | said
    answer = call(partner, "PUT", WORDS, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request_body")
    assert not Feedback.objects.exists()


def test_switched_off_nothing_is_taken_set_or_chosen(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW)
    assert call(partner, "PATCH", RUNNER, {"is_on": False}).json()["is_on"] is False
    said = {"customer": "runner-7", "variation": str(row.pk), "said": "LIKE"}
    assert call(partner, "PUT", WORDS, said).json() == {"taken": False}
    refused = call(partner, "PATCH", RUNNER, {"ideals": {"energy": 1}})
    assert (refused.status_code, refused.json()["code"]) == (409, "taste_is_off")
    asked = call(partner, "POST", "/api/v1/variations", _wish(), key="k")
    assert asked.status_code == 202
    assert not Decision.objects.exists()


def test_everything_can_be_taken_away_and_erased(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW)
    said = {"customer": "runner-7", "variation": str(row.pk), "said": "SKIP"}
    call(partner, "PUT", WORDS, said)
    told = call(partner, "GET", "/api/v1/taste/export?customer=runner-7").json()
    assert told["feedback"][0]["subject_ref"] == str(row.pk)
    assert len(told["belief"]["mean"]) == 20
    for _ in range(2):
        assert call(partner, "DELETE", RUNNER).status_code == 204
    assert not Taste.objects.exists()
    assert not Feedback.objects.exists()


def test_a_stranger_sees_and_moves_nothing(
    stage: Stage, partner: Any, stranger: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW)
    call(partner, "PATCH", RUNNER, {"ideals": {"energy": 0.9}})
    theirs = call(stranger, "GET", RUNNER).json()
    assert theirs["said"] == 0
    assert _lean(theirs, "energy")["best"] != pytest.approx(0.9, abs=0.2)
    assert call(stranger, "GET", "/api/v1/taste/export?customer=runner-7").json()["belief"] is None
    said = {"customer": "runner-7", "variation": str(row.pk), "said": "LIKE"}
    assert call(stranger, "PUT", WORDS, said).status_code == 404
    assert call(stranger, "DELETE", RUNNER).status_code == 204
    assert call(partner, "GET", RUNNER).json()["said"] == 1


def test_it_needs_its_own_scope_and_a_name(
    db: None, partner: Any, call: Callable[..., Any]
) -> None:
    refused = call(partner, "GET", RUNNER, scope="variations:write")
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    for name in ("", "x" * 61, "%00"):
        answer = call(partner, "GET", f"/api/v1/taste?customer={name}")
        assert (answer.status_code, answer.json()["code"]) == (422, "no_customer")
    longest = call(partner, "PATCH", f"/api/v1/taste?customer={'x' * 60}", {"is_on": False})
    assert longest.status_code == 200


def _wish(**more: Any) -> dict[str, Any]:
    return {"mode": "MOOD", "targets": {"density": 0.25}, "by_taste_of": "runner-7"} | more


def test_a_variation_is_asked_for_by_the_taste_of_a_listener(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    call(partner, "PATCH", RUNNER, {"ideals": {"energy": 0.9}})
    first = call(partner, "POST", "/api/v1/variations", _wish(), key="k")
    again = call(partner, "POST", "/api/v1/variations", _wish(), key="k")
    assert (first.status_code, again.json()) == (202, first.json())
    made = Variation.objects.select_related("request").get()
    decision = Decision.objects.get()
    runner = current_belief(customer_of(requester, "runner-7"))
    assert decision.belief_sha256 == digest_of(runner.belief)
    assert made.request.targets["energy"] == decision.targets["energy"]
    assert made.request.targets["density"] == 0.25
    assert (made.request.requester_kind, decision.listener_kind) == ("client", "customer")
    assert decision.subject_ref == str(made.pk)
    assert 112 / 1.13 <= made.request.targets["tempo_bpm"] <= 112 * 1.13
    assert call(partner, "GET", RUNNER).json()["decisions"] == 1


def test_a_named_recording_keeps_its_tempo_within_permission(
    db: None, partner: Any, call: Callable[..., Any]
) -> None:
    stage = granted_stage(tempo_min_ratio=0.98, tempo_max_ratio=1.02)
    measured(stage, NOW)
    call(partner, "PATCH", RUNNER, {"ideals": {"tempo": 1.0}})
    wish = _wish(recordings=[str(stage.tide.pk)])
    assert call(partner, "POST", "/api/v1/variations", wish, key="k").status_code == 202
    tempo = Variation.objects.select_related("request").get().request.targets["tempo_bpm"]
    assert 112 * 0.98 - 0.1 <= tempo <= 112 * 1.02 + 0.1


def test_taste_chooses_only_where_the_mode_leaves_it_open(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    wish = _wish(mode="REMIX", recordings=[str(stage.tide.pk)])
    refused = call(partner, "POST", "/api/v1/variations", wish, key="k")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_taste_here")
    assert not Decision.objects.exists()


def test_reported_plays_teach_only_where_the_listener_agreed(
    client: Any, stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    pay(requester, NOW)
    row = sealed(requester, stage, NOW)

    def heard_out(name: str) -> None:
        at = f"/api/v1/variations/{row.pk}/playlist?customer={name}"
        listed = call(partner, "GET", at).json()
        for one in listed["segments"]:
            client.get(one["url"])
        issued = timezone.now() - timedelta(seconds=10)
        theirs = PlaybackToken.objects.filter(listener_ref__endswith=name)
        rewrite(theirs, f"issued_at = '{issued}'")
        play = {"id": "1", "playback_token": listed["playback_token"]}
        body = {"plays": [play | {"from_ms": 0, "until_ms": 8_000}]}
        assert call(partner, "POST", "/api/v1/usages", body, key=name).json()["results"][0][
            "accepted"
        ]

    call(partner, "PATCH", RUNNER, {"learns_plays": True})
    heard_out("runner-7")
    heard_out("walker-1")
    kept = PlayHeard.objects.get()
    assert (kept.listener_ref, kept.ended) == (f"{requester[1]}:runner-7", "OUT")
    assert call(partner, "GET", RUNNER).json()["plays"] == 1
    call(partner, "PATCH", RUNNER, {"learns_plays": False})
    assert call(partner, "GET", RUNNER).json()["plays"] == 0
