"""The desk of nets: staff see it, those who may route nets decide, strangers find nothing."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client as Browser
from django.utils import timezone

from generation.nets import checkpoints
from generation.nets.cards import Permitted
from generation.serving.models import NetRoute
from generation.serving.operations import StageTaken, record_stage_times, route_net
from generation.work.operations import Wanted, claim_next, put_jobs
from generation.work.rules import Priority
from licensing.audit.models import Fact
from portal.accounts.models import User
from tests.generation.serving.material import release

PAGE, SHARES, BACK = (f"/admin/nets/{one}" for one in ("", "harmony/shares/", "harmony/back/"))
WHY = "Version 2 writes fewer chords."
CANARY = {"share_0": "5", "share_1": "95.0", "reason": WHY}


@pytest.fixture
def digests(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch):
    """Two versions of the harmony net; nothing else lies anywhere."""
    settings.NETS_DIR = tmp_path / "own"
    monkeypatch.setattr(checkpoints, "RELEASED", tmp_path / "shipped")
    return release(checkpoints.RELEASED, 1), release(settings.NETS_DIR, 2)


def browser_of(email: str, *, is_staff: bool, may_route: bool = False) -> Browser:
    user = User.objects.create_user(
        email, "a-long-password", is_staff=is_staff, display_name="Hanna Sandvoort"
    )
    if may_route:
        user.user_permissions.add(Permission.objects.get(codename="route_nets"))
    browser = Browser()
    browser.force_login(user)
    return browser


@pytest.fixture
def router(db) -> Browser:
    return browser_of("hanna@example.org", is_staff=True, may_route=True)


@pytest.fixture
def staff(db) -> Browser:
    return browser_of("milo@example.org", is_staff=True)


def text_of(browser: Browser, address: str = PAGE) -> str:
    """What a page says, without its marks."""
    answer = browser.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


@pytest.mark.parametrize("address", [PAGE, SHARES, BACK])
def test_a_stranger_and_a_listener_find_none_of_it(db, digests, address: str) -> None:
    listener = browser_of("lena@example.org", is_staff=False, may_route=True)
    for browser in (Browser(), listener):
        assert browser.get(address).status_code in {302, 403, 404}
        assert browser.post(address, CANARY).status_code in {302, 403, 404}
    assert not NetRoute.objects.exists()


def test_staff_who_may_not_route_see_the_page_and_no_deed(staff: Browser, digests) -> None:
    page = staff.get(PAGE).content.decode()
    assert "Harmony net" in page
    assert "Set the shares" not in page
    for address in (SHARES, BACK):
        assert staff.get(address).status_code == 404
        assert staff.post(address, CANARY).status_code == 404
    assert not NetRoute.objects.exists()


def test_a_canary_is_set_with_its_reason_and_stands_in_the_record(router, digests) -> None:
    first, second = digests
    form = text_of(router, SHARES)
    assert "Version 2, share in percent" in form
    assert "Now: 100 % version 2." in form
    answer = router.post(SHARES, CANARY, follow=True)
    assert "The harmony net is served by 95 % version 1, 5 % version 2." in answer.content.decode()
    row = NetRoute.objects.get()
    assert dict(zip(row.digests, row.places, strict=True)) == {second: 50, first: 950}
    fact = Fact.objects.get(verb="route_net")
    assert (fact.actor_kind, fact.after["reason"]) == ("user", WHY)
    page = text_of(router)
    assert "2 5 % serves" in page
    assert f"1 95 % version 1, 5 % version 2 Hanna Sandvoort {WHY}" in page


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"share_0": "6"}, "The shares add up to 101 %, not to 100 %."),
        ({"reason": ""}, "Write the reason"),
        ({"share_1": ""}, "Write a share; 0 where it serves nobody."),
        ({"share_0": "-1"}, "greater than or equal to 0"),
        ({"share_0": "0.05"}, "no more than 1 decimal place"),
        ({"share_0": "100", "share_1": "0"}, None),
    ],
)
def test_shares_that_cannot_be_are_refused_in_words(router, digests, change, told) -> None:
    answer = router.post(SHARES, CANARY | change)
    assert answer.status_code == (302 if told is None else 200)
    if told is not None:
        assert told in answer.content.decode()
    assert NetRoute.objects.exists() is (told is None)


def test_a_roll_back_is_asked_for_a_reason_and_serves_the_earlier_shares(router, digests) -> None:
    router.post(SHARES, CANARY)
    router.post(SHARES, CANARY | {"share_0": "100", "share_1": "0"})
    form = text_of(router, BACK)
    assert "Now: 100 % version 2." in form
    assert "95 % version 1, 5 % version 2" in form
    assert "Write the reason" in router.post(BACK, {"to": "1"}).content.decode()
    assert router.post(BACK, {"to": "7", "reason": WHY}).status_code == 200
    assert NetRoute.objects.count() == 2
    assert router.post(BACK, {"to": "1", "reason": WHY}).status_code == 302
    row = NetRoute.objects.get(number=3)
    assert (row.restores, sorted(row.places)) == (1, [50, 950])
    assert "route 1 again" in text_of(router)


def test_there_is_nothing_to_roll_back_before_something_else_served(router, digests) -> None:
    assert router.get(BACK).status_code == 404
    assert router.get("/admin/nets/choir/shares/").status_code == 404
    router.post(SHARES, CANARY | {"share_0": "100", "share_1": "0"})
    assert "Roll back" not in text_of(router)
    router.post(SHARES, CANARY)
    assert "Roll back the harmony net" in text_of(router)


def test_every_card_that_ships_is_told_with_data_licences_figures_and_limits(staff) -> None:
    page = text_of(staff)
    for net in ("drums", "harmony", "line", "mix"):
        card = checkpoints.newest(net).card
        for one in card.data:
            assert one.licence in page
        assert card.split in page
        assert f"{card.training.cpu_s:.0f} s of CPU on {card.training.machine}" in page
    assert "Estimated chords".lower() in page.lower()
    assert "two notes, chord, place in bar 4.496" in page
    assert "≤ 3.85" in page
    assert "It writes one voice at a time and does not hear the other." in page


def test_a_version_without_a_sound_card_is_told_and_cannot_be_given_a_share(
    router, digests, settings
) -> None:
    path = checkpoints.path_of(settings.NETS_DIR, "harmony", 2).with_suffix(".json")
    path.unlink()
    assert "There is no card 2.json" in text_of(router)
    assert "Version 2" not in text_of(router, SHARES)


def test_a_routed_checkpoint_that_is_gone_is_told(router, digests, settings) -> None:
    route_net(
        net="harmony",
        shares={digests[1]: 1_000},
        reason="r",
        actor=("system", "test"),
        now=timezone.now(),
    )
    checkpoints.path_of(settings.NETS_DIR, "harmony", 2).unlink()
    assert f"A checkpoint is gone. The route names {digests[1][:12]}" in text_of(router)


def test_times_queue_and_workers_are_told(staff, digests) -> None:
    now = timezone.now()
    taken = [
        StageTaken("chords", ms, now - timedelta(seconds=4), digests[0], 4) for ms in (1.0, 3.0)
    ]
    taken.append(StageTaken("job compose", 30_000.0, now - timedelta(seconds=1)))
    record_stage_times(taken=taken, worker="desk:1")
    old = datetime(2026, 3, 1, tzinfo=UTC)
    for number, kind in enumerate(("live_plan", "piece", "piece")):
        priority = Priority.PIECE if number else Priority.LIVE
        wanted = Wanted(kind, ("variation", str(number)), priority, part=number)
        put_jobs(wanted=[wanted], now=old if number else now)
    claim_next(worker="desk:2", kinds=["live_plan"], now=timezone.now())
    page = text_of(staff)
    assert "Chords harmony, version 1 2 4.0 2.0 2.9 3.0" in page
    assert "Pieces of a request 2 " in page
    assert "1 Mar 2026, 00:00:00 UTC" in page
    assert "desk:1 50 % 3 nothing" in page
    assert "desk:2 0 % 0 live_plan, part 0" in page


def test_an_idle_house_says_so(staff) -> None:
    page = text_of(staff)
    for words in ("Nothing waits.", "Nothing ran in the last hour.", "Nobody routed a net yet."):
        assert words in page


def test_a_version_whose_training_is_not_permitted_is_told_and_not_offered(
    router: Browser, digests
) -> None:
    unknown = (Permitted("a" * 64, "4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"),)
    release(checkpoints.RELEASED, 3, permitted=unknown)
    page = router.get(PAGE).content.decode()
    assert page.count("May not serve: it is not cleared here.") == 1
    assert "share_1" in router.get(SHARES).content.decode()
    assert "share_2" not in router.get(SHARES).content.decode()
