"""May these stems be used like this, here, now? One pure answer, with every reason and every limit.

It knows sheets, grants, withdrawals and holds as plain values. It refuses to know rows, listeners
and recipes. Invariant: no is the default; a yes needs every holder of both rights of every stem,
and a reason more never turns a no into a yes.

One grant governs a cell (stem, holder, use): the newest that has begun. Granting anew replaces what
was granted before, withdrawing it means no, and older grants never come back to life.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from licensing.catalog.rules import collects_in
from licensing.clearance.approval import ApproveFirst, waits_when_live
from licensing.clearance.limits import Asked as Asked
from licensing.clearance.limits import Limits, codes_beyond, tightest
from licensing.clearance.quorum import EVERYBODY, Quorum, quorum_for

PREVIEW = "PREVIEW"
PREVIEW_DAYS = 7
VOCALS = "vocals"


@dataclass(frozen=True, slots=True)
class UseAsked:
    """A use of stems: `requester` is (kind, ref), a party's ref being its id as text.

    `is_live`: of a session that is heard as it is made, so that nobody can say yes to it first.
    `by_taste`: a listener's taste profile chose or shaped what is asked for.
    """

    use: str
    stems: tuple[UUID, ...]
    requester: tuple[str, str]
    territory: str
    channel: str
    asked: Asked | None = None
    is_live: bool = False
    by_taste: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """A party on an effective sheet. `society` collects for it in `territories` (empty: world)."""

    party: UUID
    name: str
    right: str
    society: str = ""
    territories: tuple[str, ...] = ()
    share_ppm: int = 0


@dataclass(frozen=True, slots=True)
class StemFacts:
    """One stem as it stands. A sheet state is EFFECTIVE, PROPOSED or NONE; `held`: reasons of holds
    on it or its recording; `quorum`: how many of its holders must say yes; `explicit`: the words
    of its recording are."""

    stem: UUID
    recording: UUID
    label: str
    role: str
    state: str
    recording_state: str
    master: str
    publishing: str
    holders: tuple[Holder, ...]
    held: tuple[str, ...] = ()
    quorum: Quorum = EVERYBODY
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """One grant. `withdrawn`: the uses that were withdrawn from it by now.

    `approval`: what waits for its holder's yes, who has said it `approved` times of the recording.
    """

    grant: UUID
    stem: UUID
    party: UUID
    uses: frozenset[str]
    limits: Limits
    territories: frozenset[str]
    channels: frozenset[str]
    valid_from: datetime
    valid_until: datetime | None
    granted_at: datetime
    terms_version: str
    terms_sha256: str
    withdrawn: frozenset[str] = frozenset()
    approval: ApproveFirst | None = None
    approved: int = 0


@dataclass(frozen=True, slots=True)
class SocietyFacts:
    """An operator's agreement with a society that is valid at the moment asked about."""

    society: str
    uses: frozenset[str]
    territories: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: a stable code, one sentence, and the stem and party it is about."""

    code: str
    sentence: str
    stem: UUID | None = None
    party: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `limits` are the tightest of the governing grants; `grants` what it rests on."""

    allowed: bool
    reasons: tuple[Reason, ...]
    limits: Limits
    grants: tuple[GrantFacts, ...]
    ends_at: datetime | None = None


@dataclass(slots=True)
class _Case:
    """One decision in the making; `beside_explicit`: stems that meet another's explicit words."""

    use: UseAsked
    at: datetime
    grants: dict[tuple[UUID, UUID], list[GrantFacts]]
    societies: Sequence[SocietyFacts]
    is_mixed: bool
    beside_explicit: frozenset[UUID] = frozenset()
    reasons: list[Reason] = field(default_factory=list)
    governing: list[GrantFacts] = field(default_factory=list)

    def refuse(self, code: str, sentence: str, stem: StemFacts, party: UUID | None = None) -> None:
        self.reasons.append(Reason(code, sentence, stem.stem, party))


