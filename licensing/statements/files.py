"""Statements as CSV and JSON, made from frozen lines and their evidence.

The same bytes whenever they are made again. Amounts stand with all six places and a point. CSV is
RFC 4180 (CRLF, UTF-8, no mark at the beginning); a cell that a spreadsheet would take for a formula
begins with an apostrophe. `subject` says what `variation` names; of a live session, `plays` are its
minutes. What a file said once it says for ever: whoever asks for an earlier schema gets the bytes
that were handed out under it.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from licensing.cells import safe_cell
from licensing.money import amount_text
from licensing.royalties.queries import LineView, StatementView
from licensing.royalties.waterfall import waterfall_of
from licensing.statements.carrying import carried
from licensing.statements.pools import EqualPools
from licensing.statements.uses import NOT_RECORDED, rate_micros, uses_of
from licensing.statements.waterfall import flat, told_of_waterfall
from licensing.statements.workings import Place, WorkedPart, Working, workings_of

COLUMNS = (
    "position",
    "kind",
    "played_month",
    "recording",
    "stem",
    "right",
    "sheet_version",
    "subject",
    "variation",
    "plays",
    "source_ppm",
    "share_ppm",
    "source_amount",
    "right_amount",
    "amount",
    "currency",
    "note",
    "corrects",
    "line_id",
)
MORE_COLUMNS = ("use", "licensed_for", "rate_per_play")
"""What schema 3 says of a line beside COLUMNS."""
SCHEMAS = (2, 3, 4)
NEWEST = SCHEMAS[-1]
"""Of a month whose close wrote down where its money came from; of any other, the one before."""


@dataclass(frozen=True, slots=True)
class Told:
    """What every file of a schema says: the head by name, of each line by its id, and where the
    month's money came from; empty before schema 4.
    """

    schema: int
    head: dict[str, object]
    rows: dict[UUID, dict[str, object]]
    columns: tuple[str, ...]
    waterfall: Mapping[str, object] = field(default_factory=dict)


def told_of(statement: StatementView, schema: int | None = None) -> Told:
    """The same words for all three files; without a schema, by the newest that this month has.

    Raises ValueError for a schema by which none was ever made, or none of this month.
    """
    if schema not in (None, *SCHEMAS):
        raise ValueError(f"no statement was ever made by schema {schema}")
    waterfall = waterfall_of(statement) if schema in (None, NEWEST) else None
    if schema is None:
        schema = NEWEST if waterfall else NEWEST - 1
    if schema == NEWEST and waterfall is None:
        raise ValueError(f"{statement.month:%Y-%m} was closed before there was schema {schema}")
    head = head_of(statement)
    rows = {line.id: row_of(line, statement.currency) for line in statement.lines}
    if schema < 3:
        return Told(schema, head, rows, COLUMNS)
    uses = uses_of(statement.lines)
    for line in statement.lines:
        use, place = uses[line.record_id] if line.record_id else ("", "")
        earned = line.is_paid and line.plays
        rate = amount_text(rate_micros(line.amount_micros, line.plays)) if earned else ""
        rows[line.id] |= {"use": use, "licensed_for": place, "rate_per_play": rate}
    head |= _balance(statement) | {"territory_of_plays": NOT_RECORDED}
    flows = told_of_waterfall(waterfall) if waterfall else {}
    head["statement_sha256"] = digest_of(head, list(rows.values()), flows)
    return Told(schema, head, rows, COLUMNS + MORE_COLUMNS, flows)


def digest_of(
    head: dict[str, object], rows: Sequence[dict[str, object]], waterfall: Mapping[str, object]
) -> str:
    """SHA-256 of head, lines and a waterfall, as JSON without spaces, keys sorted, UTF-8."""
    said = {"head": head, "lines": rows} | ({"waterfall": waterfall} if waterfall else {})
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _balance(statement: StatementView) -> dict[str, object]:
    closing, currency = statement.closing_micros, statement.currency
    said = carried(statement.payee[0], closing, currency, statement.made_at)
    return {
        "payable": amount_text(said.payable_micros),
        "carried_forward": amount_text(said.carried_micros),
        "carried_because": said.because,
    }


def file_name(statement: StatementView, ending: str) -> str:
    """A name that tells statements apart: statement-2026-10-EUR-v1.csv."""
    month = f"{statement.month:%Y-%m}"
    return f"statement-{month}-{statement.currency}-v{statement.version}.{ending}"


def as_csv(statement: StatementView, schema: int | None = None) -> bytes:
    """A head of opening, earned, moved, closing and the waterfall; then one row per line."""
    told, text = told_of(statement, schema), io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    for name, value in (*told.head.items(), *flat(told.waterfall)):
        write([name, safe_cell(value)])
    write([])
    write(told.columns)
    for row in told.rows.values():
        write([safe_cell(row[name]) for name in told.columns])
    return text.getvalue().encode()


def as_json(statement: StatementView, schema: int | None = None) -> bytes:
    """The head, the lines and the workings behind them; keys sorted, two spaces, one newline.

    Schema 2 adds `workings` and three keys to each line to schema 1, schema 3 what
    docs/statements.md says, schema 4 `waterfall`; none changes anything else. Raises BooksDisagree.
    """
    told, workings = told_of(statement, schema), workings_of(statement.id)
    content = told.head | {
        "schema": told.schema,
        "lines": [row | _place(workings.place_of(id)) for id, row in told.rows.items()],
        "workings": [_working(one) for one in workings.sums],
    }
    if told.waterfall:
        content["waterfall"] = told.waterfall
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def _place(place: Place | None) -> dict[str, object]:
    """Which of the workings a line is part of; nulls for what no plays paid."""
    if place is None:
        return {"working": None, "source": None, "share": None}
    return {"working": place.working, "source": place.source, "share": place.share}


def _working(one: Working) -> dict[str, object]:
    return {
        "working": one.number,
        "subject": one.subject[0],
        "variation": one.subject[1],
        "sheets_from": one.sheets_from.isoformat(),
        "amount": amount_text(one.amount_micros),
        "pools": [_pool(pool) for pool in one.pools],
        "sources": _parts(one.sources),
        "rights": [
            {"source": source, "parts": _parts(parts)} for source, parts in one.rights.items()
        ],
        "sheets": [
            {"source": sheet.source, "right": sheet.right, "parts": _parts(sheet.parts)}
            for sheet in one.sheets
        ],
    }


def _pool(pool: EqualPools) -> dict[str, object]:
    return {
        "basis": pool.basis,
        "pool": amount_text(pool.pool_micros),
        "plays": pool.plays,
        "plays_of_pool": pool.plays_of_pool,
        "amount": amount_text(pool.amount_micros),
        "remainder": amount_text(pool.remainder_micros),
        "count": pool.count,
        **({"rate": amount_text(pool.rate_micros)} if pool.rate_micros else {}),
    }


def _parts(parts: Sequence[WorkedPart]) -> list[dict[str, object]]:
    return [
        {
            "key": part.key,
            "ppm": part.ppm,
            "amount": amount_text(part.amount_micros),
            "remainder": amount_text(part.remainder_micros),
        }
        for part in parts
    ]


def head_of(statement: StatementView) -> dict[str, object]:
    """What every file says above the lines, by name."""
    return {
        "statement": str(statement.id),
        "month": f"{statement.month:%Y-%m}",
        "version": statement.version,
        "supersedes": str(statement.supersedes or ""),
        "reason": statement.reason,
        "payee": statement.payee_name,
        "currency": statement.currency,
        "opening": amount_text(statement.opening_micros),
        "earned": amount_text(statement.earned_micros),
        "moved": amount_text(statement.moved_micros),
        "closing": amount_text(statement.closing_micros),
        "model": statement.model,
        "other_model": statement.other_model,
        "other_model_would_have_paid": amount_text(statement.other_model_micros),
        "made_at": statement.made_at.isoformat(),
    }


def row_of(line: LineView, currency: str) -> dict[str, object]:
    """What every file says of one line, by the names of COLUMNS."""
    return {
        "position": line.position,
        "kind": line.kind,
        "played_month": f"{line.played_month:%Y-%m}",
        "recording": line.recording_title,
        "stem": line.stem_label,
        "right": line.right,
        "sheet_version": line.sheet_version,
        "subject": line.subject[0],
        "variation": line.subject[1],
        "plays": line.plays,
        "source_ppm": line.source_ppm,
        "share_ppm": line.share_ppm,
        "source_amount": amount_text(line.source_micros),
        "right_amount": amount_text(line.right_micros),
        "amount": amount_text(line.amount_micros),
        "currency": currency,
        "note": line.note,
        "corrects": str(line.corrects or ""),
        "line_id": str(line.id),
    }
