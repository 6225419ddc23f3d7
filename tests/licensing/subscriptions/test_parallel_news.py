"""The same news to many processes at once: one receipt, one subscription, one customer."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from licensing.payouts.inbox import handle_event, take_event
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import event_of
from licensing.subscriptions.models import Subscriber, Subscription
from tests.licensing.subscriptions.town import TERMS, books_balance, clock_of, town_on
from tests.provider import platform_of
from tests.provider.fixtures import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_eight_at_once_write_one_receipt(committed_db, settings, kind):
    clock = clock_of(kind)
    with platform_of(kind, clock) as platform, ThreadPoolExecutor(8) as people:
        town = town_on(platform, clock, settings)

        def together(deed, given):
            def one(value):
                try:
                    return deed(value)
                finally:
                    connection.close()

            return list(people.map(one, given))

        assert len(set(together(lambda _: town.ask(), range(4)))) == 1
        town.customer = Subscriber.objects.get().provider_id
        platform.subscribe(town.customer, 999, TERMS)
        refund = platform.refund(town.charge(), 400)
        events = platform.wait_for("refund.created", refund)
        for event in events:
            body, _ = platform.signed(event)
            take_event(event=event_of(body), body=body, now=town.clock.at)

        def act(id):
            return handle_event(event_id=id, gateway=town.gateway, now=town.clock.at)

        assert "APPLIED" in together(act, [event["id"] for event in events] * 2)
    assert sorted(Receipt.objects.values_list("kind", flat=True)) == ["REFUND", "SUBSCRIPTION"]
    assert Subscription.objects.count() == Subscriber.objects.count() == 1
    assert books_balance()
