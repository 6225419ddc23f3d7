"""The sound of live sessions for partners: lists, single seconds, and a plain client's way in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import timezone

from generation.sessions.models import LiveSession
from generation.sessions.operations import end_session
from generation.work.models import Job
from licensing.catalog.store import audio_store
from licensing.clearance.models import Grant
from licensing.clearance.operations import withdraw_grant
from licensing.royalties.models import PlaybackToken, Usage
from portal.audio import hls
from portal.partners.session_plays import SessionPlaylistView
from tests.bent import rewrite
from tests.licensing.stage import Stage
from tests.portal.listeners.made import body_of, granted_stage, pay
from tests.portal.listeners.sounding import begun, rendered, sounding, written

RATE = 48_000


@pytest.fixture
def stage(db: None) -> Stage:
    return granted_stage()


@pytest.fixture
def client_ref(partner: Any, stage: Stage) -> tuple[str, str]:
    """The partner, who pays."""
    named = ("client", str(partner[0].id))
    pay(named, timezone.now())
    return named


@pytest.fixture
def session(client_ref: tuple[str, str], stage: Stage) -> LiveSession:
    """A customer's, with five seconds at hand."""
    row = begun(client_ref, listener=("customer", f"{client_ref[1]}:runner-7"))
    written(row, stage, 0, 16)
    rendered(row, stage, range(5))
    row.refresh_from_db()
    return row


def _at(session: LiveSession, path: str, **query: object) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/api/v1/sessions/{session.id}/{path}?{asked}"


def _stored(session: LiveSession, number: int) -> bytes:
    row = session.segments.filter(number=number).order_by("-version").first()
    assert row is not None
    with audio_store().open(row.name) as file:
        return file.read()


def _withdraw(stage: Stage) -> None:
    for grant in Grant.objects.filter(stem=stage.drums):
        withdraw_grant(grant_id=grant.pk, actor=("user", "7"), now=timezone.now())


def test_an_address_of_the_list_needs_no_bearer_token_and_starts_its_minute(
    client: Any, session: LiveSession, partner: Any, call: Callable[..., Any]
) -> None:
    listed = call(partner, "GET", _at(session, "playlist")).json()
    assert [one["number"] for one in listed["segments"]] == [0, 1, 2, 3, 4]
    assert {tuple(one["shares"]) for one in listed["segments"]} == {(750, 250)}
    assert [one["end"] for one in listed["sections"]] == [16 * RATE]
    assert not Usage.objects.exists()
    answer = client.get(listed["segments"][1]["url"])
    assert (answer.status_code, body_of(answer)) == (200, _stored(session, 1))
    usage, token = Usage.objects.get(), PlaybackToken.objects.get()
    assert (usage.minute, usage.listener_kind) == (0, "customer")
    assert usage.listener_ref.endswith(":runner-7")
    assert (token.payer_kind, token.payer_ref) == ("client", str(partner[0].id))


