"""News of a real pay day over HTTP: on our stand-in, and on Stripe's test mode where its events are
listed and rung at our own address, signed as Stripe signs."""

import time

import pytest
from django.test import Client

from licensing.payouts.inbox import sweep_payouts
from licensing.payouts.models import HandledEvent, ProviderEvent
from tests.licensing.payouts.purse import ANA, NOW, Purse, books_balance, only

WHOLE = 30_000_000


@pytest.fixture
def purse(db, platform, settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_other", platform.secret]
    return Purse(platform)


def _ring(purse, event, **more):
    body, signature = purse.platform.signed(event, **more)
    headers = {"Stripe-Signature": signature}
    asked = {"content_type": "application/json", "headers": headers}
    return Client().post("/webhooks/stripe/", body, **asked)


def _sent(purse):
    """Ana is paid, and the provider told of her transfer; the news of it."""
    payout = purse.advance(purse.approved())
    return purse.platform.wait_for("transfer.created", payout.entry.key)[-1]


def test_an_event_is_kept_as_it_came_and_once(purse):
    event = _sent(purse)
    assert [_ring(purse, event).status_code for _ in range(3)] == [200, 200, 200]
    row = ProviderEvent.objects.get()
    assert (row.id, row.type) == (event["id"], event["type"])
    assert bytes(row.body) == purse.platform.signed(event)[0]


def test_an_event_that_is_not_signed_for_now_leaves_no_row(purse):
    event = _sent(purse)
    for away_s in (-310, 310, 4_000):
        assert _ring(purse, event, at=time.time() + away_s).status_code == 403
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize("bank_refuses", [False, True])
def test_news_newest_first_and_twice_end_a_payout_as_its_bank_did(purse, bank_refuses):
    payout = purse.advance(purse.approved(bank_refuses=bank_refuses))
    purse.platform.the_bank_acts(payout.account.provider_id, payout.bank_payout_id)
    ended = "payout.failed" if bank_refuses else "payout.paid"
    news = purse.platform.wait_for(ended, payout.bank_payout_id)
    for event in [*reversed(news), *news]:
        assert _ring(purse, event).status_code == 200
    assert sweep_payouts(gateway=purse.gateway, now=NOW) == 0
    assert only(ANA).state == ("FAILED" if bank_refuses else "PAID")
    assert purse.state() == ({"payable": WHOLE} if bank_refuses else {})
    assert HandledEvent.objects.filter(event__type=ended, outcome="APPLIED").exists()
    assert books_balance()


def test_news_of_what_is_not_ours_are_put_aside(purse):
    event = _sent(purse)
    nobodys = event["data"]["object"] | {"metadata": {"ledger_entry": "payout:of nobody"}}
    _ring(purse, event | {"data": {"object": nobodys}})
    _ring(purse, event | {"id": "evt_2", "type": "customer.created"})
    assert sweep_payouts(gateway=purse.gateway, now=NOW) == 0
    assert set(HandledEvent.objects.values_list("outcome", flat=True)) == {"IGNORED"}
