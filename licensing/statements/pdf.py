"""A statement as a PDF for people: the rows of its CSV and JSON, set on pages.

Every text that stands in the other files stands here with the same digits. It divides nothing.
Invariant: the same bytes whenever it is made again, and it names the SHA-256 of the JSON it agrees
with.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from licensing.money import amount_text
from licensing.royalties.models import PAID, UNPAID, Model, MonthReceipts, StatementLine
from licensing.royalties.queries import LineView, StatementView
from licensing.statements.files import Told, as_json, told_of
from licensing.statements.pages import Block, Column, Row, Table, Text, shown
from licensing.statements.pages import as_pdf as pages_as_pdf
from licensing.statements.waterfall import PARTS, rows_of
from licensing.statements.waterfall import SUMS as FLOWS

TITLE, HEADING = 16, 11
FACTS = (Column("", 150), Column("", 365))
SUMS = (Column("", 415), Column("", 100, is_number=True))
EARNED = (
    Column("#", 24),
    Column("recording, stem", 176),
    Column("right, sheet", 92),
    Column("plays", 40, is_number=True),
    Column("source ppm", 55, is_number=True),
    Column("share ppm", 55, is_number=True),
    Column("amount", 73, is_number=True),
)
MOVED = (Column("#", 24), Column("what, why", 391), Column("amount", 100, is_number=True))
BY_COUNTRY = (
    Column("what, country", 140),
    *(Column(name, 75, is_number=True) for name in PARTS),
)
MISSING = (
    "A character that the font of this file cannot draw stands as its number in Unicode, such as "
    "[U+6F22]; the CSV and JSON files hold it as it was written."
)
APPENDIX = "Appendix: what the other model would have paid"


def as_pdf(statement: StatementView, schema: int | None = None) -> bytes:
    """The whole statement on A4. Raises BooksDisagree, ValueError as `told_of`."""
    title = f"Royalty statement {statement.month:%Y-%m}, {statement.currency}"
    return pages_as_pdf(
        [*_blocks(statement, told_of(statement, schema))],
        title=title,
        author="Stemma",
        footer=f"statement {statement.id}, version {statement.version}",
    )


def _blocks(statement: StatementView, told: Told) -> Iterator[Block]:
    earned = [line for line in statement.lines if line.is_of_plays]
    moved = _by_kind(line for line in statement.lines if not line.is_of_plays)
    yield Text("Royalty statement", TITLE)
    yield Table(FACTS, tuple(_facts(statement, told)))
    yield Text("Summary", HEADING, 10)
    yield Table(SUMS, tuple(_summary(statement, moved)))
    if told.waterfall:
        yield from _waterfall(told)
    yield Text("Earned, line by line", HEADING, 10)
    yield Table(EARNED, tuple(_earned(line, told) for line in earned))
    for kind, lines in moved.items():
        yield Text(f"Beside: {_label(kind)}", HEADING, 10)
        yield Table(MOVED, tuple(_moved(line, told) for line in lines))
    yield Text(APPENDIX, HEADING, 10)
    yield Table(SUMS, tuple(_other_model(statement)))
    yield Text("Closing", HEADING, 10)
    yield Table(SUMS, tuple(_closing(statement, told)))
    yield from _seal(statement, told)


def _waterfall(told: Told) -> Iterator[Block]:
    yield Text("Where the month's money came from, and went", HEADING, 10)
    yield Table(BY_COUNTRY, tuple(_by_country(told, "receipts")))
    yield Table(SUMS, tuple(Row((FLOWS[name], str(told.waterfall[name]))) for name in FLOWS))
    back = tuple(_by_country(told, "given_back"))
    if back:
        yield Text("Given back in the month of closed months, and corrected among their payees")
        yield Table(BY_COUNTRY, back)


def _by_country(told: Told, name: str) -> Iterator[Row]:
    for row in rows_of(told.waterfall, name):
        what = f"{MonthReceipts.Kind(row['kind']).label}, {row['country']}"
        yield Row((what, *(row[part] for part in PARTS)))


def _label(kind: str) -> str:
    return str(StatementLine.Kind(kind).label)


def _by_kind(lines: Iterator[LineView]) -> Mapping[str, Sequence[LineView]]:
    """Lines by kind, each kind where its first line stands."""
    found: dict[str, list[LineView]] = {}
    for line in lines:
        found.setdefault(line.kind, []).append(line)
    return found


def _facts(statement: StatementView, told: Told) -> Iterator[Row]:
    head = told.head
    names = ("payee", "month", "currency", "version", "supersedes", "reason", "made_at")
    for name in (*names, "territory_of_plays"):
        if head.get(name):
            yield Row((name.replace("_", " "), str(head[name])))
    yield Row(("model", _model(statement.model)))


def _model(name: str) -> str:
    return f"{name}: {Model(name).label}"


def _sum(name: str, micros: int) -> Row:
    return Row((name, amount_text(micros)))


def _summary(statement: StatementView, moved: Mapping[str, Sequence[LineView]]) -> Iterator[Row]:
    yield _sum("opening: on the account before this month", statement.opening_micros)
    yield _sum("earned", statement.earned_micros)
    for kind, lines in moved.items():
        yield _sum(_label(kind), sum(line.amount_micros for line in lines))
    yield _sum("moved beside, together", statement.moved_micros)
    yield _sum("closing: on the account after this month", statement.closing_micros)


def _closing(statement: StatementView, told: Told) -> Iterator[Row]:
    yield _sum("opening + earned + moved", statement.closing_micros)
    if "payable" in told.head:
        yield Row(("of it payable", str(told.head["payable"])))
        name = f"carried forward. {told.head['carried_because']}".rstrip()
        yield Row((name, str(told.head["carried_forward"])))


def _licensed(row: Mapping[str, object]) -> str:
    """What schema 3 adds to a line: nothing in earlier ones, or where no licence is behind it."""
    if not row.get("use"):
        return ""
    rate = f", {row['rate_per_play']} a play" if row["rate_per_play"] else ""
    return f", {row['use']} licensed for {row['licensed_for']}{rate}"


def _earned(line: LineView, told: Told) -> Row:
    row = told.rows[line.id]
    what = ", ".join(part for part in (str(row["recording"]), str(row["stem"])) if part)
    if line.kind in UNPAID:
        how = _label(line.kind)
    else:
        how = f"{row['right']}, {row['sheet_version'] or 'no sheet'}"
    of = f"{row['subject']} {row['variation']}, played {row['played_month']}"
    if row["note"]:
        of += f", {row['note']}"
    if line.kind in PAID:
        of += f", source {row['source_amount']}, right {row['right_amount']}"
    of += _licensed(row)
    cells = (row["position"], what, how, row["plays"])
    numbers = (row["source_ppm"], row["share_ppm"], row["amount"])
    return Row(
        tuple(str(cell) for cell in (*cells, *numbers)), detail=f"{of}, line {row['line_id']}"
    )


def _moved(line: LineView, told: Told) -> Row:
    row = told.rows[line.id]
    parts = (row["note"], row["recording"], row["stem"], row["right"])
    what = ", ".join(str(part) for part in parts if part) or _label(line.kind)
    detail = f"line {row['line_id']}"
    if line.corrects:
        detail = f"corrects line {row['corrects']} of {row['played_month']}, {detail}"
    return Row((str(row["position"]), what, str(row["amount"])), detail)


def _other_model(statement: StatementView) -> Iterator[Row]:
    yield _sum(f"paid by {_model(statement.model)}", statement.earned_micros)
    yield _sum(f"by {_model(statement.other_model)}", statement.other_model_micros)
    difference = statement.other_model_micros - statement.earned_micros
    yield _sum("difference, not paid", difference)


def _seal(statement: StatementView, told: Told) -> Iterator[Block]:
    yield Text("What this file agrees with", HEADING, 10)
    digest = hashlib.sha256(as_json(statement, told.schema)).hexdigest()
    facts = [("statement", str(statement.id)), ("SHA-256 of its JSON", digest)]
    if "statement_sha256" in told.head:
        facts.append(("SHA-256 of head and lines", str(told.head["statement_sha256"])))
    yield Table(FACTS, tuple(Row(fact) for fact in facts))
    texts = [statement.payee_name, statement.reason]
    for line in statement.lines:
        texts += [line.recording_title, line.stem_label, line.note]
    if any("[U+" in shown(text) for text in texts):
        yield Text(MISSING, before=8)
