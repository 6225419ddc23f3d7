"""Disputes, advances, reserves and tax forms at the desk: shown first, decided by two."""

from datetime import timedelta

import pytest
from django.utils import timezone

from licensing.audit.models import Fact
from licensing.deductions import reserves
from licensing.deductions.models import Advance, Dispute, Reserve, ReserveRule, TaxProfile
from licensing.ledger.models import JournalEntry
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import Desk, asked_for, done_by_two

DEDUCTIONS = "/admin/deductions/"


@pytest.fixture
def desks(db):
    return Desk("maker"), Desk("checker")


def _stem():
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    return stem


def _payable(name="Ana"):
    return AccountKey("payable", "party", str(world.ref(name)), "EUR")


def _owed(micros):
    now = timezone.now()
    lines = [(AccountKey("cash", "t", "t", "EUR"), "debit", micros), (_payable(), "credit", micros)]
    post(key="in", kind="t", postings=lines, effective_at=now, now=now)


def test_a_dispute_is_opened_over_a_form_that_names_one_thing(desks):
    maker, _ = desks
    tide, *_ = told.tell_the_story()
    told.close()
    lamp = str(world.ref("Lamp"))
    asked = {
        "recording": lamp, "right": "MASTER", "contested": "50", "claimant": "Eve",
        "due": f"{timezone.now().date() + timedelta(days=30)}", "reason": "Says it is hers.",
    }  # fmt: skip
    page = f"{DEDUCTIONS}dispute/open/"
    both = maker.browser.post(page, asked | {"stem": str(tide[0].pk)})
    assert "Name one: a stem, a recording, or a split sheet." in both.content.decode()
    shown, done = maker.look_and_do(page, asked)
    # Half of what Lamp's master earned, 587,647.
    assert "0.293823 EUR in October 2026" in shown
    assert "It posts nothing to the books." in shown
    assert done.status_code == 302
    row = Dispute.objects.get()
    assert (row.contested_ppm, row.opened_by) == (500_000, str(maker.user.pk))


def test_a_dispute_is_a_queue_and_is_decided_by_two_logins_who_see_the_entries(desks):
    maker, checker = desks
    told.tell_the_story()
    row = told.dispute(recording_id=world.ref("Lamp"))
    told.close()
    assert "Disputes without a decision" in maker.browser.get("/admin/").content.decode()
    page = f"{DEDUCTIONS}dispute/{row.pk}/"
    assert "Write the reason" in maker.browser.post(f"{page}propose/").content.decode()
    form = {"awards": "ben; 25\nCleo; 75", "reason": "They agreed."}
    shown, done = maker.look_and_do(f"{page}propose/", form)
    assert done.status_code == 302
    assert "suspense" in shown
    assert "payable: Ben" in shown
    assert Dispute.objects.get().decided_at is None
    maker.show_code()
    refused = maker.browser.post(f"{page}confirm/")
    assert "Somebody else than who proposed it confirms it." in refused.content.decode()
    assert checker.browser.post(f"{page}confirm/").url.startswith("/account/2fa/reauthenticate/")
    checker.show_code()
    again, done = checker.look_and_do(f"{page}confirm/")
    assert done.status_code == 302
    assert again.count("payable: Ben") == shown.count("payable: Ben") > 0
    assert Dispute.objects.get().decided_by == str(checker.user.pk)
    # 705,176 of Tide; of Lamp's 587,647, 352,588 and 235,059 a quarter each, to the nearest.
    assert told.balance("payable", told.payee("Ben")) == 705_176 + 146_912 + 88_147 + 58_765


