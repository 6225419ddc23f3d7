"""Invoices paid at the provider: taken in once, with its fee, in any order of its news."""

import pytest

from licensing.invoicing import operations
from licensing.invoicing.models import Invoice
from licensing.invoicing.rules import InvoiceRefused
from licensing.invoicing.sending import send_to_provider, take_back_from_provider
from licensing.payouts.models import HandledEvent
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import OutcomeUnknown
from portal.demo.standin import invoices as there
from portal.demo.standin.server import StandIn
from tests.licensing.invoicing import used_month as month
from tests.licensing.invoicing.used_month import DESK, LATER
from tests.licensing.royalties import small_world as world
from tests.licensing.subscriptions.town import Clock, town_on


@pytest.fixture
def town(db):
    clock = Clock(LATER)
    with StandIn(clock=clock) as running:
        yield town_on(running, clock)


@pytest.fixture
def invoice(town):
    """A month of four plays at 25 EUR, issued: 100.00 net, 19.00 tax, 119.00 to be paid."""
    month.agree(prices={("", "PLAY"): 25_000_000, ("", "MINUTE"): 0})
    month.use(*month.pieces(), plays=4, minutes=0)
    month.close_october()
    (draft,) = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)
    return operations.issue_invoice(invoice_id=draft.pk, actor=DESK, now=LATER)


def send(town, invoice):
    return send_to_provider(invoice_id=invoice.pk, gateway=town.gateway, now=LATER)


def test_sent_twice_it_is_one_there_and_its_page_is_known(town, invoice):
    assert send(town, invoice).pay_url == send(town, invoice).pay_url
    (made,) = town.standin.billing.all_of("invoice")
    assert (made["total"], made["currency"], made["status"]) == (11_900, "eur", "open")
    assert made["metadata"] == {"number": "2026-000001"}
    assert made["hosted_invoice_url"] == Invoice.objects.get().pay_url


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_is_paid_there_is_a_receipt_with_its_fee_and_what_goes_back_one_below_zero(
    town, invoice, newest_first
):
    """119.00 of which the provider keeps 1.785 and 25 cents, 2.04 (rounded); the net of 97.96 over
    3:7 is 29.388 commission and 68.572 pool."""
    there.pay(town.standin.billing, send(town, invoice).provider_id)
    refund = town.standin.billing.refund(town.charge(), 1_900)
    events = town.standin.books.events
    assert town.ring((events[::-1] if newest_first else events) * 2) == 0
    invoice.refresh_from_db()
    assert (invoice.state, invoice.settled_by) == ("PAID", "provider")
    receipt = invoice.receipt
    assert receipt.key == town.charge()
    assert (receipt.amount_micros, receipt.tax_micros) == (119_000_000, 19_000_000)
    assert (receipt.fee_micros, receipt.commission_micros) == (2_040_000, 29_388_000)
    assert receipt.pool_micros == 68_572_000
    assert Receipt.objects.get(key=refund["id"]).amount_micros == -19_000_000
    assert Receipt.objects.count() == 2
    assert month.owed()[:2] == (0, 0)
    assert month.books_balance()


def test_an_amount_that_is_not_the_invoices_is_not_taken_in(town, invoice):
    sent = send(town, invoice)
    Invoice.objects.filter(pk=invoice.pk).update(provider_id="in_other")
    made = town.standin.billing.objects[sent.provider_id]
    there.pay(town.standin.billing, made["id"])
    town.hear()
    assert set(HandledEvent.objects.values_list("outcome", flat=True)) == {"IGNORED"}
    Invoice.objects.filter(pk=invoice.pk).update(provider_id=sent.provider_id)
    charge = town.standin.billing.objects[town.charge()]
    charge["amount"] = 11_899
    town.standin.books.tell("charge.succeeded", charge)
    assert town.hear() == 1
    assert not Receipt.objects.exists()


def test_what_is_voided_is_taken_back_there_first_and_what_was_paid_there_is_not(town, invoice):
    sent = send(town, invoice)
    take_back_from_provider(invoice_id=invoice.pk, gateway=town.gateway)
    take_back_from_provider(invoice_id=invoice.pk, gateway=town.gateway)
    assert town.standin.billing.objects[sent.provider_id]["status"] == "void"
    operations.void_invoice(invoice_id=invoice.pk, reason="address", actor=DESK, now=LATER)
    (draft,) = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)
    again = operations.issue_invoice(invoice_id=draft.pk, actor=DESK, now=LATER)
    there.pay(town.standin.billing, send(town, again).provider_id)
    with pytest.raises(InvoiceRefused) as refused:
        take_back_from_provider(invoice_id=again.pk, gateway=town.gateway)
    assert refused.value.code == "paid_there"


def test_money_that_came_to_the_bank_is_not_taken_in_again_from_the_provider(town, invoice):
    sent = send(town, invoice)
    given = {"invoice_id": invoice.pk, "now": LATER}
    operations.claim_payment(evidence="statement 11", actor=DESK, **given)
    month.confirm(invoice)
    there.pay(town.standin.billing, sent.provider_id)
    town.hear()
    assert Receipt.objects.get().key == f"invoice:{invoice.pk}"


def test_a_provider_that_is_away_leaves_nothing_half_sent(town, invoice):
    for path in ("/v1/invoices", "/v1/invoiceitems"):
        town.standin.board.fail_next("silent_after", path)
        with pytest.raises(OutcomeUnknown):
            send(town, invoice)
        assert Invoice.objects.get().provider_id == ""
    assert send(town, invoice).provider_id
    (made,) = town.standin.billing.all_of("invoice")
    assert (made["total"], len(town.standin.billing.all_of("invoiceitem"))) == (11_900, 1)


def test_a_draft_is_not_sent(town, invoice):
    operations.void_invoice(invoice_id=invoice.pk, reason="address", actor=DESK, now=LATER)
    with pytest.raises(InvoiceRefused) as refused:
        send(town, invoice)
    assert refused.value.code == "not_issued"
