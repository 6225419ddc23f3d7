"""The scenarios in test mode: at Stripe, or rehearsed at our stand-in by the same calls.

    python -m tests.provider [--rehearse] [arguments of pytest]
    python -m tests.provider --open-accounts

The last opens the two connected accounts that scenarios want, as ours are opened, and prints where
a person answers their questions. A rehearsal starts the stand-in, answers the questions of two
accounts on its page, lets banks act two seconds after a payout, and says to the scenarios where it
is. Status 2 with one sentence where there is no key, or one that is not of test mode.
"""

import os
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping

import pytest

from licensing.stripe_gateway import Gateway
from portal.demo.standin.server import StandIn
from tests.provider.at_standin import gateway_to
from tests.provider.kinds import WANTED, key_of
from tests.provider.platform import fresh_key

ROOMS = (
    "tests/provider",
    "tests/licensing/payouts",
    "tests/licensing/subscriptions",
    "tests/licensing/invoicing",
    "tests/portal/webhooks",
    "tests/journeys/test_payday_at_provider.py",
)
IBANS = {
    "STRIPE_TEST_ACCOUNT": "DE89370400440532013000",
    "STRIPE_TEST_ACCOUNT_REFUSING": "DE89370400440532013002",
}
"""Stripe's own test banks (docs.stripe.com/connect/testing): one that takes payouts, and one whose
account was closed."""
AFTERWARDS = "https://dashboard.stripe.com/test/connect/accounts/overview"
API_BASE = "STRIPE_TEST_API_BASE"
BANKS_TAKE_S = 2
"""Banks act after a payout was looked at for the first time, as Stripe's do."""
ROUND_S = 0.25


def main(arguments: list[str]) -> int:
    """Run the scenarios; pytest's status."""
    if arguments[:1] == ["--rehearse"]:
        return rehearse(arguments[1:])
    try:
        if not key_of(os.environ):
            raise pytest.UsageError(WANTED)
    except pytest.UsageError as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    if arguments[:1] == ["--open-accounts"]:
        open_accounts(Gateway(key_of(os.environ), api_base=os.environ.get(API_BASE, "")))
        return 0
    return _run(arguments, os.environ)


def open_accounts(gateway: Gateway) -> None:
    """Open an account for each variable, and print where it is made ready and with which IBAN."""
    for name, iban in IBANS.items():
        id = gateway.open_account(payee=fresh_key(), country="DE", key=fresh_key()).id
        link = gateway.onboarding_link(id, back=AFTERWARDS, again=AFTERWARDS)
        sys.stdout.write(f"{name}={id}\n  answer everything, with the IBAN {iban}: {link}\n")


def rehearse(arguments: list[str]) -> int:
    """The same at our stand-in, which is spoken to as Stripe is."""
    stop = threading.Event()
    with StandIn() as standin:
        there = {
            "STRIPE_TEST_KEY": "sk_test_rehearsal",
            API_BASE: standin.address,
            "STRIPE_TEST_ACCOUNT": _answered(standin, ""),
            "STRIPE_TEST_ACCOUNT_REFUSING": _answered(standin, "bank=refuses"),
        }
        world = threading.Thread(target=_let_banks_act, args=(standin, stop))
        world.start()
        try:
            return _run(arguments, os.environ | there)
        finally:
            stop.set()
            world.join()


def _run(arguments: list[str], environ: Mapping[str, str]) -> int:
    asked = [sys.executable, "-m", "pytest", "-m", "stripe", "-rs", *arguments]
    named = any(not one.startswith("-") for one in arguments)
    return subprocess.run([*asked, *(() if named else ROOMS)], env=environ, check=False).returncode


def _answered(standin: StandIn, form: str) -> str:
    """An account whose questions were answered on the page where they are asked."""
    gateway = gateway_to(standin)
    id = gateway.open_account(payee="party:rehearsal", country="DE", key=fresh_key()).id
    page = gateway.onboarding_link(id, back=standin.address, again=standin.address)
    line = urllib.request.Request(page, data=form.encode(), method="POST")
    with urllib.request.build_opener(_Stays).open(line) as answer:
        assert answer.status == 303
    return id


class _Stays(urllib.request.HTTPErrorProcessor):
    """Does not follow where a page leads."""

    def http_response(self, request: object, response: object) -> object:
        return response


def _let_banks_act(standin: StandIn, stop: threading.Event) -> None:
    while not stop.wait(ROUND_S):
        with standin.board.turn:
            standin.books.banks_act(after_s=BANKS_TAKE_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
