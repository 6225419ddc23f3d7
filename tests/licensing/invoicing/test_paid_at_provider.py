"""Invoices paid at the provider: taken in once, with its fee, in any order of its news.

On our stand-in alone: a provider that is away, and a payment that is not what the invoice says.
"""

import pytest

from licensing.invoicing import operations
from licensing.invoicing.models import Invoice
from licensing.invoicing.rules import InvoiceRefused
from licensing.invoicing.sending import send_to_provider, take_back_from_provider
from licensing.payouts.models import HandledEvent
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import OutcomeUnknown
from licensing.subscriptions.models import Subscriber
from tests.licensing.invoicing import used_month as month
from tests.licensing.invoicing.used_month import DESK, LATER
from tests.licensing.royalties import small_world as world
from tests.licensing.subscriptions.town import clock_of, town_on
from tests.provider import STANDIN, platform_of
from tests.provider.fixtures import KINDS


@pytest.fixture(params=KINDS)
def town(db, settings, request):
    clock = clock_of(request.param, LATER)
    with platform_of(request.param, clock) as platform:
        made = town_on(platform, clock, settings)
        if request.param != STANDIN:
            made.customer = made.known(month.STRIDE)
        yield made


@pytest.fixture
def standin_town(db, settings):
    clock = clock_of(STANDIN, LATER)
    with platform_of(STANDIN, clock) as platform:
        yield town_on(platform, clock, settings)


@pytest.fixture
def invoice(town):
    return issued()


@pytest.fixture
def invoice_at_standin(standin_town):
    return issued()


def issued():
    """A month of four plays at 25 EUR, issued: 100.00 net, 19.00 tax, 119.00 to be paid."""
    month.agree(prices={("", "PLAY"): 25_000_000, ("", "MINUTE"): 0})
    month.use(*month.pieces(), plays=4, minutes=0)
    month.close_october()
    (draft,) = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)
    return operations.issue_invoice(invoice_id=draft.pk, actor=DESK, now=LATER)


def send(town, invoice):
    sent = send_to_provider(invoice_id=invoice.pk, gateway=town.gateway, now=LATER)
    town.customer = Subscriber.objects.get().provider_id
    return sent


def test_sent_twice_it_is_one_there_and_its_page_is_known(town, invoice):
    first, second = send(town, invoice), send(town, invoice)
    assert (first.provider_id, first.pay_url) == (second.provider_id, second.pay_url)
    assert first.pay_url.startswith("http")
    assert first.pay_url == Invoice.objects.get().pay_url
    assert town.platform.state_of("invoice", first.provider_id) == "open"


def test_what_is_sent_is_the_amount_and_carries_our_number(standin_town, invoice_at_standin):
    send(standin_town, invoice_at_standin)
    (made,) = standin_town.standin.billing.all_of("invoice")
    assert (made["total"], made["currency"], made["status"]) == (11_900, "eur", "open")
    assert made["metadata"] == {"number": "2026-000001"}
    assert made["hosted_invoice_url"] == Invoice.objects.get().pay_url


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_is_paid_there_is_a_receipt_with_its_fee_and_what_goes_back_one_below_zero(
    town, invoice, newest_first
):
    """119.00 of which our stand-in keeps 1.785 and 25 cents, 2.04 (rounded); the net of 97.96 over
    3:7 is 29.388 commission and 68.572 pool."""
    town.platform.pay_invoice(send(town, invoice).provider_id)
    refund = town.platform.refund(town.charge(), 1_900)
    events = town.platform.wait_for("refund.created", refund)
    town.ring((events[::-1] if newest_first else events) * 2)
    town.hear(lambda: Receipt.objects.count() == 2)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.settled_by) == ("PAID", "provider")
    receipt = invoice.receipt
    assert receipt.key == town.charge()
    assert (receipt.amount_micros, receipt.tax_micros) == (119_000_000, 19_000_000)
    fee = next(one.fee_minor for one in town.platform.lines() if one.source == receipt.key)
    assert town.standin is None or fee == 204
    assert receipt.fee_micros == fee * 10_000
    assert receipt.commission_micros == (100_00 - fee) * 3_000
    assert receipt.pool_micros == (100_00 - fee) * 7_000
    assert Receipt.objects.get(key=refund).amount_micros == -19_000_000
    assert Receipt.objects.count() == 2
    assert month.owed()[:2] == (0, 0)
    assert month.books_balance()


def test_an_amount_that_is_not_the_invoices_is_not_taken_in(standin_town, invoice_at_standin):
    town, invoice = standin_town, invoice_at_standin
    sent = send(town, invoice)
    Invoice.objects.filter(pk=invoice.pk).update(provider_id="in_other")
    town.platform.pay_invoice(sent.provider_id)
    town.hear()
    assert set(HandledEvent.objects.values_list("outcome", flat=True)) == {"IGNORED"}
    Invoice.objects.filter(pk=invoice.pk).update(provider_id=sent.provider_id)
    charge = town.standin.billing.objects[town.charge()]
    charge["amount"] = 11_899
    town.standin.books.tell("charge.succeeded", charge)
    assert town.ring(town.platform.news()) == 1
    assert not Receipt.objects.exists()


def test_what_is_voided_is_taken_back_there_first_and_what_was_paid_there_is_not(town, invoice):
    sent = send(town, invoice)
    take_back_from_provider(invoice_id=invoice.pk, gateway=town.gateway)
    take_back_from_provider(invoice_id=invoice.pk, gateway=town.gateway)
    assert town.platform.state_of("invoice", sent.provider_id) == "void"
    operations.void_invoice(invoice_id=invoice.pk, reason="address", actor=DESK, now=LATER)
    (draft,) = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)
    again = operations.issue_invoice(invoice_id=draft.pk, actor=DESK, now=LATER)
    town.platform.pay_invoice(send(town, again).provider_id)
    with pytest.raises(InvoiceRefused) as refused:
        take_back_from_provider(invoice_id=again.pk, gateway=town.gateway)
    assert refused.value.code == "paid_there"


def test_money_that_came_to_the_bank_is_not_taken_in_again_from_the_provider(town, invoice):
    sent = send(town, invoice)
    given = {"invoice_id": invoice.pk, "now": LATER}
    operations.claim_payment(evidence="statement 11", actor=DESK, **given)
    month.confirm(invoice)
    town.platform.pay_invoice(sent.provider_id)
    town.hear(HandledEvent.objects.filter(event__type="invoice.paid").exists)
    assert Receipt.objects.get().key == f"invoice:{invoice.pk}"


def test_a_provider_that_is_away_leaves_nothing_half_sent(standin_town, invoice_at_standin):
    town, invoice = standin_town, invoice_at_standin
    for path in ("/v1/invoices", "/v1/invoiceitems"):
        town.standin.board.fail_next("silent_after", path)
        with pytest.raises(OutcomeUnknown):
            send(town, invoice)
        assert Invoice.objects.get().provider_id == ""
    assert send(town, invoice).provider_id
    (made,) = town.standin.billing.all_of("invoice")
    assert (made["total"], len(town.standin.billing.all_of("invoiceitem"))) == (11_900, 1)


def test_a_draft_is_not_sent(standin_town, invoice_at_standin):
    town, invoice = standin_town, invoice_at_standin
    operations.void_invoice(invoice_id=invoice.pk, reason="address", actor=DESK, now=LATER)
    with pytest.raises(InvoiceRefused) as refused:
        send(town, invoice)
    assert refused.value.code == "not_issued"
