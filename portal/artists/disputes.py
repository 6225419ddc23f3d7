"""Disputes on the earnings page: what waits of a party's money, and how it was divided.

Only whom a dispute concerns reads of it. Invariant: shares and amounts are those that were decided
and posted, in micro-units, so that whoever adds them up comes to the whole.
"""

from dataclasses import dataclass
from datetime import date

from licensing.catalog.models import Party
from licensing.catalog.queries import names_of_parties
from licensing.deductions.concerning import Amounts, Concern, PartOfDecision, disputes_concerning
from portal.artists.words import micros6, percent


@dataclass(frozen=True, slots=True)
class PartRow:
    """One payee of a decision; `share` is "" where the money went back to who earned it."""

    name: str
    share: str
    amount: str
    is_mine: bool


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute in words: `held` of this party's money now, or what was decided."""

    claimant: str
    about: str
    contested: str
    opened_on: date
    due_on: date
    held: str
    decision: str
    decided_on: date | None
    parts: tuple[PartRow, ...]


def disputes_of(party: Party) -> tuple[DisputeRow, ...]:
    """What the earnings page says about disputes that concern a party."""
    payee = ("party", str(party.pk))
    found = disputes_concerning(payee)
    refs = {part.payee[1] for one in found for part in one.parts if part.payee[0] == "party"}
    names = names_of_parties(refs)
    return tuple(_row(one, payee, names) for one in found)


def _row(one: Concern, payee: tuple[str, str], names: dict[str, str]) -> DisputeRow:
    return DisputeRow(
        claimant=one.claimant,
        about=one.about,
        contested=percent(one.contested_ppm),
        opened_on=one.opened_at.date(),
        due_on=one.due_on,
        held=_said(one.held),
        decision=one.decision,
        decided_on=one.decided_at.date() if one.decided_at else None,
        parts=tuple(_part(part, payee, names) for part in one.parts),
    )


def _part(part: PartOfDecision, payee: tuple[str, str], names: dict[str, str]) -> PartRow:
    return PartRow(
        name=names.get(part.payee[1], part.payee[1]),
        share="" if part.share_ppm is None else percent(part.share_ppm),
        amount=_said(part.amounts) or "nothing yet",
        is_mine=part.payee == payee,
    )


def _said(amounts: Amounts) -> str:
    return ", ".join(f"{micros6(micros)} {code}" for code, micros in sorted(amounts.items()))
