"""An invoice's way: drafted when its month is closed, issued with a number, paid or voided.

What is issued is owed to us and divided among nobody; what is received is a receipt, and the plays
it is for accrue with it in the first open month. Invariants: numbers have no gaps, nothing issued
is edited (a void reverses its entry), and money is taken in once.
"""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.invoicing import rules
from licensing.invoicing.models import Invoice, InvoiceCounter, InvoiceLine
from licensing.invoicing.rules import InvoiceRefused
from licensing.invoicing.used import payers_of, take_up, used_in, wait_on
from licensing.ledger.booking import book, moment_of
from licensing.ledger.months import is_closed, share_month, share_open_month
from licensing.ledger.operations import reverse_entry
from licensing.ledger.rules import month_end, month_of, month_start
from licensing.receipts.models import UsageAgreement
from licensing.receipts.operations import record_receipt
from licensing.receipts.queries import terms_at

Actor = tuple[str, str]
KIND = "PARTNER"


def draft_invoices(*, month: date, actor: Actor, now: datetime) -> list[Invoice]:
    """Draft an invoice for every payer with use to be billed in a closed month (any of its days).

    Again, it drafts what is missing. Raises InvoiceRefused: month_open, no_terms.
    """
    month = month.replace(day=1)
    return [
        one
        for payer in payers_of(month)
        if (one := draft_invoice(payer=payer, month=month, actor=actor, now=now)) is not None
    ]


@transaction.atomic
def draft_invoice(
    *, payer: tuple[str, str], month: date, actor: Actor, now: datetime
) -> Invoice | None:
    """Draft one; None where one stands already or it would come to nothing. Raises as above.

    What comes to less than a cent waits on in the open month, and is billed with what is used then.
    """
    share_month(month)
    if not is_closed(month):
        raise InvoiceRefused("month_open", f"{month:%Y-%m} is not closed yet.")
    agreement, lines = used_in(payer, month)
    terms = terms_at(agreement.product, agreement.country, month_start(month))
    if terms is None:
        raise InvoiceRefused("no_terms", f"No terms are set for {agreement.country}.")
    total = rules.total(lines, terms.tax_ppm, agreement.currency)
    if not total.net_micros:
        if total.rounding_micros:
            wait_on(payer, month, share_open_month(month_of(now)))
        return None
    invoice = _written(agreement, month, terms.tax_ppm, total, now)
    if invoice is None:
        return None
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            use=line.use,
            unit=line.unit,
            quantity=line.quantity,
            price_micros=line.price_micros,
            amount_micros=line.amount_micros,
        )
        for line in lines
    )
    _tell(invoice, "draft_invoice", actor, now)
    return invoice


def _written(
    agreement: UsageAgreement, month: date, tax_ppm: int, total: rules.Total, now: datetime
) -> Invoice | None:
    """The draft without its lines; None where one stands for the month already."""
    invoice = Invoice(
        agreement=agreement,
        payer_kind=agreement.payer_kind,
        payer_ref=agreement.payer_ref,
        month=month,
        country=agreement.country,
        currency=agreement.currency,
        tax_ppm=tax_ppm,
        rounding_micros=total.rounding_micros,
        net_micros=total.net_micros,
        tax_micros=total.tax_micros,
        gross_micros=total.gross_micros,
        drafted_at=now,
    )
    try:
        with transaction.atomic():
            invoice.save(force_insert=True)
    except IntegrityError:
        return None
    return invoice


@transaction.atomic
def issue_invoice(*, invoice_id: UUID, actor: Actor, now: datetime) -> Invoice:
    """Give a draft its number and its due date; from now on it is owed. Raises InvoiceRefused."""
    invoice = _hold(invoice_id)
    rules.check_move(invoice.state, rules.ISSUED)
    invoice.number = _next_number(now.year)
    invoice.issued_at, invoice.issued_by = now, actor[1]
    invoice.due_on = rules.due_on(now, invoice.agreement.due_days)
    invoice.entry = book(
        key=f"invoice:{invoice.pk}",
        kind="invoice",
        lines=rules.issued(owed(invoice)),
        now=now,
        memo=f"invoice {invoice.number} for {invoice.month:%Y-%m}",
    )
    _become(invoice, rules.ISSUED)
    _tell(invoice, "issue_invoice", actor, now)
    return invoice


