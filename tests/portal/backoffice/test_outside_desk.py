"""At the desk a society's money is paid by hand: one writes what was wired, another posts it."""

import pytest

from licensing.catalog.societies import find_society, society_named
from licensing.ledger import rules as ledger
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from licensing.payouts.models import OutsidePayment
from portal.accounts.models import User
from tests.licensing.payouts.purse import NOW, Purse
from tests.portal.backoffice.deciding import Desk

GEMA = ("society", "GEMA")
FORM = {
    "key": "00000000-0000-4000-8000-000000000007", "currency": "EUR", "amount": "250.12",
    "document": "SEPA 2026/118", "paid_on": "2026-11-19",
}  # fmt: skip


@pytest.fixture
def society(db):
    society_named("GEMA", NOW)
    Purse().earn(GEMA, 250_123_456)
    return find_society("gema")


def page(society):
    return f"/admin/catalog/society/{society.pk}/paid/"


def payable():
    return balance_of(AccountKey(ledger.PAYABLE, *GEMA, "EUR"))


def test_one_writes_what_was_wired_and_another_sees_the_entry_and_posts_it(society):
    maker, checker = Desk("h"), Desk("m")
    shown = maker.browser.get(page(society)).content.decode()
    assert "Owed to GEMA now: 250.123456 EUR." in shown
    assert maker.browser.post(page(society), FORM).status_code == 302
    row = OutsidePayment.objects.get()
    assert (row.amount_minor, payable()) == (250_12, 250_123_456)
    post = f"/admin/payouts/outsidepayment/{row.pk}/post/"
    maker.show_code()
    assert "Somebody else" in maker.browser.post(post).content.decode()
    assert "reauthenticate" in checker.browser.post(post).url
    checker.show_code()
    shown, _ = checker.look_and_do(post)
    assert "payable: GEMA" in shown
    assert "250.120000 EUR" in shown
    assert payable() == 3_456
    for row_page in (f"payouts/outsidepayment/{row.pk}", f"catalog/society/{society.pk}"):
        shown = checker.browser.get(f"/admin/{row_page}/change/").content.decode()
        assert "GEMA" in shown
    assert "/paid/" in shown


def test_staff_who_may_only_look_write_post_and_drop_nothing(society, client):
    user = User.objects.create_user("c@example.org", "a-long-word", is_staff=True)
    client.force_login(user)
    assert client.post(page(society), FORM).status_code == 403
    Desk("h").browser.post(page(society), FORM)
    row = OutsidePayment.objects.get()
    for deed in ("post", "drop"):
        answer = client.post(f"/admin/payouts/outsidepayment/{row.pk}/{deed}/", {"reason": "-"})
        assert answer.status_code == 403
    assert OutsidePayment.objects.get().state == "OPEN"


def test_more_than_is_owed_is_refused_in_words(society):
    answer = Desk("h").browser.post(page(society), FORM | {"amount": "250.13"})
    assert "Less than that is owed to GEMA" in answer.content.decode()
    assert not OutsidePayment.objects.exists()
