"""Closing a payout account: warned first, undone while nothing is on its way, seen at the desk."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from licensing.payouts.models import PayeeAccount
from licensing.payouts.planning import outlook_of
from portal.demo.standin.server import StandIn
from tests.licensing.payouts.purse import NOW, Purse
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.test_payout_desk import Desk
from tests.provider.at_standin import AtStandIn

PAYEE = ("party", str(world.ref("Ana")))
CLOSE, STAY = (f"artists:payouts_{name}" for name in ("close", "stay"))


@pytest.fixture
def purse(db):
    with StandIn() as standin:
        yield Purse(AtStandIn(standin))


@pytest.fixture
def ana(make_user, join, purse):
    """Somebody who may edit Ana, who is owed 1.23 EUR."""
    user = make_user("Ana")
    join(user, world.party("Ana"), "ADMIN")
    purse.earn(PAYEE, 1_239_999)
    browser = Browser()
    browser.force_login(user)
    return browser


def at(name):
    return reverse(name, args=[world.ref("Ana")])


def why():
    (one,) = outlook_of(PAYEE, NOW)
    return one.due.why


def test_an_artist_is_warned_closes_and_stays_after_all(ana, purse):
    purse.onboard(PAYEE)
    assert why() == "threshold"
    page = ana.get(at(CLOSE)).content.decode()
    goes = "<b>1.23 EUR</b> goes into the next payout run."
    for said in (goes, "Closing withdraws nothing.", "nothing is forfeited"):
        assert said in page
    assert PayeeAccount.objects.get().closing_at is None
    page = ana.post(at(CLOSE), follow=True).content.decode()
    assert "Closing: the next payout run pays whatever is there." in page
    assert "Keep the account after all" in page
    assert why() == "due"
    page = ana.post(at(STAY), follow=True).content.decode()
    assert "Close this payout account" in page
    assert why() == "threshold"


def test_while_it_is_on_its_way_nothing_is_undone(ana, purse):
    purse.onboard(PAYEE)
    ana.post(at(CLOSE))
    purse.run()
    page = ana.post(at(STAY), follow=True).content.decode()
    assert "It is being paid out: wait until that has arrived." in page
    assert "Keep the account after all" not in page
    assert PayeeAccount.objects.get().closing_at is not None


def test_without_an_account_there_is_nothing_to_close(ana):
    assert "There is no payout account to close." in ana.get(at(CLOSE)).content.decode()
    page = ana.post(at(CLOSE), follow=True).content.decode()
    assert "Open a payout account first." in page


def test_who_may_not_edit_the_party_closes_nothing(ana, purse, make_user, join):
    purse.onboard(PAYEE)
    looking, stranger = make_user("Bo"), make_user("Eve")
    join(looking, world.party("Ana"), "VIEW")
    for user in (looking, stranger):
        browser = Browser()
        browser.force_login(user)
        answers = (browser.get(at(CLOSE)), browser.post(at(CLOSE)), browser.post(at(STAY)))
        assert [one.status_code for one in answers] == [404, 404, 404]
    assert PayeeAccount.objects.get().closing_at is None


def test_the_desk_sees_who_closes_until_they_are_paid(ana, purse):
    purse.onboard(PAYEE)
    ana.post(at(CLOSE))
    desk = Desk("maker").browser
    assert "Payout accounts that close" in desk.get("/admin/").content.decode()
    listed = "/admin/payouts/payeeaccount/?closing_at__isempty="
    assert ">Ana<" in desk.get(f"{listed}0").content.decode()
    assert ">Ana<" not in desk.get(f"{listed}1").content.decode()
