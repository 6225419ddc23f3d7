"""What the artist pages show, as plain values: sheet tables, recording lists.

Rows of the rooms below go in, frozen values for templates come out. It decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from licensing.catalog.queries import Declined, SheetState


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One party on a sheet; `signed_at` is None while its signature is missing, `decided_at` is
    when others decided in its place. `before_ppm`: its share by a version that the sheet ends."""

    party_id: UUID
    name: str
    share_ppm: int
    signed_at: datetime | None
    decided_at: datetime | None = None
    before_ppm: int | None = None


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A sheet as it is drawn: `kind` is signed, proposed, replaced or declined; `ending` are the
    parties of versions that it ends."""

    sheet_id: UUID
    right: str
    on: str
    version: int
    kind: str
    proposed_at: datetime
    effective_from: datetime | None
    lines: tuple[SheetLine, ...]
    text_sha256: str
    ending: tuple[SheetLine, ...]
    missing: tuple[SheetLine, ...]
    declined: Declined | None
    is_to_come: bool

    @property
    def is_stood_in(self) -> bool:
        """Whether others decided in the place of somebody on it."""
        return any(line.decided_at for line in (*self.lines, *self.ending))


def sheet_table(state: SheetState, now: datetime) -> SheetTable:
    """The table of one sheet."""
    signed = {party_id: moment for party_id, moment, _ in state.signed}
    decided = dict(state.stood_in)
    lines = tuple(
        SheetLine(party_id, name, ppm, signed.get(party_id), decided.get(party_id))
        for party_id, name, ppm in state.shares
    )
    ending = tuple(
        SheetLine(
            one.party_id,
            one.name,
            one.after_ppm,
            signed.get(one.party_id),
            decided.get(one.party_id),
            one.before_ppm,
        )
        for one in state.leaving
    )
    waits = {party_id for party_id, _ in state.waiting_for}
    asked = {line.party_id: line for line in (*ending, *lines)}
    return SheetTable(
        sheet_id=state.sheet_id,
        right=state.right.capitalize(),
        on=state.on,
        version=state.version,
        kind=state.state.lower(),
        proposed_at=state.proposed_at,
        effective_from=state.effective_from,
        lines=lines,
        text_sha256=state.text_sha256,
        ending=ending,
        missing=tuple(line for ref, line in asked.items() if ref in waits),
        declined=state.declined,
        is_to_come=state.effective_from is not None and state.effective_from > now,
    )


def newest_tables(states: Sequence[SheetState], now: datetime) -> tuple[SheetTable, ...]:
    """Per right and thing: the signed sheet that counts, those to come, and a proposal that waits.

    `states`: of each thing the newest version first. One that a later version has called off, or
    taken over from, is left out.
    """
    shown: list[SheetTable] = []
    next_start: dict[tuple[str, UUID], datetime] = {}
    for state in states:
        key, start = (state.right, state.on_ref), state.effective_from
        if state.state == "PROPOSED":
            shown.append(sheet_table(state, now))
        elif state.state == "SIGNED" and start is not None:
            later = next_start.get(key)
            if later is None or (start < later and later > now):
                shown.append(sheet_table(state, now))
                next_start[key] = start
    return tuple(shown)
