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
from typing import NamedTuple
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


class _Row(NamedTuple):
    """One stem as `clearance_facts` tells it; holders and grants are JSON, as `_holders` and
    `_grants` read it."""

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
    master_holders: str | None
    publishing: UUID | None
    publishing_counts: bool | None
    publishing_sha256: str | None
    publishing_holders: str | None
    grants: str | None
    quorum: str | None
    authority: UUID | None
    explicit: bool


def load_facts(stem_ids: Iterable[UUID], at: datetime, use: str | None = None) -> Facts:
    """What `rules.decide` needs to know about these stems at `at`; unknown ids are left out.

    With `use`, only the grants that govern it: of each holder the newest that has begun.
    """
    wanted = "{" + ",".join(map(str, stem_ids)) + "}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM clearance_facts(%s::uuid[], %s, %s)", [wanted, use, at])
        rows = [_Row._make(row) for row in cursor.fetchall()]
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
        holders=_holders("MASTER", row.master_holders)
        + _holders("PUBLISHING", row.publishing_holders),
        held=tuple(row.held),
        quorum=Quorum(row.quorum, row.authority) if row.quorum else EVERYBODY,
        explicit=row.explicit,
    )


# Texts that come again and again: the holders of a recording's stems, grants signed together.
@lru_cache(maxsize=4096)
def _uuid(text: str) -> UUID:
    return UUID(text)


@lru_cache(maxsize=4096)
def _words(text: str | None) -> frozenset[str]:
    return frozenset(text.split() if text else ())


@lru_cache(maxsize=4096)
def _limits(text: str) -> Limits:
    return limits_from_json(json.loads(text))


@lru_cache(maxsize=4096)
def _approval(text: str) -> ApproveFirst | None:
    return approval_from_json(json.loads(text))


@lru_cache(maxsize=4096)
def _holders(right: str, told: str | None) -> tuple[Holder, ...]:
    lines = json.loads(told) if told else ()
    return tuple(
        Holder(_uuid(party), name, right, society, tuple(places) if society else (), ppm)
        for party, name, society, places, ppm in lines
    )


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


def _grants(row: _Row) -> Iterator[GrantFacts]:
    for ref, giver, uses, limits, places, channels, *rest in json.loads(row.grants or "[]"):
        valid_from, valid_until, granted_at, version, sha256, gone, asks, approved = rest
        yield GrantFacts(
            grant=UUID(ref),
            stem=row.stem,
            party=_uuid(giver),
            uses=_words(uses),
            limits=_limits(limits),
            territories=_words(places),
            channels=frozenset(channels),
            valid_from=datetime.fromisoformat(valid_from),
            valid_until=datetime.fromisoformat(valid_until) if valid_until else None,
            granted_at=datetime.fromisoformat(granted_at),
            terms_version=version,
            terms_sha256=sha256,
            withdrawn=_words(gone),
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
