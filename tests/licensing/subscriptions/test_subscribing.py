"""Subscribing, ending with the period and going on; one page, one customer, one subscription."""

import pytest

from licensing.stripe_gateway import GatewayError
from licensing.subscriptions.models import Subscriber
from licensing.subscriptions.operations import (
    begin_subscribing,
    end_with_period,
    go_on,
    open_portal,
    set_offer,
)
from licensing.subscriptions.queries import offer_at, subscription_of
from licensing.subscriptions.rules import SubscribingRefused, is_running, tax_of
from tests.licensing.subscriptions.town import ANNA, BACK, BEGIN, only

BEN = ("user", "ben")


def test_two_askings_lead_to_one_page_and_one_customer(town):
    assert town.ask() == town.ask()
    assert len(town.standin.billing.all_of("checkout.session")) == 1
    assert Subscriber.objects.count() == 1
    assert town.ask(BEN) != town.ask()


def test_another_country_closes_the_page_that_waited(town):
    first = town.ask()
    second = town.ask(country="AT")
    states = [one["status"] for one in town.standin.billing.all_of("checkout.session")]
    assert states == ["open", "expired"]
    assert first != second == town.ask(country="AT")


def test_who_pays_on_one_page_gets_no_second_one(town):
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
    town.hear()
    given = {"payer": ANNA, "gateway": town.gateway, "now": town.clock.at}
    assert end_with_period(**given).cancels_at_end
    assert not go_on(**given).cancels_at_end
    end_with_period(**given)
    town.wait(31)
    town.hear()
    assert (only().status, is_running(only().status)) == ("canceled", False)
    with pytest.raises(SubscribingRefused, match="no subscription"):
        go_on(**given)
    assert town.ask()


def test_nobody_ends_or_pays_for_somebody_else(town):
    town.subscribe()
    town.hear()
    given = {"payer": BEN, "gateway": town.gateway}
    with pytest.raises(SubscribingRefused):
        end_with_period(**given, now=BEGIN)
    with pytest.raises(SubscribingRefused):
        open_portal(**given, back=BACK)
    assert subscription_of(BEN) is None
    assert not only().cancels_at_end


def test_a_new_price_is_for_who_subscribes_from_then_on(town):
    town.subscribe()
    later = BEGIN.replace(day=20)
    set_offer(
        country="", currency="EUR", price_minor=1_199, effective_from=later,
        actor=("user", "desk"), now=BEGIN,
    )  # fmt: skip
    town.wait(31)
    town.hear()
    assert only().price_minor == 999
    assert offer_at("listening", "DE", town.clock.at).price_minor == 1_199


def test_nothing_is_sold_where_nobody_set_the_tax(town):
    """The price of all other countries has no tax of France in it."""
    with pytest.raises(SubscribingRefused) as refused:
        town.ask(country="FR")
    assert refused.value.code == "no_offer"
    assert town.standin.billing.all_of("checkout.session") == []


def test_nothing_is_sold_without_a_country_and_nothing_changes_when_the_provider_is_away(town):
    with pytest.raises(SubscribingRefused) as refused:
        town.ask(country="")
    assert refused.value.code == "no_offer"
    for fault in ("broken_before", "silent_after"):
        town.standin.board.fail_next(fault, "/v1/customers")
        with pytest.raises(GatewayError):
            begin_subscribing(
                payer=BEN, country="DE", name="A month", back=BACK, gateway=town.gateway, now=BEGIN
            )
        town.standin.board.forget_keys()
    assert not Subscriber.objects.exists()


def test_tax_is_the_providers_word_in_cents_else_ours_to_the_micro():
    assert tax_of(999, None, 190_000, "EUR") == 1_595_042
    assert tax_of(999, 160, 190_000, "EUR") == 1_600_000
