"""Playing for partners: the same play list and the same audio as on our own pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from generation.variations.operations import fail_variation
from licensing.clearance.models import Grant
from licensing.clearance.operations import withdraw_grant
from licensing.royalties.models import PlaybackToken, Usage
from tests.bent import rewrite
from tests.licensing.stage import Stage
from tests.portal.listeners.made import add_piece, body_of, granted_stage, opened, pay, sealed

NOW = timezone.now()


@pytest.fixture
def stage(db: None) -> Stage:
    return granted_stage()


@pytest.fixture
def requester(partner: Any) -> tuple[str, str]:
    return ("client", str(partner[0].id))


def _address(row: Any, **query: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/api/v1/variations/{row.pk}/playlist?{asked}"


def test_an_address_of_a_customer_needs_no_bearer_token(
    client: Any, stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = opened(requester, stage, NOW)
    sound = add_piece(row, 0, NOW)
    listed = call(partner, "GET", _address(row, customer="runner-7")).json()
    assert [one["index"] for one in listed["segments"]] == [0]
    assert listed["is_complete"] is False
    answer = client.get(listed["segments"][0]["url"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/flac")
    assert body_of(answer) == sound
    token = PlaybackToken.objects.get()
    assert token.fetched_ms == 2_000
    assert (token.listener_kind, token.listener_ref) == ("customer", f"{requester[1]}:runner-7")
    assert (token.payer_kind, token.payer_ref) == requester


def test_an_hls_client_of_a_customer_needs_no_bearer_token_either(
    client: Any, stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    pay(requester, NOW)
    row = sealed(requester, stage, NOW)
    master = call(partner, "GET", _address(row, customer="runner-7")).json()["hls_url"]
    assert "aac/index.m3u8" in client.get(master).content.decode()
    media = client.get(master.replace("master.m3u8", "aac/index.m3u8"))
    assert "0.m4s" in media.content.decode()
    assert client.get(master.replace("/master.m3u8", "x/master.m3u8")).status_code == 404
    withdraw_grant(
        grant_id=Grant.objects.filter(stem=stage.drums).first().pk, actor=("user", "7"), now=NOW
    )
    assert client.get(master).status_code == 404


def test_the_same_token_shows_more_of_the_same_play(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    pay(requester, NOW)
    row = opened(requester, stage, NOW)
    token = call(partner, "GET", _address(row, customer="a")).json()["playback_token"]
    for index in range(row.piece_count):
        add_piece(row, index, NOW)
    again = call(partner, "GET", _address(row, customer="a", playback_token=token)).json()
    assert again["playback_token"] == token
    assert again["segments"][-1]["end"] == row.length
    assert again["is_complete"] is True
    assert PlaybackToken.objects.count() == 1


def test_a_token_of_another_customer_or_of_nobody_is_refused(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW)
    token = call(partner, "GET", _address(row, customer="a")).json()["playback_token"]
    for query in ({"customer": "b", "playback_token": token}, {"playback_token": "forged"}):
        answer = call(partner, "GET", _address(row, **query))
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_token")


def test_without_a_receipt_of_the_partner_thirty_seconds_are_listed(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW, seconds=40)
    listed = call(partner, "GET", _address(row, customer="a")).json()
    assert listed["segments"][-1]["end"] == 30 * 48_000
    pay(requester, NOW)
    paid = call(partner, "GET", _address(row, customer="a")).json()
    assert paid["segments"][-1]["end"] == 40 * 48_000


def test_a_withdrawn_grant_stops_list_pieces_and_files(
    client: Any, stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    pay(requester, NOW)
    row = sealed(requester, stage, NOW)
    listed = call(partner, "GET", _address(row)).json()
    audio = f"/api/v1/variations/{row.pk}/audio"
    assert body_of(call(partner, "GET", audio)).startswith(b"flac")
    grant = Grant.objects.filter(stem=stage.drums).first()
    assert grant is not None
    withdraw_grant(grant_id=grant.pk, actor=("user", "7"), now=NOW)
    for path in (_address(row), audio):
        answer = call(partner, "GET", path)
        assert (answer.status_code, answer.json()["code"]) == (410, "withdrawn")
    assert client.get(listed["segments"][0]["url"]).status_code == 404


def test_a_format_that_was_not_made_is_named(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    pay(requester, NOW)
    row = sealed(requester, stage, NOW)
    answer = call(partner, "GET", f"/api/v1/variations/{row.pk}/audio?format=midi")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no midi file; made: flac, m4a, mp3, opus."


def test_a_play_counts_for_its_own_client_alone(
    client: Any,
    stage: Stage,
    partner: Any,
    stranger: Any,
    requester: Any,
    call: Callable[..., Any],
) -> None:
    row = sealed(requester, stage, NOW)
    listed = call(partner, "GET", _address(row, customer="a")).json()
    for one in listed["segments"]:
        client.get(one["url"])
    rewrite(PlaybackToken.objects.all(), f"issued_at = '{timezone.now() - timedelta(seconds=10)}'")
    play = {"id": "1", "playback_token": listed["playback_token"], "from_ms": 0, "until_ms": 8_000}
    theirs = call(stranger, "POST", "/api/v1/usages", {"plays": [play]}, key="k")
    assert theirs.json()["results"][0]["reason"] == "unknown_token"
    assert not Usage.objects.exists()
    ours = call(partner, "POST", "/api/v1/usages", {"plays": [play]}, key="k")
    assert ours.json()["results"] == [{"id": "1", "accepted": True, "reason": None}]
    assert Usage.objects.get().record_id == row.record_id


def test_a_whole_file_needs_a_receipt(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW)
    answer = call(partner, "GET", f"/api/v1/variations/{row.pk}/audio?format=flac")
    assert (answer.status_code, answer.json()["code"]) == (402, "preview_limit")


def test_what_failed_is_not_served_though_its_record_is_open(
    client: Any, stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = opened(requester, stage, NOW)
    add_piece(row, 0, NOW)
    listed = call(partner, "GET", _address(row)).json()
    assert fail_variation(variation_id=row.pk, code="internal", sentence="It broke.", now=NOW)
    for path in (_address(row), f"/api/v1/variations/{row.pk}/audio"):
        answer = call(partner, "GET", path)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_made")
    assert client.get(listed["segments"][0]["url"]).status_code == 404


def test_a_customer_with_a_zero_byte_in_the_name_is_no_fault_of_ours(
    stage: Stage, partner: Any, requester: Any, call: Callable[..., Any]
) -> None:
    row = sealed(requester, stage, NOW)
    assert call(partner, "GET", _address(row, customer="%00jo")).status_code == 200
    assert PlaybackToken.objects.get().listener_ref == f"{requester[1]}:jo"
