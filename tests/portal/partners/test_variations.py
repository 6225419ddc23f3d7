"""Variations for partners: asked once, seen by the asker alone, refused in problem documents."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from generation.variations.models import Variation
from generation.variations.rules import renders_at_a_time
from generation.work.models import Job
from portal.audio.label import UNKNOWN
from tests.licensing.stage import Stage, open_stage

VARIATIONS = "/api/v1/variations"
NOBODYS = "4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"  # fixed: test ids must be the same everywhere


@pytest.fixture
def stage(db: None) -> Stage:
    return open_stage()


def _body(stage: Stage, **changes: Any) -> dict[str, Any]:
    body = {"mode": "REMIX", "recordings": [str(stage.tide.id)], "targets": {"seconds": 30}}
    return body | changes


def test_a_request_is_accepted_and_says_where_to_look(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    answer = call(partner, "POST", VARIATIONS, _body(stage), key="k1")
    assert answer.status_code == 202
    shown = answer.json()
    assert answer.headers["Location"] == f"{VARIATIONS}/{shown['id']}"
    assert shown["state"] == "COMPOSING"
    assert "human stems" in shown["ai_label"]
    assert call(partner, "GET", answer.headers["Location"]).json()["id"] == shown["id"]


def test_new_notes_are_asked_for_and_no_share_is_said_before_it_is_measured(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    targets = {"seconds": 30, "line": "all"}
    shown = call(partner, "POST", VARIATIONS, _body(stage, targets=targets), key="k1").json()
    assert Variation.objects.get().request.targets["line"] == "all"
    assert (shown["ai_label"], shown["model_ppm"]) == (UNKNOWN, 0)
    refused = call(partner, "POST", VARIATIONS, _body(stage, targets={"line": "x"}), key="k2")
    assert (refused.status_code, Variation.objects.count()) == (422, 1)


def test_the_same_key_is_the_same_answer_and_one_job(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    first = call(partner, "POST", VARIATIONS, _body(stage), key="k1")
    again = call(partner, "POST", VARIATIONS, _body(stage), key="k1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Variation.objects.count() == Job.objects.count() == 1


def test_the_same_key_for_another_request_is_refused(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    call(partner, "POST", VARIATIONS, _body(stage), key="k1")
    answer = call(partner, "POST", VARIATIONS, _body(stage, seed=9), key="k1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_call_that_had_to_wait_is_taken_under_the_same_key(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    for number in range(renders_at_a_time("client")):
        call(partner, "POST", VARIATIONS, _body(stage), key=f"before-{number}")
    refused = call(partner, "POST", VARIATIONS, _body(stage), key="k1")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_renders")
    Variation.objects.update(state="CANCELLED", ended_at=timezone.now())
    assert call(partner, "POST", VARIATIONS, _body(stage), key="k1").status_code == 202


def test_without_a_key_nothing_is_made(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    answer = call(partner, "POST", VARIATIONS, _body(stage))
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert not Variation.objects.exists()


def test_keys_of_two_clients_are_apart(
    stage: Stage, partner: Any, stranger: Any, call: Callable[..., Any]
) -> None:
    first = call(partner, "POST", VARIATIONS, _body(stage), key="k1").json()
    second = call(stranger, "POST", VARIATIONS, _body(stage), key="k1").json()
    assert first["id"] != second["id"]


def test_a_refused_request_says_which_field(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    answer = call(partner, "POST", VARIATIONS, _body(stage, mode="COLLABORATION"), key="k1")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["field"] == "recordings"


PATHS = ["", "/playlist", "/audio", "/attribution", "/licence"]


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_finds_nothing(
    stage: Stage, partner: Any, stranger: Any, call: Callable[..., Any], path: str
) -> None:
    made = call(partner, "POST", VARIATIONS, _body(stage), key="k1").json()
    theirs = call(stranger, "GET", f"{VARIATIONS}/{made['id']}{path}")
    missing = call(stranger, "GET", f"{VARIATIONS}/{uuid4()}{path}")
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json() == missing.json()


def test_a_stranger_cannot_cancel(
    stage: Stage, partner: Any, stranger: Any, call: Callable[..., Any]
) -> None:
    made = call(partner, "POST", VARIATIONS, _body(stage), key="k1").json()
    address = f"{VARIATIONS}/{made['id']}"
    assert call(stranger, "DELETE", address).status_code == 404
    assert call(partner, "DELETE", address).status_code == 204
    assert call(partner, "GET", address).json()["state"] == "CANCELLED"
    assert call(partner, "DELETE", address).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/recordings", "catalog:read"),
        ("POST", "/api/v1/clearances", "catalog:read"),
        ("POST", "/api/v1/variations", "variations:write"),
        ("GET", f"/api/v1/variations/{NOBODYS}", "variations:write"),
        ("GET", f"/api/v1/variations/{NOBODYS}/licence", "licences:read"),
        ("GET", f"/api/v1/variations/{NOBODYS}/attribution", "licences:read"),
        ("POST", "/api/v1/usages", "usages:write"),
    ],
)
def test_each_operation_needs_its_scope(
    partner: Any, call: Callable[..., Any], method: str, path: str, scope: str
) -> None:
    other = "royalties:read"
    refused = call(partner, method, path, {}, scope=other)
    assert (refused.status_code, refused.json()["scope"]) == (403, scope)
    assert call(partner, method, path, {}, scope=scope, key="k").status_code != 403


def test_nothing_can_be_fetched_before_the_record_is_open(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    made = call(partner, "POST", VARIATIONS, _body(stage), key="k1").json()
    for path in ("/playlist", "/audio"):
        answer = call(partner, "GET", f"{VARIATIONS}/{made['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_a_play_under_a_forged_token_is_answered_line_by_line(
    partner: Any, call: Callable[..., Any]
) -> None:
    play = {"id": "p1", "playback_token": "forged", "from_ms": 0, "until_ms": 30_000}
    answer = call(partner, "POST", "/api/v1/usages", {"plays": [play]}, key="k1")
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [{"id": "p1", "accepted": False, "reason": "unknown_token"}]
    }