@transaction.atomic
def drop_draft(*, invoice_id: UUID, reason: str, actor: Actor, now: datetime) -> Invoice:
    """Take a draft back before it has a number; the month can be drafted again."""
    invoice = _hold(invoice_id)
    rules.check_move(invoice.state, rules.DROPPED)
    invoice.reason = reason
    _become(invoice, rules.DROPPED)
    _tell(invoice, "drop_draft", actor, now)
    return invoice


@transaction.atomic
def void_invoice(*, invoice_id: UUID, reason: str, actor: Actor, now: datetime) -> Invoice:
    """Take an issued invoice back by reversing its entry; number and lines stay, and its month can
    be drafted again. Raises InvoiceRefused for one that was paid or is said to be."""
    invoice = _hold(invoice_id)
    rules.check_move(invoice.state, rules.VOIDED)
    if invoice.claimed_by:
        raise InvoiceRefused("claimed", "Somebody says that it was paid: decide about that first.")
    assert invoice.entry_id is not None  # an issued one has it, by constraint
    reverse_entry(
        key=f"invoice:{invoice.pk}:void",
        entry_id=invoice.entry_id,
        effective_at=moment_of(now),
        now=now,
        memo=f"voids invoice {invoice.number}",
    )
    invoice.reason = reason
    _become(invoice, rules.VOIDED)
    _tell(invoice, "void_invoice", actor, now)
    return invoice


@transaction.atomic
def claim_payment(*, invoice_id: UUID, evidence: str, actor: Actor, now: datetime) -> Invoice:
    """Say that an invoice was paid in full, and where that is seen; somebody else confirms it.

    Raises InvoiceRefused: no_evidence, claimed.
    """
    invoice = _hold(invoice_id)
    rules.check_move(invoice.state, rules.PAID)
    if not evidence.strip():
        raise InvoiceRefused("no_evidence", "Say where the payment is seen, as on a statement.")
    if invoice.claimed_by:
        raise InvoiceRefused("claimed", "Somebody says so already.")
    invoice.claimed_by, invoice.claimed_at, invoice.evidence = actor[1], now, evidence
    invoice.save()
    _tell(invoice, "claim_payment", actor, now)
    return invoice


@transaction.atomic
def deny_payment(*, invoice_id: UUID, reason: str, actor: Actor, now: datetime) -> Invoice:
    """Say that the money is not there after all; the invoice stays owed."""
    invoice = _hold(invoice_id)
    if invoice.state != rules.ISSUED or not invoice.claimed_by:
        raise InvoiceRefused("not_claimed", "Nobody says that it was paid.")
    _tell(invoice, "deny_payment", actor, now, evidence=invoice.evidence, reason=reason)
    invoice.claimed_by, invoice.claimed_at, invoice.evidence = "", None, ""
    invoice.save()
    return invoice


@transaction.atomic
def confirm_payment(
    *, invoice_id: UUID, confirmed_by: str, proof: SecondFactor | None, now: datetime
) -> Invoice:
    """Take the money in that somebody else said was paid.

    Raises InvoiceRefused: not_claimed, same_person, no_second_factor, stale_second_factor.
    """
    invoice = _hold(invoice_id)
    rules.check_move(invoice.state, rules.PAID)
    if not invoice.claimed_by:
        raise InvoiceRefused("not_claimed", "Nobody said yet that it was paid, and where seen.")
    proved = check_four_eyes(
        invoice.claimed_by,
        confirmed_by,
        proof,
        now,
        refused=InvoiceRefused,
        sentence="Somebody else than who said so confirms it.",
    )
    actor = ("user", confirmed_by)
    _tell(invoice, "confirm_payment", actor, now, method=proved.method)
    return _take_in(invoice, f"invoice:{invoice.pk}", 0, actor, now)


