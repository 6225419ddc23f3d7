"""Disputes: opened about a share, decided by two people; money moves only between those concerned.

Closes hold the contested share on the dispute's suspense account. Nothing comes free by time: an
expired dispute is overdue and waits for a decision all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.deductions.accounts import Payee, move, payable_of, suspense_of
from licensing.deductions.contested import Movement, write_down
from licensing.deductions.flowing import Earned, let_flow
from licensing.deductions.models import Award, Dispute
from licensing.deductions.queries import awards_of, contested_lines, open_claims
from licensing.deductions.rules.awards import Awarded, check_awards, divide
from licensing.deductions.rules.contests import Claim, Line
from licensing.deductions.rules.parts import PPM, Part
from licensing.deductions.rules.refusals import DeductionRefused, check_reason
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.ledger.booking import book
from licensing.ledger.rules import Line as Posted

DECISION = "dispute decision"
"""The kind of the entries that carry decisions out."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a dispute is about: a sheet's party, a stem, a recording, or a stem of one record."""

    sheet_id: UUID | None = None
    party_id: UUID | None = None
    stem_id: UUID | None = None
    recording_id: UUID | None = None
    record_ref: str = ""
    right: str = ""
    contested_ppm: int = PPM


@transaction.atomic
def open_dispute(
    *,
    share: Share,
    claimant: str,
    reason: str,
    opened_by: str,
    expires_at: datetime,
    now: datetime,
) -> Dispute:
    """Hold a contested share of what is earned, from the next close on; others' shares flow on.

    Raises DeductionRefused("no_reason").
    """
    row = Dispute.objects.create(
        sheet_id=share.sheet_id,
        party_id=share.party_id,
        stem_id=share.stem_id,
        recording_id=share.recording_id,
        record_ref=share.record_ref,
        right=share.right,
        contested_ppm=share.contested_ppm,
        claimant=claimant,
        reason=check_reason(reason),
        opened_by=opened_by,
        opened_at=now,
        expires_at=expires_at,
    )
    _tell(row, "open_dispute", opened_by, now)
    return row


@transaction.atomic
def propose_decision(
    *, dispute_id: UUID, awards: Sequence[Awarded], reason: str, proposed_by: str, now: datetime
) -> Dispute:
    """Say who gets what was contested: no awards gives it back to those who earned it.

    A later proposal takes the place of an earlier one until somebody confirms. Raises
    DeductionRefused: decided, no_reason, awards when their shares are not the whole or one payee
    stands twice.
    """
    row = _undecided(dispute_id)
    check_awards(awards)
    row.decision = check_reason(reason)
    row.proposed_by, row.proposed_at = proposed_by, now
    row.save(update_fields=["decision", "proposed_by", "proposed_at"])
    row.awards.all().delete()
    Award.objects.bulk_create(
        Award(dispute=row, payee_kind=one.kind, payee_ref=one.ref, share_ppm=one.share_ppm)
        for one in awards
    )
    _tell(row, "propose_decision", proposed_by, now)
    return row


@transaction.atomic
def confirm_decision(
    *, dispute_id: UUID, confirmed_by: str, proof: SecondFactor | None, now: datetime
) -> Dispute:
    """Carry out what another person proposed: what is held leaves suspense.

    What another open dispute contests as well goes on to that one. Raises DeductionRefused:
    decided, not_proposed, same_person, no_second_factor, stale_second_factor.
    """
    row = _undecided(dispute_id)
    if row.proposed_at is None:
        raise DeductionRefused("not_proposed", "Nobody has proposed a decision yet.")
    proved = check_four_eyes(row.proposed_by, confirmed_by, proof, now, refused=DeductionRefused)
    row.decided_by, row.decided_at = confirmed_by, now
    row.save(update_fields=["decided_by", "decided_at"])
    others = [claim for claim in open_claims() if claim.key != str(row.pk)]
    awards = awards_of(row)
    held = contested_lines(row)
    for currency in sorted({line.currency for line, _ in held}):
        mine = [(line, month) for line, month in held if line.currency == currency]
        _resolve(row, awards, mine, others, now)
    _tell(row, "confirm_decision", confirmed_by, now, method=proved.method)
    return row


def _undecided(dispute_id: UUID) -> Dispute:
    row = Dispute.objects.select_for_update(of=("self",)).get(pk=dispute_id)
    if row.decided_at is not None:
        raise DeductionRefused("decided", "This dispute was decided already.")
    return row


def _resolve(
    row: Dispute,
    awards: Sequence[Awarded],
    held: Sequence[tuple[Line, date]],
    others: Sequence[Claim],
    now: datetime,
) -> None:
    """Empty the dispute's suspense account of one currency, that of the lines held."""
    currency = held[0][0].currency
    suspense = suspense_of(row.pk, currency)
    postings: list[Posted] = []
    parts: dict[Payee, list[Part]] = {}
    moved: list[tuple[str, date, Line, int]] = []
    for line, month in held:
        moved.append((str(row.pk), month, line, -1))
        also = next((claim for claim in others if claim.covers(line)), None)
        if also is not None:
            postings += move(suspense, suspense_of(also.key, currency), line.micros)
            moved.append((also.key, month, line, 1))
            continue
        for payee, part in divide(line, awards):
            ref = f"{line.right}:{line.stem}"
            postings += move(suspense, payable_of(payee, currency), part.micros, ref)
            parts.setdefault(payee, []).append(part)
    key = f"dispute:{row.pk}:{currency}"
    memo = f"dispute decided: {row.decision}"[:300]
    entry = book(key=key, kind=DECISION, lines=postings, now=now, memo=memo)
    write_down(Movement(*one, entry.pk) for one in moved)
    earned = [Earned(payee, currency, of) for payee, of in sorted(parts.items())]
    (month, *others_too) = sorted({month for _, month in held})
    let_flow(
        earned, key=f"dispute:{row.pk}", at=entry.effective_at, now=now, reserves=False,
        month=None if others_too else month,
    )  # fmt: skip


def _tell(row: Dispute, verb: str, who: str, now: datetime, **more: str) -> None:
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="dispute",
        object_ref=row.pk,
        after={
            "claimant": row.claimant,
            "decision": row.decision,
            "awards": [list(one) for one in awards_of(row)],
            **more,
        },
        at=now,
    )
