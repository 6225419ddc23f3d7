"""Money written down by hand: whose country, currency and tax it carries, and who wrote it."""

import pytest
from django.utils import timezone

from licensing.audit.models import Fact
from licensing.deductions.models import Reserve
from licensing.ledger.queries import list_balances
from licensing.receipts.agreeing import agree_usage
from licensing.receipts.models import Receipt
from licensing.royalties.closing import close_period
from licensing.royalties.models import Usage
from licensing.subscriptions.operations import set_offer
from portal.accounts.models import User
from portal.partners.models import Client as Partner
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import asked_for, decider, done_by_two, second_person

PAGE = "/admin/receipts/receipt/record/"
FORM = {
    "payer": "l@example.org", "kind": "SUBSCRIPTION", "amount": "9.99", "month": "2026-10-09",
    "key": "payment-1",
}  # fmt: skip


@pytest.fixture
def staff(client, db):
    return decider(client)


def listener(country, email="l@example.org"):
    return User.objects.create_user(email, "a-long-word", country=country)


def taxes():
    return {
        (key.owner_ref, key.currency): micros for key, micros in list_balances(kind="tax").items()
    }


def test_where_nothing_is_chosen_a_german_listener_pays_german_tax(staff):
    listener("DE")
    shown, done = done_by_two(staff, PAGE, FORM)
    assert "1.595042 EUR" in shown
    assert "Germany" in shown
    assert done.status_code == 302
    row = Receipt.objects.get()
    assert (row.country, row.currency, row.pool_micros) == ("DE", "EUR", 5_876_471)
    assert taxes() == {("DE", "EUR"): 1_595_042}


def test_a_receipt_of_a_us_payer_books_no_german_tax_and_its_pool_is_of_us_source(staff):
    """9.99 without tax: pool 6,993,000; Ana's 6,993,000 wait for her tax form (decision 0087)."""
    lea = listener("US")
    (stem,) = world.recording("T", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    world.heard(str(lea.pk), world.record("piece", [(stem, 10**6)]), 3)
    done_by_two(staff, PAGE, FORM | {"currency": "USD", "tax": "0"})
    row = Receipt.objects.get()
    assert (row.country, row.currency, row.tax_micros) == ("US", "USD", 0)
    assert taxes() == {}
    close_period(month=row.pool_parts.get().month, now=world.AFTER_OCTOBER)
    waits = Reserve.objects.get()
    assert (waits.why, waits.amount_micros, waits.currency) == ("TAX_FORM", 6_993_000, "USD")


def test_the_log_names_who_asked_for_it_and_who_wrote_it(staff):
    listener("DE")
    second = second_person()
    done_by_two(staff, PAGE, FORM | {"currency": "EUR"}, second=second)
    first = User.objects.get(email="h@example.org")
    named = dict(Fact.objects.values_list("verb", "actor_ref"))
    assert named["propose_deed"] == str(first.pk)
    assert named["carry_out_deed"] == named["record_receipt"] == str(second.user.pk)


def test_tax_of_a_country_without_terms_is_asked_for_and_never_taken_as_none(staff):
    listener("FR")
    page = staff.post(PAGE, asked_for(FORM | {"currency": "EUR"})).content.decode()
    assert "No tax terms are set for France: set them, or write the tax." in page
    assert 'name="seen"' not in page
    done_by_two(staff, PAGE, FORM | {"currency": "EUR", "tax": "1.665"})
    assert taxes() == {("FR", "EUR"): 1_665_000}


def test_a_payer_of_whom_no_country_is_known_is_asked_about(staff):
    listener("")
    page = staff.post(PAGE, asked_for(FORM)).content.decode()
    assert "Nobody knows where this payer is billed: choose it." in page
    assert not Receipt.objects.exists()
    done_by_two(staff, PAGE, FORM | {"country": "DE"})
    assert Receipt.objects.get().country == "DE"


def test_the_currency_is_that_of_the_offer_where_the_payer_is_billed(staff):
    now = timezone.now()
    listener("CH")
    set_offer(
        country="CH", currency="CHF", price_minor=1090, effective_from=now,
        actor=("user", "1"), now=now,
    )  # fmt: skip
    done_by_two(staff, PAGE, FORM | {"tax": "0"})
    assert Receipt.objects.get().currency == "CHF"


def test_a_partner_pays_as_its_agreement_says_and_else_where_its_customers_are(staff):
    now = timezone.now()
    made = {"channel": "fitness", "territory": "AT", "scopes": [], "created_at": now}
    billed, other = (Partner.objects.create(name=name, **made) for name in ("Stride", "Pace"))
    agree_usage(
        payer=("client", str(billed.pk)), prices={("", "PLAY"): 1, ("", "MINUTE"): 1},
        country="GB", currency="GBP", due_days=30, billed_to="Stride", effective_from=now,
        actor=("user", "1"), now=now,
    )  # fmt: skip
    form = FORM | {"kind": "PARTNER", "tax": "0"}
    done_by_two(staff, PAGE, form | {"payer": str(billed.pk)})
    done_by_two(staff, PAGE, form | {"payer": str(other.pk), "key": "p-2", "currency": "EUR"})
    assert list(Receipt.objects.order_by("key").values_list("country", "currency")) == [
        ("AT", "EUR"), ("GB", "GBP"),
    ]  # fmt: skip


def test_a_promotion_carries_no_tax_and_pays_for_what_was_heard_in_its_month_already(staff):
    lea = listener("FR")
    (stem,) = world.recording("T", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    world.heard(str(lea.pk), world.record("piece", [(stem, 10**6)]), 3, state="UNFUNDED")
    form = FORM | {"kind": "PROMOTION"}
    refused = staff.post(PAGE, asked_for(form | {"tax": "1"})).content.decode()
    assert "A promotion carries no tax: nobody paid it." in refused
    shown, _ = done_by_two(staff, PAGE, form)
    assert "<dt>Plays so far that it pays for</dt><dd>3</dd>" in shown
    row = Receipt.objects.get()
    assert (row.tax_micros, row.commission_micros, row.pool_micros) == (0, 0, 9_990_000)
    assert set(Usage.objects.values_list("state", flat=True)) == {"COUNTED"}
