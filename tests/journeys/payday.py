"""A pay day over HTTP: artists and the provider's page, two people at the desk, news that ring."""

import http.client
import re
import urllib.request
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.test import Client as Browser

from licensing.catalog.models import Party
from licensing.payouts.inbox import sweep_payouts
from licensing.payouts.models import Payout, PayoutRun
from licensing.payouts.provider import gateway
from portal.accounts.models import Membership, User
from tests.portal.backoffice.test_payout_desk import Desk


def artist(name: str, party: Party | None = None) -> tuple[Party, Browser]:
    """A login that acts for a party, and its browser."""
    now = datetime.now(UTC)
    user = User.objects.create_user(f"{name}@example.org", "a-long-word", country="DE")
    party = party or Party.objects.create(name=name, created_at=now)
    Membership.objects.create(user=user, party=party, role="ADMIN", created_at=now)
    browser = Browser()
    browser.force_login(user)
    return party, browser


def connect(provider, party: Party, browser: Browser) -> None:
    """From the earnings page to the provider's, through its questions, and back."""
    assert "Open a payout account" in page_of(browser, party)
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
    news(provider)
    assert "Your payout account is ready." in page_of(browser, party)


def page_of(browser: Browser, party: Party) -> str:
    """The earnings page of a party."""
    return browser.get("/artists/earnings/", {"party": str(party.pk)}).content.decode()


def news(provider) -> None:
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


def run_of(maker: Desk, checker: Desk) -> list[Payout]:
    """A run by two people; its payouts as sent."""
    maker.open_run()
    run = PayoutRun.objects.get(state="OPEN")
    assert checker.approve(run).status_code == 302
    sweep_payouts(gateway=gateway(), now=datetime.now(UTC))
    return list(run.payouts.order_by("-amount_minor").select_related("account"))
