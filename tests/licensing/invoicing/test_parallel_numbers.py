"""Many who issue and settle at once: numbers without a gap, and money once."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from licensing.invoicing import operations
from licensing.invoicing.models import Invoice
from licensing.invoicing.rules import InvoiceRefused
from licensing.receipts.models import Receipt
from tests.licensing.invoicing import used_month as month
from tests.licensing.invoicing.used_month import DESK, LATER
from tests.licensing.royalties import small_world as world

PAYERS = [("client", f"c{number}") for number in range(6)]


class RolledBack(Exception):
    """What makes a transaction leave nothing."""


def test_numbers_have_no_gap_and_a_payment_is_taken_in_once(committed_db):
    with transaction.atomic():
        remix, session = month.pieces()
    for payer in PAYERS:
        month.agree(payer)
        month.use(remix, session, payer=payer, plays=1, minutes=0)
    month.close_october()
    drafts = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)

    def issue(invoice):
        try:
            with transaction.atomic():
                operations.issue_invoice(invoice_id=invoice.pk, actor=DESK, now=LATER)
                if invoice.payer_ref == "c3":
                    raise RolledBack
        except RolledBack:
            return False
        finally:
            connection.close()
        return True

    def confirm(_):
        try:
            month.confirm(first)
        except InvoiceRefused as refused:
            return refused.code
        finally:
            connection.close()
        return "taken in"

    with ThreadPoolExecutor(6) as people:
        assert list(people.map(issue, drafts)).count(True) == 5
        numbers = Invoice.objects.exclude(number=None).values_list("number", flat=True)
        assert sorted(numbers) == [f"2026-{number:06d}" for number in range(1, 6)]
        first = Invoice.objects.get(number="2026-000001")
        operations.claim_payment(invoice_id=first.pk, evidence="seen", actor=DESK, now=LATER)
        told = list(people.map(confirm, range(4)))
    assert sorted(told) == ["no_such_move"] * 3 + ["taken in"]
    assert Receipt.objects.count() == 1
    assert month.books_balance()
