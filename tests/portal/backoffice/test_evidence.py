"""Documents at the desk: kept once, named by what rests on them, read by who decides on rights."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.utils import timezone

from generation.worker.orphans import sweep_orphans
from licensing.audit.models import Fact
from licensing.catalog.evidence import LARGEST_BYTES, evidence_name
from licensing.catalog.models import Evidence, StandIn
from licensing.catalog.store import audio_store, put_once
from licensing.clearance.models import SocietyAgreement
from licensing.given import Strength
from portal.accounts.models import User
from tests.licensing.stage import digest_of
from tests.portal.backoffice.deciding import done_by_two, may_decide_rights
from tests.portal.backoffice.test_agreements import RECORD, SAID
from tests.portal.backoffice.test_stand_ins import DOCUMENT, clerk, waits

__all__ = ["waits"]  # a fixture
HAND_IN = "/admin/catalog/evidence/hand-in/"
PDF = b"%PDF-1.7 An agreement."
DIGEST = digest_of(PDF.decode())


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    audio = settings.STORAGES["audio"] | {"OPTIONS": {"location": str(tmp_path / "audio")}}
    settings.STORAGES = settings.STORAGES | {"audio": audio}


@pytest.fixture
def staff(client, db):
    user = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
    client.force_login(may_decide_rights(user))
    return client


def hand_in(browser, content=PDF, title="The agreement of 3 May"):
    paper = SimpleUploadedFile("agreement.pdf", content, "application/pdf")
    return browser.post(HAND_IN, {"title": title, "document": paper})


def read(browser, digest):
    return browser.get(f"/admin/catalog/evidence/{digest}/read/")


def test_a_document_handed_in_is_kept_whole_and_read_at_the_desk(staff):
    assert 'enctype="multipart/form-data"' in staff.get(HAND_IN).content.decode()
    assert hand_in(staff).status_code == 302
    kept = Evidence.objects.get()
    assert (kept.digest, kept.size, kept.title) == (DIGEST, len(PDF), "The agreement of 3 May")
    assert Fact.objects.get(verb="keep_evidence").object_ref == DIGEST
    answer = read(staff, DIGEST)
    assert b"".join(answer) == PDF
    assert "attachment" in answer.headers["Content-Disposition"]


def test_handed_in_twice_it_is_kept_once_under_its_first_title(staff):
    hand_in(staff)
    assert hand_in(staff, title="Something else").status_code == 302
    assert Evidence.objects.get().title == "The agreement of 3 May"
    assert Fact.objects.filter(verb="keep_evidence").count() == 1


@pytest.mark.parametrize("content", [b"<html>no paper</html>", PDF + b" " * LARGEST_BYTES])
def test_what_is_no_document_is_not_kept(staff, content):
    page = hand_in(staff, content).content.decode()
    assert "Hand in the document as a PDF of at most 8 MiB." in page
    assert not Evidence.objects.exists()
    assert not audio_store().exists(evidence_name(DIGEST))


def test_an_agreement_of_two_people_names_its_document(staff):
    hand_in(staff)
    assert "The agreement of 3 May" in staff.get(RECORD).content.decode()
    shown, done = done_by_two(staff, RECORD, SAID | {"evidence": DIGEST})
    assert done.status_code == 302
    assert "The agreement of 3 May" in shown, "the second person sees which document"
    how = SocietyAgreement.objects.get().given()
    assert (how.strength, how.evidence_sha256) == (Strength.DESK, DIGEST)


def test_a_document_that_was_not_handed_in_is_named_by_nothing(staff):
    assert (
        "Select a valid choice" in staff.post(RECORD, SAID | {"evidence": DIGEST}).content.decode()
    )
    assert not SocietyAgreement.objects.exists()


def test_without_a_document_it_is_recorded_all_the_same(staff):
    done_by_two(staff, RECORD, SAID)
    assert SocietyAgreement.objects.get().evidence_sha256 == ""


def test_the_sweep_leaves_every_document_that_has_a_row(staff, tmp_path):
    hand_in(staff)
    stray = tmp_path / "stray.pdf"
    stray.write_bytes(PDF + b" Nobody's.")
    lost = evidence_name(digest_of(stray.read_text()))
    with stray.open("rb") as file:
        put_once(lost, file)
    later = timezone.now() + timedelta(days=1, minutes=5)
    gone = [
        name
        for one in (evidence_name(DIGEST), lost)
        for name in sweep_orphans(shard=one.split("/")[1], now=later)
    ]
    assert gone == [lost]
    assert audio_store().exists(evidence_name(DIGEST))


def test_who_may_not_decide_hands_in_and_reads_none_and_a_stranger_learns_of_none(
    staff, client, make_user
):
    hand_in(staff)
    client.force_login(User.objects.create_user("m@example.org", "a-long-word", is_staff=True))
    assert read(client, DIGEST).status_code == 403
    assert hand_in(client, PDF + b" More.").status_code == 403
    client.force_login(make_user("Lea"))
    assert read(client, DIGEST).status_code == 404
    assert read(client, "0" * 64).status_code == 404
    assert Evidence.objects.count() == 1


def test_a_decision_in_a_partys_place_keeps_its_document_and_it_stands(waits):
    sheet, ben = waits
    first = clerk("h")
    hand_in(first)
    page = f"/admin/catalog/splitsheet/{sheet.pk}/stand-in/"
    facts = {"party": str(ben.pk), "document": DOCUMENT, "evidence": DIGEST}
    assert first.post(page, facts).status_code == 302
    assert StandIn.objects.get().evidence_sha256 == DIGEST
    for rows, change in (
        (StandIn.objects.all(), {"evidence_sha256": "0" * 64}),
        (Evidence.objects.all(), {"size": 1}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
