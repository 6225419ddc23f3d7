"""What a scenario asks of Stripe's test mode, asked of our stand-in by the same calls.

So that this half stays alive where no key is: nothing here says that Stripe itself does it.
"""

from datetime import timedelta

import pytest

from portal.demo.standin.server import StandIn
from tests.provider import DECLINED, DISPUTED, fresh_key, gateway_to
from tests.provider.at_stripe import AtStripe

TERMS = {"product": "listening", "country": "DE"}


@pytest.fixture
def standin():
    with StandIn() as running:
        yield running


def _account(standin, *, bank_refuses=False):
    id = gateway_to(standin).open_account(payee="party:ana", country="DE", key=fresh_key()).id
    return standin.books.answer_questions(id, bank_refuses=bank_refuses)["id"]


@pytest.fixture
def there(standin):
    accounts = (_account(standin), _account(standin, bank_refuses=True))
    made = AtStripe("sk_test_rehearsal", api_base=standin.address, accounts=accounts)
    yield made
    made.close()


def _types(events):
    return [one["type"] for one in events]


def test_what_is_funded_is_there_at_once_and_a_charge_has_a_fee(there):
    there.fund(3_000)
    assert there.available() >= 3_000
    charge = there.charge(1_000)
    assert 0 < there.moved([charge]) < 1_000


def test_each_account_is_used_once_in_a_scenario(there):
    assert there.ready_account(bank_refuses=True) == there.accounts[1]
    assert there.ready_account() == there.accounts[0]
    with pytest.raises(pytest.skip.Exception, match="STRIPE_TEST_ACCOUNT"):
        there.ready_account()


@pytest.mark.parametrize(("bank_refuses", "ended"), [(False, "paid"), (True, "failed")])
def test_a_bank_that_took_or_refused_is_waited_for_and_told_with_its_account(
    there, standin, bank_refuses, ended
):
    account = there.ready_account(bank_refuses=bank_refuses)
    there.fund(900)
    given = {"account_id": account, "amount_minor": 900, "currency": "EUR", "entry": "one"}
    there.gateway.send_transfer(**given, key="one")
    sent = there.gateway.send_bank_payout(**given, key="one:bank")
    standin.books.banks_act()
    there.the_bank_acts(account, sent.id)
    told = there.wait_for(f"payout.{ended}", sent.id)
    of_account = [one for one in told if one.get("account") == account]
    assert _types(of_account) == ["account.updated", "payout.created", f"payout.{ended}"]


def test_a_month_passes_on_its_clock_and_a_card_that_is_declined_leaves_it_owed(there):
    subscription, _ = there.subscribe(there.open_customer(), 999, TERMS)
    there.put_card(subscription, DECLINED)
    there.wait_until(there.began + timedelta(days=32))
    billing = there.gateway.billing
    assert billing.get_subscription(subscription).status == "past_due"
    owed = there.newest_invoice(subscription)
    assert there.state_of("invoice", owed) == "open"
    there.pay_invoice(owed)
    assert there.state_of("invoice", owed) == "paid"
    assert billing.get_subscription(subscription).status == "active"


def test_a_dispute_comes_of_its_card_and_is_won_by_evidence(there):
    customer = there.open_customer()
    there.subscribe(customer, 999, TERMS, DISPUTED)
    (charge,) = there.charges_of(customer)
    there.win(there.dispute(charge))
    (back,) = there.gateway.billing.get_payment(charge).given_back
    assert (back.is_dispute, back.amount_minor, back.won_minor) == (True, 999, 999)


def test_news_are_of_this_scenario_alone_and_each_is_told_once(there, standin):
    stranger = AtStripe("sk_test_other", api_base=standin.address, accounts=("", ""))
    for one in (stranger, there):
        customer = one.open_customer()
        one.subscribe(customer, 999, TERMS)
        (charge,) = one.charges_of(customer)
        refund = one.refund(charge, 400)
    told = there.wait_for("refund.created", refund)
    assert _types(told).count("charge.refunded") == 1
    assert there.news() == []
    assert len({one["id"] for one in told}) == len(told) < len(standin.books.events)


def test_a_clock_that_is_taken_away_takes_its_customers(there, standin):
    customer = there.open_customer()
    subscription, _ = there.subscribe(customer, 999, TERMS)
    there.close()
    assert there.gateway.billing.get_subscription(subscription).status == "canceled"
    assert customer not in standin.billing.objects
    there._clock = ""


def test_lists_of_events_are_read_to_their_end(there):
    customer = there.open_customer()
    for _ in range(26):
        there.subscribe(customer, 999, TERMS)
    assert _types(there.news()).count("charge.succeeded") == 26
