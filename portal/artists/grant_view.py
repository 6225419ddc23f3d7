"""The matrix of a recording as one of its holders sees it: uses by stems, and what is ticked.

It reads what the rules of clearance say and decides nothing. Invariant: a cell that is not in the
matrix cannot be ticked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest

from licensing.catalog.models import Party, Recording
from licensing.catalog.queries import list_parties_of_recording
from licensing.clearance.facts import load_facts
from licensing.clearance.queries import MatrixRow, matrix_of
from licensing.clearance.rules import GrantFacts, governing_grant
from portal.accounts import access

USES = (
    ("REMIX", "Remix", "the recording, arranged again"),
    ("MOOD", "Mood bed", "long, even, in the background"),
    ("FOCUS", "Focus session", "follows a work rhythm"),
    ("AMBIENT", "Ambient", "slow, spread out"),
    ("COLLABORATION", "Collaboration", "mixed with another artist’s recording"),
    ("VOICE", "Voice", "new words or notes in this voice; for ten years at most"),
    ("TRAINING", "Training", "nets may learn from it"),
)
Cells = set[tuple[str, UUID]]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One checkbox, or a dash where the use does not apply."""

    stem_id: UUID
    label: str
    role: str
    value: str
    applies: bool
    checked: bool
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """One use over all stems; `waits_for` names holders whose yes is missing."""

    use: str
    name: str
    note: str
    cells: tuple[MatrixCell, ...]
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrantView:
    """The matrix as one party sees it, with what it granted before."""

    party: Party
    stems: tuple[MatrixRow, ...]
    lines: tuple[MatrixLine, ...]
    given: GrantFacts | None
    standing: frozenset[tuple[str, UUID]]
    is_agreed: bool


def acting_parties(request: HttpRequest, recording: Recording) -> list[Party]:
    """The parties of the user that hold or keep something in a recording and may sign."""
    holding = list_parties_of_recording(recording.pk)
    return [p for p in access.parties_of(request.user, "sign") if p.pk in holding]


def chosen_party(request: HttpRequest, parties: list[Party]) -> Party | None:
    """The party named in the request, else the first; None when there is none or a stranger."""
    asked = request.POST.get("party") or request.GET.get("party")
    if asked is None:
        return parties[0] if parties else None
    return next((party for party in parties if str(party.pk) == asked), None)


def grant_view(recording: Recording, party: Party, at: datetime) -> GrantView:
    """The matrix of a recording for one of its holders."""
    rows = tuple(row for row in matrix_of(recording.pk, at) if row.state == "READY")
    mine = _standing([row.stem_id for row in rows], party, at)
    return GrantView(
        party=party,
        stems=rows,
        lines=tuple(_line(use, name, note, rows, party, mine) for use, name, note in USES),
        given=next(iter(mine.values()), None),
        standing=frozenset(mine),
        is_agreed=bool(rows) and all(row.master == row.publishing == "EFFECTIVE" for row in rows),
    )


def _standing(
    stem_ids: list[UUID], party: Party, at: datetime
) -> dict[tuple[str, UUID], GrantFacts]:
    """What one party grants at a moment, whether or not the sheets are signed already."""
    grants: dict[UUID, list[GrantFacts]] = {}
    for one in load_facts(stem_ids, at).grants:
        if one.party == party.pk:
            grants.setdefault(one.stem, []).append(one)
    found = {}
    for stem_id, given in grants.items():
        for use, _, _ in USES:
            newest = governing_grant(given, use, at)
            if newest is None or use in newest.withdrawn:
                continue
            if newest.valid_until is None or newest.valid_until > at:
                found[(use, stem_id)] = newest
    return found


def _line(
    use: str,
    name: str,
    note: str,
    rows: tuple[MatrixRow, ...],
    party: Party,
    mine: Mapping[tuple[str, UUID], GrantFacts],
) -> MatrixLine:
    cells = []
    for row in rows:
        cell = next(one for one in row.cells if one.use == use)
        checked = (use, row.stem_id) in mine
        others = tuple(gap.name for gap in cell.missing if gap.party_id != party.pk)
        cells.append(
            MatrixCell(
                stem_id=row.stem_id,
                label=row.label,
                role=row.role or "other",
                value=f"{use}:{row.stem_id}",
                applies=use != "VOICE" or row.role == "vocals",
                checked=checked,
                waits_for=others if checked else (),
            )
        )
    waiting = tuple(dict.fromkeys(name for one in cells for name in one.waits_for))
    return MatrixLine(use, name, note, tuple(cells), waiting)


def ticked(request: HttpRequest, view: GrantView) -> Cells:
    """The cells a form says yes to; what is not in the matrix is a stranger's."""
    known = {
        cell.value: (line.use, cell.stem_id)
        for line in view.lines
        for cell in line.cells
        if cell.applies
    }
    asked = request.POST.getlist("grant")
    if not set(asked) <= set(known):
        raise Http404
    return {known[value] for value in asked}


def with_ticks(view: GrantView, cells: Cells) -> GrantView:
    """The same matrix with other cells ticked, as a form shows it before it is signed."""
    lines = tuple(
        replace(
            line,
            cells=tuple(
                replace(cell, checked=(line.use, cell.stem_id) in cells) for cell in line.cells
            ),
        )
        for line in view.lines
    )
    return replace(view, lines=lines)
