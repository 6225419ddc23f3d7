"""Nobody but the listener: every address of this face, asked by a stranger and by nobody at all."""

import uuid

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from portal.audio.signing import Leave, expiry, sign
from tests.portal.listeners.made import granted_stage, pay, sealed
from tests.portal.listeners.made_live import going_on

NOW = timezone.now()
OPEN_TO_ALL = {"home", "how_shares_are_measured", "recordings"}
OF_ONE_TASTE = {"taste_set", "taste_switch", "taste_share", "taste_bring", "taste_plays"}
OPEN_TO_USERS = {"anew", "ask", "recording", "library", "plays", "taste"} | OF_ONE_TASTE
OPEN_TO_USERS |= {"taste_export", "taste_erase", "live_new", "live_start"}
OPEN_TO_USERS |= {"subscription", "subscribe"}
OPEN_TO_USERS |= {"subscription_card", "subscription_end", "subscription_go_on"}
OF_ONE_VARIATION = {
    "variation": (),
    "place": (),
    "cancel": (),
    "ask_without": (),
    "licence": (),
    "download": ("flac",),
    "play": (),
    "more": (),
    "credits": (),
    "say": (),
}
POSTED = {"cancel", "ask_without", "play", "say"}
OF_ONE_SESSION = ("live", "live_licence", "live_play", "live_more", "live_steer", "live_end")
POSTED_LIVE = {"live_play", "live_steer", "live_end"}


@pytest.fixture
def lea(make_user):
    user = make_user("Lea")
    pay(user, NOW)
    return user


@pytest.fixture
def row(lea):
    return sealed(lea, granted_stage(), NOW)


def _get(client, name, variation_id):
    address = reverse(f"listeners:{name}", args=[variation_id, *OF_ONE_VARIATION[name]])
    return client.post(address) if name in POSTED else client.get(address)


def test_every_address_of_this_face_is_asked_here() -> None:
    names = {name for name in get_resolver("portal.listeners.urls").reverse_dict if name}
    named = {name for name in names if isinstance(name, str)}
    assert named == OPEN_TO_ALL | OPEN_TO_USERS | set(OF_ONE_VARIATION) | set(OF_ONE_SESSION)


def test_a_stranger_finds_nothing(client, row, make_user) -> None:
    client.force_login(make_user("Mo"))
    for name in OF_ONE_VARIATION:
        assert _get(client, name, row.pk).status_code == 404, name
        assert _get(client, name, uuid.uuid4()).status_code == 404, name
    row.refresh_from_db()
    assert row.state == "READY"


def test_without_a_login_there_is_nothing_either(client, row) -> None:
    for name in OF_ONE_VARIATION:
        known = _get(client, name, row.pk)
        unknown = _get(client, name, uuid.uuid4())
        assert known.status_code in (302, 404), name
        assert known.status_code == unknown.status_code, name
        if known.status_code == 302:
            assert known.headers["Location"].startswith("/account/login/")


def _get_live(client, name, session_id):
    address = reverse(f"listeners:{name}", args=[session_id])
    return client.post(address) if name in POSTED_LIVE else client.get(address)


def test_nobody_finds_anothers_session(client, lea, make_user) -> None:
    session = going_on(lea, granted_stage(), NOW)
    client.force_login(make_user("Mo"))
    for name in OF_ONE_SESSION:
        assert _get_live(client, name, session.pk).status_code == 404, name
        assert _get_live(client, name, uuid.uuid4()).status_code == 404, name
    session.refresh_from_db()
    assert session.state == "LIVE"
    client.logout()
    for name in OF_ONE_SESSION:
        known = _get_live(client, name, session.pk).status_code
        assert known == _get_live(client, name, uuid.uuid4()).status_code, name
        assert known in (302, 404), name


def test_a_second_of_anothers_session_is_worth_nothing(client, lea, make_user) -> None:
    session = going_on(lea, granted_stage(), NOW)
    client.force_login(lea)
    told = client.post(reverse("listeners:live_play", args=[session.pk])).json()
    assert client.get(told["segments"][0]["url"]).status_code == 200
    client.force_login(make_user("Mo"))
    assert client.get(told["segments"][0]["url"]).status_code == 404
    more = reverse("listeners:live_more", args=[session.pk])
    assert client.get(more, {"token": told["token"]}).status_code == 404


@pytest.mark.parametrize(
    "name", sorted(OPEN_TO_USERS - {"ask", "recording", "plays", "live_start"})
)
def test_pages_of_ones_own_ask_for_a_login(client, db, name) -> None:
    assert client.get(reverse(f"listeners:{name}")).status_code == 302


def test_a_report_under_anothers_token_is_not_there(client, row, lea, make_user) -> None:
    client.force_login(lea)
    token = client.post(reverse("listeners:play", args=[row.pk])).json()["token"]
    report = {"token": token, "client_id": "1", "from_ms": "0", "until_ms": "1000"}
    client.force_login(make_user("Mo"))
    assert client.post(reverse("listeners:plays"), report).status_code == 404
    client.logout()
    assert client.post(reverse("listeners:plays"), report).status_code == 404


def test_anothers_token_opens_no_play_list(client, row, lea, make_user) -> None:
    client.force_login(lea)
    token = client.post(reverse("listeners:play", args=[row.pk])).json()["token"]
    client.force_login(make_user("Mo"))
    more = reverse("listeners:more", args=[row.pk])
    assert client.get(more, {"token": token}).status_code == 404


def test_a_signed_address_is_worth_nothing_to_another(client, row, lea, make_user) -> None:
    client.force_login(lea)
    url = client.post(reverse("listeners:play", args=[row.pk])).json()["segments"][0]["url"]
    assert client.get(url).status_code == 200
    client.force_login(make_user("Mo"))
    assert client.get(url).status_code == 404
    client.logout()
    assert client.get(url).status_code == 404


def test_leave_that_names_a_stranger_as_listener_reaches_nothing(client, row, make_user) -> None:
    mo = make_user("Mo")
    client.force_login(mo)
    for piece in ("segment:0", "file:flac"):
        leave = Leave(str(row.pk), piece, "user", str(mo.pk), "", expiry(timezone.now()))
        assert client.get(reverse("audio:serve", args=[sign(leave)])).status_code == 404


def test_a_catalog_variation_may_be_heard_but_not_stopped_or_saved_by_others(
    client, row, make_user
) -> None:
    row.visibility = "CATALOG"
    row.save()
    mo = make_user("Mo")
    pay(mo, NOW)
    client.force_login(mo)
    assert _get(client, "variation", row.pk).status_code == 200
    assert _get(client, "play", row.pk).status_code == 200
    assert _get(client, "download", row.pk).status_code == 404
    assert _get(client, "cancel", row.pk).status_code == 404
