"""A4 pages of plain text and tables in one embedded font, made into a PDF (ISO 32000).

It refuses to know what the text says. Lengths are points from the lower left corner. Invariant:
equal blocks give equal bytes, since nothing of the clock or the machine is written; a row is never
torn between pages, and a table's head stands again above what goes on.
"""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import cast

from django.conf import settings
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT = "statement"
# Of reportlab: western European letters. An operator names a wider one in STATEMENT_FONT.
VERA = "Vera.ttf"
LEFT, RIGHT, TOP, BOTTOM = 40, 555, 800, 52
GUTTER = 6
BODY, SMALL = 8, 6
_RIGHT_TO_LEFT = {"R", "AL"}


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph over the whole width; `before` is the space above it."""

    text: str
    size: int = BODY
    before: int = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand at its right edge."""

    name: str
    width: int
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a text per column, and a small line under it over the whole width."""

    cells: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; a head of empty names is not shown."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


Block = Text | Table


@dataclass(frozen=True, slots=True)
class Mark:
    """One run of text: `x` is its left edge, or its right edge when `is_number`."""

    x: int
    y: int
    size: int
    text: str
    is_number: bool = False


@dataclass
class _Layout:
    pages: list[list[Mark]] = field(default_factory=lambda: [[]])
    y: int = TOP

    def has_room(self, height: int) -> bool:
        return self.y - height >= BOTTOM

    def turn(self) -> None:
        self.pages.append([])
        self.y = TOP

    def put(self, marks: Sequence[Mark], height: int) -> None:
        """Marks whose `y` counts down from here."""
        here = self.pages[-1]
        here += [Mark(m.x, self.y - m.y, m.size, m.text, m.is_number) for m in marks]
        self.y -= height


@cache
def _font() -> TTFont:
    font = TTFont(FONT, settings.STATEMENT_FONT or VERA)
    pdfmetrics.registerFont(font)
    return font


def shown(text: str) -> str:
    """The text with what the font cannot draw as numbers: "[U+6F22]".

    Letters that run from right to left count as missing too: they would stand in the wrong order.
    """
    glyphs = _font().face.charToGlyph
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(
        one
        if ord(one) in glyphs and unicodedata.bidirectional(one) not in _RIGHT_TO_LEFT
        else f"[U+{ord(one):04X}]"
        for one in composed
    )


def width_of(text: str, size: int) -> int:
    """Points that a text takes, rounded up."""
    _font()
    return -int(-cast(float, pdfmetrics.stringWidth(text, FONT, size)) // 1)


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Lines no wider than `width`, broken between words, and within one that is wider itself."""
    lines = [""]
    for word in shown(text).split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width_of(joined, size) <= width:
            lines[-1] = joined
            continue
        lines += _pieces(word, size, width)
    return [line for line in lines if line] or [""]


def _pieces(word: str, size: int, width: int) -> Iterator[str]:
    piece = ""
    for letter in word:
        if piece and width_of(piece + letter, size) > width:
            yield piece
            piece = ""
        piece += letter
    yield piece


def _leading(size: int) -> int:
    return size + size // 3 + 1


def _paragraph(text: str, size: int, x: int, width: int, top: int) -> tuple[list[Mark], int]:
    """Marks of a text from `top` on down, and where it ends."""
    marks = []
    for line in wrapped(text, size, width):
        top += _leading(size)
        marks.append(Mark(x, top, size, line))
    return marks, top


def _row(columns: Sequence[Column], row: Row, size: int = BODY) -> tuple[list[Mark], int]:
    marks, x, deepest = [], LEFT, 0
    for column, cell in zip(columns, row.cells, strict=True):
        if column.is_number:
            deepest = max(deepest, _leading(size))
            edge = x + column.width
            marks.append(Mark(edge, _leading(size), size, shown(cell), is_number=True))
        else:
            found, end = _paragraph(cell, size, x, column.width - GUTTER, 0)
            marks += found
            deepest = max(deepest, end)
        x += column.width
    if row.detail:
        found, deepest = _paragraph(row.detail, SMALL, LEFT, RIGHT - LEFT, deepest)
        marks += found
    return marks, deepest + 2


def _lay_table(layout: _Layout, table: Table) -> None:
    names = tuple(column.name for column in table.columns)
    head = _row(table.columns, Row(names), SMALL) if any(names) else ([], 0)
    has_head = False
    for row in table.rows:
        marks, height = _row(table.columns, row)
        if not layout.has_room(height + (0 if has_head else head[1])):
            layout.turn()
            has_head = False
        if not has_head:
            layout.put(*head)
            has_head = True
        layout.put(marks, height)


def laid_out(blocks: Sequence[Block]) -> list[list[Mark]]:
    """The marks of each page. A heading stays with the line that follows it."""
    layout = _Layout()
    for block in blocks:
        if isinstance(block, Table):
            _lay_table(layout, block)
            continue
        marks, height = _paragraph(block.text, block.size, LEFT, RIGHT - LEFT, block.before)
        if not layout.has_room(height + (4 * BODY if block.size > BODY else 0)):
            layout.turn()
        layout.put(marks, height + block.size // 3)
    return layout.pages


def as_pdf(blocks: Sequence[Block], *, title: str, author: str, footer: str) -> bytes:
    """The file; each page ends with `footer` and "page n of m"."""
    _font()
    pages, out = laid_out(blocks), io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1, lang="en")
    canvas.setTitle(title)
    canvas.setAuthor(author)
    for number, marks in enumerate(pages, start=1):
        _draw(canvas, [*marks, Mark(LEFT, BOTTOM - 20, SMALL, shown(footer))])
        _draw(canvas, [Mark(RIGHT, BOTTOM - 20, SMALL, f"page {number} of {len(pages)}", True)])
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw(canvas: Canvas, marks: Sequence[Mark]) -> None:
    for mark in marks:
        canvas.setFont(FONT, mark.size)
        draw = canvas.drawRightString if mark.is_number else canvas.drawString
        draw(mark.x, mark.y, mark.text)
