"""What partners send that cannot be read: a problem document with one sentence, never our fault."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.test import RequestFactory

from generation.variations.models import Variation
from portal.partners.problems import broken
from tests.licensing.stage import Stage, open_stage

VARIATIONS = "/api/v1/variations"
DEEP = "[" * 50_000


@pytest.fixture
def stage(db: None) -> Stage:
    return open_stage()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (DEEP, "nested too deeply"),
        ('{"mode": ', "look at line 1, column 10"),
        ('{"seed": NaN}', "not finite or too long"),
        ('{"seed": ' + "9" * 5_000 + "}", "not finite or too long"),
        (b'{"mode": "\xff"}', "not UTF-8"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(
    client: Browser, partner: Any, token_of: Callable[..., str], body: Any, sentence: str
) -> None:
    headers = {"Authorization": f"Bearer {token_of(partner)}", "Idempotency-Key": "k"}
    answer = client.generic("POST", VARIATIONS, body, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert sentence in answer.json()["detail"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [({"tempo": 120}, "#/tempo"), ({"targets": {"tempo": 120}}, "#/targets/tempo")],
)
def test_a_wish_that_is_not_known_is_refused_and_not_dropped(
    stage: Stage, partner: Any, call: Callable[..., Any], wrong: dict[str, Any], pointer: str
) -> None:
    body = {"mode": "REMIX", "recordings": [str(stage.tide.id)]} | wrong
    answer = call(partner, "POST", VARIATIONS, body, key="k")
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert "there are: " in fault["detail"]
    assert not Variation.objects.exists()


@pytest.mark.parametrize("field", ["from_ms", "until_ms"])
def test_a_position_that_no_sound_has_is_refused(
    partner: Any, call: Callable[..., Any], field: str
) -> None:
    play = {"id": "a", "playback_token": "t", "from_ms": 0, "until_ms": 1} | {field: 10**30}
    answer = call(partner, "POST", "/api/v1/usages", {"plays": [play]}, key="k")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].endswith(field)


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v1/recordings/x"])
def test_an_address_that_is_not_there_names_the_description(client: Browser, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert "/api/v1/openapi.json" in answer.json()["detail"]


def test_people_get_a_page_for_what_is_not_there(client: Browser) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert "start from the front page" in answer.content.decode()


def test_what_breaks_is_a_problem_document_too() -> None:
    answer = broken(RequestFactory().get("/api/v1/recordings"))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (500, "internal")
    page = broken(RequestFactory().get("/listen/"))
    assert (page.status_code, page.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
