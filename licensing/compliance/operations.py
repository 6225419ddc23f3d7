"""Notices are received, their holders asked, what they name is blocked, and they are decided.

It refuses to mail anybody. Invariants: a notice alone blocks nothing; a hold that a notice placed
goes with its rejection or withdrawal and stays with its being upheld; facts name no claimant.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.catalog.models import AudioObject
from licensing.clearance.operations import Actor, place_hold, release_hold
from licensing.compliance import rules
from licensing.compliance.models import Appeal, CounterStatement, Takedown
from licensing.compliance.queries import audio_of, find_target, holders_of, target_of
from licensing.compliance.rules import ComplianceRefused, Ground, State
from licensing.four_eyes import is_same_person
from licensing.ulid import ulid_text

CLAIMANT: Actor = ("system", "claimant")
"""Who acts where somebody outside does: the log names nobody."""


@transaction.atomic
def receive_takedown(
    *,
    target_kind: str,
    target_ref: str,
    ground: str,
    claimant_name: str,
    claimant_mail: str,
    statement: str,
    good_faith: bool,
    now: datetime,
) -> Takedown:
    """Write a notice down as it was said; nothing is blocked by it.

    Raises ComplianceRefused: unknown_target, odd_ground, no_words, long_words, no_good_faith.
    """
    target = find_target(target_kind, target_ref)
    if target is None:
        raise ComplianceRefused("unknown_target", "Nothing of this kind is here.")
    if ground not in list(Ground):
        raise ComplianceRefused("odd_ground", "Say which right of yours it is about.")
    if not good_faith:
        raise ComplianceRefused("no_good_faith", "A notice is given in good faith: confirm it.")
    key = uuid4()
    row = Takedown.objects.create(
        id=key,
        reference=f"T-{ulid_text(key)[-10:]}",
        target_kind=target.kind,
        target_ref=target.ref,
        ground=ground,
        claimant_name=rules.check_words(claimant_name, "your name", rules.LONGEST_NAME),
        claimant_mail=rules.check_words(claimant_mail, "your mail address", 254),
        statement=rules.check_words(statement, "what is yours", rules.LONGEST_STATEMENT),
        good_faith=True,
        received_at=now,
        decide_by=now + rules.DECIDE_WITHIN,
    )
    _tell(row, "receive_takedown", CLAIMANT, now)
    return row


@transaction.atomic
def ask_holders(*, takedown_id: UUID, actor: Actor, now: datetime) -> Takedown:
    """Take a notice up and give its holders time to answer, while everything plays on.

    Raises ComplianceRefused: decided, odd_step.
    """
    row = _locked(takedown_id)
    rules.check_step(row.state, State.ASKED)
    _ask(row, now)
    return _move(row, State.ASKED, "ask_holders", actor, now)


@transaction.atomic
def block_meanwhile(*, takedown_id: UUID, actor: Actor, now: datetime) -> Takedown:
    """Hold what a notice names while it is looked into; its holders are asked, if not before.

    Raises ComplianceRefused: decided, odd_step.
    """
    row = _locked(takedown_id)
    rules.check_step(row.state, State.ACTING)
    _ask(row, now)
    _hold(row, actor, now)
    return _move(row, State.ACTING, "block_meanwhile", actor, now)


@transaction.atomic
def answer_takedown(
    *, takedown_id: UUID, party_id: UUID, statement: str, actor: Actor, now: datetime
) -> CounterStatement:
    """What a holder says to a notice, once, until it is decided.

    Raises ComplianceRefused: not_asked, decided, not_a_holder, answered, no_words, long_words.
    """
    row = _locked(takedown_id)
    if row.state not in rules.UNDECIDED:
        raise ComplianceRefused("decided", "This notice is over: it was decided or withdrawn.")
    if row.asked_at is None:
        raise ComplianceRefused("not_asked", "Nobody was asked about this notice.")
    if party_id not in holders_of(target_of(row)):
        raise ComplianceRefused("not_a_holder", "Only holders of what it names answer a notice.")
    said = rules.check_words(statement, "your answer", rules.LONGEST_STATEMENT)
    try:
        with transaction.atomic():
            answer = CounterStatement.objects.create(
                takedown=row,
                party_id=party_id,
                statement=said,
                answered_by=":".join(map(str, actor)),
                answered_at=now,
            )
    except IntegrityError as twice:
        raise ComplianceRefused("answered", "Your answer to this notice was given.") from twice
    _tell(row, "answer_takedown", actor, now, party=str(party_id))
    return answer


@transaction.atomic
def decide_takedown(
    *, takedown_id: UUID, upheld: bool, reasons: str, actor: Actor, now: datetime
) -> Takedown:
    """Decide once, with reasons that both sides read: upheld, and the hold stays; or it goes.

    Raises ComplianceRefused: decided, no_words, long_words; upheld only: not_asked, time_to_answer.
    """
    row = _locked(takedown_id)
    after = State.UPHELD if upheld else State.REJECTED
    rules.check_step(row.state, after)
    row.reasons = rules.check_words(reasons, "the reasons", rules.LONGEST_REASONS)
    if upheld:
        _check_heard(row, now)
        _hold(row, actor, now)
        _meet_uploads(row)
    else:
        _release(row, actor, now)
    return _end(row, after, "decide_takedown", actor, now)


@transaction.atomic
def withdraw_takedown(*, takedown_id: UUID, now: datetime, actor: Actor = CLAIMANT) -> Takedown:
    """The claimant takes a notice back, or the desk does at their word; what it blocked plays on.

    Raises ComplianceRefused: decided.
    """
    row = _locked(takedown_id)
    rules.check_step(row.state, State.WITHDRAWN)
    _release(row, actor, now)
    return _end(row, State.WITHDRAWN, "withdraw_takedown", actor, now)


@transaction.atomic
def appeal(
    *, takedown_id: UUID, party_id: UUID, statement: str, actor: Actor, now: datetime
) -> Appeal:
    """A holder asks, once for a notice, that somebody else looks at its being upheld again.

    Raises ComplianceRefused: not_upheld, too_late, not_a_holder, appealed, no_words, long_words.
    """
    row = _locked(takedown_id)
    rules.check_appeal(row.state, row.decided_at, now)
    if party_id not in holders_of(target_of(row)):
        raise ComplianceRefused("not_a_holder", "Only holders of what it names may ask this.")
    if Appeal.objects.filter(takedown=row).exists():
        raise ComplianceRefused("appealed", "It is looked at again once, and that was asked.")
    made = Appeal.objects.create(
        takedown=row,
        party_id=party_id,
        statement=rules.check_words(statement, "what was overlooked", rules.LONGEST_STATEMENT),
        asked_by=":".join(map(str, actor)),
        asked_at=now,
        decide_by=now + rules.DECIDE_WITHIN,
    )
    _tell(row, "appeal", actor, now, party=str(party_id))
    return made


@transaction.atomic
def decide_appeal(
    *, takedown_id: UUID, changed: bool, reasons: str, actor: Actor, now: datetime
) -> Appeal:
    """Somebody else than who upheld a notice decides again: its hold stays or goes for good.

    Raises ComplianceRefused: no_appeal, decided, same_person, no_words, long_words.
    """
    row = _locked(takedown_id)
    asked = Appeal.objects.select_for_update().filter(takedown=row).first()
    if asked is None:
        raise ComplianceRefused("no_appeal", "Nobody has asked to look at this again.")
    if asked.decided_at is not None:
        raise ComplianceRefused("decided", "This was looked at again already.")
    by = ":".join(map(str, actor))
    if is_same_person(row.decided_by, by):
        raise ComplianceRefused("same_person", "Somebody else than who upheld it looks again.")
    asked.outcome = Appeal.Outcome.CHANGED if changed else Appeal.Outcome.STANDS
    asked.reasons = rules.check_words(reasons, "the reasons", rules.LONGEST_REASONS)
    asked.decided_by, asked.decided_at = by, now
    asked.save()
    if changed:
        _release(row, actor, now)
    _tell(row, "decide_appeal", actor, now, outcome=asked.outcome)
    return asked


def forget_claimants(*, now: datetime) -> int:
    """Erase names, addresses and words of claimants whose time is over; how many. Safe to repeat.

    Of an upheld notice they stay while its hold stands, and for as long again after it.
    """
    long_ago = now - rules.KEEP_CLAIMANT
    ended = Takedown.objects.filter(decided_at__lte=long_ago, forgotten_at__isnull=True)
    blocking = ended.filter(state=State.UPHELD).exclude(hold__released_at__lte=long_ago)
    count = 0
    for key in ended.exclude(pk__in=blocking.values("pk")).values_list("pk", flat=True):
        with transaction.atomic():
            row = _locked(key)
            row.claimant_name = row.claimant_mail = row.statement = ""
            row.forgotten_at = now
            row.save()
            _tell(row, "forget_claimant", ("system", "retention"), now)
            count += 1
    return count


def _locked(takedown_id: UUID) -> Takedown:
    return Takedown.objects.select_for_update(of=("self",)).get(pk=takedown_id)


def _ask(row: Takedown, now: datetime) -> None:
    if row.asked_at is None:
        row.asked_at, row.answer_until = now, now + rules.ANSWER_WITHIN


def _check_heard(row: Takedown, now: datetime) -> None:
    assert row.answer_until is not None  # a check constraint says so of every state before
    answers = row.answers.values_list("party_id", flat=True)
    holders = holders_of(target_of(row))
    rules.check_heard(
        row.answer_until, holders=len(holders), answers=len(holders & set(answers)), now=now
    )


def _hold(row: Takedown, actor: Actor, now: datetime) -> None:
    """Place the notice's hold, unless it stands; one that somebody released is placed anew."""
    if row.hold is not None and row.hold.released_at is None:
        return
    row.hold = place_hold(
        target_kind=row.target_kind,
        target_ref=row.target_ref,
        reason=f"Notice {row.reference}: {row.get_ground_display()}",
        actor=actor,
        now=now,
    )


