"""Corrections under four eyes: one person proposes, another carries them out or drops them.

Nothing is posted and no statement is made before the second person, who shows a second factor.
Invariant: what is carried out is what was proposed; a proposal is decided once.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from licensing.audit.operations import record_fact
from licensing.corrections.adjusting import adjust_lines
from licensing.corrections.models import Proposal, ProposedLine
from licensing.corrections.restating import restate_statement
from licensing.deductions.rules.refusals import DeductionRefused, check_reason
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.two_people import decide

State = Proposal.State


@transaction.atomic
def propose_adjustment(
    *,
    key: UUID,
    statement_id: UUID,
    corrections: Mapping[UUID, int],
    reason: str,
    proposed_by: str,
    now: datetime,
) -> Proposal:
    """Ask for more or less, in micro-units, on earning lines; `key` is the proposal's id to be.

    Proposed twice under it, it is proposed once. Raises DeductionRefused: no_reason, and
    no_lines when nothing is corrected. Which lines can be is checked when it is carried out.
    """
    known = Proposal.objects.filter(pk=key).first()
    if known is not None:
        return known
    if not corrections:
        raise DeductionRefused("no_lines", "Name at least one line and an amount.")
    row = _proposed(key, Proposal.Kind.ADJUST, statement_id, reason, proposed_by, now)
    ProposedLine.objects.bulk_create(
        ProposedLine(proposal=row, line_id=pk, amount_micros=micros)
        for pk, micros in corrections.items()
    )
    _tell(row, "propose_correction", proposed_by, now)
    return row


@transaction.atomic
def propose_restatement(
    *, key: UUID, statement_id: UUID, reason: str, proposed_by: str, now: datetime
) -> Proposal:
    """Ask for the next version of a statement; `key` as in `propose_adjustment`.

    Raises DeductionRefused: no_reason, proposed while another proposal for it waits.
    """
    known = Proposal.objects.filter(pk=key).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            row = _proposed(key, Proposal.Kind.RESTATE, statement_id, reason, proposed_by, now)
    except IntegrityError as error:
        raise DeductionRefused(
            "proposed", "A restatement of this statement waits for a second person already."
        ) from error
    _tell(row, "propose_correction", proposed_by, now)
    return row


@transaction.atomic
def carry_out(
    *, proposal_id: UUID, confirmed_by: str, proof: SecondFactor | None, now: datetime
) -> Proposal:
    """Do what another person proposed. Raises DeductionRefused: decided, same_person,
    no_second_factor, stale_second_factor, and what `adjust_lines` and `restate_statement` raise.
    """
    row = _open(proposal_id)
    proved = check_four_eyes(row.proposed_by, confirmed_by, proof, now, refused=DeductionRefused)
    if row.kind == Proposal.Kind.ADJUST:
        adjust_lines(
            key=f"proposal:{row.pk}",
            corrections={one.line_id: one.amount_micros for one in row.lines.order_by("pk")},
            reason=row.reason,
            proposed_by=row.proposed_by,
            confirmed_by=confirmed_by,
            now=now,
        )
    else:
        restate_statement(
            statement_id=row.statement_id,
            reason=row.reason,
            actor=("user", confirmed_by),
            now=now,
        )
    decide(row, state=State.CARRIED_OUT, by=confirmed_by, now=now, proved=proved)
    _tell(row, "carry_out_correction", confirmed_by, now)
    return row


@transaction.atomic
def drop_proposal(*, proposal_id: UUID, reason: str, dropped_by: str, now: datetime) -> Proposal:
    """Do nothing of it; who proposed it may drop it.

    Raises DeductionRefused: decided, no_reason.
    """
    row = _open(proposal_id)
    row.decision = check_reason(reason)[:300]
    decide(row, state=State.DROPPED, by=dropped_by, now=now)
    _tell(row, "drop_correction", dropped_by, now)
    return row


def _proposed(
    key: UUID, kind: str, statement_id: UUID, reason: str, who: str, now: datetime
) -> Proposal:
    return Proposal.objects.create(
        pk=key,
        kind=kind,
        statement_id=statement_id,
        reason=check_reason(reason)[:300],
        proposed_by=who,
        proposed_at=now,
    )


def _open(proposal_id: UUID) -> Proposal:
    row = Proposal.objects.select_for_update().get(pk=proposal_id)
    if row.state != State.OPEN:
        raise DeductionRefused("decided", "This correction was decided already.")
    return row


def _tell(row: Proposal, verb: str, who: str, now: datetime) -> None:
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="proposal",
        object_ref=row.pk,
        after={
            "kind": row.kind,
            "statement": str(row.statement_id),
            "state": row.state,
            "reason": row.decision or row.reason,
            "method": row.proof_method,
        },
        at=now,
    )
