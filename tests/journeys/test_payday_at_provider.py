"""From a listener's card to an artist's bank, on any platform there is: our stand-in, and Stripe's
test mode.

Whatever a person does on the provider's pages was done before: the listener's card is charged by
the API, the artist's account has answered everything. All else goes over HTTP: news ring at our
address, two people at the desk decide, the artist reads what became of it. Only what this journey
made is added up, because the account at the provider is nobody's alone.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as Browser

from licensing.ledger import rules as ledger
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey, Line
from licensing.payouts.house import place_charges
from licensing.payouts.inbox import sweep_payouts
from licensing.payouts.models import Payout
from licensing.payouts.provider import gateway
from licensing.payouts.reconciling import gather
from licensing.payouts.rules.postings import PROVIDER, cash_at
from licensing.payouts.rules.reconciling import reconcile
from licensing.receipts.models import PoolPart, Receipt
from licensing.receipts.rules import pool_account
from tests.journeys.payday import artist, page_of, run_of
from tests.licensing.payouts.purse import Purse, books_balance
from tests.licensing.subscriptions.town import TERMS, Town
from tests.portal.backoffice.test_payout_desk import Desk
from tests.provider.at_standin import Clock
from tests.provider.fixtures import platform

__all__ = ["platform"]


@pytest.fixture
def there(db, platform, settings):
    for name, value in platform.settings().items():
        setattr(settings, name, value)
    return platform


def _heard(platform, until):
    """News ring over HTTP and are acted on, until it holds."""

    def ring(events):
        for event in events:
            body, signature = platform.signed(event)
            headers = {"Stripe-Signature": signature}
            asked = {"content_type": "application/json", "headers": headers}
            assert Browser().post("/webhooks/stripe/", body, **asked).status_code == 200
        return sweep_payouts(gateway=gateway(), now=datetime.now(UTC))

    platform.deliver(ring, until)


def _a_listener_pays(platform) -> str:
    """90.00 by card for a month, a receipt in the books and its money at the provider."""
    town = Town(platform, Clock(datetime.now(UTC)))
    customer = town.known(town.anna)
    platform.subscribe(customer, 90_00, TERMS)
    _heard(platform, Receipt.objects.exists)
    (charge,) = platform.charges_of(customer)
    assert place_charges(lines=platform.lines(), now=datetime.now(UTC)) == 1
    return charge


def _earn(party) -> int:
    """What the listener's money is after tax, fee and commission, all of it the artist's."""
    now, parts = datetime.now(UTC), PoolPart.objects.all()
    lines = [Line(pool_account(of.month, "EUR"), ledger.DEBIT, of.amount_micros) for of in parts]
    whole = sum(of.amount_micros for of in parts)
    payable = AccountKey(ledger.PAYABLE, "party", str(party.pk), "EUR")
    post(
        key="close:1", kind="royalties", effective_at=now, now=now,
        postings=[*lines, Line(payable, ledger.CREDIT, whole)],
    )  # fmt: skip
    return whole


def test_a_listeners_card_pays_an_artists_bank(there):
    charge = _a_listener_pays(there)
    ana, browser = artist("Ana")
    earned = _earn(ana)
    Purse(there).onboard(("party", str(ana.pk)))
    assert "Your payout account is ready." in page_of(browser, ana)
    there.fund(earned // 10_000)
    maker, checker = Desk("maker"), Desk("checker")
    checker.show_code()
    (payout,) = run_of(maker, checker)
    assert (payout.amount_minor, payout.state) == (earned // 10_000, "SENT")

    there.the_bank_acts(payout.account.provider_id, payout.bank_payout_id)
    _heard(there, Payout.objects.filter(state="PAID").exists)
    assert "arrived" in page_of(browser, ana)
    own = {charge, payout.transfer_id}
    assert there.moved([payout.transfer_id]) == -(earned // 10_000)
    assert balance_of(cash_at(PROVIDER, "EUR")) == there.moved(own) * 10_000
    day = datetime.now(UTC).date()
    span = {"since": day - timedelta(days=1), "until": day + timedelta(days=1)}
    books = gather(gateway=gateway(), bank_file="booked_on,reference,amount,currency\n", **span)
    ours = replace(books, provider=[one for one in books.provider if one.ref in own])
    assert [one.differences for one in reconcile(ours, **span)] == [(), (), ()]
    assert books_balance()
