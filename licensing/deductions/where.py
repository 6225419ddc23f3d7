"""Where the money of closed lines is, and taking it back from there: suspense, or payees.

A line that nobody ever contested is with who earned it, and nothing is written about it here.
Invariant: what is taken is written down in the transaction that takes it, so the rows of a line
always sum to what is left of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from django.db import connection

from licensing.deductions.contested import Freed, Movement, write_down, write_free
from licensing.deductions.models import Dispute
from licensing.deductions.queries import awards_of
from licensing.deductions.rules.contests import Line
from licensing.deductions.rules.lying import DISPUTE, Lying, Place

_COLUMNS = """c.payee_kind, c.payee_ref, c.currency, c.record_ref, c.stem_id::text,
    s.recording_id::text AS recording, c."right", COALESCE(c.sheet_id::text, '') AS sheet,
    COALESCE(c.party_id::text, '') AS party, c.correction_ref, c.month,
    c.amount_micros, c.us_micros, c.entry_id,
    e.kind IN ('refund', 'won back')
        OR (e.kind = 'adjustment' AND e.key <> 'adjustment:' || c.correction_ref)
        AS is_taken"""
_JOINED = """JOIN catalog_stem s ON s.id = c.stem_id
JOIN ledger_journalentry e ON e.id = c.entry_id
WHERE c.record_ref = ANY(%(records)s) AND c.month = ANY(%(months)s)"""
_ROWS = f"""
SELECT *
FROM (SELECT 'dispute' AS place, c.dispute_id::text AS place_ref, {_COLUMNS}
      FROM deductions_contestedline c {_JOINED}
      UNION ALL
      SELECT c.holder_kind, c.holder_ref, {_COLUMNS}
      FROM deductions_freeline c {_JOINED}) rows
ORDER BY entry_id
"""


class Taken(NamedTuple):
    """What is taken of a line at one place: `line` with the micro-units, which are below zero where
    it is given again. `is_known`: whether rows say that it lay there.
    """

    place: Place
    month: date
    line: Line
    is_known: bool


@dataclass(slots=True)
class Whereabouts:
    """Where lines lie, by line (with nothing in it) and month; in the order of their entries."""

    of: dict[tuple[Line, date], Lying] = field(default_factory=dict)

    def take(self, line: Line, month: date) -> list[Taken]:
        """Take `line.micros` back of what this line earned in a month, from wherever it lies.

        What lies nowhere is taken of who earned it. A further taking sees this one.
        """
        lying = self.of.get((line.holding(0, 0), month), Lying())
        micros = min(line.micros, lying.total)
        parts = lying.take(micros)
        taken = [
            Taken(place, month, line.holding(*part), is_known=True) for place, part in parts.items()
        ]
        rest = line.micros - sum(part for part, _ in parts.values())
        if rest:
            taken.append(Taken(line.payee, month, line.holding(rest, 0), is_known=False))
        return taken

    def take_of_corrections(self, line: Line, month: date) -> tuple[list[Taken], Line]:
        """Take `line.micros` back of what corrections gave this line, the newest first: what was
        taken, and the line with what is still to be taken.
        """
        taken: list[Taken] = []
        for which, lying in reversed(self.of.items()):
            given, earned_in = which
            is_its = given.correction and earned_in == month
            if is_its and _without_correction(given) == line.holding(0, 0):
                micros = min(line.micros, lying.total)
                taken += [
                    Taken(place, month, given.holding(*part), is_known=True)
                    for place, part in lying.take(micros).items()
                ]
                line = line.holding(line.micros - micros, 0)
        return taken, line


def whereabouts(records: Iterable[str], months: Iterable[date]) -> Whereabouts:
    """Where what was earned with these records in these months lies, as far as it was contested or
    given by a correction. The caller holds the disputes (`contested.open_claims`).
    """
    found = Whereabouts()
    rows = list(_rows(sorted(set(records)), sorted(set(months))))
    for which, place, micros, us_micros, is_taken in rows:
        lying = found.of.setdefault(which, Lying())
        lying.add(place, micros, us_micros)
        if not is_taken:
            lying.settle()
    _pass_on(found)
    return found


def _pass_on(found: Whereabouts) -> None:
    """What is given back to a dispute that was decided with nothing of the line in it, because all
    had been taken, goes by its decision.
    """
    waiting = {
        (which, place)
        for which, lying in found.of.items()
        for place, weight in lying.base.items()
        if place[0] == DISPUTE and weight
    }
    asked = {ref for _, (_, ref) in waiting}
    for row in Dispute.objects.filter(pk__in=asked, decided_at__isnull=False):
        awards = {one.payee: one.share_ppm for one in awards_of(row)}
        for which, place in waiting:
            if place[1] == str(row.pk):
                found.of[which].pass_on(place, awards or {which[0].payee: 1})


def write_taken(taken: Iterable[Taken], entry_id: int) -> None:
    """Write down that it left where it lay; what no rows spoke of is not written."""
    known = [one for one in taken if one.is_known]
    write_down(
        Movement(one.place[1], one.month, one.line, -1, entry_id)
        for one in known
        if one.place[0] == DISPUTE
    )
    write_free(
        Freed(one.place, one.month, one.line, -1, entry_id)
        for one in known
        if one.place[0] != DISPUTE
    )


def _rows(
    records: list[str], months: list[date]
) -> Iterator[tuple[tuple[Line, date], Place, int, int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"records": records, "months": months})
        for kind, ref, *whose, correction, month, micros, us, _, is_taken in cursor.fetchall():
            payee_kind, payee_ref, currency, record, stem, recording, right, sheet, party = whose
            of = (currency, record, stem, recording, right, sheet, party)
            line = Line((payee_kind, payee_ref), *of, 0, 0, correction)
            yield (line, month), (kind, ref), micros, us, is_taken


def _without_correction(line: Line) -> Line:
    return replace(line, micros=0, us_micros=0, correction="")
