"""The same news to many processes at once: one receipt, one subscription, one customer."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from licensing.payouts.inbox import handle_event, take_event
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import event_of
from licensing.subscriptions.models import Subscriber, Subscription
from portal.demo.standin.server import StandIn
from tests.licensing.subscriptions.town import Clock, books_balance, town_on


def test_eight_at_once_write_one_receipt(committed_db):
    clock = Clock()
    with StandIn(clock=clock) as running, ThreadPoolExecutor(8) as people:
        town = town_on(running, clock)

        def together(deed, given):
            def one(value):
                try:
                    return deed(value)
                finally:
                    connection.close()

            return list(people.map(one, given))

        pages = set(together(lambda _: town.ask(), range(4)))
        assert len(pages) == 1
        running.billing.pay_checkout(pages.pop().rsplit("/", 1)[1])
        running.billing.refund(town.charge(), 400)
        for event in running.books.events:
            body, _ = running.signed(event)
            take_event(event=event_of(body), body=body, now=clock.at)
        ids = [event["id"] for event in running.books.events] * 2

        def act(id):
            return handle_event(event_id=id, gateway=town.gateway, now=clock.at)

        assert "APPLIED" in together(act, ids)
    assert sorted(Receipt.objects.values_list("kind", flat=True)) == ["REFUND", "SUBSCRIPTION"]
    assert Subscription.objects.count() == Subscriber.objects.count() == 1
    assert books_balance()