def decide(
    use: UseAsked,
    stems: Sequence[StemFacts],
    grants: Iterable[GrantFacts],
    societies: Sequence[SocietyFacts],
    at: datetime,
) -> Decision:
    """Allowed or not at `at`, with all reasons in the order of the stems asked about.

    `grants` may hold more than is needed; those of other stems are ignored.
    """
    cells: dict[tuple[UUID, UUID], list[GrantFacts]] = {}
    for grant in grants:
        cells.setdefault((grant.stem, grant.party), []).append(grant)
    known = {stem.stem: stem for stem in stems}
    wanted = [known[ref] for ref in use.stems if ref in known]
    is_mixed = len({stem.recording for stem in wanted}) > 1
    case = _Case(use, at, cells, societies, is_mixed, _beside_explicit(wanted))
    if not use.stems:
        case.reasons.append(Reason("no_stems", "No stem was named."))
    for ref in use.stems:
        if ref not in known:
            case.reasons.append(Reason("unknown_stem", "A stem named is not known here.", ref))
    for stem in wanted:
        _decide_stem(case, stem)
    limits = tightest(_limits_of(case, grant) for grant in case.governing)
    _check_asked(case, limits)
    return Decision(
        allowed=not case.reasons,
        reasons=tuple(case.reasons),
        limits=limits,
        grants=tuple(case.governing),
        ends_at=at + timedelta(days=PREVIEW_DAYS) if use.use == PREVIEW else None,
    )


def _beside_explicit(wanted: Sequence[StemFacts]) -> frozenset[UUID]:
    explicit = {stem.recording for stem in wanted if stem.explicit}
    return frozenset(stem.stem for stem in wanted if explicit - {stem.recording})


def _limits_of(case: _Case, grant: GrantFacts) -> Limits:
    """A grant's own limits; live, nothing goes where its holder would have to be asked."""
    if case.use.is_live and grant.approval is not None:
        return tightest([grant.limits, grant.approval.within])
    return grant.limits


def _decide_stem(case: _Case, stem: StemFacts) -> None:
    _check_state(case, stem)
    _check_sheets(case, stem)
    if case.use.use == PREVIEW:
        _check_member(case, stem)
        return
    for holder in stem.holders:
        if holder.society:
            _check_society(case, stem, holder)
    _check_holders(case, stem)


def _check_state(case: _Case, stem: StemFacts) -> None:
    if stem.state == "REVIEW":
        case.refuse("stem_under_review", f"“{stem.label}” is under review.", stem)
    elif stem.state == "DELETED":
        case.refuse("stem_deleted", f"“{stem.label}” was deleted.", stem)
    elif stem.state != "READY":
        case.refuse("stem_not_ready", f"“{stem.label}” is not ready.", stem)
    if stem.recording_state == "HIDDEN":
        case.refuse("recording_hidden", f"The recording of “{stem.label}” is hidden.", stem)
    elif stem.recording_state != "COMPLETE" and case.use.use != PREVIEW:
        case.refuse(
            "recording_not_complete", f"The recording of “{stem.label}” is not complete.", stem
        )
    for _ in stem.held[:1]:
        case.refuse("hold", f"“{stem.label}” is on hold.", stem)


def _check_sheets(case: _Case, stem: StemFacts) -> None:
    for right, state in (("master", stem.master), ("publishing", stem.publishing)):
        if state == "NONE":
            case.refuse("no_sheet", f"“{stem.label}” has no {right} split sheet.", stem)
        elif state == "PROPOSED":
            sentence = f"The {right} split sheet of “{stem.label}” is not in force yet."
            case.refuse("sheet_unsigned", sentence, stem)


def _check_member(case: _Case, stem: StemFacts) -> None:
    kind, ref = case.use.requester
    if kind != "party" or ref not in {str(holder.party) for holder in stem.holders}:
        sentence = f"Only parties on the split sheets of “{stem.label}” may preview it."
        case.refuse("preview_members_only", sentence, stem)


def _covers(places: Iterable[str], place: str) -> bool:
    known = frozenset(places)
    return not known or place in known


def _check_society(case: _Case, stem: StemFacts, holder: Holder) -> None:
    if not collects_in(holder.territories, case.use.territory):
        return
    for agreement in case.societies:
        if (
            agreement.society.casefold() == holder.society.casefold()
            and case.use.use in agreement.uses
            and _covers(agreement.territories, case.use.territory)
        ):
            return
    sentence = f"A licence from {holder.society} is required for “{stem.label}”."
    case.refuse("society_licence_required", sentence, stem, holder.party)


def governing_grant(grants: Iterable[GrantFacts], use: str, at: datetime) -> GrantFacts | None:
    """The newest grant of one cell that names the use and has begun, withdrawn or ended or not."""
    begun = [grant for grant in grants if use in grant.uses and grant.valid_from <= at]
    if len(begun) < 2:
        return begun[0] if begun else None
    return max(begun, key=lambda grant: (grant.granted_at, str(grant.grant)))


def shares_of(stem: StemFacts) -> list[tuple[UUID, str, int]]:
    """The holders' shares as a quorum counts them: (party, right, ppm)."""
    return [(one.party, one.right, one.share_ppm) for one in stem.holders]


