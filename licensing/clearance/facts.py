"""The rows that a decision rests on, brought into the plain values of the rules.

It refuses to decide. Invariant: one SQL query, however many stems are asked about, so that an
answer never mixes two moments; what is read inside a transaction that locked the stems is what
holds until it commits. A withdrawal or a hold counts as soon as its row is there, whatever its
clock said. The query is the function `clearance_facts` of this room's migrations: its plan is kept.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from licensing.clearance.approval import ApproveFirst, approval_from_json
from licensing.clearance.limits import Limits, limits_from_json
from licensing.clearance.models import SocietyAgreement
from licensing.clearance.quorum import EVERYBODY, Quorum
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
class Source:
    """What a record names of a stem: its audio, and the effective sheets as (id, text_sha256)."""

    stem: UUID
    recording: UUID
    role: str
    digest: str | None
    sheets: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about some stems at a moment; recordings apart, in the order of the page."""

    stems: tuple[StemFacts, ...]
    sources: dict[UUID, Source]
    grants: tuple[GrantFacts, ...]
    societies: tuple[SocietyFacts, ...]
    at: datetime

    def decide(self, use: UseAsked) -> Decision:
        """The rules' answer on these facts."""
        return decide(use, self.stems, self.grants, self.societies, self.at)


_EVERYWHERE: frozenset[str] = frozenset()


class _Row(NamedTuple):
    """One stem as `clearance_facts` tells it; lists of holders and of grants run in parallel."""

    stem: UUID
    recording: UUID
    label: str
    role: str
    state: str
    recording_state: str
    digest: str | None
    held: list[str]
    master: UUID | None
    master_counts: bool | None
    master_sha256: str | None
    publishing: UUID | None
    publishing_counts: bool | None
    publishing_sha256: str | None
    holders: list[str] | None
    names: list[str]
    rights: list[str]
    societies: list[str]
    society_places: list[str]
    shares: list[int]
    grants: list[str] | None
    givers: list[str]
    uses: list[str]
    limits: list[str]
    places: list[str]
    channels: list[str]
    valid_from: list[str]
    valid_until: list[str | None]
    granted_at: list[str]
    terms_version: list[str]
    terms_sha256: list[str]
    withdrawn: list[str | None]
    approvals: list[str]
    approved: list[int]
    quorum: str | None
    authority: UUID | None


def load_facts(stem_ids: Iterable[UUID], at: datetime, use: str | None = None) -> Facts:
    """What `rules.decide` needs to know about these stems at `at`; unknown ids are left out.

    With `use`, only the grants that govern it: of each holder the newest that has begun.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM clearance_facts(%s, %s, %s)", [list(stem_ids), use, at])
        rows = [_Row(*row) for row in cursor.fetchall()]
    stems = tuple(map(_stem, rows))
    has_society = any(holder.society for stem in stems for holder in stem.holders)
    return Facts(
        stems=stems,
        sources={row.stem: _source(row) for row in rows},
        grants=tuple(grant for row in rows for grant in _grants(row)),
        societies=_societies(at) if has_society else (),
        at=at,
    )


def _stem(row: _Row) -> StemFacts:
    return StemFacts(
        stem=row.stem,
        recording=row.recording,
        label=row.label,
        role=row.role,
        state=row.state,
        recording_state=row.recording_state,
        master=_sheet_state(row.master, row.master_counts),
        publishing=_sheet_state(row.publishing, row.publishing_counts),
        holders=tuple(_holders(row)),
        held=tuple(row.held),
        quorum=Quorum(row.quorum, row.authority) if row.quorum else EVERYBODY,
    )


@lru_cache(maxsize=4096)
def _uuid(text: str) -> UUID:
    """Holders come again on every stem of theirs."""
    return UUID(text)


@lru_cache(maxsize=4096)
def _limits(text: str) -> Limits:
    """Grants that were signed together have the same limits."""
    return limits_from_json(json.loads(text))


@lru_cache(maxsize=4096)
def _approval(text: str) -> ApproveFirst | None:
    return approval_from_json(json.loads(text))


def _sheet_state(sheet: UUID | None, counts: bool | None) -> str:
    if sheet is None:
        return "NONE"
    return "EFFECTIVE" if counts else "PROPOSED"


def _source(row: _Row) -> Source:
    sheets = (
        (row.master, row.master_sha256, row.master_counts),
        (row.publishing, row.publishing_sha256, row.publishing_counts),
    )
    effective = tuple((ref, sha) for ref, sha, counts in sheets if ref and sha and counts)
    return Source(row.stem, row.recording, row.role, row.digest, effective)


def _holders(row: _Row) -> Iterator[Holder]:
    if row.holders is None:
        return
    columns = (row.names, row.rights, row.societies, row.society_places, row.shares)
    for party, name, right, society, places, ppm in zip(row.holders, *columns, strict=True):
        where = tuple(places.split()) if society else ()
        yield Holder(_uuid(party), name, right, society, where, ppm)


def _grants(row: _Row) -> Iterator[GrantFacts]:
    if row.grants is None:
        return
    first, last = row._fields.index("grants"), row._fields.index("approved")
    columns: Iterator[tuple[Any, ...]] = zip(*row[first : last + 1], strict=True)
    for ref, giver, uses, limits, places, channels, *moments, gone, asks, approved in columns:
        valid_from, valid_until, granted_at, version, sha256 = moments
        yield GrantFacts(
            grant=UUID(ref),
            stem=row.stem,
            party=_uuid(giver),
            uses=frozenset(uses.split()),
            limits=_limits(limits),
            territories=frozenset(places.split()),
            channels=frozenset(json.loads(channels)) if channels else _EVERYWHERE,
            valid_from=datetime.fromisoformat(valid_from),
            valid_until=datetime.fromisoformat(valid_until) if valid_until else None,
            granted_at=datetime.fromisoformat(granted_at),
            terms_version=version,
            terms_sha256=sha256,
            withdrawn=frozenset(gone.split() if gone else ()),
            approval=_approval(asks),
            approved=approved,
        )


def _societies(at: datetime) -> tuple[SocietyFacts, ...]:
    rows = SocietyAgreement.objects.filter(valid_from__lte=at).filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=at)
    )
    return tuple(
        SocietyFacts(row.society, frozenset(row.uses), frozenset(row.territories)) for row in rows
    )