@transaction.atomic
def pay_by_provider(
    *, provider_id: str, charge_id: str, fee_micros: int, now: datetime
) -> Invoice | None:
    """Take in what the provider received for an invoice; None where it is none of ours.

    Again it changes nothing. Raises InvoiceRefused("no_such_move") for one that was voided.
    """
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("agreement")
    invoice = rows.filter(provider_id=provider_id).first() if provider_id else None
    if invoice is None or invoice.state == rules.PAID:
        return invoice
    rules.check_move(invoice.state, rules.PAID)
    return _take_in(invoice, charge_id, fee_micros, ("system", "provider"), now)


def owed(invoice: Invoice) -> rules.Owed:
    """The invoice as its postings know it."""
    return rules.Owed(
        (invoice.payer_kind, invoice.payer_ref),
        invoice.country,
        invoice.currency,
        invoice.net_micros,
        invoice.tax_micros,
    )


def _take_in(invoice: Invoice, key: str, fee_micros: int, actor: Actor, now: datetime) -> Invoice:
    """The receipt, the end of what was owed, and the plays that accrue with it: all or nothing."""
    payer = (invoice.payer_kind, invoice.payer_ref)
    receipt = record_receipt(
        key=key,
        kind=KIND,
        payer=payer,
        amount_micros=invoice.gross_micros,
        currency=invoice.currency,
        covers_from=month_start(invoice.month),
        covers_until=month_end(invoice.month),
        tax_micros=invoice.tax_micros,
        fee_micros=fee_micros,
        product=invoice.agreement.product,
        country=invoice.country,
        actor=actor,
        rates=_rates(invoice),
        now=now,
    )
    book(
        key=f"invoice:{invoice.pk}:received",
        kind="invoice received",
        lines=rules.received(owed(invoice)),
        now=now,
        memo=f"invoice {invoice.number} was paid",
    )
    for part in receipt.pool_parts.all():
        take_up(payer, invoice.month, part.month)
    invoice.receipt, invoice.settled_by, invoice.settled_at = receipt, actor[1], now
    _become(invoice, rules.PAID)
    _tell(invoice, "settle_invoice", actor, now)
    return invoice


def _rates(invoice: Invoice) -> dict[int, int]:
    """What was billed at each price above zero."""
    billed: dict[int, int] = {}
    for line in invoice.lines.filter(amount_micros__gt=0):
        billed[line.price_micros] = billed.get(line.price_micros, 0) + line.amount_micros
    return billed


def _hold(invoice_id: UUID) -> Invoice:
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("agreement")
    return rows.get(pk=invoice_id)


def _become(invoice: Invoice, state: str) -> None:
    rules.check_move(invoice.state, state)
    invoice.state = state
    invoice.save()


def _next_number(year: int) -> str:
    """The next number of a year. The counter stays locked until this transaction ends, so one that
    is rolled back leaves no gap."""
    InvoiceCounter.objects.bulk_create([InvoiceCounter(year=year)], ignore_conflicts=True)
    counter = InvoiceCounter.objects.select_for_update().get(pk=year)
    counter.last += 1
    counter.save()
    return rules.number_text(year, counter.last)


def _tell(invoice: Invoice, verb: str, actor: Actor, now: datetime, **more: object) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="invoice",
        object_ref=invoice.pk,
        after={
            "state": invoice.state,
            "number": invoice.number,
            "gross_micros": invoice.gross_micros,
            "currency": invoice.currency,
            "reason": invoice.reason,
            "evidence": invoice.evidence,
            **more,
        },
        at=now,
    )
