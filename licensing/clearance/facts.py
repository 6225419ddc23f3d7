"""The rows that a decision rests on, brought into the plain values of the rules.

It refuses to decide. Invariant: at most nine SQL queries, however many stems are asked about; what
is read inside a transaction that locked the stems is what holds until it commits. A withdrawal or a
hold counts as soon as its row is there, whatever its clock said.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from licensing.catalog.models import Party, Stem
from licensing.catalog.queries import SheetView, StemSheets, sheets_of
from licensing.clearance.limits import limits_from_json
from licensing.clearance.models import Grant, Hold, SocietyAgreement, Withdrawal
from licensing.clearance.rules import (
    Decision,
    GrantFacts,
    Holder,
    SocietyFacts,
    StemFacts,
    UseAsked,
    decide,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about some stems at a moment."""

    stems: tuple[StemFacts, ...]
    rows: dict[UUID, Stem]
    sheets: dict[UUID, StemSheets]
    grants: tuple[GrantFacts, ...]
    societies: tuple[SocietyFacts, ...]
    at: datetime

    def decide(self, use: UseAsked) -> Decision:
        """The rules' answer on these facts."""
        return decide(use, self.stems, self.grants, self.societies, self.at)


def load_facts(stem_ids: Iterable[UUID], at: datetime) -> Facts:
    """What `rules.decide` needs to know about these stems at `at`; unknown ids are left out."""
    rows = {
        row.id: row
        for row in Stem.objects.filter(pk__in=list(stem_ids)).select_related("recording", "audio")
    }
    sheets = sheets_of(rows, at)
    names = _names(sheets.values())
    held = _held(rows.values())
    stems = tuple(
        StemFacts(
            stem=row.id,
            recording=row.recording_id,
            label=row.label,
            role=row.role,
            state=row.state,
            recording_state=row.recording.state,
            master=_state(sheets[row.id].master, sheets[row.id].master_waits),
            publishing=_state(sheets[row.id].publishing, sheets[row.id].publishing_waits),
            holders=_holders(sheets[row.id], names),
            held=held.get(row.id, ()),
        )
        for row in rows.values()
    )
    return Facts(stems, rows, sheets, _grants(rows), _societies(at), at)


def _state(sheet: SheetView | None, waits: bool) -> str:
    if sheet is not None:
        return "EFFECTIVE"
    return "PROPOSED" if waits else "NONE"


def _names(sheets: Iterable[StemSheets]) -> dict[UUID, str]:
    refs = {
        share.party_id
        for both in sheets
        for sheet in (both.master, both.publishing)
        if sheet is not None
        for share in sheet.shares
    }
    return dict(Party.objects.filter(pk__in=refs).values_list("id", "name"))


def _holders(sheets: StemSheets, names: dict[UUID, str]) -> tuple[Holder, ...]:
    found = []
    for sheet in (sheets.master, sheets.publishing):
        if sheet is None:
            continue
        societies = {share.party_id: share for share in sheet.societies}
        for share in sheet.shares:
            society = societies.get(share.party_id)
            found.append(
                Holder(
                    party=share.party_id,
                    name=names[share.party_id],
                    right=sheet.right,
                    society=society.society if society else "",
                    territories=society.territories if society else (),
                )
            )
    return tuple(found)


def _held(stems: Iterable[Stem]) -> dict[UUID, tuple[str, ...]]:
    rows = list(stems)
    holds = Hold.objects.filter(
        Q(target_kind="STEM", target_ref__in=[str(row.id) for row in rows])
        | Q(target_kind="RECORDING", target_ref__in={str(row.recording_id) for row in rows}),
        released_at__isnull=True,
    ).values_list("target_ref", "reason")
    reasons: dict[str, list[str]] = {}
    for ref, reason in holds:
        reasons.setdefault(ref, []).append(reason)
    found = {}
    for row in rows:
        mine = reasons.get(str(row.id), []) + reasons.get(str(row.recording_id), [])
        if mine:
            found[row.id] = tuple(mine)
    return found


def _grants(stem_ids: Iterable[UUID]) -> tuple[GrantFacts, ...]:
    rows = list(Grant.objects.filter(stem__in=list(stem_ids)))
    withdrawn: dict[UUID, set[str]] = {}
    gone = Withdrawal.objects.filter(grant__stem__in=list(stem_ids))
    for ref, uses in gone.values_list("grant_id", "uses"):
        withdrawn.setdefault(ref, set()).update(uses)
    return tuple(_grant(row, withdrawn.get(row.id, set())) for row in rows)


def _grant(row: Grant, withdrawn: set[str]) -> GrantFacts:
    return GrantFacts(
        grant=row.id,
        stem=row.stem_id,
        party=row.party_id,
        uses=frozenset(row.uses),
        limits=limits_from_json(row.limits),
        territories=frozenset(row.territories),
        channels=frozenset(row.channels),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        granted_at=row.granted_at,
        terms_version=row.terms_version,
        terms_sha256=row.terms_sha256,
        withdrawn=frozenset(withdrawn),
    )


def _societies(at: datetime) -> tuple[SocietyFacts, ...]:
    rows = SocietyAgreement.objects.filter(valid_from__lte=at).filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=at)
    )
    return tuple(
        SocietyFacts(row.society, frozenset(row.uses), frozenset(row.territories)) for row in rows
    )
