"""The desk of payouts: two people, a second factor shown just now, nothing to edit."""

import time

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from licensing.payouts.models import PaymentHold, Payout, PayoutRun
from licensing.payouts.operations import hold_payments
from portal.accounts.models import Membership, Role
from portal.demo.standin.server import StandIn
from tests.licensing.payouts.purse import ANA, Purse
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice import deciding
from tests.provider.at_standin import AtStandIn

RUNS = "/admin/payouts/payoutrun/"


class Desk(deciding.Desk):
    """A person at the desk who opens and approves runs."""

    def open_run(self):
        return self.browser.post(f"{RUNS}open/", {"currency": "EUR"})

    def approve(self, run):
        return self.browser.post(f"{RUNS}{run.pk}/approve/")


@pytest.fixture
def due(db):
    """Ana is due 30 EUR."""
    with StandIn() as standin:
        purse = Purse(AtStandIn(standin))
        purse.earn(ANA, 30_000_000)
        purse.onboard(ANA)
        yield purse


def test_a_run_is_opened_by_one_and_approved_by_another_who_shows_a_code(due):
    maker, checker = Desk("maker"), Desk("checker")
    assert maker.open_run().status_code == 302
    run = PayoutRun.objects.get()
    assert (run.state, run.opened_by) == ("OPEN", str(maker.user.pk))
    assert "Payout runs for a second person" in checker.browser.get("/admin/").content.decode()
    asked = checker.approve(run)
    assert asked.url.startswith("/account/2fa/reauthenticate/?next=")
    checker.show_code()
    page = checker.browser.get(f"{RUNS}{run.pk}/approve/").content.decode()
    assert "1 payout, 30.00 EUR together" in page
    assert '<td class="num">30.00 EUR</td>' in page, "who is paid how much, before it is approved"
    assert checker.approve(run).status_code == 302
    run.refresh_from_db()
    assert (run.state, run.decided_by, run.proof_method) == (
        "APPROVED", str(checker.user.pk), "totp"
    )  # fmt: skip
    assert due.state(ANA) == {"payout": 30_000_000}


def test_who_opened_a_run_cannot_approve_it_also_with_a_code(due):
    maker = Desk("maker")
    maker.open_run()
    maker.show_code()
    answer = maker.approve(PayoutRun.objects.get())
    assert "Somebody else than who opened a run approves it." in answer.content.decode()
    assert Payout.objects.get().state == "DRAFT"


def test_without_a_second_factor_nobody_approves(due):
    Desk("maker").open_run()
    run = PayoutRun.objects.get()
    assert Desk("newcomer", app=False).approve(run).url == "/account/2fa/"
    guesser = Desk("guesser")
    guesser.show_code("000000")
    assert "reauthenticate" in guesser.approve(run).url
    assert Payout.objects.get().state == "DRAFT"


def test_a_code_of_six_minutes_ago_is_asked_for_again(due):
    Desk("maker").open_run()
    checker = Desk("checker")
    checker.show_code()
    session = checker.browser.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 360
    session.save()
    assert "reauthenticate" in checker.approve(PayoutRun.objects.get()).url


def test_who_is_paid_by_a_run_does_not_approve_it(due):
    """The account is a band's; the second login at the desk acts for that band."""
    ben = world.party("Ben")
    due.earn(("party", str(ben.pk)), 30_000_000)
    due.onboard(("party", str(ben.pk)))
    Desk("maker").open_run()
    checker = Desk("checker")
    Membership.objects.create(
        user=checker.user, party=ben, role=Role.VIEW, created_at=timezone.now()
    )
    checker.show_code()
    refused = checker.approve(PayoutRun.objects.get()).content.decode()
    assert "Somebody who is not paid by it decides this." in refused
    assert PayoutRun.objects.get().state == "OPEN"


def test_the_secret_of_an_app_is_not_in_the_database(due):
    desk = Desk("checker")
    assert desk.secret not in str(Authenticator.objects.get().data)


def test_payments_are_held_and_released_with_a_reason(due):
    desk = Desk("maker")
    form = {"payee": "ben", "currency": "EUR", "amount": "15.5", "reason": "Contested."}
    page = "/admin/payouts/paymenthold/hold/"
    assert "Nobody has this name or id." in desk.browser.post(page, form).content.decode()
    ben = world.party("Ben")
    desk.browser.post(page, form)
    held = PaymentHold.objects.get()
    assert (held.payee_ref, held.amount_micros) == (str(ben.pk), 15_500_000)
    hold = hold_payments(
        payee=ANA, currency="EUR", amount_micros=15_500_000, reason="Contested.",
        actor=("user", str(desk.user.pk)), now=timezone.now(),
    )  # fmt: skip
    assert "Nobody is due anything in EUR." in desk.open_run().content.decode()
    desk.browser.post(f"/admin/payouts/paymenthold/{hold.pk}/release/")
    assert desk.open_run().status_code == 302


def test_a_dropped_run_leaves_everything_payable(due):
    desk = Desk("maker")
    desk.open_run()
    run = PayoutRun.objects.get()
    desk.browser.post(f"{RUNS}{run.pk}/drop/", {"reason": "Wrong day."})
    assert Payout.objects.get().reason == "Wrong day."
    assert due.state(ANA) == {"payable": 30_000_000}


@pytest.mark.parametrize(
    "name", ["payoutrun", "payout", "payeeaccount", "paymenthold", "providerevent"]
)
def test_nothing_about_payouts_can_be_edited(due, name):
    desk = Desk("maker")
    desk.open_run()
    assert desk.browser.get(f"/admin/payouts/{name}/").status_code == 200
    assert desk.browser.get(f"/admin/payouts/{name}/add/").status_code == 403
