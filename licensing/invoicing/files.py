"""An invoice as plain JSON and as a PDF, from the same frozen lines.

It divides nothing. Invariant: the PDF has the same bytes whenever it is made of the same state, and
the same digits as the JSON; amounts are decimals with six places.
"""

from collections.abc import Iterator
from typing import Any

from licensing.invoicing.queries import InvoiceView
from licensing.invoicing.rules import VOIDED
from licensing.money import amount_text
from licensing.statements.pages import Block, Column, Row, Table, Text
from licensing.statements.pages import as_pdf as pages_as_pdf

TITLE, HEADING = 16, 11
FACTS = (Column("", 150), Column("", 365))
LINES = (
    Column("use", 175),
    Column("unit", 100),
    Column("quantity", 70, is_number=True),
    Column("price", 85, is_number=True),
    Column("amount", 85, is_number=True),
)
SUMS = (Column("", 415), Column("", 100, is_number=True))
UNITS = {"PLAY": "play", "MINUTE": "started minute"}
ROUNDING = "rounded down to whole cents"


def as_json(view: InvoiceView) -> dict[str, Any]:
    """The invoice as a program reads it."""
    return {
        "id": str(view.id),
        "number": view.number,
        "state": view.state,
        "month": f"{view.month:%Y-%m}",
        "billed_to": view.billed_to,
        "country": view.country,
        "currency": view.currency,
        "tax_ppm": view.tax_ppm,
        "lines": [
            {
                "use": line.use,
                "unit": line.unit,
                "quantity": line.quantity,
                "price": amount_text(line.price_micros),
                "amount": amount_text(line.amount_micros),
            }
            for line in view.lines
        ],
        "rounding": amount_text(view.rounding_micros),
        "net": amount_text(view.net_micros),
        "tax": amount_text(view.tax_micros),
        "gross": amount_text(view.gross_micros),
        "issued_at": view.issued_at,
        "due_on": view.due_on,
        "paid_at": view.settled_at,
        "pay_url": view.pay_url,
    }


def as_pdf(view: InvoiceView) -> bytes:
    """The invoice on A4."""
    title = f"Invoice {view.number}"
    return pages_as_pdf([*_blocks(view, title)], title=title, author="Stemma", footer=title)


def _blocks(view: InvoiceView, title: str) -> Iterator[Block]:
    yield Text(title, TITLE)
    if view.state == VOIDED:
        yield Text("This invoice was voided: nothing is owed on it.", HEADING, 8)
    facts = [
        ("billed to", view.billed_to),
        ("for use in", f"{view.month:%Y-%m}"),
        ("issued on", f"{view.issued_at:%Y-%m-%d}"),
        ("due on", f"{view.due_on:%Y-%m-%d}"),
        ("paid on", f"{view.settled_at:%Y-%m-%d}" if view.settled_at else ""),
        ("currency", view.currency),
    ]
    yield Table(FACTS, tuple(Row(fact) for fact in facts if fact[1]))
    yield Text("What was used", HEADING, 10)
    yield Table(LINES, tuple(_line(view)))
    yield Text("Together", HEADING, 10)
    percent = f"{amount_text(view.tax_ppm * 100)[:-4]} %"
    sums = [
        (ROUNDING, view.rounding_micros),
        ("net", view.net_micros),
        (f"tax, {percent}, {view.country}", view.tax_micros),
        ("to be paid", view.gross_micros),
    ]
    yield Table(SUMS, tuple(Row((name, amount_text(micros))) for name, micros in sums))


def _line(view: InvoiceView) -> Iterator[Row]:
    for one in view.lines:
        price, amount = amount_text(one.price_micros), amount_text(one.amount_micros)
        cells = (one.use, UNITS[one.unit], str(one.quantity), price, amount)
        yield Row(cells)
