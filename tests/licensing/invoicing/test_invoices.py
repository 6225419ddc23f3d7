"""A partner's month from use to money, by hand to the micro; nothing is divided before it came."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.catalog.models import Recording
from licensing.invoicing import operations
from licensing.invoicing.models import Invoice
from licensing.invoicing.rules import BECOMES, InvoiceRefused
from licensing.invoicing.waiting import waiting_plays_of
from licensing.ledger import rules as ledger
from licensing.ledger.models import JournalEntry
from licensing.receipts.agreeing import end_usage_agreement
from licensing.receipts.models import Receipt
from licensing.receipts.queries import agreement_at, has_pool, is_funded
from licensing.receipts.rules import ReceiptRefused
from licensing.royalties.closing import close_period
from licensing.royalties.models import StatementLine, Usage
from tests.licensing.invoicing import used_month as month
from tests.licensing.invoicing.used_month import DESK, LATER, SECOND, STRIDE
from tests.licensing.royalties import small_world as world


@pytest.fixture
def used(db):
    month.agree()
    month.use(*month.pieces())
    month.close_october()


def draft(now=LATER):
    (invoice,) = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=now)
    return invoice


def issue(now=LATER):
    return operations.issue_invoice(invoice_id=draft(now).pk, actor=DESK, now=now)


def settle(invoice, now=LATER):
    given = {"invoice_id": invoice.pk, "now": now}
    operations.claim_payment(evidence="bank statement 11, line 4", actor=DESK, **given)
    return month.confirm(invoice, now)


def test_a_month_of_use_becomes_lines_at_agreed_prices(used):
    invoice = draft()
    lines = invoice.lines.order_by("use").values_list("use", "unit", "quantity", "amount_micros")
    assert list(lines) == [("FOCUS", "MINUTE", 2, 8_000), ("REMIX", "PLAY", 7, 86_415)]
    assert (invoice.rounding_micros, invoice.net_micros) == (-4_415, 90_000)
    assert (invoice.tax_micros, invoice.gross_micros) == (20_000, 110_000)
    assert (invoice.state, invoice.number, month.owed()) == ("DRAFT", None, (0, 0, 0))


def test_less_than_a_cent_waits_for_what_is_used_next_and_is_billed_with_it(db):
    """Two minutes are 8,000 micro-units; with the next four, in November, 24,000: two cents."""
    month.agree()
    pieces = month.pieces()
    month.use(*pieces, plays=0)
    month.close_october()
    assert operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER) == []
    assert operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER) == []
    month.use(*pieces, since=world.NOVEMBER, plays=0, minutes=6)
    close_period(month=world.NOVEMBER.date(), now=world.AFTER_NOVEMBER)
    (invoice,) = operations.draft_invoices(
        month=world.NOVEMBER.date(), actor=DESK, now=world.AFTER_NOVEMBER
    )
    assert list(invoice.lines.values_list("quantity", "amount_micros")) == [(6, 24_000)]
    assert (invoice.rounding_micros, invoice.net_micros) == (-4_000, 20_000)


def test_what_is_used_counts_for_nobody_before_it_is_paid(used):
    assert set(Usage.objects.values_list("state", flat=True)) == {"METERED"}
    assert month.earned() == 0
    assert not StatementLine.objects.exists()


def test_what_is_issued_is_owed_with_its_tax_and_divided_among_nobody(used):
    invoice = issue()
    assert (invoice.number, invoice.due_on) == ("2026-000001", date(2026, 12, 16))
    assert month.owed() == (110_000, 90_000, 20_000)
    assert (month.earned(), Receipt.objects.count()) == (0, 0)
    assert month.books_balance()


def test_what_is_paid_reaches_those_who_were_heard_in_the_open_month(used):
    """Net 90,000 of which 27,000 are commission; 63,000 over what was billed: 86,415 for seven
    plays, 8,000 for two minutes of 94,415. 63,000 x 86,415 / 94,415 is 57,661.9, so 57,662."""
    invoice = settle(issue())
    receipt = invoice.receipt
    assert (receipt.kind, receipt.amount_micros, receipt.tax_micros) == ("PARTNER", 110_000, 20_000)
    assert (receipt.commission_micros, receipt.pool_micros) == (27_000, 63_000)
    assert month.owed() == (0, 0, 20_000)
    assert month.balance(ledger.CASH, ("product", "listening")) == 110_000
    states = Usage.objects.values_list("state", "accrual_month").distinct()
    assert list(states) == [("COUNTED", date(2026, 11, 1))]
    close_period(month=world.NOVEMBER.date(), now=world.AFTER_NOVEMBER)
    assert month.earned() == 63_000
    lines = StatementLine.objects.filter(kind="ADJUSTMENT")
    by_record = {}
    for line in lines:
        name = "remix" if line.record_id == world.ref("7QK2") else "session"
        by_record[name] = by_record.get(name, 0) + line.amount_micros
    assert by_record == {"remix": 57_662, "session": 5_338}
    assert set(lines.values_list("played_month", flat=True)) == {world.OCTOBER.date()}
    assert month.books_balance()


def test_an_artist_is_told_what_waits_until_it_is_paid_and_a_stranger_nothing(used):
    def told(name="Dora"):
        return [
            (one.title, one.month, one.plays, one.minutes, one.due_on)
            for one in waiting_plays_of(world.ref(name))
        ]

    october = world.OCTOBER.date()
    assert told() == [("Lamp", october, 7, 2, None)]
    invoice = issue()
    assert told() == [("Lamp", october, 7, 2, date(2026, 12, 16))]
    world.party("Eve")
    assert told("Eve") == []
    settle(invoice)
    assert told() == []


def test_who_held_a_share_no_longer_when_it_was_heard_is_told_nothing(db):
    month.agree()
    remix, session = month.pieces()
    lamp = Recording.objects.get(title="Lamp")
    world.sheet("MASTER", {"Eve": 10**6}, since=world.OCTOBER, version=2, recording=lamp)
    world.sheet("PUBLISHING", {"Eve": 10**6}, since=world.OCTOBER, version=2, work=lamp.work)
    month.use(remix, session)
    assert waiting_plays_of(world.ref("Dora")) == ()
    (told,) = waiting_plays_of(world.ref("Eve"))
    assert (told.plays, told.minutes) == (7, 2)


def test_who_says_that_it_was_paid_does_not_confirm_it(used):
    invoice = issue()
    given = {"invoice_id": invoice.pk, "now": LATER}
    with pytest.raises(InvoiceRefused) as refused:
        month.confirm(invoice)
    assert refused.value.code == "not_claimed"
    with pytest.raises(InvoiceRefused) as refused:
        operations.claim_payment(evidence=" ", actor=DESK, **given)
    assert refused.value.code == "no_evidence"
    operations.claim_payment(evidence="statement 11", actor=DESK, **given)
    with pytest.raises(InvoiceRefused) as refused:
        month.confirm(invoice, by=DESK)
    assert refused.value.code == "same_person"
    with pytest.raises(InvoiceRefused) as refused:
        month.confirm(invoice, proof=None)
    assert refused.value.code == "no_second_factor"
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(settled_by=DESK[1])
    operations.deny_payment(reason="it was another firm's", actor=SECOND, **given)
    with pytest.raises(InvoiceRefused):
        month.confirm(invoice)
    assert month.owed() == (110_000, 90_000, 20_000)
    assert not Receipt.objects.exists()


def test_a_void_reverses_the_entry_keeps_the_number_and_frees_the_month(used):
    first = issue()
    operations.void_invoice(invoice_id=first.pk, reason="wrong address", actor=DESK, now=LATER)
    assert month.owed() == (0, 0, 0)
    reversal = JournalEntry.objects.get(reverses=first.entry)
    assert reversal.memo == "voids invoice 2026-000001"
    again = issue()
    assert again.number == "2026-000002"
    with pytest.raises(InvoiceRefused):
        operations.void_invoice(invoice_id=first.pk, reason="again", actor=DESK, now=LATER)
    settle(again)
    with pytest.raises(InvoiceRefused, match="PAID never becomes VOIDED"):
        operations.void_invoice(invoice_id=again.pk, reason="late", actor=DESK, now=LATER)
    assert month.books_balance()


def test_a_number_is_given_to_what_is_issued_alone(used):
    dropped = draft()
    operations.drop_draft(invoice_id=dropped.pk, reason="price was wrong", actor=DESK, now=LATER)
    assert issue().number == "2026-000001"
    dropped.refresh_from_db()
    assert (dropped.state, dropped.number) == ("DROPPED", None)


def test_drafted_again_there_is_one_and_an_open_month_is_not_billed(used):
    draft()
    assert operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER) == []
    month.use(*_again(), since=world.NOVEMBER)
    with pytest.raises(InvoiceRefused) as refused:
        operations.draft_invoices(month=world.NOVEMBER.date(), actor=DESK, now=LATER)
    assert refused.value.code == "month_open"


def _again():
    from licensing.attribution.models import LicenceRecord

    return (
        LicenceRecord.objects.get(pk=world.ref("7QK2")),
        LicenceRecord.objects.get(pk=world.ref("S1")),
    )


def test_what_comes_late_is_billed_with_the_month_that_was_open(used):
    draft()
    remix, _ = _again()
    world.play(
        "late", remix, payer=STRIDE, since=world.OCTOBER + timedelta(days=20), received_at=LATER
    )
    late = Usage.objects.get(listener_ref="late")
    assert (late.state, late.accrual_month) == ("METERED", world.NOVEMBER.date())
    close_period(month=world.NOVEMBER.date(), now=world.AFTER_NOVEMBER)
    given = {"actor": DESK, "now": world.AFTER_NOVEMBER}
    (second,) = operations.draft_invoices(month=world.NOVEMBER.date(), **given)
    assert [line.quantity for line in second.lines.all()] == [1]


def test_a_price_is_that_of_the_moment_of_play(db):
    month.agree()
    month.agree(prices=month.PRICES | {("REMIX", "PLAY"): 20_000}, since=world.OCTOBER + _hours(3))
    month.use(*month.pieces(), minutes=0)
    month.close_october()
    lines = draft().lines.order_by("price_micros")
    assert [(one.quantity, one.price_micros) for one in lines] == [(3, 12_345), (4, 20_000)]


def _hours(count):
    return timedelta(hours=count)


def test_an_agreement_opens_the_whole_piece_and_its_end_closes_it(db):
    month.agree()
    remix, _ = month.pieces()
    assert is_funded(STRIDE, world.OCTOBER)
    assert not has_pool(STRIDE, world.OCTOBER)
    end_usage_agreement(payer=STRIDE, at=world.NOVEMBER, actor=DESK, now=world.OCTOBER)
    assert agreement_at(STRIDE, world.NOVEMBER) is None
    (told,) = world.play("customer", remix, payer=STRIDE, since=world.NOVEMBER)
    assert (told.accepted, told.usage) == (True, "UNFUNDED")
    with pytest.raises(ReceiptRefused):
        end_usage_agreement(payer=STRIDE, at=LATER, actor=DESK, now=world.OCTOBER)
    with pytest.raises(ReceiptRefused):
        month.agree(prices={("REMIX", "PLAY"): 1}, since=LATER)


def test_another_payers_use_stands_on_no_invoice_of_this_one(used):
    other = ("client", "elsewhere")
    month.agree(other, since=world.NOVEMBER)
    month.use(*_again(), payer=other, since=world.NOVEMBER, plays=3, minutes=0)
    close_period(month=world.NOVEMBER.date(), now=world.AFTER_NOVEMBER)
    mine = draft()
    given = {"actor": DESK, "now": world.AFTER_NOVEMBER}
    (theirs,) = operations.draft_invoices(month=world.NOVEMBER.date(), **given)
    assert (mine.payer_ref, theirs.payer_ref) == ("stride", "elsewhere")
    assert sum(line.quantity for line in theirs.lines.all()) == 3


def test_the_database_moves_states_as_the_rules_do_and_keeps_what_was_issued(used):
    invoice = issue()
    for to in BECOMES:
        allowed = to in BECOMES["ISSUED"] or to == "ISSUED"
        given = {"state": to, "reason": "because", "receipt": None}
        if to in ("DRAFT", "DROPPED"):
            given |= {"number": None, "entry": None}
        if to == "PAID":
            continue
        with transaction.atomic():
            if allowed:
                Invoice.objects.filter(pk=invoice.pk).update(**given)
            else:
                with pytest.raises(IntegrityError), transaction.atomic():
                    Invoice.objects.filter(pk=invoice.pk).update(**given)
            transaction.set_rollback(True)
    for changed in ({"net_micros": 1, "gross_micros": 20_001}, {"number": "2026-000009"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invoice.objects.filter(pk=invoice.pk).update(**changed)
    with pytest.raises(DatabaseError), transaction.atomic():
        invoice.lines.update(quantity=1)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM invoicing_invoice")
