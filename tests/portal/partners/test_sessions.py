"""Live sessions for partners: begun once, seen by the asker alone, moved while they run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from generation.sessions import rules
from generation.sessions.models import ControlPoint, LiveSession
from generation.taste.models import Decision, Feedback
from generation.taste.operations import set_belief, switch_taste
from generation.work.models import Job
from licensing.audit.models import Fact
from tests.licensing.stage import Stage
from tests.portal.listeners.made import granted_stage, pay
from tests.portal.listeners.sounding import rendered, written

SESSIONS = "/api/v1/sessions"
NOBODYS = "4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"  # fixed: test ids must be the same everywhere
BODY = {"mode": "MOOD", "targets": {"energy": 0.4}}
KEPT = Path(settings.BASE_DIR) / "docs" / "openapi.json"


@pytest.fixture
def stage(db: None) -> Stage:
    return granted_stage()


@pytest.fixture
def begin(stage: Stage, partner: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """begin(key="k1", **changes) -> the answer to a paying partner."""
    pay(("client", str(partner[0].id)), timezone.now())

    def send(key: str = "k1", **changes: Any) -> Any:
        return call(partner, "POST", SESSIONS, BODY | changes, key=key)

    return send


def _example(method: str, path: str) -> Any:
    described = json.loads(KEPT.read_text())["paths"][path][method]["requestBody"]["content"]
    (example,) = described["application/json"]["examples"].values()
    return example["value"]


def test_the_described_examples_do_what_they_say(
    begin: Callable[..., Any], partner: Any, call: Callable[..., Any]
) -> None:
    begun = call(partner, "POST", SESSIONS, _example("post", SESSIONS), key="e")
    assert begun.status_code == 201
    assert begun.json()["targets"]["tempo_bpm"] == 124
    moved = call(
        partner, "PATCH", begun.headers["Location"], _example("patch", f"{SESSIONS}/{{session_id}}")
    )
    assert moved.status_code == 200
    assert (moved.json()["targets"]["tempo_bpm"], moved.json()["targets"]["vocals"]) == (132, False)
    assert ControlPoint.objects.get().said_at == 96_000


def test_a_session_is_there_at_once_and_says_where(
    begin: Callable[..., Any], partner: Any, call: Callable[..., Any]
) -> None:
    answer = begin(customer="runner-7")
    assert answer.status_code == 201
    shown = answer.json()
    assert answer.headers["Location"] == f"{SESSIONS}/{shown['id']}"
    assert (shown["state"], shown["over"], shown["handed"]) == ("OPENING", None, 0)
    session = LiveSession.objects.get()
    assert session.listener_ref == f"{partner[0].id}:runner-7"
    assert (session.requester_ref, session.channel) == (str(partner[0].id), "FITNESS")
    assert call(partner, "GET", answer.headers["Location"]).json() == shown


def test_what_is_planned_and_who_is_in_it_is_shown(
    begin: Callable[..., Any], stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    address = begin().headers["Location"]
    session = LiveSession.objects.get()
    written(session, stage, 0, 8)
    shown = call(partner, "GET", address).json()
    (section,) = shown["sections"]
    assert (shown["state"], section["start"], section["end"]) == ("LIVE", 0, 8 * 48_000)
    assert section["lines"] == [0, 96_000, 192_000, 288_000, 384_000]
    assert section["tempo_bpm"] == 120.0
    assert {one["role"] for one in shown["sources"]} == {"drums", "vocals"}
    assert {one["ppm"] for one in shown["sources"]} == {None}


def test_the_same_key_is_the_same_session(begin: Callable[..., Any]) -> None:
    first, again = begin(), begin()
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert LiveSession.objects.count() == Job.objects.count() == 1
    assert begin(mode="FOCUS").json()["code"] == "idempotency_key_reused"


def test_without_a_receipt_there_is_no_session(
    stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    answer = call(partner, "POST", SESSIONS, BODY, key="k1")
    assert (answer.status_code, answer.json()["code"]) == (402, "no_pool")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not LiveSession.objects.exists()


def test_a_request_that_cannot_be_says_why(begin: Callable[..., Any]) -> None:
    for changes, status, code in (
        ({"mode": "REMIX"}, 422, "bad_request_body"),
        ({"targets": {"seconds": 60}}, 422, "bad_request_body"),
        ({"customer": "a\0b"}, 422, "bad_request_body"),
        ({"recordings": [NOBODYS]}, 404, "no_such_recording"),
        ({"artist": NOBODYS}, 404, "no_such_artist"),
    ):
        answer = begin(code + str(changes)[2:6], **changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not LiveSession.objects.exists()


def test_a_customer_hears_one_session_at_a_time_and_a_client_many(
    begin: Callable[..., Any], partner: Any, call: Callable[..., Any]
) -> None:
    first = begin("a", customer="runner-7").headers["Location"]
    begin("b", customer="runner-8")
    begin("c")
    begin("d")
    assert call(partner, "GET", first).json()["over"] is None
    begin("e", customer="runner-7")
    assert call(partner, "GET", first).json()["over"]["code"] == "another_began"
    assert LiveSession.objects.filter(state__in=rules.UNDER_WAY).count() == 4


def test_too_many_sessions_are_refused_until_one_ends(
    begin: Callable[..., Any], partner: Any, call: Callable[..., Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(rules, "SESSIONS_OF_A_CLIENT", 1)
    first = begin("a").headers["Location"]
    refused = begin("b")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sessions")
    assert call(partner, "DELETE", first).status_code == 204
    assert begin("b").status_code == 201


def test_targets_are_moved_in_range_and_only_while_it_runs(
    begin: Callable[..., Any], partner: Any, call: Callable[..., Any]
) -> None:
    address = begin().headers["Location"]
    for body in ({}, {"targets": {"energy": 2}}, {"targets": {"mood": 1}}, {"heard_at": 5}):
        assert call(partner, "PATCH", address, body).status_code == 422
    nothing = call(partner, "PATCH", address, {"targets": {}})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "no_wish")
    moved = call(partner, "PATCH", address, {"targets": {"tempo_bpm": 90, "key": "D min"}})
    assert (
        moved.json()["targets"] | {"tempo_bpm": 90, "key": "D min", "energy": 0.4}
        == (moved.json()["targets"])
    )
    freed = call(partner, "PATCH", address, {"targets": {"tempo_bpm": None}})
    assert (freed.json()["targets"]["tempo_bpm"], freed.json()["targets"]["key"]) == (None, "D min")
    assert call(partner, "DELETE", address).status_code == 204
    late = call(partner, "PATCH", address, {"targets": {"energy": 0.1}})
    assert (late.status_code, late.json()["code"]) == (409, "session_over")
    assert ControlPoint.objects.count() == 2


def test_what_is_left_open_is_chosen_by_the_taste_of_whom_the_partner_names(
    begin: Callable[..., Any], partner: Any, call: Callable[..., Any]
) -> None:
    ref = f"{partner[0].id}:runner-7"
    set_belief(listener=("customer", ref), ideals={"density": 0.9}, now=timezone.now())
    shown = begin(by_taste_of="runner-7", targets={"energy": 0.4}).json()
    assert (shown["targets"]["energy"], shown["targets"]["tempo_bpm"]) == (0.4, None)
    kept = Decision.objects.get()
    assert (kept.listener_ref, kept.subject_ref) == (ref, shown["id"])
    assert shown["targets"]["density"] == kept.targets["density"] > 0.6
    assert begin("by-hand").status_code == 201
    assert Decision.objects.count() == 1


def test_only_what_a_customer_moved_themselves_teaches_their_taste(
    begin: Callable[..., Any], stranger: Any, partner: Any, call: Callable[..., Any]
) -> None:
    ref, own = f"{partner[0].id}:runner-7", {"is_said_by_customer": True}
    address = begin(customer="runner-7").headers["Location"]
    call(partner, "PATCH", address, {"targets": {"energy": 0.6, "tempo_bpm": 120}})
    assert not Feedback.objects.exists()
    denied = call(stranger, "PATCH", address, {"targets": {"energy": 0.9}} | own)
    assert denied.status_code == 404
    call(partner, "PATCH", address, {"targets": {"energy": 0.9}} | own)
    told = Feedback.objects.get()
    assert (told.listener_kind, told.listener_ref) == ("customer", ref)
    assert (told.attribute, told.said, told.context) == ("energy", "MORE", "mood")
    switch_taste(listener=("customer", ref), is_on=False, now=timezone.now())
    call(partner, "PATCH", address, {"targets": {"density": 0.9}} | own)
    nameless = begin("k2").headers["Location"]
    call(partner, "PATCH", nameless, {"targets": {"density": 0.9}} | own)
    assert Feedback.objects.count() == 1


def test_an_end_is_an_end(
    begin: Callable[..., Any], stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    address = begin().headers["Location"]
    session = LiveSession.objects.get()
    written(session, stage, 0, 8)
    rendered(session, stage, range(2))
    for _ in range(2):
        assert call(partner, "DELETE", address).status_code == 204
    shown = call(partner, "GET", address).json()
    assert (shown["state"], shown["over"]) == ("ENDED", {"code": "stopped", "sentence": ""})
    assert Job.objects.filter(kind=rules.SEAL, subject_ref=shown["id"]).exists()


CALLS = [
    ("GET", "", None),
    ("PATCH", "", {"targets": {"energy": 0.9}}),
    ("DELETE", "", None),
    ("GET", "/playlist", None),
    ("GET", "/playlist?wait_s=8", None),
    ("GET", "/playlist.m3u8", None),
    ("GET", "/segments/0", None),
]


def test_a_stranger_finds_and_moves_nothing(
    begin: Callable[..., Any], stranger: Any, call: Callable[..., Any]
) -> None:
    made, before = begin().json(), Fact.objects.latest("pk").pk
    for method, path, body in CALLS:
        theirs = call(stranger, method, f"{SESSIONS}/{made['id']}{path}", body)
        missing = call(stranger, method, f"{SESSIONS}/{uuid4()}{path}", body)
        assert theirs.status_code == missing.status_code == 404, (method, path)
        assert theirs.json() == missing.json()
    assert LiveSession.objects.get().state == "OPENING"
    assert Fact.objects.latest("pk").pk == before


def test_each_call_needs_the_scope(partner: Any, call: Callable[..., Any]) -> None:
    for method, path, body in CALLS:
        address = f"{SESSIONS}/{NOBODYS}{path}"
        refused = call(partner, method, address, body, scope="variations:write")
        assert (refused.status_code, refused.json()["scope"]) == (403, "sessions:write")


def test_capabilities_name_sessions(partner: Any, call: Callable[..., Any]) -> None:
    shown = call(partner, "GET", "/api/v1/capabilities").json()
    assert shown["session_modes"] == ["MOOD", "FOCUS", "AMBIENT"]
    assert shown["sessions_at_once"] == rules.SESSIONS_OF_A_CLIENT
    assert "sessions:write" in shown["scopes"]
