"""The desk of payouts: two people, a second factor shown just now, nothing to edit."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client as Browser
from django.utils import timezone

from licensing.payouts.models import PaymentHold, Payout, PayoutRun
from licensing.payouts.operations import hold_payments
from portal.accounts.models import User
from portal.accounts.second_factor import SecondFactorAdapter
from portal.demo.standin.server import StandIn
from tests.licensing.payouts.platform import gateway_to
from tests.licensing.payouts.purse import ANA, Purse
from tests.licensing.royalties import small_world as world
from tests.portal.backoffice.deciding import look_and_do, may_decide

PASSWORD = "tape organ at low tide"
RUNS = "/admin/payouts/payoutrun/"


class Desk:
    """A person at the desk: a browser and, where set up, an authenticator app."""

    def __init__(self, name: str, *, app: bool = True, decides: bool = True) -> None:
        self.user = User.objects.create_user(f"{name}@example.org", PASSWORD, is_staff=True)
        self.browser = Browser()
        if decides:
            may_decide(self.user)
        self.secret = generate_totp_secret()
        if app:
            data = {"secret": SecondFactorAdapter().encrypt(self.secret)}
            Authenticator.objects.create(user=self.user, type="totp", data=data)
        self.browser.force_login(self.user)

    def show_code(self, code: str = ""):
        """Type the code of this moment where it is asked for."""
        counters = list(yield_hotp_counters_from_time())
        counter = counters[len(counters) // 2]
        right = format_hotp_value(hotp_value(self.secret, counter))
        return self.browser.post("/account/2fa/reauthenticate/", {"code": code or right})

    def look_and_do(self, page: str, form: dict | None = None):
        """Fill a form in, see what it does, and do it; returns (what was shown, the answer)."""
        return look_and_do(self.browser, page, form)

    def open_run(self):
        return self.browser.post(f"{RUNS}open/", {"currency": "EUR"})

    def approve(self, run):
        return self.browser.post(f"{RUNS}{run.pk}/approve/")


@pytest.fixture
def due(db):
    """Ana is due 30 EUR."""
    with StandIn() as standin:
        purse = Purse(standin, gateway_to(standin))
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