def test_a_list_goes_on_where_the_play_is_and_brings_changed_seconds_again(
    session: LiveSession, stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    token = call(partner, "GET", _at(session, "playlist")).json()["playback_token"]
    follow = {"playback_token": token, "after": 5, "have": 0}
    quiet = call(partner, "GET", _at(session, "playlist", **follow)).json()
    assert (quiet["segments"], quiet["sections"], quiet["playback_token"]) == ([], [], token)
    written(session, stage, 4, 20, because="steered")
    rendered(session, stage, range(3, 6))
    news = call(partner, "GET", _at(session, "playlist", **follow)).json()
    assert [(one["number"], one["version"]) for one in news["segments"]] == [(3, 1), (4, 1), (5, 1)]
    assert [one["because"] for one in news["sections"]] == ["steered"]
    assert PlaybackToken.objects.count() == 1


def test_one_who_waits_is_answered_when_there_is_news_or_hope_is_gone(
    session: LiveSession, stage: Stage, partner: Any, stranger: Any, call: Callable[..., Any]
) -> None:
    view, mine = SessionPlaylistView(), ("client", str(partner[0].id))

    def is_news(**query: str) -> bool:
        return view.news(RequestFactory().get("/", query), mine, {"session_id": session.id})

    assert is_news(after="4", have="0")
    assert is_news(after="5", have="-1")
    assert not is_news(after="5", have="0")
    late = call(partner, "GET", _at(session, "playlist", after=5, have=0, wait_s=1))
    assert (late.status_code, late.json()["segments"]) == (200, [])
    assert PlaybackToken.objects.count() == 1
    rendered(session, stage, range(5, 6))
    assert is_news(after="5", have="0")
    assert not is_news(after="6", have="0")
    end_session(session_id=session.id, now=timezone.now())
    assert is_news(after="6", have="0")
    assert view.news(RequestFactory().get("/"), ("client", "x"), {"session_id": session.id})


def test_a_second_comes_as_it_was_stored_and_has_more_made(
    session: LiveSession, partner: Any, call: Callable[..., Any]
) -> None:
    token = call(partner, "GET", _at(session, "playlist")).json()["playback_token"]
    Job.objects.all().delete()
    address = _at(session, "segments/2", playback_token=token, version=0, at=RATE)
    answer = call(partner, "GET", address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/flac")
    assert body_of(answer) == _stored(session, 2)
    assert Usage.objects.get().minute == 0
    session.refresh_from_db()
    assert (session.handed, session.heard) == (3 * RATE, RATE)
    assert set(Job.objects.values_list("part", flat=True)) >= {5, 6, 7}


def test_a_second_that_cannot_be_had_says_why(
    session: LiveSession, stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    token = call(partner, "GET", _at(session, "playlist")).json()["playback_token"]
    other = sounding(("client", str(partner[0].id)), stage, 4)

    def code(path: str, **query: object) -> tuple[int, str]:
        answer = call(partner, "GET", _at(session, path, **query))
        return answer.status_code, answer.json()["code"]

    assert code("segments/0") == (404, "unknown_token")
    assert code("segments/0", playback_token="forged") == (404, "unknown_token")
    theirs = call(partner, "GET", _at(other, "playlist")).json()["playback_token"]
    assert code("segments/0", playback_token=theirs) == (404, "unknown_token")
    assert code("segments/9", playback_token=token) == (409, "not_ready")
    assert code(f"segments/{10**12}", playback_token=token) == (409, "not_ready")
    assert code("segments/0", playback_token=token, version=1) == (409, "changed")
    assert code("segments/0", playback_token=token, at="x") == (422, "bad_query")
    _withdraw(stage)
    assert code("segments/0", playback_token=token) == (410, "withdrawn")
    assert not Usage.objects.exists()
    end_session(session_id=session.id, now=timezone.now())
    assert code("segments/0", playback_token=token) == (409, "session_over")


def test_a_withdrawn_stem_is_in_no_list_and_behind_no_address(
    client: Any, session: LiveSession, stage: Stage, partner: Any, call: Callable[..., Any]
) -> None:
    listed = call(partner, "GET", _at(session, "playlist")).json()
    _withdraw(stage)
    token = listed["playback_token"]
    again = call(partner, "GET", _at(session, "playlist", playback_token=token, after=0)).json()
    assert again["segments"] == []
    assert client.get(listed["segments"][0]["url"]).status_code == 404


def test_without_a_receipt_nothing_is_listed_sent_or_made(
    session: LiveSession, partner: Any, call: Callable[..., Any]
) -> None:
    token = call(partner, "GET", _at(session, "playlist")).json()["playback_token"]
    Job.objects.all().delete()
    LiveSession.objects.update(requester_kind="client")
    rewrite(PlaybackToken.objects.all(), "payer_ref = 'stopped'")
    segment = call(partner, "GET", _at(session, "segments/0", playback_token=token))
    assert (segment.status_code, segment.json()["code"]) == (402, "no_pool")
    rewrite(
        PlaybackToken.objects.all(), f"listener_kind = 'client', listener_ref = '{partner[0].id!s}'"
    )
    LiveSession.objects.update(
        requester_ref="stopped", listener_kind="client", listener_ref=str(partner[0].id)
    )
    for path in ("playlist", "playlist.m3u8"):
        answer = call(partner, "GET", _at(session, path))
        assert (answer.status_code, answer.json()["code"]) == (402, "no_pool")
    known = call(partner, "GET", _at(session, "playlist", playback_token=token, wait_s=8))
    assert (known.status_code, known.json()["code"]) == (402, "no_pool")
    assert not Job.objects.exists()
    assert not Usage.objects.exists()


def test_before_its_first_sound_and_after_its_end_no_play_is_opened(
    stage: Stage, client_ref: tuple[str, str], partner: Any, call: Callable[..., Any]
) -> None:
    row = begun(client_ref)
    for path in ("playlist", "playlist.m3u8"):
        answer = call(partner, "GET", _at(row, path))
        assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    end_session(session_id=row.id, now=timezone.now(), why=("nothing_clearable", "Nobody permits."))
    for path in ("playlist", "playlist.m3u8"):
        answer = call(partner, "GET", _at(row, path))
        assert (answer.status_code, answer.json()["code"]) == (409, "session_over")
        assert answer.json()["detail"] == "Nobody permits."
    assert not PlaybackToken.objects.exists()


def test_who_follows_learns_that_it_is_over(
    session: LiveSession, partner: Any, call: Callable[..., Any]
) -> None:
    token = call(partner, "GET", _at(session, "playlist")).json()["playback_token"]
    end_session(session_id=session.id, now=timezone.now(), why=("idle", "Nobody listened."))
    last = call(partner, "GET", _at(session, "playlist", playback_token=token, wait_s=8)).json()
    assert (last["is_over"], last["sentence"]) == (True, "Nobody listened.")


def test_a_plain_client_of_a_customer_needs_no_bearer_token_behind_its_first_list(
    client: Any, session: LiveSession, partner: Any, call: Callable[..., Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(hls, "WAIT_S", 0.0)
    answer = call(partner, "GET", _at(session, "playlist.m3u8", format="flac"))
    assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    (address,) = [one for one in answer.content.decode().splitlines() if one.startswith("/")]
    media = client.get(address)
    assert "0.m4s\n" in media.content.decode()
    assert "ENDLIST" not in media.content.decode()
    listed = call(partner, "GET", _at(session, "playlist")).json()
    assert "aac/index.m3u8" in client.get(listed["hls_url"]).content.decode()
    other = call(partner, "GET", _at(session, "playlist.m3u8", format="mp3"))
    assert (other.status_code, other.json()["code"]) == (404, "no_such_format")
