"""Approve first, as partners see it: the same state in every answer, and nothing is served."""

from django.utils import timezone

from generation.variations.approving import answer
from licensing.clearance.approval import ApproveFirst
from licensing.clearance.limits import Limits
from tests.licensing.stage import grant, set_stage
from tests.portal.listeners.made import finished, pay

NOW = timezone.now()


def made_for(partner, rule):
    """A finished variation of this partner that Ana is asked about, on all channels."""
    stage = set_stage()
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", "AMBIENT", approval=rule)
        grant(stem, stage.ben, "REMIX", "AMBIENT")
    client = ("client", str(partner[0].pk))
    pay(client, NOW)
    return stage, finished(client, stage, NOW)


def test_a_variation_that_waits_says_whose_yes_and_serves_nothing(partner, call):
    stage, row = made_for(partner, ApproveFirst(first=1))
    place = f"/api/v1/variations/{row.pk}"
    shown = call(partner, "GET", place).json()
    assert (shown["state"], shown["waits_for"]) == ("WAITING_FOR_APPROVAL", ["Ana"])
    for path in (f"{place}/audio?format=mp3", f"{place}/playlist"):
        refused = call(partner, "GET", path)
        assert (refused.status_code, refused.json()["code"]) == (409, "waiting_for_approval")
        assert refused.json()["detail"] == "Waits for Ana’s yes."
    answer(variation_id=row.pk, party_id=stage.ana.pk, is_yes=True, actor=("user", "1"), now=NOW)
    shown = call(partner, "GET", place).json()
    assert (shown["state"], shown["waits_for"]) == ("READY", [])
    assert call(partner, "GET", f"{place}/audio?format=mp3").status_code == 200
    row.refresh_from_db()
    assert row.served_at is not None


def test_a_no_is_told_with_its_reason_and_can_be_asked_without(partner, call):
    stage, row = made_for(partner, ApproveFirst(within=Limits(vocals=False)))
    answer(
        variation_id=row.pk, party_id=stage.ana.pk, is_yes=False, actor=("user", "1"), now=NOW,
        reason="Not this verse.",
    )  # fmt: skip
    shown = call(partner, "GET", f"/api/v1/variations/{row.pk}").json()
    assert (shown["state"], shown["problem"]["code"]) == ("DECLINED", "declined")
    assert shown["problem"]["detail"] == "Ana said no to this one. Not this verse."
    refused = call(partner, "GET", f"/api/v1/variations/{row.pk}/audio?format=mp3")
    assert (refused.status_code, refused.json()["code"]) == (409, "declined")
    body = {"mode": "REMIX", "recordings": [str(stage.tide.pk)], "without": [str(stage.vocals.pk)]}
    assert call(partner, "POST", "/api/v1/variations", body, key="k").status_code == 202


def test_pre_flight_for_a_session_says_that_approval_is_required(partner, call):
    stage, _ = made_for(partner, ApproveFirst(first=1))
    body = {"use": "AMBIENT", "recordings": [str(stage.tide.pk)]}
    assert call(partner, "POST", "/api/v1/clearances", body).json()["allowed"] is True
    live = call(partner, "POST", "/api/v1/clearances", body | {"live": True}).json()
    assert {one["code"] for one in live["reasons"]} == {"approval_required"}
