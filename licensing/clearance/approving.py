"""A holder is asked about one variation, and says yes or no to it.

It refuses to know records, sound and listeners: a variation is the clearance it was made under.
Invariants: who is asked is decided once, when the record opens, on the grants that govern then;
what has not passed is served to nobody; a decision can be undone, and every step is a fact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.clearance.approval import (
    SHARE,
    ApproveFirst,
    is_share_bounded,
    why_it_waits,
)
from licensing.clearance.facts import Facts
from licensing.clearance.limits import Asked
from licensing.clearance.models import Approval, Clearance
from licensing.clearance.refusals import ClearanceRefused
from licensing.clearance.rules import PREVIEW, Decision, GrantFacts
from licensing.given import NOT_RECORDED, Given

Actor = tuple[str, str]
State = Approval.State
PASSED = (State.APPROVED, State.RELEASED)
_SYSTEM = ("system", "approvals")


@dataclass(slots=True)
class _Question:
    """What one holder is asked of one recording, in the making."""

    reasons: list[str] = field(default_factory=list)
    shares: dict[str, int] = field(default_factory=dict)

    def add(self, grant: GrantFacts, rule: ApproveFirst, codes: Iterable[str]) -> None:
        self.reasons += [code for code in codes if code not in self.reasons]
        if is_share_bounded(rule):
            self.shares[str(grant.stem)] = rule.share_ppm_max


def ask_holders(
    *, clearance: Clearance, decision: Decision, facts: Facts, made: Asked, now: datetime
) -> tuple[Approval, ...]:
    """Write down who is asked about what is made under this clearance; empty when nobody is.

    `made`: how far it goes from the originals. The stems are locked by the caller, in the
    transaction that opens the record.
    """
    if clearance.use == PREVIEW:
        return ()
    where = {ref: source.recording for ref, source in facts.sources.items()}
    is_mixed = len(set(where.values())) > 1
    asked: dict[tuple[UUID, UUID], _Question] = {}
    for grant in decision.grants:
        rule = grant.approval
        if rule is None:
            continue
        codes = why_it_waits(
            rule, approved=grant.approved, use=clearance.use, made=made, is_mixed=is_mixed
        )
        if codes or is_share_bounded(rule):
            key = grant.party, where[grant.stem]
            asked.setdefault(key, _Question()).add(grant, rule, codes)
    return tuple(
        Approval.objects.create(
            clearance=clearance,
            party_id=party,
            recording_id=recording,
            state=State.WAITING if question.reasons else State.MEASURING,
            reasons=question.reasons,
            shares=question.shares,
            asked_at=now,
        )
        for (party, recording), question in asked.items()
    )


def measure_approvals(
    *, clearance_id: UUID, lines: Sequence[tuple[UUID, int]], now: datetime
) -> None:
    """The shares are measured, in ppm by stem: what lies within them passes, the rest waits."""
    ppm = {str(stem): share for stem, share in lines}
    for one in _locked(clearance_id):
        is_beyond = any(ppm.get(stem, 0) > most for stem, most in one.shares.items())
        if is_beyond and SHARE not in one.reasons:
            one.reasons = [*one.reasons, SHARE]
        if one.state == State.MEASURING:
            one.state = State.WAITING if is_beyond else State.RELEASED
        one.save(update_fields=["reasons", "state"])


@transaction.atomic
def decide_approval(
    *,
    clearance_id: UUID,
    party_id: UUID,
    is_yes: bool,
    actor: Actor,
    now: datetime,
    reason: str = "",
    given: Given = NOT_RECORDED,
) -> None:
    """A holder's yes or no, with a reason if there is one. Repeating it changes nothing.

    How it was `given` stands in the row, and but for the address in the log of facts, where it
    stays when it is undone.
    Raises ClearanceRefused for who was not asked, and for another answer than the one given: undo
    that first.
    """
    mine = _of_party(clearance_id, party_id)
    state = State.APPROVED if is_yes else State.DECLINED
    if all(one.state == state for one in mine):
        return
    if any(one.state in (State.APPROVED, State.DECLINED) for one in mine):
        raise ClearanceRefused("decided", "This is decided already; undo that first.")
    for one in mine:
        one.state, one.decided_at, one.decided_by = state, now, ":".join(map(str, actor))
        one.reason = reason.strip()[:300]
        _say_how(one, given)
    verb = "approve_variation" if is_yes else "decline_variation"
    said = {
        name: value
        for name, value in given.fields().items()
        if value and name != "source_hmac"  # a log that never forgets learns no address
    }
    _fact(actor, verb, clearance_id, party_id, {"reason": reason.strip()[:300]} | said, now)


@transaction.atomic
def undo_approval(*, clearance_id: UUID, party_id: UUID, actor: Actor, now: datetime) -> None:
    """Take an answer back, so that the variation waits again. Nothing decided: nothing changes.

    The caller has made sure that nobody was served meanwhile. Raises ClearanceRefused.
    """
    decided = [
        one
        for one in _of_party(clearance_id, party_id)
        if one.state in (State.APPROVED, State.DECLINED)
    ]
    for one in decided:
        one.state, one.decided_at, one.decided_by, one.reason = State.WAITING, None, "", ""
        _say_how(one, NOT_RECORDED)
    if decided:
        _fact(actor, "undo_approval", clearance_id, party_id, {}, now)


def _say_how(one: Approval, given: Given) -> None:
    how = given.fields()
    for name, value in how.items():
        setattr(one, name, value)
    one.save(update_fields=["state", "decided_at", "decided_by", "reason", *how])


def _locked(clearance_id: UUID) -> list[Approval]:
    rows = Approval.objects.select_for_update().filter(clearance_id=clearance_id)
    return list(rows.order_by("pk"))


def _of_party(clearance_id: UUID, party_id: UUID) -> list[Approval]:
    """The questions that this holder answers: those that did not pass by themselves."""
    mine = [
        one
        for one in _locked(clearance_id)
        if one.party_id == party_id and one.state != State.RELEASED
    ]
    if not mine or any(one.state == State.MEASURING for one in mine):
        raise ClearanceRefused("not_asked", "Nothing of this waits for a yes of this party.")
    return mine


@dataclass(frozen=True, slots=True)
class Standing:
    """How a variation stands with its holders: whose yes is missing, and who said no, and why.

    `is_measured`: its shares are known as far as they decide who is asked.
    """

    waits_for: tuple[str, ...] = ()
    declined_by: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    is_measured: bool = True

    @property
    def has_passed(self) -> bool:
        """Whether nothing stands against serving it."""
        return self.is_measured and not (self.waits_for or self.declined_by)


def approvals_of(clearance_id: UUID) -> Standing:
    """How what was made under a clearance stands with its holders; one query."""
    rows = Approval.objects.filter(clearance_id=clearance_id).exclude(state__in=PASSED)
    rows = rows.select_related("party").order_by("party__name", "pk")
    declined = [one for one in rows if one.state == State.DECLINED]
    return Standing(
        waits_for=_names(one for one in rows if one.state == State.WAITING),
        declined_by=_names(declined),
        reasons=tuple(dict.fromkeys(one.reason for one in declined if one.reason)),
        is_measured=all(one.state != State.MEASURING for one in rows),
    )


def _names(rows: Iterable[Approval]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.party.name for one in rows))


def _fact(
    actor: Actor,
    verb: str,
    clearance_id: UUID,
    party_id: UUID,
    after: Mapping[str, str],
    now: datetime,
) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="clearance",
        object_ref=clearance_id,
        after={"party": str(party_id), **after},
        at=now,
    )