def _check_holders(case: _Case, stem: StemFacts) -> None:
    """Every holder is asked; where enough of them say yes, the silence of the others is no no.

    Short of that, the reasons are those of everybody whose yes is missing; where one speaks for
    all, those of that one. Who wants to hear it first is no silence: that always counts.
    """
    holders = {holder.party: holder for holder in stem.holders}
    quorum = quorum_for(case.use.use, stem.quorum)
    if quorum.authority in holders:
        holders = {ref: one for ref, one in holders.items() if ref == quorum.authority}
    answers = {ref: _answer_of(case, stem, holder) for ref, holder in holders.items()}
    given = {ref: one for ref, one in answers.items() if isinstance(one, GrantFacts)}
    case.governing.extend(given.values())
    if len(given) == len(answers):
        return
    is_reached = quorum.is_reached(shares_of(stem), given)
    for ref, one in answers.items():
        if isinstance(one, GrantFacts):
            continue
        if not is_reached or one[0] == _APPROVAL_REQUIRED[0]:
            case.refuse(one[0], one[1], stem, ref)


def _answer_of(case: _Case, stem: StemFacts, holder: Holder) -> GrantFacts | tuple[str, str]:
    """The grant by which a holder says yes, or a code and a sentence why that is missing."""
    cell = case.grants.get((stem.stem, holder.party), [])
    grant = governing_grant(cell, case.use.use, case.at)
    if grant is None:
        word = case.use.use.lower()
        return "no_grant", f"{holder.name} has not granted {word} of “{stem.label}”."
    failing = next(
        ((code, words) for code, fails, words in _CONDITIONS if fails(case, grant)), None
    )
    if not failing and case.use.is_live and _asks_live(case, grant, stem):
        failing = _APPROVAL_REQUIRED
    if failing:
        code, words = failing
        return code, words.format(name=holder.name, label=stem.label)
    return grant


def _asks_live(case: _Case, grant: GrantFacts, stem: StemFacts) -> bool:
    return waits_when_live(
        grant.approval,
        approved=grant.approved,
        use=case.use.use,
        vocals=stem.role == VOCALS,
        is_mixed=case.is_mixed,
    )


_APPROVAL_REQUIRED = (
    "approval_required",
    "{name} wants to hear variations of “{label}” before they are played, so it is not used live.",
)
_CONDITIONS: tuple[tuple[str, Callable[[_Case, GrantFacts], bool], str], ...] = (
    (
        "withdrawn",
        lambda case, grant: case.use.use in grant.withdrawn,
        "{name} has withdrawn this use of “{label}”.",
    ),
    (
        "expired",
        lambda case, grant: grant.valid_until is not None and grant.valid_until <= case.at,
        "The grant of {name} for “{label}” has ended.",
    ),
    (
        "territory",
        lambda case, grant: not _covers(grant.territories, case.use.territory),
        "{name} has not granted “{label}” for this territory.",
    ),
    (
        "channel",
        lambda case, grant: not _covers(grant.channels, case.use.channel),
        "{name} has not granted “{label}” for this channel.",
    ),
    (
        "with_others_not_allowed",
        lambda case, grant: case.is_mixed and not grant.limits.with_others,
        "{name} does not let “{label}” be mixed with other recordings.",
    ),
    (
        "with_explicit_not_allowed",
        lambda case, grant: grant.stem in case.beside_explicit and not grant.limits.with_explicit,
        "{name} does not let “{label}” be mixed with recordings whose words are explicit.",
    ),
    (
        "by_taste_not_allowed",
        lambda case, grant: case.use.by_taste and not grant.limits.by_taste,
        "{name} does not let “{label}” be chosen or shaped by a listener’s taste profile.",
    ),
)


def _check_asked(case: _Case, limits: Limits) -> None:
    """What was asked for beyond the limits; what was not asked for is the composer's to keep."""
    if case.use.asked is not None:
        case.reasons.extend(reasons_beyond(limits, case.use.asked))


def reasons_beyond(limits: Limits, asked: Asked) -> tuple[Reason, ...]:
    """Why a change, planned or already in a recipe, does not keep the limits; empty: it does."""
    span = f"{limits.tempo_min_ratio:.2f} to {limits.tempo_max_ratio:.2f}"
    sentences = {
        "tempo_out_of_range": f"The tempo may change by a factor of {span} only.",
        "pitch_out_of_range": f"The key may move by at most {limits.semitones_max} semitones.",
        "vocals_not_allowed": "The vocals may not be used.",
    }
    return tuple(Reason(code, sentences[code]) for code in codes_beyond(limits, asked))