def test_a_decision_names_any_number_of_payees_and_says_what_it_does_not_understand(desks):
    maker, checker = desks
    told.tell_the_story()
    row = told.dispute(recording_id=world.ref("Lamp"))
    told.close()
    page = f"{DEDUCTIONS}dispute/{row.pk}/"

    def propose(awards):
        form = {"awards": awards, "reason": "They agreed."}
        return maker.browser.post(f"{page}propose/", form).content.decode()

    assert "Line 2: Nobody has this name or id." in propose("Ana\nNobody at all")
    assert "The shares come to 99.0000 %; they are 100.0000 % together." in propose(
        "Ana; 33\nBen; 33\nCleo\t33"
    )
    assert "Write a share on every line, or on none." in propose("Ana; 50\nBen")
    assert "Somebody stands twice" in propose("Ana; 50\nana; 50")
    assert "Line 1: A share is above 0 percent." in propose("Ana; 0\nBen; 100")
    form = {"awards": "Ana\nBen\nCleo\nGEMA\nDov", "reason": "Equal, as they agreed."}
    shown, _ = maker.look_and_do(f"{page}propose/", form)
    for name in ("Ana", "Ben", "Cleo", "GEMA", "Dov"):
        assert f"payable: {name}" in shown
    assert [one.share_ppm for one in row.awards.all()] == [200_000] * 5
    checker.show_code()
    asked = checker.browser.get(f"{page}confirm/").content.decode()
    assert "Ana (20.0000 %)" in asked
    assert "GEMA (20.0000 %)" in asked
    checker.look_and_do(f"{page}confirm/")
    # A fifth of Lamp's 587,647, 352,588 and 235,059: 117,529.4, 70,517.6 and 47,011.8.
    got = [told.balance("payable", told.payee(name)) for name in ("Ana", "Ben", "Cleo", "Dov")]
    before = [3_996_001, 705_176, 0, 0]
    parts = [after - was for after, was in zip(got, before, strict=True)]
    parts.append(told.balance("payable", ("society", "GEMA")))
    assert sum(parts) == 587_647 + 352_588 + 235_059
    assert all(abs(part - 235_058.8) < 3 for part in parts)


def test_an_advance_is_agreed_by_one_and_its_payment_posted_by_another(desks):
    maker, checker = desks
    _stem()
    form = {
        "agreement": "A-1", "payee": "ana", "amount": "5", "currency": "EUR", "recoup": "50",
        "reason": "Signed on 2 October.",
    }  # fmt: skip
    nobody = maker.browser.post(f"{DEDUCTIONS}advance/agree/", {**form, "payee": "Nobody"})
    assert "Nobody has this name or id." in nobody.content.decode()
    shown, _ = maker.look_and_do(f"{DEDUCTIONS}advance/agree/", form)
    assert "5.000000 EUR leave our bank" in shown
    row = Advance.objects.get()
    assert (row.payee_ref, row.recoup_ppm) == (str(world.ref("Ana")), 500_000)
    said = Fact.objects.get(verb="agree_advance").after
    assert said["reason"] == "Signed on 2 October."
    page = f"{DEDUCTIONS}advance/{row.pk}/pay/"
    maker.show_code()
    assert "Somebody else" in maker.browser.post(page, {"bank_ref": "B1"}).content.decode()
    assert "reauthenticate" in checker.browser.post(page, {"bank_ref": "B1"}).url
    checker.show_code()
    shown, _ = checker.look_and_do(page, {"bank_ref": "B1"})
    assert shown.count("5.000000 EUR") == 3
    assert Advance.objects.get().paid_by == str(checker.user.pk)


def test_what_was_shown_and_what_moved_since_are_not_mixed_up(desks):
    """Two holds of what is payable once: the second is shown anew and refused, not done."""
    maker, _ = desks
    _stem()
    _owed(9_000_000)
    page, entries = f"{DEDUCTIONS}reserve/hold/", JournalEntry.objects.count()
    form = {"key": str(world.ref("k")), "payee": "Ana", "currency": "EUR", "reason": "Asked."}
    shown = maker.browser.post(page, {**form, "amount": "4"}).content.decode()
    assert JournalEntry.objects.count() == entries
    assert "reserve: Ana" in shown
    seen = shown.split('name="seen" value="')[1][:64]
    other = maker.browser.post(page, {**form, "amount": "5", "seen": seen}).content.decode()
    assert "This is not what was shown before." in other
    assert JournalEntry.objects.count() == entries
    _, done = maker.look_and_do(page, {**form, "amount": "5"})
    assert done.status_code == 302
    assert balance_of(_payable()) == 4_000_000
    more = {**form, "key": str(world.ref("l")), "amount": "4.000001"}
    assert 'role="alert"' in maker.browser.post(page, more).content.decode()
    assert balance_of(_payable()) == 4_000_000


