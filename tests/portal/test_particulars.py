"""Particulars at the desk and over the partner API: the frozen value, and nothing for strangers."""

import hashlib
import json
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from generation.variations.approving import answer
from licensing.attribution.models import RecordParticulars
from licensing.audit.models import Fact
from licensing.clearance.approval import ApproveFirst
from portal.accounts.models import User
from tests.licensing.royalties import small_world as world
from tests.portal.listeners.made import granted_stage, opened, sealed
from tests.portal.partners import conftest as partners
from tests.portal.partners.test_approvals import made_for

NOW = timezone.now()
partner, stranger = partners.partner, partners.stranger
token_of, call = partners.token_of, partners.call


@pytest.fixture
def staff(db):
    browser = Browser()
    browser.force_login(User.objects.create_user("hanna@example.org", is_staff=True))
    return browser


def file_of(record_id):
    return reverse("admin:case_particulars", args=[record_id])


def test_the_desk_saves_the_stored_text_byte_for_byte(staff):
    row = sealed(User.objects.create_user("lea@example.org"), granted_stage(), NOW)
    page = staff.get(f"/admin/case/{row.record_id}/").content.decode()
    assert file_of(row.record_id) in page
    saved = staff.get(file_of(row.record_id))
    digest = hashlib.sha256(saved.content).hexdigest()
    assert digest == Fact.objects.get(verb="seal_record").after["particulars_sha256"]
    assert digest in page
    assert json.loads(saved.content)["record"] == str(row.record_id)


def test_a_record_without_them_says_so_and_saves_nothing(staff):
    (stem,) = world.recording("T", master={"A": 10**6}, publishing={"A": 10**6})
    older = world.record("older", [(stem, 10**6)])
    assert "has no particulars" in staff.get(f"/admin/case/{older.pk}/").content.decode()
    assert staff.get(file_of(older.pk)).status_code == 404
    assert not RecordParticulars.objects.exists()


def test_who_is_no_staff_finds_none_of_it(db):
    lea = User.objects.create_user("lea@example.org")
    row = sealed(lea, granted_stage(), NOW)
    browser = Browser()
    browser.force_login(lea)
    theirs, missing = browser.get(file_of(row.record_id)), browser.get(file_of(uuid4()))
    assert theirs.status_code == missing.status_code == 404
    assert str(row.record_id) not in theirs.content.decode()


def test_a_yes_makes_it_human_validated_and_names_the_holder_and_the_fact(partner, call, staff):
    stage, row = made_for(partner, ApproveFirst(first=1))
    place = f"/api/v1/variations/{row.pk}/particulars"
    before = call(partner, "GET", place).json()
    assert (before["oversight"], before["reviews"]) == (None, [])
    assert before["particulars"]["review"][0]["state"] == "WAITING"
    answer(variation_id=row.pk, party_id=stage.ana.pk, is_yes=True, actor=("user", "1"), now=NOW)
    after = call(partner, "GET", place).json()
    assert after["oversight"] == "human_validated"
    assert after["reviews"] == [{"party": str(stage.ana.pk), "state": "APPROVED"}]
    assert (after["particulars"], after["sha256"]) == (before["particulars"], before["sha256"])
    fact = Fact.objects.get(verb="approve_variation")
    page = staff.get(f"/admin/case/{row.record_id}/").content.decode()
    assert f"approved, fact {fact.pk}" in page


def test_a_partner_reads_the_value_that_has_the_digest_and_a_stranger_nothing(
    partner, stranger, call
):
    _, row = made_for(partner, ApproveFirst())
    place = f"/api/v1/variations/{row.pk}/particulars"
    told = call(partner, "GET", place).json()
    text = json.dumps(
        told["particulars"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert hashlib.sha256(text.encode()).hexdigest() == told["sha256"]
    theirs = call(stranger, "GET", place)
    missing = call(stranger, "GET", f"/api/v1/variations/{uuid4()}/particulars")
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json() == missing.json()
    refused = call(partner, "GET", place, scope="royalties:read")
    assert (refused.status_code, refused.json()["scope"]) == (403, "licences:read")


def test_before_it_is_finished_there_are_none(partner, call):
    row = opened(("client", str(partner[0].pk)), granted_stage(), NOW)
    answered = call(partner, "GET", f"/api/v1/variations/{row.pk}/particulars")
    assert (answered.status_code, answered.json()["code"]) == (409, "not_ready")
