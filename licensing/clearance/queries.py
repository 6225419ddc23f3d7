"""Reads of clearance: pre-flight, what may be used here and now, and the matrix of grants.

It refuses to write: nothing asked here leaves a trace. Invariant: the same rules as `clear_use`,
and a number of SQL queries that does not grow with the catalog.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from licensing.catalog.models import Recording, Stem
from licensing.clearance.facts import Facts, load_facts
from licensing.clearance.limits import Limits, tightest
from licensing.clearance.models import Clearance, Hold, Use
from licensing.clearance.quorum import quorum_for
from licensing.clearance.rules import (
    PREVIEW,
    Asked,
    Decision,
    GrantFacts,
    StemFacts,
    UseAsked,
    decide,
    governing_grant,
    shares_of,
)


@dataclass(frozen=True, slots=True)
class ClearableStem:
    """A stem that may be used alone; `limits` are the tightest of its holders' grants."""

    stem_id: UUID
    digest: str
    label: str
    role: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class ClearableRecording:
    """A recording with the stems of it that may be used, in their order."""

    recording_id: UUID
    party_id: UUID
    title: str
    explicit: bool
    stems: tuple[ClearableStem, ...]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Given:
    """A holder's standing grant in one cell of the matrix."""

    grant_id: UUID
    party_id: UUID
    name: str
    limits: Limits
    territories: tuple[str, ...]
    channels: tuple[str, ...]
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A holder whose yes is missing in a cell: `no_grant`, `withdrawn` or `expired`."""

    party_id: UUID
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Use x stem: `is_granted` when enough holders of both rights have said yes; `missing`: whose
    yes is waited for, nobody's where it is not needed any more."""

    stem_id: UUID
    use: str
    is_granted: bool
    given: tuple[Given, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One stem of the matrix; sheet states are EFFECTIVE, PROPOSED or NONE."""

    stem_id: UUID
    label: str
    role: str
    state: str
    master: str
    publishing: str
    is_held: bool
    cells: tuple[Cell, ...]


def use_asked(
    use: str,
    stems: Sequence[UUID],
    requester: tuple[str, str],
    territory: str,
    channel: str,
    asked: Asked | None = None,
    *,
    is_live: bool = False,
    by_taste: bool = False,
) -> UseAsked:
    """The question in its one form: a known use, capitals, every stem once.

    Raises ValueError for an unknown use.
    """
    return UseAsked(
        use=Use(str(use).upper()).value,
        stems=tuple(dict.fromkeys(stems)),
        requester=(requester[0], str(requester[1])),
        territory=territory.strip().upper(),
        channel=channel.strip().upper(),
        asked=asked,
        is_live=is_live,
        by_taste=by_taste,
    )


def preflight_use(
    *,
    use: str,
    stems: Sequence[UUID],
    requester: tuple[str, str],
    territory: str,
    channel: str,
    now: datetime,
    asked: Asked | None = None,
    is_live: bool = False,
    by_taste: bool = False,
) -> Decision:
    """What `clear_use` would decide; writes no row."""
    wanted = use_asked(
        use, stems, requester, territory, channel, asked, is_live=is_live, by_taste=by_taste
    )
    return load_facts(wanted.stems, now, wanted.use).decide(wanted)


def list_clearable(
    use: str,
    territory: str,
    channel: str,
    at: datetime,
    *,
    requester: tuple[str, str] = ("system", ""),
    recording_ids: Iterable[UUID] | None = None,
    is_live: bool = False,
    by_taste: bool = False,
) -> tuple[ClearableRecording, ...]:
    """Complete recordings with at least one stem that may be used like this, newest first.

    Whether stems of several recordings may sound together is `limits.with_others`, and whether
    beside explicit ones `limits.with_explicit`. `is_live`: in a session, where nobody can be asked
    first. `by_taste`: for what a listener's taste profile chose or shaped.
    """
    complete = Recording.objects.filter(state=Recording.State.COMPLETE)
    if recording_ids is not None:
        complete = complete.filter(pk__in=list(recording_ids))
    recordings = list(complete.order_by("-created_at", "pk"))
    stem_ids = Stem.objects.filter(
        recording__in=[row.pk for row in recordings], state=Stem.State.READY
    ).values_list("pk", flat=True)
    facts = load_facts(stem_ids, at, Use(use.upper()).value)
    question = use_asked(use, (), requester, territory, channel, is_live=is_live, by_taste=by_taste)
    allowed = _clearable_stems(facts, question)
    found = []
    for row in recordings:
        stems = tuple(allowed.get(row.pk, ()))
        if stems:
            limits = tightest(stem.limits for stem in stems)
            found.append(
                ClearableRecording(row.pk, row.party_id, row.title, row.explicit, stems, limits)
            )
    return tuple(found)


def _clearable_stems(facts: Facts, question: UseAsked) -> dict[UUID, list[ClearableStem]]:
    grants: dict[UUID, list[GrantFacts]] = {}
    for grant in facts.grants:
        grants.setdefault(grant.stem, []).append(grant)
    found: dict[UUID, list[ClearableStem]] = {}
    for stem in facts.stems:
        asked = replace(question, stems=(stem.stem,))
        mine = grants.get(stem.stem, [])
        decision = decide(asked, [stem], mine, facts.societies, facts.at)
        digest = facts.sources[stem.stem].digest
        if decision.allowed and digest is not None:
            found.setdefault(stem.recording, []).append(
                ClearableStem(stem.stem, digest, stem.label, stem.role, decision.limits)
            )
    return found


def matrix_of(recording_id: UUID, at: datetime) -> tuple[MatrixRow, ...]:
    """Use x stem of a recording: who granted what within which limits, whose yes is missing.

    Deleted and refused stems are left out; territory and channel are conditions of a grant, not
    gaps in the matrix.
    """
    gone = [Stem.State.DELETED, Stem.State.REFUSED]
    ids = Stem.objects.filter(recording_id=recording_id).exclude(state__in=gone)
    facts = load_facts(ids.values_list("pk", flat=True), at)
    cells: dict[tuple[UUID, UUID], list[GrantFacts]] = {}
    for grant in facts.grants:
        cells.setdefault((grant.stem, grant.party), []).append(grant)
    return tuple(
        MatrixRow(
            stem_id=stem.stem,
            label=stem.label,
            role=stem.role,
            state=stem.state,
            master=stem.master,
            publishing=stem.publishing,
            is_held=bool(stem.held),
            cells=tuple(_cell(stem, use.value, cells, at) for use in Use if use.value != PREVIEW),
        )
        for stem in facts.stems
    )


def _cell(
    stem: StemFacts,
    use: str,
    grants: dict[tuple[UUID, UUID], list[GrantFacts]],
    at: datetime,
) -> Cell:
    given: list[Given] = []
    missing: list[Missing] = []
    holders = {holder.party: holder.name for holder in stem.holders}
    for party, name in holders.items():
        grant = governing_grant(grants.get((stem.stem, party), []), use, at)
        code = _gap(grant, use, at)
        if grant is None or code:
            missing.append(Missing(party, name, code))
            continue
        given.append(
            Given(
                grant.grant,
                party,
                name,
                grant.limits,
                tuple(sorted(grant.territories)),
                tuple(sorted(grant.channels)),
                grant.valid_until,
            )
        )
    is_agreed = stem.master == stem.publishing == "EFFECTIVE"
    quorum = quorum_for(use, stem.quorum)
    if quorum.is_reached(shares_of(stem), {one.party_id for one in given}):
        missing = []
    elif quorum.authority in holders:
        missing = [one for one in missing if one.party_id == quorum.authority]
    return Cell(stem.stem, use, is_agreed and not missing, tuple(given), tuple(missing))


def _gap(grant: GrantFacts | None, use: str, at: datetime) -> str:
    if grant is None:
        return "no_grant"
    if use in grant.withdrawn:
        return "withdrawn"
    if grant.valid_until is not None and grant.valid_until <= at:
        return "expired"
    return ""


def get_clearance(clearance_id: UUID) -> Clearance:
    """One kept decision; raises Clearance.DoesNotExist."""
    return Clearance.objects.get(pk=clearance_id)


def list_holds() -> QuerySet[Hold]:
    """A queryset of the holds that stand, oldest first: a rights administrator's queue."""
    return Hold.objects.filter(released_at__isnull=True).order_by("placed_at", "pk")
