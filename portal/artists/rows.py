"""What the artist pages show, as plain values: sheet tables, recording lists.

Rows of the rooms below go in, frozen values for templates come out. It decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from licensing.catalog.queries import SheetState


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One party on a sheet; `signed_at` is None while its signature is missing."""

    party_id: UUID
    name: str
    share_ppm: int
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A sheet as it is drawn: `kind` is signed, proposed or replaced."""

    sheet_id: UUID
    right: str
    on: str
    version: int
    kind: str
    proposed_at: datetime
    effective_from: datetime | None
    lines: tuple[SheetLine, ...]
    text_sha256: str

    @property
    def missing(self) -> tuple[SheetLine, ...]:
        """The parties that still must sign."""
        return tuple(line for line in self.lines if line.signed_at is None)


def sheet_table(state: SheetState) -> SheetTable:
    """The table of one sheet."""
    signed = {party_id: moment for party_id, moment, _ in state.signed}
    return SheetTable(
        sheet_id=state.sheet_id,
        right=state.right.capitalize(),
        on=state.on,
        version=state.version,
        kind=state.state.lower(),
        proposed_at=state.proposed_at,
        effective_from=state.effective_from,
        lines=tuple(
            SheetLine(party_id, name, ppm, signed.get(party_id))
            for party_id, name, ppm in state.shares
        ),
        text_sha256=state.text_sha256,
    )


def newest_tables(states: Sequence[SheetState]) -> tuple[SheetTable, ...]:
    """Per right and thing: the signed sheet that counts, and a proposal that waits, if any."""
    shown: dict[tuple[str, UUID, str], SheetTable] = {}
    for state in states:
        if state.state in ("SIGNED", "PROPOSED"):
            shown.setdefault((state.right, state.on_ref, state.state), sheet_table(state))
    return tuple(shown.values())
