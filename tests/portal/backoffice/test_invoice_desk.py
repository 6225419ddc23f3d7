"""The desk of partners' invoices: agreed, drafted, issued, seen by one and confirmed by another."""

import re

import pytest
from django.core.management import CommandError, call_command

from licensing.invoicing.models import Invoice
from licensing.receipts.models import Receipt, UsageAgreement
from portal.accounts.models import User
from portal.partners.operations import create_client
from tests.licensing.invoicing import used_month as month
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice import deciding
from tests.portal.backoffice.deciding import done_by_two, look_and_do

INVOICES = "/admin/invoicing/invoice/"
AGREEMENTS = "/admin/receipts/usageagreement/"


class Desk(deciding.Desk):
    """A person at the desk of invoices."""

    def post(self, path, **given):
        answer = self.browser.post(path, given)
        assert answer.status_code in (200, 302), path
        return answer

    def on(self, invoice, deed, **given):
        return self.post(f"{INVOICES}{invoice.pk}/{deed}/", **given)

    def see_and_do(self, invoice, deed, **given):
        """See what a deed posts, and do it; returns what was shown."""
        shown, answer = look_and_do(self.browser, f"{INVOICES}{invoice.pk}/{deed}/", given)
        assert answer.status_code == 302
        return shown

    def offered(self, invoice):
        """The deeds on an invoice's page."""
        page = self.browser.get(f"{INVOICES}{invoice.pk}/change/").content.decode()
        return set(re.findall(rf"{INVOICES}{invoice.pk}/(\w+)/", page)) - {"change", "history"}


@pytest.fixture
def partner(db):
    made, _ = create_client(
        name="Stride", channel="fitness", territory="DE", scopes=(), by="test", now=world.OCTOBER
    )
    return made


@pytest.fixture
def used(partner):
    payer = ("client", str(partner.pk))
    month.agree(payer)
    month.use(*month.pieces(), payer=payer)
    month.close_october()


def test_an_agreement_is_made_and_ended_at_the_desk(partner):
    desk = Desk("maker")
    said = {
        "client": str(partner.pk), "country": "DE", "currency": "EUR", "play": "0.012345",
        "minute": "0.009", "more": "FOCUS MINUTE 0.004\n", "due_days": "14",
        "billed_to": "Stride Ltd",
    }  # fmt: skip
    done_by_two(desk.browser, f"{AGREEMENTS}agree/", said)
    agreement = UsageAgreement.objects.get()
    prices = {(one.use, one.unit): one.price_micros for one in agreement.prices.all()}
    assert prices == month.PRICES
    wrong = desk.post(f"{AGREEMENTS}agree/", client=str(partner.pk), more="FOCUS HOUR 1")
    assert "The unit is one of PLAY, MINUTE" in wrong.content.decode()
    desk.post(f"{AGREEMENTS}{agreement.pk}/end/")
    assert UsageAgreement.objects.order_by("effective_from").last().ends_it


def test_an_invoice_goes_from_draft_to_money_through_two_people(used):
    maker, checker = Desk("maker"), Desk("checker")
    maker.post(f"{INVOICES}draft/", month="2026-10-15")
    invoice = Invoice.objects.get()
    front = maker.browser.get("/admin/").content.decode()
    assert "Invoices to issue" in front
    assert maker.offered(invoice) == {"issue", "void"}
    shown = maker.see_and_do(invoice, "issue")
    assert "-000001" in shown
    assert "0.110000 EUR" in shown
    assert "receivable: Stride" in shown
    assert maker.offered(invoice) == {"send", "claim", "void"}
    maker.on(invoice, "claim", evidence="bank statement 11, line 4")
    assert maker.offered(invoice) == {"confirm", "deny"}
    assert maker.on(invoice, "confirm").url.startswith("/account/2fa/reauthenticate/")
    maker.show_code()
    refused = maker.on(invoice, "confirm").content.decode()
    assert "Somebody else than who said so confirms it." in refused
    assert not Receipt.objects.exists()
    checker.show_code()
    assert "0.11 EUR" in checker.see_and_do(invoice, "confirm")
    assert checker.offered(invoice) == set()
    invoice.refresh_from_db()
    assert (invoice.state, invoice.settled_by) == ("PAID", str(checker.user.pk))
    assert Receipt.objects.get().amount_micros == 110_000


def test_a_draft_is_dropped_an_issued_one_voided_and_a_denied_payment_stays_owed(used):
    desk = Desk("maker")
    call_command("draft_invoices", "2026-10")
    first = Invoice.objects.get()
    desk.on(first, "void", reason="prices were wrong")
    desk.post(f"{INVOICES}draft/", month="2026-10-15")
    second = Invoice.objects.get(state="DRAFT")
    desk.see_and_do(second, "issue")
    desk.on(second, "claim", evidence="seen")
    desk.on(second, "deny", reason="another firm's")
    desk.see_and_do(second, "void", reason="wrong address")
    states = dict(Invoice.objects.values_list("state", "reason"))
    assert states == {"DROPPED": "prices were wrong", "VOIDED": "wrong address"}


def test_an_open_month_is_said_to_be_open(db):
    month.agree()
    month.use(*month.pieces())
    with pytest.raises(CommandError, match="2026-10 is not closed yet"):
        call_command("draft_invoices", "2026-10")


def test_staff_who_may_not_decide_about_money_look_and_do_nothing(used):
    Desk("maker").post(f"{INVOICES}draft/", month="2026-10-15")
    invoice = Invoice.objects.get()
    clerk = Desk("clerk", decides=False)
    assert clerk.offered(invoice) == set()
    for page in (f"{INVOICES}draft/", f"{INVOICES}{invoice.pk}/issue/", f"{AGREEMENTS}agree/"):
        assert clerk.browser.post(page).status_code == 403
    invoice.refresh_from_db()
    assert invoice.state == "DRAFT"


def test_nobody_but_staff_sees_an_invoice_or_does_a_deed(used, client):
    Desk("maker").post(f"{INVOICES}draft/", month="2026-10-15")
    invoice = Invoice.objects.get()
    stranger = User.objects.create_user("eve@example.org", "tape organ")
    client.force_login(stranger)
    for path in (INVOICES, f"{INVOICES}{invoice.pk}/issue/", f"{AGREEMENTS}agree/"):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404
    invoice.refresh_from_db()
    assert invoice.state == "DRAFT"
