"""Terms and rate cards at the desk: proposed, seen by both people, and set from a coming month."""

import pytest
from django.utils import timezone

from licensing.ledger.rules import month_after, month_of
from licensing.receipts.models import ProductTerms
from licensing.receipts.operations import record_receipt
from licensing.receipts.terms_models import ProposedTerms
from licensing.royalties.card_models import ProposedCard
from licensing.royalties.models import RateCard
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import Desk

TERMS, PROPOSED_TERMS = "/admin/receipts/productterms/", "/admin/receipts/proposedterms/"
CARDS, PROPOSED_CARDS = "/admin/royalties/ratecard/", "/admin/royalties/proposedcard/"


def coming():
    return month_after(month_of(timezone.now()))


def terms_form(**more):
    return {
        "key": str(world.ref("terms")), "country": "FR", "tax": "20", "commission": "30",
        "month": f"{coming():%Y-%m-%d}", "reason": "We sell there now.", **more,
    }  # fmt: skip


def card_form(**more):
    return {
        "key": str(world.ref("card")), "model": "PRO_RATA", "master": "60",
        "month": f"{coming():%Y-%m-%d}", "reason": "As voted.", **more,
    }  # fmt: skip


@pytest.fixture
def desks(db):
    return Desk("maker"), Desk("checker")


def test_two_logins_see_the_same_terms_before_they_are_set(desks):
    maker, checker = desks
    shown, done = maker.look_and_do(f"{TERMS}propose/", terms_form())
    assert done.status_code == 302
    assert "0.0000 % → 20.0000 %" in shown
    row = ProposedTerms.objects.get()
    assert not ProductTerms.objects.filter(country="FR").exists()
    assert "Terms for a second person" in checker.browser.get("/admin/").content.decode()
    asked = checker.browser.get(f"{PROPOSED_TERMS}{row.pk}/set/")
    assert asked.url.startswith("/account/2fa/reauthenticate/?next=")
    checker.show_code()
    shown, done = checker.look_and_do(f"{PROPOSED_TERMS}{row.pk}/set/")
    assert done.status_code == 302
    for said in ("France", "0.0000 % → 20.0000 %", "We sell there now."):
        assert said in shown
    assert ProductTerms.objects.get(country="FR").tax_ppm == 200_000
    page = checker.browser.get(f"{PROPOSED_TERMS}{row.pk}/change/").content.decode()
    for said in ("maker@example.org", "checker@example.org", "totp"):
        assert said in page


def test_a_rate_card_takes_two_people_and_shows_before_and_after(desks):
    maker, checker = desks
    shown, _ = maker.look_and_do(f"{CARDS}propose/", card_form())
    assert "50.0000 % → 60.0000 %" in shown
    row = ProposedCard.objects.get()
    maker.show_code()
    refused = maker.browser.post(f"{PROPOSED_CARDS}{row.pk}/set/").content.decode()
    assert "Somebody else than who proposed it confirms it." in refused
    checker.show_code()
    shown, _ = checker.look_and_do(f"{PROPOSED_CARDS}{row.pk}/set/")
    assert "goes to what that listener played → all money in one pot, divided by plays" in shown
    assert RateCard.objects.get(model="PRO_RATA").master_ppm == 600_000


def test_a_month_that_has_begun_is_refused_at_its_field(desks):
    maker, _ = desks
    today = f"{timezone.now():%Y-%m-%d}"
    for page, form in ((f"{TERMS}propose/", terms_form()), (f"{CARDS}propose/", card_form())):
        said = maker.browser.post(page, form | {"month": today}).content.decode()
        assert f"{coming():%B %Y} is the first month to choose." in said
    assert not ProposedTerms.objects.exists()
    assert not ProposedCard.objects.exists()


def test_what_is_dropped_is_not_set(desks):
    maker, checker = desks
    maker.look_and_do(f"{CARDS}propose/", card_form())
    row = ProposedCard.objects.get()
    checker.browser.post(f"{PROPOSED_CARDS}{row.pk}/drop/", {"reason": "Not yet."})
    row.refresh_from_db()
    assert (row.state, row.decision) == ("DROPPED", "Not yet.")
    assert RateCard.objects.count() == 1


def test_who_may_not_decide_about_money_proposes_and_sets_nothing(desks):
    maker, _ = desks
    maker.look_and_do(f"{CARDS}propose/", card_form())
    looking = Desk("looking", decides=False).browser
    pages = (
        f"{TERMS}propose/", f"{CARDS}propose/",
        f"{PROPOSED_CARDS}{ProposedCard.objects.get().pk}/set/",
    )  # fmt: skip
    assert [looking.get(page).status_code for page in pages] == [403, 403, 403]


def test_a_country_without_terms_is_named_on_the_first_page(desks):
    maker, _ = desks
    waits, nothing_waits = maker.browser.get("/admin/").content.decode().split('id="empty"')
    assert "Countries without tax terms" not in waits
    assert "Countries without tax terms" in nothing_waits
    record_receipt(
        key="r", kind="SUBSCRIPTION", payer=("user", "l"), amount_micros=9_990_000,
        currency="EUR", covers_from=world.OCTOBER, covers_until=world.NOVEMBER, tax_micros=0,
        country="FR", now=timezone.now(),
    )  # fmt: skip
    page = maker.browser.get("/admin/").content.decode()
    assert "No tax terms for France: what comes from there is booked without tax." in page
