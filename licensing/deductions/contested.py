"""What disputes hold, line by line: nobody decides meanwhile, it comes, and is written down.

Whoever lets money come to disputes, leave them, or be taken back asks for `open_claims` first: the
disputes are locked in the order of their ids, so a decision is either seen whole or waits. The rows
of a dispute mirror its suspense account, because both are written in one transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db import connection

from licensing.deductions.accounts import Payee, move, payable_of, suspense_of
from licensing.deductions.line_models import ContestedLine, FreeLine, OfLine
from licensing.deductions.models import Dispute
from licensing.deductions.queries import claims_among
from licensing.deductions.rules.contests import Claim, Line, contest
from licensing.ledger.operations import post_many
from licensing.ledger.rules import EntryDraft

_LOCK = """
SELECT id FROM deductions_dispute WHERE decided_at IS NULL ORDER BY id FOR {strength}
"""
Row = TypeVar("Row", bound=OfLine)
Held = tuple[Line, date]
"""A line and the month it was earned in."""


class Movement(NamedTuple):
    """A line's money that comes to a dispute (`sign` 1) or leaves it (-1), with its entry."""

    dispute: str
    month: date
    line: Line
    sign: int
    entry_id: int


class Freed(NamedTuple):
    """A line's money that comes to a payee (`sign` 1) or is taken back of them (-1)."""

    holder: Payee
    month: date
    line: Line
    sign: int
    entry_id: int


def open_claims(*, to_decide: bool = False) -> list[Claim]:
    """What is contested and not decided, the oldest first; nobody decides it until this transaction
    ends. Waits for decisions being made, and `to_decide` for all who asked before.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format(strength="NO KEY UPDATE" if to_decide else "SHARE"))
        return claims_among([pk for (pk,) in cursor.fetchall()])


def hold(
    earned: Sequence[Held], claims: Sequence[Claim], *, key: str, at: datetime, now: datetime
) -> list[tuple[str, Line]]:
    """Move what open disputes contest of earnings from payable to suspense; what each holds.

    `key` tells the occasion, as in `flowing.let_flow`; `at` is a moment of an open month that the
    caller holds. What nobody contests of a contested line is written down as free.
    """
    held = [(month, line, contest([line], claims)) for line, month in earned]
    by_entry: dict[tuple[str, str], list[Line]] = {}
    for _, _, parts in held:
        for claim, part in parts:
            by_entry.setdefault((claim, part.currency), []).append(part)
    claimants = dict(
        Dispute.objects.filter(pk__in={UUID(claim) for claim, _ in by_entry}).values_list(
            "pk", "claimant"
        )
    )
    drafts = [
        _draft(f"dispute:{key}:{claim}:{currency}", at, claim, lines, claimants[UUID(claim)])
        for (claim, currency), lines in sorted(by_entry.items())
    ]
    posted = post_many(drafts=drafts, now=now)
    entries = {which: entry.pk for which, entry in zip(sorted(by_entry), posted, strict=True)}
    write_down(
        Movement(claim, month, part, 1, entries[claim, part.currency])
        for month, _, parts in held
        for claim, part in parts
    )
    write_free(
        Freed(line.payee, month, rest, 1, entries[parts[0][0], line.currency])
        for month, line, parts in held
        if parts and (rest := rest_of(line, [part for _, part in parts])).micros
    )
    return [one for _, _, parts in held for one in parts]


def rest_of(line: Line, parts: Iterable[Line]) -> Line:
    """The line without some parts of it."""
    micros, us_micros = line.micros, line.us_micros
    for part in parts:
        micros, us_micros = micros - part.micros, us_micros - part.us_micros
    return line.holding(micros, us_micros)


def _draft(key: str, at: datetime, claim: str, lines: Sequence[Line], claimant: str) -> EntryDraft:
    """One entry per dispute and currency: from everybody's payable to the dispute's suspense."""
    currency = lines[0].currency
    account = suspense_of(claim, currency)
    postings = [
        posting
        for line in lines
        for posting in move(
            payable_of(line.payee, currency), account, line.micros, f"{line.right}:{line.stem}"
        )
    ]
    return EntryDraft(key, "dispute", postings, at, f"contested by {claimant}")


def write_down(movements: Iterable[Movement]) -> None:
    """Add the rows of what came to disputes and left them."""
    ContestedLine.objects.bulk_create(
        _of_line(ContestedLine(dispute_id=one.dispute, entry_id=one.entry_id), one)
        for one in movements
    )


def write_free(movements: Iterable[Freed]) -> None:
    """Add the rows of what came to payees and was taken back of them."""
    FreeLine.objects.bulk_create(
        _of_line(
            FreeLine(holder_kind=one.holder[0], holder_ref=one.holder[1], entry_id=one.entry_id),
            one,
        )
        for one in movements
    )


def _of_line(row: Row, one: Movement | Freed) -> Row:
    line = one.line
    row.month = one.month
    row.payee_kind, row.payee_ref = line.payee
    row.currency, row.record_ref, row.right = line.currency, line.record, line.right
    row.stem_id, row.correction_ref = UUID(line.stem), line.correction
    row.sheet_id = UUID(line.sheet) if line.sheet else None
    row.party_id = UUID(line.party) if line.party else None
    row.amount_micros, row.us_micros = one.sign * line.micros, one.sign * line.us_micros
    return row