def test_a_reserve_is_held_and_released_with_a_reason(desks):
    maker, _ = desks
    _stem()
    _owed(9)
    row = reserves.hold_balance(
        key=world.ref("h"), payee=("party", str(world.ref("Ana"))), currency="EUR",
        amount_micros=9, reason="asked", actor=("user", "x"), now=timezone.now(),
    )  # fmt: skip
    page = f"{DEDUCTIONS}reserve/{row.pk}/release/"
    assert "Write the reason" in maker.browser.post(page).content.decode()
    maker.look_and_do(page, {"reason": "Cleared up."})
    assert balance_of(_payable()) == 9
    assert Reserve.objects.get().released_by == str(maker.user.pk)
    assert Fact.objects.get(verb="release_reserve").after["reason"] == "Cleared up."


def test_a_reserve_rule_is_placed_and_ended_at_the_desk(desks):
    maker, _ = desks
    told.tell_the_story()
    told.close()
    form = {"payee": "Cleo", "aside": "10", "days": "90", "reason": "New here."}
    shown, _ = maker.look_and_do(f"{DEDUCTIONS}reserverule/place/", form)
    assert "0.094023 EUR in October 2026" in shown
    row = ReserveRule.objects.get()
    assert (row.ppm, row.days) == (100_000, 90)
    maker.look_and_do(f"{DEDUCTIONS}reserverule/{row.pk}/end/", {"reason": "Known by now."})
    assert ReserveRule.objects.get().ended_by == str(maker.user.pk)


def test_a_tax_form_is_taken_in_and_accepted_with_reasons(desks):
    maker, _ = desks
    _stem()
    form = {
        "payee": "Ana", "form": "W-8BEN", "form_ref": "vault 7", "country": "de", "treaty": "0",
        "signed": "2026-11-02", "reason": "Came by post.",
    }  # fmt: skip
    assert "XQ is no country code" in maker.browser.post(
        f"{DEDUCTIONS}taxprofile/take-in/", {**form, "country": "XQ"}
    ).content.decode()  # fmt: skip
    shown, _ = maker.look_and_do(f"{DEDUCTIONS}taxprofile/take-in/", form)
    assert "31 December 2029" in shown
    row = TaxProfile.objects.get()
    assert (row.treaty_ppm, row.status) == (0, "PENDING")
    seen = {"seen_as": "Names agree."}
    done_by_two(maker.browser, f"{DEDUCTIONS}taxprofile/{row.pk}/accept/", seen)
    assert TaxProfile.objects.get().status == "ACCEPTED"
    assert Fact.objects.get(verb="review_tax_form").after["reason"] == "Names agree."


@pytest.mark.parametrize(
    "page",
    ["dispute/open", "advance/agree", "reserverule/place", "reserve/hold", "taxprofile/take-in"],
)
def test_staff_without_the_permission_open_none_of_these_doors(db, page):
    clerk = Desk("clerk", decides=False)
    assert clerk.browser.get(f"{DEDUCTIONS}{page}/").status_code == 403
    assert clerk.browser.get(f"{DEDUCTIONS}{page.split('/')[0]}/").status_code == 200


def test_a_refund_is_recorded_on_its_receipts_page(desks):
    maker, _ = desks
    paid = world.pay("l1")
    asked = {"kind": "REFUND", "amount": "9.99", "key": "re_1"}
    page = f"/admin/receipts/receipt/{paid.pk}/refund/"
    _, answer = done_by_two(maker.browser, page, asked)
    assert answer.status_code == 302
    assert paid.given_back.get().amount_micros == -9_990_000
    more = asked_for({**asked, "key": "re_2", "amount": "1.00"})
    too_much = maker.browser.post(page, more)
    assert "not above what is left" in too_much.content.decode()
