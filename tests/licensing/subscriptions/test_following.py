"""From the provider's news to receipts: hand-worked to the micro, in any order, however often.

A month at 9.99 EUR in Germany, of which the provider keeps 1.5 % and 25 cents, 0.40 EUR:
9,990,000 = 1,595,042 tax (over 19:100) + 400,000 fee + 7,994,958 net; the net over 3:7 is
2,398,487.4 and 5,596,470.6, so 2,398,487 commission and 5,596,471 pool.

On our stand-in alone: dates and fees worked by hand, what becomes of a subscription after its last
try (a setting of the platform account), and news in every order.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from licensing.ledger.queries import balance_of
from licensing.payouts.house import place_charges
from licensing.payouts.models import EventTrouble, HandledEvent
from licensing.payouts.rules.postings import PROVIDER, cash_at
from licensing.receipts.models import PoolPart, ProductTerms, Receipt
from licensing.receipts.queries import has_pool
from licensing.subscriptions.models import Subscription
from portal.demo.standin import shapes
from tests.licensing.subscriptions.town import BEGIN, TERMS, books_balance, money, only
from tests.provider import DECLINED, DISPUTED, GOOD

MONTH = ("ch", "SUBSCRIPTION", 9_990_000, 1_595_042, 400_000, 2_398_487, 5_596_471)
HOUR = timedelta(hours=1)


def receipts(number):
    """Whether there are so many, for news to be heard until there are."""
    return lambda: Receipt.objects.count() == number


def are_months(town, rows):
    """Whether these receipts are months at 9.99: by hand on our stand-in; elsewhere the fee is what
    the provider says, and the rest of it is over 3:7 to the micro."""
    if town.standin is not None:
        return rows == [MONTH] * len(rows)
    fees = {line.fee_minor * 10_000 for line in town.platform.lines() if line.category == "charge"}
    for what, kind, amount, tax, fee, commission, pool in rows:
        net = 9_990_000 - 1_595_042 - fee
        assert (what, kind, amount, tax) == MONTH[:4]
        assert fee in fees
        assert commission + pool == net
        assert abs(10 * commission - 3 * net) <= 5
    return True


def test_a_month_paid_is_one_receipt_to_the_micro(town):
    town.subscribe()
    town.hear(receipts(1))
    assert are_months(town, money())
    receipt = Receipt.objects.get()
    assert receipt.key == town.charge()
    assert (receipt.payer_kind, receipt.payer_ref) == town.anna
    assert receipt.covers_from == town.clock.at.replace(microsecond=0)
    assert receipt.covers_until == only().until
    parts = PoolPart.objects.values_list("amount_micros", flat=True)
    assert sum(parts) == receipt.pool_micros
    assert books_balance()


def test_a_month_is_divided_over_the_months_it_lies_in(standin_town):
    standin_town.subscribe()
    standin_town.hear()
    receipt = Receipt.objects.get()
    assert (receipt.covers_from, receipt.covers_until) == (
        BEGIN,
        datetime(2026, 12, 10, 9, tzinfo=UTC),
    )
    # 20 days 15 hours of 30 days lie in November: 5,596,471 x 1,782,000 / 2,592,000
    # = 3,847,573.8125 and 1,748,897.1875.
    parts = dict(PoolPart.objects.values_list("month", "amount_micros"))
    assert parts == {date(2026, 11, 1): 3_847_574, date(2026, 12, 1): 1_748_897}


def test_a_renewal_is_a_receipt_of_the_next_month_and_nobody_is_cut_off_between(town):
    town.subscribe()
    town.hear(receipts(1))
    end = only().until
    assert has_pool(town.anna, end + HOUR)
    assert not has_pool(town.anna, end + 4 * HOUR)
    town.wait(32)
    town.hear(receipts(2))
    assert are_months(town, money())
    assert timedelta(days=27) < only().until - end < timedelta(days=32)
    assert has_pool(town.anna, end + 4 * HOUR)


def test_a_failed_payment_leaves_no_money_and_says_when_it_is_tried_again(town):
    town.subscribe()
    town.hear(receipts(1))
    town.platform.put_card(town.subscription, DECLINED)
    town.wait(32)
    town.hear(lambda: only().status == "past_due")
    assert only().next_attempt_at > town.clock.at
    assert are_months(town, money())
    assert Receipt.objects.count() == 1
    town.platform.put_card(town.subscription, GOOD)
    town.platform.pay_invoice(town.platform.newest_invoice(town.subscription))
    town.hear(receipts(2))
    town.hear(lambda: (only().status, only().next_attempt_at) == ("active", None))
    assert are_months(town, money())


def test_a_payment_that_fails_to_the_end_ends_the_subscription(standin_town):
    """Three days after the first try, and another card is tried at once."""
    town = standin_town
    town.subscribe()
    town.standin.billing.put_card(town.customer, DECLINED)
    town.wait(31)
    town.hear()
    assert only().next_attempt_at == town.clock.at + timedelta(days=3)
    town.standin.billing.put_card(town.customer)
    town.standin.billing.put_card(town.customer, DECLINED)
    town.hear()
    assert money() == [MONTH, MONTH]
    for _ in range(4):
        town.wait(31)
    town.hear()
    assert only().status == "canceled"
    assert only().ended_at is not None
    assert money() == [MONTH, MONTH]


def test_a_refund_goes_back_in_the_parts_it_came_in(town):
    """4.00 of 9.99: of what is left by the weights house 2,798,487, pool 5,596,471, tax 1,595,042:
    1,120,515.3153, 2,240,829.2292 and 638,655.4555."""
    town.subscribe()
    refund = town.platform.refund(town.charge(), 400)
    town.hear(receipts(2))
    row = Receipt.objects.get(key=refund)
    assert (row.kind, row.amount_micros) == ("REFUND", -4_000_000)
    parts = (row.commission_micros, row.pool_micros, row.tax_micros)
    assert sum(parts) == -4_000_000
    assert town.standin is None or parts == (-1_120_515, -2_240_829, -638_656)
    assert row.corrects.key == town.charge()
    assert has_pool(town.anna, town.clock.at)
    town.platform.refund(town.charge())
    town.hear(receipts(3))
    assert sum(one[2] for one in money()) == 0
    assert not has_pool(town.anna, town.clock.at)
    assert books_balance()


def test_a_dispute_takes_a_payment_back_and_one_that_is_won_brings_it_again(town):
    town.subscribe(DISPUTED)
    dispute = town.platform.dispute(town.charge())
    town.hear(receipts(2))
    taken = Receipt.objects.get(key=dispute)
    assert (taken.kind, taken.amount_micros) == ("CHARGEBACK", -9_990_000)
    assert not has_pool(town.anna, town.clock.at)
    town.platform.win(dispute)
    town.hear(receipts(3))
    again = Receipt.objects.get(key=f"{dispute}:won")
    assert (again.amount_micros, again.tax_micros, again.fee_micros) == (9_990_000, 1_595_042, 0)
    assert (taken.pool_micros, again.pool_micros) == (-5_596_471, 5_596_471)
    assert again.wins == taken
    assert has_pool(town.anna, town.clock.at)
    assert books_balance()


def test_our_cash_at_the_provider_is_what_moved_its_balance_after_all_of_it(town):
    """On our stand-in: charge 9.99 - 0.40, refund of 4.00; a second charge, disputed (15.00) and
    won."""
    town.subscribe()
    refund = town.platform.refund(town.charge(), 400)
    town.platform.put_card(town.subscription, DISPUTED)
    town.wait(32)
    dispute = town.platform.dispute(town.charge())
    town.platform.win(dispute)
    town.hear(receipts(5))
    for _ in range(2):
        place_charges(lines=town.platform.lines(), now=town.clock.at)
    charges = town.platform.charges_of(town.customer)
    there = town.platform.moved([*charges, refund, dispute])
    assert town.standin is None or there == 999 - 40 - 400 + 999 - 40 - 1_500
    assert balance_of(cash_at(PROVIDER, "EUR")) == there * 10_000
    assert books_balance()


def test_a_payment_of_nobody_here_is_put_aside(town):
    stranger = town.platform.open_customer()
    town.platform.subscribe(stranger, 999, TERMS)
    (charge,) = town.platform.charges_of(stranger)
    town.platform.refund(charge)
    refunded = HandledEvent.objects.filter(event__type="charge.refunded")
    town.hear(refunded.exists)
    assert set(HandledEvent.objects.values_list("outcome", flat=True)) == {"IGNORED"}
    assert not Receipt.objects.exists()
    assert not Subscription.objects.exists()


def test_news_of_what_is_gone_there_and_of_payees_accounts_are_put_aside(town):
    town.subscribe()
    now = int(town.clock())
    gone = {"id": "sub_gone", "object": "subscription"}
    charge = {"id": town.charge(), "object": "charge"}
    events = [
        shapes.event("evt_1", now, "customer.subscription.deleted", gone, ""),
        shapes.event("evt_2", now, "charge.succeeded", charge, "acct_1"),
    ]
    assert town.ring(events) == 0
    assert list(HandledEvent.objects.values_list("outcome", flat=True)) == ["IGNORED"] * 2
    assert not Receipt.objects.exists()


def test_a_payment_for_a_country_without_terms_stays_in_the_list_until_there_are_some(town):
    town.subscribe(terms={"product": "unheard_of", "country": "DE"})
    waiting = EventTrouble.objects.filter(reason__contains="no terms")
    failed = []
    town.platform.deliver(lambda events: failed.append(town.ring(events)) or 0, waiting.exists)
    assert failed[-1] > 0
    assert not Receipt.objects.exists()
    ProductTerms.objects.create(
        product="unheard_of", country="DE", tax_ppm=190_000, commission_ppm=300_000,
        effective_from=town.clock.at - timedelta(days=1),
    )  # fmt: skip
    town.clock.at += HOUR
    town.hear(receipts(1))
    assert are_months(town, money())
    assert not waiting.exists()


@pytest.fixture
def told(standin_town):
    """Everything the provider tells in a life of two months, a refund and a dispute won."""
    town = standin_town
    town.subscribe()
    billing = town.standin.billing
    billing.refund(town.charge(), 400)
    town.wait(31)
    billing.win(billing.dispute(town.charge())["id"])
    billing.change_subscription(only_there(town)["id"], {"cancel_at_period_end": "true"})
    town.wait(31)
    return list(town.standin.books.events)


def only_there(town):
    return town.standin.billing.all_of("subscription")[0]


@given(data=st.data())
@settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_repeats_reordering_and_delay_end_in_the_same_books(standin_town, told, data):
    town = standin_town
    repeated = data.draw(st.lists(st.sampled_from(range(len(told))), max_size=4))
    order = data.draw(st.permutations([*range(len(told)), *repeated]))
    pauses = data.draw(st.sets(st.integers(1, len(order) - 1), max_size=3))
    with transaction.atomic():
        cuts = [0, *sorted(pauses), len(order)]
        for begin, end in pairwise(cuts):
            assert town.ring([told[index] for index in order[begin:end]]) == 0
        assert [one[:3] for one in money()] == [
            ("ch", "SUBSCRIPTION", 9_990_000),
            ("ch", "SUBSCRIPTION", 9_990_000),
            ("dp", "CHARGEBACK", -9_990_000),
            ("dp:won", "WON", 9_990_000),
            ("re", "REFUND", -4_000_000),
        ]
        assert (only().status, only().cancels_at_end) == ("canceled", True)
        assert books_balance()
        transaction.set_rollback(True)
