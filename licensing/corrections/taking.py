"""Taking something back of statement lines: out of suspense, and from whoever has the money now.

Invariant: what is taken at all places of a line sums to what is taken of the line.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from licensing.corrections.dividing import OfLine
from licensing.deductions.accounts import suspense_of
from licensing.deductions.contested import open_claims
from licensing.deductions.rules.contests import Line
from licensing.deductions.rules.lying import DISPUTE
from licensing.deductions.where import Taken, Whereabouts, whereabouts
from licensing.ledger.rules import CREDIT, DEBIT
from licensing.ledger.rules import Line as Posted
from licensing.royalties.accounts import payee_account
from licensing.royalties.models import StatementLine
from licensing.royalties.movement_sql import CORRECTS


def taken_of(lines: Sequence[OfLine]) -> list[tuple[UUID, Taken]]:
    """Where what a refund takes of lines is taken, with the line's key. No dispute is decided until
    this transaction ends.
    """
    lies = where_they_are(lines)
    return [
        (one.line.pk, taken)
        for one in lines
        for taken in lies.take(as_earned(one.line, one.micros), one.month)
    ]


def where_they_are(lines: Iterable[OfLine]) -> Whereabouts:
    """Where the money of lines is; no dispute is decided until this transaction ends."""
    open_claims()
    of = [(str(one.line.record_id), one.month) for one in lines]
    return whereabouts((record for record, _ in of), (month for _, month in of))


def posting(taken: Taken, line_id: UUID) -> Posted:
    """Out of the account where it lies, naming the line; into it where it is below zero."""
    place, currency, micros = taken.place, taken.line.currency, taken.line.micros
    is_held = place[0] == DISPUTE
    account = suspense_of(place[1], currency) if is_held else payee_account(place, currency)
    side = DEBIT if micros > 0 else CREDIT
    return Posted(account, side, abs(micros), f"{CORRECTS}{line_id}")


def as_earned(line: StatementLine, micros: int, us_micros: int = 0, correction: str = "") -> Line:
    """The line as disputes know it, with these micro-units in it."""
    return Line(
        payee=(line.statement.payee_kind, line.statement.payee_ref),
        currency=line.statement.currency,
        record=str(line.record_id),
        stem=str(line.stem_id or ""),
        recording=str(line.stem.recording_id) if line.stem else "",
        right=line.right,
        sheet=str(line.sheet_id or ""),
        party=str(line.party_id or ""),
        micros=micros,
        us_micros=us_micros,
        correction=correction,
    )
