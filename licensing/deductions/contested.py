"""What disputes hold, line by line: written down as it comes, moves on, and is taken back.

The rows mirror the disputes' suspense accounts: their sum per dispute and currency is the account's
balance, because both are written in one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from licensing.deductions.models import ContestedLine, Dispute
from licensing.deductions.queries import claim_of, contested_lines
from licensing.deductions.rules.contests import Line
from licensing.deductions.rules.parts import percent_of


class Movement(NamedTuple):
    """A line's money that comes to a dispute (`sign` 1) or leaves it (-1), with its entry."""

    dispute: str
    month: date
    line: Line
    sign: int
    entry_id: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What of a line's refund its disputes bear: parts of the line, above zero, per dispute."""

    parts: tuple[tuple[str, Line], ...]
    left_micros: int


def write_down(movements: Iterable[Movement]) -> None:
    """Add the rows of what moved."""
    ContestedLine.objects.bulk_create(
        ContestedLine(
            dispute_id=one.dispute,
            month=one.month,
            payee_kind=one.line.payee[0],
            payee_ref=one.line.payee[1],
            currency=one.line.currency,
            record_ref=one.line.record,
            stem_id=one.line.stem,
            right=one.line.right,
            sheet_id=one.line.sheet or None,
            party_id=one.line.party or None,
            amount_micros=one.sign * one.line.micros,
            us_micros=one.sign * one.line.us_micros,
            entry_id=one.entry_id,
        )
        for one in movements
    )


def take_back(month: date, line: Line) -> TakenBack:
    """What of `line.micros`, taken back of this line of a month, is still held by disputes.

    Each bears its contested percentage, the oldest first, and never more than it holds.
    """
    disputes = Dispute.objects.filter(decided_at__isnull=True).order_by("opened_at", "pk")
    left, parts = line.micros, []
    for dispute in disputes:
        if claim_of(dispute).covers(line):
            held = _held(contested_lines(dispute), month, line)
            part = min(left, percent_of(line.micros, dispute.contested_ppm), held.micros)
            if part:
                us = held.us_micros * part // held.micros
                parts.append((str(dispute.pk), replace(line, micros=part, us_micros=us)))
                left -= part
    return TakenBack(tuple(parts), left)


def _held(held: Sequence[tuple[Line, date]], month: date, line: Line) -> Line:
    """The line as a dispute holds it, with nothing in it where it does not."""
    found = (
        one
        for one, earned_in in held
        if earned_in == month and replace(one, micros=line.micros, us_micros=0) == line
    )
    return next(found, replace(line, micros=0, us_micros=0))
