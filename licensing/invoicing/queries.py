"""Reading invoices: those of one payer as it may see them, and what is overdue.

A payer sees what was issued to it, never a draft. Invariant: what is shown is what was frozen when
it was drafted.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from licensing.invoicing.models import Invoice
from licensing.invoicing.rules import ISSUED, PAID, VOIDED, Used

SEEN = (ISSUED, PAID, VOIDED)


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice as its payer sees it; amounts in micro-units of its currency."""

    id: UUID
    number: str
    state: str
    month: date
    billed_to: str
    country: str
    currency: str
    tax_ppm: int
    lines: tuple[Used, ...]
    rounding_micros: int
    net_micros: int
    tax_micros: int
    gross_micros: int
    issued_at: datetime
    due_on: date
    settled_at: datetime | None
    pay_url: str


def invoices_of(payer: tuple[str, str]) -> QuerySet[Invoice]:
    """A queryset of what was issued to a payer, with its lines, newest first."""
    rows = Invoice.objects.filter(payer_kind=payer[0], payer_ref=str(payer[1]), state__in=SEEN)
    return rows.select_related("agreement").prefetch_related("lines").order_by("-issued_at", "-pk")


def overdue(today: date) -> QuerySet[Invoice]:
    """A queryset of what is owed and late."""
    return Invoice.objects.filter(state=ISSUED, due_on__lt=today)


def view_of(row: Invoice) -> InvoiceView:
    """An issued invoice to be shown. Raises ValueError for one that was never issued."""
    if row.number is None or row.issued_at is None or row.due_on is None:
        raise ValueError("only what was issued is shown")
    lines = sorted(row.lines.all(), key=lambda line: (line.use, line.unit, line.price_micros))
    return InvoiceView(
        id=row.pk,
        number=row.number,
        state=row.state,
        month=row.month,
        billed_to=row.agreement.billed_to,
        country=row.country,
        currency=row.currency,
        tax_ppm=row.tax_ppm,
        lines=tuple(Used(line.use, line.unit, line.quantity, line.price_micros) for line in lines),
        rounding_micros=row.rounding_micros,
        net_micros=row.net_micros,
        tax_micros=row.tax_micros,
        gross_micros=row.gross_micros,
        issued_at=row.issued_at,
        due_on=row.due_on,
        settled_at=row.settled_at,
        pay_url=row.pay_url if row.state == ISSUED else "",
    )
