"""What partners find in the catalogue, and what pre-flight tells them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from licensing.catalog.models import Recording
from licensing.clearance.models import Clearance
from licensing.clearance.operations import place_hold
from tests.licensing.stage import Stage, grant_everything, set_stage

RECORDINGS = "/api/v1/recordings"
CLEARANCES = "/api/v1/clearances"


@pytest.fixture
def stage(db: None) -> Stage:
    return set_stage()


def test_only_what_may_be_used_is_listed(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    assert call(partner, "GET", RECORDINGS).json() == {"items": [], "next": None}
    grant_everything(stage, "FOCUS")
    items = call(partner, "GET", RECORDINGS).json()["items"]
    assert {one["title"] for one in items} == {"Tide", "Drift"}
    assert all(one["uses"] == ["FOCUS"] for one in items)


def test_a_grant_for_another_channel_is_none(
    stage: Stage, partner: Any, stranger: Any, call: Callable[..., Any]
) -> None:
    grant_everything(stage, "FOCUS", channels=["games"])
    assert call(partner, "GET", RECORDINGS).json()["items"] == []
    assert len(call(stranger, "GET", RECORDINGS).json()["items"]) == 2
    address = f"{RECORDINGS}/{stage.tide.id}"
    assert call(partner, "GET", address).status_code == 404
    assert call(stranger, "GET", address).status_code == 200


def test_pages_show_every_recording_once(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    grant_everything(stage)
    first = call(partner, "GET", f"{RECORDINGS}?limit=1").json()
    second = call(partner, "GET", f"{RECORDINGS}?limit=1&cursor={first['next']}").json()
    titles = [one["title"] for one in first["items"] + second["items"]]
    assert sorted(titles) == ["Drift", "Tide"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "code"), [("cursor=forged", "bad_cursor"), ("limit=0", "bad_limit")]
)
def test_an_odd_page_is_a_problem(
    partner: Any, call: Callable[..., Any], query: str, code: str
) -> None:
    answer = call(partner, "GET", f"{RECORDINGS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def _questions(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as asked:
        ask()
    return len(asked)


def test_listing_asks_as_often_for_two_as_for_one(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    grant_everything(stage)
    call(partner, "GET", RECORDINGS)
    one = _questions(lambda: call(partner, "GET", f"{RECORDINGS}?limit=1"))
    assert _questions(lambda: call(partner, "GET", f"{RECORDINGS}?limit=2")) == one


def test_preflight_says_no_with_reasons_and_writes_nothing(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    body = {"use": "REMIX", "recordings": [str(stage.tide.id)]}
    answer = call(partner, "POST", CLEARANCES, body).json()
    assert answer["allowed"] is False
    assert {reason["code"] for reason in answer["reasons"]} == {"no_grant"}
    assert all(reason["sentence"].endswith(".") for reason in answer["reasons"])
    assert not Clearance.objects.exists()


def test_preflight_says_yes_with_the_tightest_limits(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    grant_everything(stage, "REMIX", limits={"semitones_max": 3})
    body = {"use": "REMIX", "recordings": [str(stage.tide.id)]}
    answer = call(partner, "POST", CLEARANCES, body).json()
    assert answer["allowed"] is True
    assert answer["limits"]["semitones_max"] == 3


def test_preflight_asks_whether_taste_may_choose_and_beside_whose_words(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    bounds = {"with_explicit": False, "by_taste": False}
    grant_everything(stage, "REMIX", limits=bounds)
    body = {"use": "REMIX", "recordings": [str(stage.tide.id)]}
    answer = call(partner, "POST", CLEARANCES, body).json()
    assert {name: answer["limits"][name] for name in bounds} == bounds
    by_taste = call(partner, "POST", CLEARANCES, body | {"by_taste": True}).json()
    assert {one["code"] for one in by_taste["reasons"]} == {"by_taste_not_allowed"}
    both = body | {"recordings": [str(stage.tide.id), str(stage.drift.id)]}
    assert call(partner, "POST", CLEARANCES, both).json()["allowed"] is True
    Recording.objects.filter(pk=stage.drift.pk).update(explicit=True)
    answer = call(partner, "POST", CLEARANCES, both).json()
    assert {one["code"] for one in answer["reasons"]} == {"with_explicit_not_allowed"}
    assert all("explicit" in one["sentence"] for one in answer["reasons"])


def test_a_hold_changes_the_answer(stage: Stage, partner: Any, call: Callable[..., Any]) -> None:
    grant_everything(stage, "REMIX")
    place_hold(
        target_kind="RECORDING",
        target_ref=stage.tide.id,
        reason="a claim",
        actor=("user", "1"),
        now=timezone.now(),
    )
    body = {"use": "REMIX", "recordings": [str(stage.tide.id)]}
    answer = call(partner, "POST", CLEARANCES, body).json()
    assert [reason["code"] for reason in answer["reasons"]]
    assert answer["allowed"] is False


def test_preflight_of_an_unknown_recording_is_not_found(
    partner: Any, call: Callable[..., Any]
) -> None:
    body = {"use": "REMIX", "recordings": [str(uuid4())]}
    assert call(partner, "POST", CLEARANCES, body).status_code == 404


def test_a_wrong_body_names_its_fields(partner: Any, call: Callable[..., Any]) -> None:
    answer = call(partner, "POST", CLEARANCES, {"use": "KARAOKE", "recordings": []})
    assert answer.status_code == 422
    pointers = {row["pointer"] for row in answer.json()["errors"]}
    assert pointers == {"#/use", "#/recordings"}
