"""The seconds of a live session as the player fetches them: minutes begin, and end with it."""

import pytest
from django.utils import timezone

from generation.sessions.operations import end_session
from generation.sessions.queries import stand_of
from licensing.royalties.models import Usage
from portal.audio.live import live_list, news_of, open_live
from tests.portal.listeners.made import granted_stage, named, pay
from tests.portal.listeners.made_live import going_on


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
