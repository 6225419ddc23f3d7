"""Subscribing, ending with the period and going on; one page, one customer, one subscription.

On our stand-in alone: what a browser does on the page, and a provider that is away.
"""

from datetime import timedelta
from uuid import uuid4

import pytest

from licensing.receipts.models import Receipt
from licensing.stripe_gateway import GatewayError
from licensing.subscriptions.models import Subscriber, Subscription
from licensing.subscriptions.operations import (
    begin_subscribing,
    end_with_period,
    go_on,
    open_portal,
    set_offer,
)
from licensing.subscriptions.queries import offer_at, subscription_of
from licensing.subscriptions.rules import SubscribingRefused, is_running, tax_of
from tests.licensing.subscriptions.town import BACK, BEGIN, only


@pytest.fixture
def ben():
    return "user", f"ben-{uuid4().hex[:12]}"


def test_two_askings_lead_to_one_page_and_one_customer(town, ben):
    assert town.ask() == town.ask()
    assert Subscriber.objects.get().checkouts == 1
    assert town.ask(ben) != town.ask()


def test_another_country_closes_the_page_that_waited(town):
    def state(page):
        return town.platform.state_of("checkout.session", page)

    first = town.ask()
    page = Subscriber.objects.get().checkout_id
    second = town.ask(country="AT")
    assert (state(page), state(Subscriber.objects.get().checkout_id)) == ("expired", "open")
    assert first != second == town.ask(country="AT")


def test_who_pays_on_one_page_gets_no_second_one(standin_town):
    town = standin_town
    town.standin.billing.pay_checkout(town.ask().rsplit("/", 1)[1])
    with pytest.raises(SubscribingRefused) as refused:
        town.ask(country="AT")
    assert refused.value.code == "paying"
    town.hear()
    with pytest.raises(SubscribingRefused) as refused:
        town.ask()
    assert refused.value.code == "subscribed"


def test_a_page_that_nobody_used_is_followed_by_a_new_one_a_day_later(town):
    first = town.ask()
    town.wait(2)
    assert town.ask() != first


def test_an_ending_is_taken_back_and_what_ended_can_be_subscribed_again(town):
    town.subscribe()
    town.hear(Subscription.objects.exists)
    given = {"payer": town.anna, "gateway": town.gateway, "now": town.clock.at}
    assert end_with_period(**given).cancels_at_end
    assert not go_on(**given).cancels_at_end
    end_with_period(**given)
    town.wait(32)
    town.hear(lambda: only().ended_at is not None)
    assert (only().status, is_running(only().status)) == ("canceled", False)
    with pytest.raises(SubscribingRefused, match="no subscription"):
        go_on(**given)
    assert town.ask()


def test_nobody_ends_or_pays_for_somebody_else(town, ben):
    town.subscribe()
    town.hear(Subscription.objects.exists)
    given = {"payer": ben, "gateway": town.gateway}
    with pytest.raises(SubscribingRefused):
        end_with_period(**given, now=town.clock.at)
    with pytest.raises(SubscribingRefused):
        open_portal(**given, back=BACK)
    assert subscription_of(ben) is None
    assert not only().cancels_at_end


def test_a_new_price_is_for_who_subscribes_from_then_on(town):
    town.subscribe()
    later = town.clock.at + timedelta(days=10)
    set_offer(
        country="", currency="EUR", price_minor=1_199, effective_from=later,
        actor=("user", "desk"), now=town.clock.at,
    )  # fmt: skip
    town.wait(32)
    town.hear(lambda: Receipt.objects.count() == 2)
    assert only().price_minor == 999
    assert offer_at("listening", "DE", town.clock.at).price_minor == 1_199


def test_nothing_is_sold_where_nobody_set_the_tax(standin_town):
    """The price of all other countries has no tax of France in it."""
    with pytest.raises(SubscribingRefused) as refused:
        standin_town.ask(country="FR")
    assert refused.value.code == "no_offer"
    assert standin_town.standin.billing.all_of("checkout.session") == []


def test_nothing_is_sold_without_a_country_and_nothing_changes_when_the_provider_is_away(
    standin_town, ben
):
    town = standin_town
    with pytest.raises(SubscribingRefused) as refused:
        town.ask(country="")
    assert refused.value.code == "no_offer"
    for fault in ("broken_before", "silent_after"):
        town.standin.board.fail_next(fault, "/v1/customers")
        with pytest.raises(GatewayError):
            begin_subscribing(
                payer=ben, country="DE", name="A month", back=BACK, gateway=town.gateway, now=BEGIN
            )
        town.standin.board.forget_keys()
    assert not Subscriber.objects.exists()


def test_tax_is_the_providers_word_in_cents_else_ours_to_the_micro():
    assert tax_of(999, None, 190_000, "EUR") == 1_595_042
    assert tax_of(999, 160, 190_000, "EUR") == 1_600_000