def _release(row: Takedown, actor: Actor, now: datetime) -> None:
    if row.hold is not None:
        release_hold(hold_id=row.hold.pk, actor=actor, now=now)


def _meet_uploads(row: Takedown) -> None:
    """Lock the audio as an upload of the same sound does: it comes before this, and stands among
    the same sounds on the desk's page, or after, and finds the notice upheld."""
    digests = audio_of(target_of(row))
    list(AudioObject.objects.select_for_update().filter(pk__in=digests).order_by("pk"))


def _end(row: Takedown, after: State, verb: str, actor: Actor, now: datetime) -> Takedown:
    row.decided_at, row.decided_by = now, ":".join(map(str, actor))
    return _move(row, after, verb, actor, now)


def _move(row: Takedown, after: State, verb: str, actor: Actor, now: datetime) -> Takedown:
    before, row.state = row.state, after.value
    row.save()
    _tell(row, verb, actor, now, before=before)
    return row


def _tell(
    row: Takedown, verb: str, actor: Actor, now: datetime, before: str = "", **more: Any
) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="takedown",
        object_ref=row.pk,
        before={"state": before} if before else None,
        after={
            "reference": row.reference,
            "target": row.target_kind,
            "ref": row.target_ref,
            "ground": row.ground,
            "state": row.state,
            "hold": str(row.hold_id) if row.hold_id else None,
            **more,
        },
        at=now,
    )
