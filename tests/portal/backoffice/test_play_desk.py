"""Deciding about plays at the desk: queues count, deeds ask for a reason, strangers see none."""

from datetime import date

import pytest
from django.test import Client as Browser

from licensing.audit.models import Fact
from licensing.royalties.models import Anomaly, Usage
from licensing.royalties.rules.anomalies import Bounds
from licensing.royalties.scoring import score_usages
from portal.accounts.models import User
from tests.bent import rewrite
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import decider


@pytest.fixture
def held(db: None) -> Anomaly:
    """l1's three plays of Ana's, held, and one of July that came in November."""
    stems = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    piece = world.record("A", [(stems[0], 1_000_000)])
    world.heard("l1-secret", piece, 3)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    bounds = Bounds(repeats=400)
    assert score_usages(month=date(2026, 10, 1), now=world.NOVEMBER, bounds=bounds) == 3
    july = world.OCTOBER.replace(month=7)
    world.play("l9-secret", piece, since=july, received_at=world.NOVEMBER)
    return Anomaly.objects.get()


@pytest.fixture
def staff(client: Browser, db: None) -> Browser:
    return decider(client)


def test_both_queues_are_counted_and_name_no_listener(staff: Browser, held: Anomaly) -> None:
    page = staff.get("/admin/").content.decode()
    assert "Held usages" in page
    assert "Unmatched usage" in page
    for address in (
        "/admin/royalties/anomaly/?state__exact=OPEN",
        f"/admin/royalties/anomaly/{held.pk}/change/",
        f"/admin/royalties/anomaly/{held.pk}/release/",
    ):
        answer = staff.get(address)
        assert answer.status_code == 200
        assert "l1-secret" not in answer.content.decode()


@pytest.mark.parametrize(("deed", "state"), [("release", "COUNTED"), ("uphold", "UPHELD")])
def test_held_plays_are_decided_with_a_reason(
    staff: Browser, held: Anomaly, deed: str, state: str
) -> None:
    address = f"/admin/royalties/anomaly/{held.pk}/{deed}/"
    assert "the same piece over and over" in staff.get(address).content.decode()
    refused = staff.post(address, {"reason": ""}).content.decode()
    assert "Write the reason: it goes into the record." in refused
    assert staff.post(address, {"reason": "I looked."}).status_code == 302
    assert set(held.usages.values_list("state", flat=True)) == {state}
    assert Fact.objects.get(verb=f"{deed}_plays").after["reason"] == "I looked."
    again = staff.post(address, {"reason": "Twice."}).content.decode()
    assert "Somebody has decided about these plays already." in again


@pytest.mark.parametrize(("deed", "state"), [("match", "UNFUNDED"), ("reject", "REJECTED")])
def test_what_came_too_late_is_matched_or_rejected(
    staff: Browser, held: Anomaly, deed: str, state: str
) -> None:
    usage = Usage.objects.get(state="UNMATCHED")
    address = f"/admin/royalties/usage/{usage.pk}/{deed}/"
    assert staff.get(address).status_code == 200
    assert staff.post(address, {"reason": "The file."}).status_code == 302
    usage.refresh_from_db()
    assert usage.state == state
    assert Fact.objects.filter(verb=f"{deed}_usage", object_ref=str(usage.pk)).exists()


def test_a_stranger_decides_nothing(client: Browser, held: Anomaly) -> None:
    client.force_login(User.objects.create_user("l@example.org", "a-long-word"))
    for address in (
        "/admin/royalties/anomaly/",
        f"/admin/royalties/anomaly/{held.pk}/release/",
        f"/admin/royalties/usage/{Usage.objects.get(state='UNMATCHED').pk}/match/",
    ):
        assert client.get(address).status_code == 404
        assert client.post(address, {"reason": "Mine."}).status_code == 404
    held.refresh_from_db()
    assert held.state == "OPEN"
