"""Documents at the desk: kept once with what rests on them, read by who decides, swept never."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.utils import timezone

from generation.worker.orphans import sweep_orphans
from licensing.catalog.evidence import LARGEST_BYTES, evidence_name
from licensing.catalog.models import Evidence, StandIn
from licensing.catalog.store import audio_store
from licensing.clearance.models import SocietyAgreement
from licensing.given import Strength
from portal.accounts.models import User
from tests.licensing.stage import digest_of
from tests.portal.backoffice.deciding import may_decide_rights
from tests.portal.backoffice.test_agreements import RECORD, SAID
from tests.portal.backoffice.test_stand_ins import DOCUMENT, clerk, waits

__all__ = ["waits"]  # a fixture
PDF = b"%PDF-1.7 An agreement."


@pytest.fixture
def store(settings, tmp_path):
    audio = settings.STORAGES["audio"] | {"OPTIONS": {"location": str(tmp_path / "audio")}}
    settings.STORAGES = settings.STORAGES | {"audio": audio}


@pytest.fixture
def staff(client, store, db):
    user = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
    client.force_login(may_decide_rights(user))
    return client


def paper(content=PDF):
    return SimpleUploadedFile("agreement.pdf", content, "application/pdf")


def read(browser, digest):
    return browser.get(f"/admin/catalog/evidence/{digest}/read/")


def test_a_document_is_kept_with_the_agreement_and_read_at_the_desk(staff):
    assert 'enctype="multipart/form-data"' in staff.get(RECORD).content.decode()
    assert staff.post(RECORD, SAID | {"evidence": paper()}).status_code == 302
    kept, how = Evidence.objects.get(), SocietyAgreement.objects.get().given()
    assert kept.digest == how.evidence_sha256 == digest_of(PDF.decode())
    assert (how.strength, kept.size) == (Strength.DESK, len(PDF))
    answer = read(staff, kept.digest)
    assert b"".join(answer) == PDF
    assert "attachment" in answer.headers["Content-Disposition"]


def test_without_a_document_it_is_recorded_all_the_same(staff):
    assert staff.post(RECORD, SAID).status_code == 302
    assert SocietyAgreement.objects.get().evidence_sha256 == ""
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("content", [b"<html>no paper</html>", PDF + b" " * LARGEST_BYTES])
def test_what_is_no_document_records_nothing(staff, content):
    page = staff.post(RECORD, SAID | {"evidence": paper(content)}).content.decode()
    assert "Hand in the document as a PDF of at most 8 MiB." in page
    assert not SocietyAgreement.objects.exists()
    assert not Evidence.objects.exists()


def test_a_document_that_two_consents_rest_on_is_kept_once(staff):
    for reference in ("A-1", "A-2"):
        staff.post(RECORD, SAID | {"reference": reference, "evidence": paper()})
    assert SocietyAgreement.objects.count() == 2
    assert Evidence.objects.count() == 1


def test_the_sweep_leaves_what_a_consent_rests_on_and_takes_what_was_refused(staff):
    staff.post(RECORD, SAID | {"evidence": paper()})
    staff.post(RECORD, SAID | {"evidence": paper(PDF + b" Twice.")})  # refused: recorded already
    named, refused = (evidence_name(digest_of(text)) for text in (
        PDF.decode(), PDF.decode() + " Twice.",
    ))  # fmt: skip
    assert audio_store().exists(refused)
    later = timezone.now() + timedelta(days=1, minutes=5)
    gone = [name for one in (named, refused)
            for name in sweep_orphans(shard=one.split("/")[1], now=later)]  # fmt: skip
    assert gone == [refused]
    assert audio_store().exists(named)


def test_who_may_not_decide_reads_no_document_and_a_stranger_learns_of_none(
    staff, client, make_user
):
    staff.post(RECORD, SAID | {"evidence": paper()})
    digest = Evidence.objects.get().digest
    client.force_login(User.objects.create_user("m@example.org", "a-long-word", is_staff=True))
    assert read(client, digest).status_code == 403
    client.force_login(make_user("Lea"))
    assert read(client, digest).status_code == 404
    assert read(client, "0" * 64).status_code == 404


def test_a_decision_in_a_partys_place_keeps_its_document_and_it_stands(waits, store):
    sheet, ben = waits
    first = clerk("h")
    page = f"/admin/catalog/splitsheet/{sheet.pk}/stand-in/"
    facts = {"party": str(ben.pk), "document": DOCUMENT, "evidence": paper()}
    assert first.post(page, facts).status_code == 302
    assert StandIn.objects.get().evidence_sha256 == digest_of(PDF.decode())
    for rows, change in (
        (StandIn.objects.all(), {"evidence_sha256": "0" * 64}),
        (Evidence.objects.all(), {"size": 1}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
