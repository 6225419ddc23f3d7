"""Being paid: two artists, a bank that refuses, a second try, and every cent accounted for.

Over HTTP: the artists open their accounts on the provider's page, two people at the desk decide,
the provider rings. Charges stand at the provider and as receipts in the books; what the artists
earned of them is posted as a month's close posts it.
"""

import http.client
import re
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from licensing.catalog.models import Party
from licensing.ledger import rules as ledger
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey, Line
from licensing.payouts.house import place_charges
from licensing.payouts.inbox import sweep_payouts
from licensing.payouts.models import Payout, PayoutRun
from licensing.payouts.provider import gateway
from licensing.payouts.reconciling import gather
from licensing.payouts.rules.postings import PROVIDER, cash_at
from licensing.payouts.rules.reconciling import reconcile
from licensing.receipts.operations import record_receipt, set_product_terms
from licensing.receipts.rules import pool_account
from portal.accounts.models import Membership, User
from portal.demo.standin.server import StandIn
from tests.portal.backoffice.test_payout_desk import Desk

NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(days=1)
POOL, ANA, CLEO = 88_235_294, 52_941_177, 35_294_117
"""150.00 paid, 23.949580 of it tax (19 % inside), 30 % commission of the rest; 60 to 40."""


@pytest.fixture
def provider(db, settings):
    with StandIn() as standin:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        settings.STRIPE_SECRET_KEY = "sk_test_standin"
        settings.STRIPE_API_BASE = standin.address
        settings.STRIPE_WEBHOOK_SECRETS = [standin.secret]
        yield standin


def _listeners_pay(provider) -> int:
    """Charges at the provider, receipts in the books; the pool in micro-units."""
    set_product_terms(
        product="listening", country="DE", tax_ppm=190_000, commission_ppm=300_000,
        effective_from=NOW - timedelta(days=400), actor=("user", "1"), now=NOW,
    )  # fmt: skip
    pool = 0
    for name, cents, tax in (("lena", 90_00, 14_369_748), ("omar", 60_00, 9_579_832)):
        line = provider.books.charge(cents, 0)
        receipt = record_receipt(
            key=line["source"], kind="SUBSCRIPTION", payer=("user", name),
            amount_micros=cents * 10_000, currency="EUR", covers_from=BEFORE,
            covers_until=BEFORE + timedelta(hours=1), tax_micros=tax, now=NOW,
        )  # fmt: skip
        pool += receipt.pool_micros
    provider.books.mature()
    span = {"since": BEFORE, "until": NOW + timedelta(hours=1)}
    assert place_charges(lines=gateway().list_balance_lines(**span), now=NOW) == 2
    return pool


def _earn(people) -> None:
    lines = [Line(pool_account(BEFORE.date(), "EUR"), ledger.DEBIT, POOL)]
    for party, micros in zip(people, (ANA, CLEO), strict=True):
        payable = AccountKey(ledger.PAYABLE, "party", str(party.pk), "EUR")
        lines.append(Line(payable, ledger.CREDIT, micros))
    post(key="close:1", kind="royalties", postings=lines, effective_at=NOW, now=NOW)


def _artist(name: str) -> tuple[Party, Browser]:
    user = User.objects.create_user(f"{name}@example.org", "a-long-word", country="DE")
    party = Party.objects.create(name=name, created_at=NOW)
    Membership.objects.create(user=user, party=party, role="ADMIN", created_at=NOW)
    browser = Browser()
    browser.force_login(user)
    return party, browser


def _connect(provider, party: Party, browser: Browser) -> None:
    """From the earnings page to the provider's, through its questions, and back."""
    assert "Open a payout account" in _page(browser, party)
    page = browser.post(f"/artists/earnings/{party.pk}/connect/").content.decode()
    link = re.findall(rf'href="({provider.address}/onboarding/[^"]+)"', page)[0]
    with urllib.request.urlopen(link) as asked:
        assert b"Answer everything" in asked.read()
    there = urlsplit(link)
    line = http.client.HTTPConnection(there.netloc)
    line.request("POST", there.path, b"")
    back = line.getresponse()
    line.close()
    assert back.headers["Location"].endswith(f"/artists/earnings/?party={party.pk}")
    _news(provider)
    assert "Your payout account is ready." in _page(browser, party)


def _page(browser: Browser, party: Party) -> str:
    return browser.get("/artists/earnings/", {"party": str(party.pk)}).content.decode()


def _news(provider) -> None:
    """The provider rings about everything so far, newest first and the last one twice."""
    told = [*reversed(provider.books.events), provider.books.events[0]]
    for event in told:
        body, signature = provider.signed(event)
        answer = Browser().post(
            "/webhooks/stripe/",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature},
        )
        assert answer.status_code == 200
    assert sweep_payouts(gateway=gateway(), now=datetime.now(UTC)) == 0


def _run(maker: Desk, checker: Desk) -> list[Payout]:
    """A run by two people; its payouts as sent."""
    maker.open_run()
    run = PayoutRun.objects.get(state="OPEN")
    assert checker.approve(run).status_code == 302
    sweep_payouts(gateway=gateway(), now=datetime.now(UTC))
    return list(run.payouts.order_by("-amount_minor").select_related("account"))


def test_every_cent_from_the_charge_to_the_bank(provider):
    assert _listeners_pay(provider) == POOL
    (ana, ana_at), (cleo, cleo_at) = _artist("Ana"), _artist("Cleo")
    _earn((ana, cleo))
    for party, browser in ((ana, ana_at), (cleo, cleo_at)):
        _connect(provider, party, browser)
    maker, checker = Desk("maker"), Desk("checker")
    checker.show_code()

    first = _run(maker, checker)
    assert [(one.amount_minor, one.state) for one in first] == [(52_94, "SENT"), (35_29, "SENT")]
    provider.books.arrive(first[0].account.provider_id, first[0].bank_payout_id)
    provider.books.bounce(first[1].account.provider_id, first[1].bank_payout_id)
    _news(provider)
    assert "arrived" in _page(ana_at, ana)
    page = _page(cleo_at, cleo)
    assert "came back" in page
    assert "The bank refused the payout (account closed)." in page

    second = _run(maker, checker)
    assert [(one.account.payee_ref, one.amount_minor) for one in second] == [(str(cleo.pk), 35_29)]
    provider.books.arrive(second[0].account.provider_id, second[0].bank_payout_id)
    _news(provider)
    _everything_adds_up(provider, ana, cleo)


def _everything_adds_up(provider, ana: Party, cleo: Party) -> None:
    balances = {
        (line.kind, line.debit_micros - line.credit_micros) for line in trial_balance().lines
    }
    assert balances == {
        ("cash", 150_000_000 - 52_940_000 - 35_290_000),
        ("tax", -23_949_580),
        ("commission", -(150_000_000 - 23_949_580 - POOL)),
        ("pool", 0),
        ("payable", -(1_177 + 4_117)),
        ("payout", 0),
        ("transit", 0),
    }
    for party, rest in ((ana, 1_177), (cleo, 4_117)):
        assert balance_of(AccountKey(ledger.PAYABLE, "party", str(party.pk), "EUR")) == rest
    there = provider.books.balance("")["available"][0]["amount"]
    assert balance_of(cash_at(PROVIDER, "EUR")) == there * 10_000
    span = {"since": BEFORE.date(), "until": NOW.date() + timedelta(days=1)}
    head = "booked_on,reference,amount,currency\n"
    books = gather(gateway=gateway(), bank_file=head, **span)
    assert [one.differences for one in reconcile(books, **span)] == [(), (), ()]
