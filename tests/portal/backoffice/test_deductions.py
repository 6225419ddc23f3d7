"""Disputes, advances, reserves and tax forms at the desk: shown, decided by two, never edited."""

from datetime import timedelta

import pytest
from django.utils import timezone

from licensing.deductions import advances, disputes, reserves, taxes
from licensing.deductions.models import Advance, Dispute, Reserve, TaxProfile
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.test_payout_desk import Desk

PAYEE = ("party", "ana")
PAYABLE = AccountKey("payable", *PAYEE, "EUR")


@pytest.fixture
def desks(db):
    return Desk("maker"), Desk("checker")


def _open_dispute():
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    now = timezone.now()
    return disputes.open_dispute(
        share=disputes.Share(stem_id=stem.pk), claimant="Eve", reason="hers", opened_by="x",
        expires_at=now + timedelta(days=30), now=now,
    )  # fmt: skip


def test_a_dispute_is_a_queue_and_is_decided_by_two_logins(desks):
    maker, checker = desks
    row = _open_dispute()
    assert "Disputes without a decision" in maker.browser.get("/admin/").content.decode()
    page = f"/admin/deductions/dispute/{row.pk}/"
    assert maker.browser.post(f"{page}propose/", {"reason": ""}).status_code == 200
    assert maker.browser.post(f"{page}propose/", {"reason": "no proof"}).status_code == 302
    refused = maker.browser.post(f"{page}confirm/")
    assert "Somebody else confirms this." in refused.content.decode()
    assert Dispute.objects.get().decided_at is None
    assert checker.browser.post(f"{page}confirm/").status_code == 302
    assert Dispute.objects.get().decided_by == str(checker.user.pk)


def test_an_advance_is_paid_by_another_login_than_agreed_it(desks):
    maker, checker = desks
    advances.agree_advance(
        agreement="A-1", payee=PAYEE, amount_micros=5_000_000, currency="EUR", recoup_ppm=500_000,
        agreed_by=str(maker.user.pk), now=timezone.now(),
    )  # fmt: skip
    page = f"/admin/deductions/advance/{Advance.objects.get().pk}/pay/"
    assert "Somebody else" in maker.browser.post(page, {"bank_ref": "B1"}).content.decode()
    assert checker.browser.post(page, {"bank_ref": "B1"}).status_code == 302
    assert Advance.objects.get().paid_by == str(checker.user.pk)


def test_a_reserve_is_released_and_a_tax_form_accepted(desks):
    maker, _ = desks
    now = timezone.now()
    lines = [(AccountKey("cash", "t", "t", "EUR"), "debit", 9), (PAYABLE, "credit", 9)]
    post(key="in", kind="t", postings=lines, effective_at=now, now=now)
    row = reserves.hold_balance(
        key=world.ref("h"), payee=PAYEE, currency="EUR", amount_micros=9, reason="asked",
        actor=("user", "x"), now=now,
    )  # fmt: skip
    assert balance_of(PAYABLE) == 0
    maker.browser.post(f"/admin/deductions/reserve/{row.pk}/release/")
    assert balance_of(PAYABLE) == 9
    assert Reserve.objects.get().released_by == str(maker.user.pk)
    form = taxes.submit_tax_form(
        payee=PAYEE, form="W-9", form_ref="v", country="US", signed_at=now, actor=("user", "x"),
        now=now,
    )  # fmt: skip
    maker.browser.post(f"/admin/deductions/taxprofile/{form.pk}/accept/")
    assert TaxProfile.objects.get().status == "ACCEPTED"


def test_a_refund_is_recorded_on_its_receipts_page(desks):
    maker, _ = desks
    paid = world.pay("l1")
    asked = {"kind": "REFUND", "amount": "9.99", "key": "re_1"}
    page = f"/admin/receipts/receipt/{paid.pk}/refund/"
    assert maker.browser.post(page, asked).status_code == 302
    assert paid.given_back.get().amount_micros == -9_990_000
    too_much = maker.browser.post(page, {**asked, "key": "re_2", "amount": "1.00"})
    assert "not above what is left" in too_much.content.decode()
