"""The seconds of a live session as the player fetches them: minutes begin, and end with it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.sessions.operations import end_session
from generation.sessions.queries import stand_of
from licensing.royalties.models import Usage
from portal.audio import live_views
from portal.audio.live import live_list, news_of, open_live
from tests.portal.listeners.made import granted_stage, named, pay
from tests.portal.listeners.made_live import begun, going_on, planned, sounded


@pytest.fixture
def stage(db):
    return granted_stage()


@pytest.fixture
def session(listener, stage):
    pay(listener, timezone.now())
    return going_on(listener, stage, timezone.now())


def _addresses(session, listener) -> list[str]:
    now = timezone.now()
    playback = open_live(session, named(listener), client_key="test", now=now)
    news = news_of(session, stand_of(session, now), after=0, have=-1, now=now)
    found = live_list(session, playback, news, now)
    return [piece.url for piece in found.pieces]


def test_of_one_that_is_over_only_what_was_handed_out_is_sent_again(client, listener, session):
    first, second, *_ = _addresses(session, listener)
    client.force_login(listener)
    assert client.get(first).status_code == 200
    end_session(session_id=session.pk, now=timezone.now())
    assert client.get(first).status_code == 200
    assert client.get(second).status_code == 404
    session.refresh_from_db()
    assert session.handed == 48_000
    assert Usage.objects.count() == 1


def test_a_stranger_fetches_no_second(client, listener, session, make_user):
    first, *_ = _addresses(session, listener)
    client.force_login(make_user("stranger"))
    assert client.get(first).status_code == 404
    client.logout()
    assert client.get(first).status_code == 404
    assert not Usage.objects.exists()


@pytest.fixture
def silent(client, listener, stage, monkeypatch):
    """A session whose first section is planned, and nothing of it made; nobody waits for it."""
    monkeypatch.setattr(live_views, "WAIT_S", 0.0)
    pay(listener, timezone.now())
    session = begun(listener, timezone.now())
    planned(session, stage, 0, timezone.now())
    client.force_login(listener)
    return session


def _opened(client, session) -> dict:
    return client.post(reverse("listeners:live_play", args=[session.pk])).json()


def test_who_opens_a_session_before_it_sounds_has_leave_for_the_second_that_comes(
    client, silent, stage
):
    told = _opened(client, silent)
    coming = told["coming"]
    assert told["token"]
    assert told["segments"] == []
    assert (coming["number"], coming["version"], coming["end"]) == (0, 0, 48_000)
    assert client.get(coming["url"]).status_code == 404
    assert not Usage.objects.exists()
    sounded(silent, stage, range(2), timezone.now())
    assert client.head(coming["url"]).status_code == 200
    assert not Usage.objects.exists()
    came = client.get(coming["url"])
    (listed, _) = client.get(f"{told['more']}&after=0&have=0").json()["segments"]
    assert came.content.startswith(b"fLaC")
    assert came.content == client.get(listed["url"]).content
    silent.refresh_from_db()
    assert silent.handed == 48_000
    assert Usage.objects.count() == 1
    assert _opened(client, silent)["coming"] is None


def test_a_second_that_a_change_made_stale_comes_no_more(client, silent, stage):
    address = _opened(client, silent)["coming"]["url"]
    planned(silent, stage, 0, timezone.now(), because="steered")
    sounded(silent, stage, range(1), timezone.now())
    assert client.get(address).status_code == 404
    assert client.get(_opened(client, silent)["segments"][0]["url"]).status_code == 200


def test_a_stranger_waits_for_no_second(client, silent, stage, make_user):
    address = _opened(client, silent)["coming"]["url"]
    sounded(silent, stage, range(1), timezone.now())
    client.force_login(make_user("stranger"))
    assert client.get(address).status_code == 404
    client.logout()
    assert client.get(address).status_code == 404
