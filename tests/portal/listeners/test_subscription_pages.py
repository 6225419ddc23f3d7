"""A listener's way through a subscription, page by page; and a stranger, who sees none of it."""

import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from licensing.payouts.inbox import sweep_payouts
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import Gateway
from licensing.subscriptions.queries import SubscriptionView
from portal.demo.standin.server import StandIn
from portal.listeners.subscription_page import subscription_page

DECEMBER = datetime(2026, 12, 29, 10, tzinfo=UTC)


@pytest.fixture
def standin(db, settings):
    with StandIn() as running:
        settings.STRIPE_SECRET_KEY = "sk_test_standin"
        settings.STRIPE_API_BASE = running.address
        settings.STRIPE_WEBHOOK_SECRETS = [running.secret]
        yield running


def say(client, name):
    return client.post(reverse(f"listeners:{name}"))


def text_of(client):
    answer = client.get(reverse("listeners:subscription"))
    assert answer.status_code == 200
    return answer.content.decode()


def hear(standin):
    """The provider rings over HTTP, and what rang is acted on."""
    for event in standin.books.events:
        body, signature = standin.signed(event, at=int(time.time()))
        told = Client().post(
            "/webhooks/stripe/",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature},
        )
        assert told.status_code == 200
    now = datetime.now(UTC)
    ours = Gateway("sk_test_standin", api_base=standin.address, retries=0)
    assert sweep_payouts(gateway=ours, now=now) == 0


def press(address, card):
    """The listener presses a key of the provider's page; where it leads back to."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args):
            return None

    opener = urllib.request.build_opener(Stay)
    with pytest.raises(urllib.error.HTTPError) as answer:
        opener.open(address, data=f"card={card}".encode())
    assert answer.value.code == 303
    return answer.value.headers["Location"]


def test_a_listener_subscribes_ends_it_and_takes_the_ending_back(client, listener, standin):
    assert "You have no subscription: you hear the first 30 seconds" in text_of(client)
    page = say(client, "subscribe").headers["Location"]
    assert page.startswith(standin.address)
    back = press(page, "good")
    assert back == "http://testserver/listen/subscription/?paid="
    assert "the provider's word takes some seconds" in client.get(back).content.decode()
    hear(standin)
    text = text_of(client)
    assert "You are subscribed; on " in text
    assert "9.99 EUR" in text
    assert "Subscribe for" not in text
    assert Receipt.objects.get().payer_ref == str(listener.pk)
    say(client, "subscription_end")
    assert "nothing is charged after that" in text_of(client)
    say(client, "subscription_go_on")
    assert "You are subscribed; on " in text_of(client)


def test_a_browser_may_follow_from_this_page_alone_to_the_provider(client, listener):
    def forms(name):
        policy = client.get(reverse(name)).headers["Content-Security-Policy"]
        (rule,) = [one for one in policy.split("; ") if one.startswith("form-action")]
        return rule.split()[1:]

    pages = ["https://checkout.stripe.com", "https://billing.stripe.com"]
    assert forms("listeners:subscription") == ["'self'", *pages]
    assert forms("accounts:overview") == ["'self'"]


def test_a_declined_card_is_said_in_one_sentence_and_replaced(client, listener, standin):
    press(say(client, "subscribe").headers["Location"], "declined")
    hear(standin)
    text = text_of(client)
    assert "Your payment of 9.99 EUR failed; it is tried again on " in text
    assert "until it succeeds you hear the first 30 seconds of everything." in text
    assert "Put in another card" in text
    press(say(client, "subscription_card").headers["Location"], "good")
    hear(standin)
    assert "You are subscribed; on " in text_of(client)
    assert Receipt.objects.count() == 1


def test_without_a_country_or_a_provider_nothing_is_sold(client, make_user, settings):
    user = make_user("Mo")
    client.force_login(user)
    assert "in which country you live" in text_of(client)
    settings.STRIPE_SECRET_KEY = ""
    user.country = "DE"
    user.save()
    answer = client.post(reverse("listeners:subscribe"), follow=True)
    assert "cannot be reached now" in answer.content.decode()


def test_a_stranger_sees_nothing_of_it_and_moves_nothing(client, listener, standin, make_user):
    press(say(client, "subscribe").headers["Location"], "good")
    hear(standin)
    (there,) = standin.billing.all_of("subscription")
    client.force_login(make_user("Mo"))
    assert "You have no subscription" in text_of(client)
    for name in ("subscription_end", "subscription_go_on", "subscription_card"):
        answer = client.post(reverse(f"listeners:{name}"), follow=True)
        assert answer.status_code == 200
    assert not there["cancel_at_period_end"]
    client.logout()
    for name in ("subscribe", "subscription_end", "subscription_go_on", "subscription_card"):
        assert say(client, name).headers["Location"].startswith("/account/login/")


def view(**changes):
    given = {
        "provider_id": "sub_1",
        "status": "active",
        "price_minor": 999,
        "currency": "EUR",
        "until": DECEMBER,
        "cancels_at_end": False,
        "next_attempt_at": None,
        "ended_at": None,
    }
    return SubscriptionView(**given | changes)


@pytest.mark.parametrize(
    ("one", "is_covered", "sentence"),
    [
        (None, False, "You have no subscription: you hear the first 30 seconds of everything."),
        (
            view(status="canceled"),
            True,
            "You have no subscription; what was paid for still runs, and then you hear the first "
            "30 seconds of everything.",
        ),
        (
            view(),
            True,
            "You are subscribed; on 29 December 2026 the next month is charged, 9.99 EUR.",
        ),
        (
            view(cancels_at_end=True),
            True,
            "You are subscribed until 29 December 2026; nothing is charged after that.",
        ),
        (
            view(status="past_due", next_attempt_at=DECEMBER + timedelta(days=3)),
            True,
            "Your payment of 9.99 EUR failed; it is tried again on 1 January 2027, or as soon as "
            "you put in another card, and until it succeeds you listen as before.",
        ),
        (
            view(status="unpaid"),
            False,
            "Your payment of 9.99 EUR failed and is not tried again by itself: put in another "
            "card; until then you hear the first 30 seconds of everything.",
        ),
    ],
)
def test_every_state_has_its_sentence(one, is_covered, sentence):
    assert subscription_page(one, (999, "EUR"), is_covered=is_covered).sentence == sentence
