"""Audits in case files: staff ask and read what was found; a stranger finds nothing there."""

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from generation.variations.audits import Finding, Report, Verdict, keep_audit
from generation.variations.models import Variation
from generation.work.models import Job
from licensing.audit.models import Fact
from portal.accounts.models import User
from tests.licensing import stage as on
from tests.licensing.attribution import live_record
from tests.portal.listeners.made import granted_stage, opened, sealed

CLAIM = {"reason": "The label claims another master."}


@pytest.fixture
def staff(client: Browser, db: None) -> Browser:
    client.force_login(User.objects.create_user("hanna@example.org", is_staff=True))
    return client


@pytest.fixture
def piece(db: None) -> Variation:
    lea = User.objects.create_user("lea@example.org")
    return sealed(lea, granted_stage(), timezone.now())


def address(piece: Variation) -> str:
    return reverse("admin:case_audit", args=[piece.record_id])


def case_of(staff: Browser, record_id: object) -> str:
    return staff.get(reverse("admin:case_file", args=[record_id])).content.decode()


def test_staff_ask_with_a_reason_once_and_the_page_tells_that_it_waits(
    staff: Browser, piece: Variation
) -> None:
    page = case_of(staff, piece.record_id)
    assert "Not audited yet." in page
    assert address(piece) in page
    assert "no sound is kept" in staff.get(address(piece)).content.decode()
    refused = staff.post(address(piece), {"reason": ""}).content.decode()
    assert "Write the reason: it goes into the record." in refused
    assert not Job.objects.filter(kind="audit").exists()
    for _ in range(2):
        assert staff.post(address(piece), CLAIM).status_code == 302
    job = Job.objects.get(kind="audit")
    assert (job.subject_kind, job.subject_ref) == piece.subject()
    asked = Fact.objects.filter(verb="ask_audit", object_ref=str(piece.pk))
    assert [one.after for one in asked] == 2 * [CLAIM]
    page = case_of(staff, piece.record_id)
    assert "it waits for a worker" in page
    assert address(piece) not in page
    Job.objects.filter(pk=job.pk).update(state="RUNNING", worker="w", lease_until=timezone.now())
    assert "a worker is rendering it again" in case_of(staff, piece.record_id)


def test_what_was_found_stands_in_the_case_file(staff: Browser, piece: Variation) -> None:
    findings = (
        Finding("recipe", Verdict.IDENTICAL, "The recipe is the one."),
        Finding("sound", Verdict.DIFFERENT, "It differs <first> at 3.2 s.", {"first_ms": 3_200}),
    )
    keep_audit(variation_id=piece.pk, report=Report(findings), now=timezone.now())
    page = case_of(staff, piece.record_id)
    assert '<span class="state state-stop">different</span></p>' in page
    assert "It differs &lt;first&gt; at 3.2 s." in page
    assert "The recipe is the one." in page
    assert address(piece) in page


def test_an_audit_that_came_to_nothing_says_why(staff: Browser, piece: Variation) -> None:
    staff.post(address(piece), CLAIM)
    Job.objects.filter(kind="audit").update(
        state="FAILED", error_code="internal", error_sentence="Something went wrong on our side."
    )
    page = case_of(staff, piece.record_id)
    assert "came to no report: Something went wrong on our side. Ask again." in page
    assert address(piece) in page


def test_a_record_that_is_not_sealed_is_refused_in_words(staff: Browser) -> None:
    lea = User.objects.create_user("lea@example.org")
    under_way = opened(lea, granted_stage(), timezone.now())
    assert "is not sealed" in case_of(staff, under_way.record_id)
    assert "is not sealed" in staff.post(address(under_way), CLAIM).content.decode()
    assert not Job.objects.filter(kind="audit").exists()
    nobodys = reverse("admin:case_audit", args=["4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11"])
    assert staff.get(nobodys).status_code == 404


def test_a_live_session_is_said_not_to_be_audited(staff: Browser) -> None:
    stage = on.open_stage()
    live = live_record.opened(live_record.cleared(stage), stage.drums)
    assert "Live sessions are not audited" in case_of(staff, live.pk)
    there = reverse("admin:case_audit", args=[live.pk])
    assert there not in case_of(staff, live.pk)
    assert "Live sessions are not audited" in staff.post(there, CLAIM).content.decode()
    assert not Job.objects.filter(kind="audit").exists()


def test_a_stranger_finds_nothing_and_asks_for_nothing(client: Browser, piece: Variation) -> None:
    for who in (None, piece.request.requester_ref):
        if who is not None:
            client.force_login(User.objects.get(email="lea@example.org"))
        for answer in (client.get(address(piece)), client.post(address(piece), CLAIM)):
            assert answer.status_code in {302, 404}
            assert b"Audit" not in answer.content
    assert client.get(address(piece)).status_code == 404
    assert not Job.objects.filter(kind="audit").exists()
    assert not Fact.objects.filter(verb__in=["ask_audit", "audit"]).exists()
