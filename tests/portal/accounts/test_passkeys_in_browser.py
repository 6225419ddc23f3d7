"""Passkeys in a real browser with Chromium's virtual authenticator: enrolled, shown, logged in by.

Browsers take a passkey for names alone, never for numbers, so the site goes by its name here.
"""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission

from licensing.payouts.models import PayoutRun
from portal.accounts.models import User
from portal.demo.standin.server import StandIn
from tests.licensing.payouts.purse import ANA, Purse
from tests.portal.backoffice.deciding import PASSWORD
from tests.portal.backoffice.test_payout_desk import RUNS, Desk
from tests.provider.at_standin import AtStandIn

pytestmark = [
    pytest.mark.usefixtures("rows_beside_a_browser"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture
def named(site):
    return site.replace("127.0.0.1", "localhost")


@pytest.fixture
def run(committed_db):
    """A payout run of 30 EUR that Mia has opened and somebody else must approve."""
    with StandIn() as standin:
        purse = Purse(AtStandIn(standin))
        purse.earn(ANA, 30_000_000)
        purse.onboard(ANA)
        Desk("mia").open_run()
    return PayoutRun.objects.get()


@pytest.fixture
def checker(committed_db):
    user = User.objects.create_user("cleo@example.org", PASSWORD, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="decide_money"))
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def device(tab):
    """A device with a finger reader; `answers` says whether its finger is laid on."""
    session = tab.context.new_cdp_session(tab)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, {"authenticatorId": made["authenticatorId"]}


def log_in(tab, named):
    tab.goto(f"{named}/account/login/")
    tab.get_by_label("E-mail").fill("cleo@example.org")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in", exact=True).click()
    tab.wait_for_url(lambda url: "/login/" not in url)


def enrol(tab, named, *, alone=False):
    tab.goto(f"{named}/account/2fa/webauthn/add/")
    if "reauthenticate" in tab.url:
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Go on").click()
    tab.get_by_label("Name of this passkey").fill("Desk key")
    if alone:
        tab.get_by_label("Log in with it alone").check()
    tab.get_by_role("button", name="Add this passkey").click()
    tab.wait_for_url(lambda url: "webauthn/add" not in url)


def test_a_passkey_is_enrolled_and_approves_a_run_that_another_opened(
    named, run, checker, device, tab
):
    log_in(tab, named)
    enrol(tab, named)
    (kept,) = Authenticator.objects.filter(user=checker, type="webauthn")
    assert kept.data["name"] == "Desk key"
    tab.context.clear_cookies()
    log_in_with_both(tab, named)
    tab.goto(f"{named}{RUNS}{run.pk}/approve/")
    show(tab)
    tab.get_by_role("button", name="Approve this payout run").click()
    tab.get_by_text("The run is approved").wait_for()
    run.refresh_from_db()
    assert (run.state, run.decided_by, run.proof_method) == (
        "APPROVED", str(checker.pk), "webauthn"
    )  # fmt: skip


def log_in_with_both(tab, named):
    """Password first; then the site asks for the passkey by itself."""
    tab.goto(f"{named}/account/login/")
    tab.get_by_label("E-mail").fill("cleo@example.org")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in", exact=True).click()
    show(tab)
    tab.wait_for_url(lambda url: "/2fa/" not in url)


def show(tab):
    """Where it is asked for: a factor shown within five minutes is not asked for again."""
    if "/2fa/" in tab.url:
        tab.get_by_role("button", name="Show my passkey").click()


def test_a_passkey_alone_logs_in_where_that_was_wished(named, checker, device, tab):
    log_in(tab, named)
    enrol(tab, named, alone=True)
    tab.context.clear_cookies()
    tab.goto(f"{named}/account/login/")
    tab.get_by_role("button", name="Log in with a passkey").click()
    tab.wait_for_url(lambda url: "/login/" not in url)
    tab.goto(f"{named}/account/")
    assert tab.get_by_text("cleo@example.org").first.is_visible()


def test_a_finger_that_is_not_the_right_one_is_said_and_lets_nobody_in(named, checker, device, tab):
    session, which = device
    log_in(tab, named)
    enrol(tab, named, alone=True)
    tab.context.clear_cookies()
    session.send("WebAuthn.setUserVerified", {**which, "isUserVerified": False})
    tab.goto(f"{named}/account/login/")
    tab.get_by_role("button", name="Log in with a passkey").click()
    tab.get_by_role("alert").filter(has_text="Press the key again to try once more.").wait_for()
    assert tab.url.endswith("/account/login/")
