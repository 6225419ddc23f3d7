"""Disputes as a payee concerned by them may see them: what waits of theirs, and what was decided.

Concerned is whose earnings are or were held, and to whom a decision gave something; nobody else is
told that there is a dispute. A proposal is no decision and is shown to nobody here. Invariant: the
amounts of a decision are those that its entries posted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, Sum

from licensing.deductions.accounts import Payee
from licensing.deductions.disputes import DECISION
from licensing.deductions.models import Award, ContestedLine, Dispute
from licensing.ledger.models import Posting
from licensing.ledger.rules import CREDIT, PAYABLE

Amounts = Mapping[str, int]
"""Micro-units by currency."""


@dataclass(frozen=True, slots=True)
class PartOfDecision:
    """What one payee got. `share_ppm`: of the contested share; None where it went back."""

    payee: Payee
    share_ppm: int | None
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Concern:
    """A dispute with what it means to one payee: `held` of theirs now, `parts` of a decision.

    `about`: what is contested, by title, label and right.
    Where a decision divides, `parts` has everybody's, the largest first, because nobody can check
    theirs alone; where it gave back, only the payee's own.
    """

    claimant: str
    about: str
    contested_ppm: int
    opened_at: datetime
    due_on: date
    held: Amounts
    decision: str
    decided_at: datetime | None
    parts: Sequence[PartOfDecision]


def disputes_concerning(payee: Payee) -> tuple[Concern, ...]:
    """All of them, what waits first, then the newest decision; in five queries."""
    kind, ref = payee
    mine = ContestedLine.objects.filter(payee_kind=kind, payee_ref=ref)
    given = Award.objects.filter(payee_kind=kind, payee_ref=ref)
    concerned = Q(pk__in=mine.values("dispute")) | Q(
        pk__in=given.values("dispute"), decided_at__isnull=False
    )
    named = ("recording", "stem__recording", "sheet__recording", "sheet__work", "sheet__stem")
    rows = Dispute.objects.filter(concerned).select_related(*named).prefetch_related("awards")
    held: dict[UUID, dict[str, int]] = defaultdict(dict)
    sums = mine.values_list("dispute", "currency").annotate(Sum("amount_micros"))
    for dispute, currency, micros in sums:
        if micros:
            held[dispute][currency] = micros
    posted = _posted([row.pk for row in rows if row.decided_at])
    found = [
        Concern(
            claimant=row.claimant,
            about=_about(row),
            contested_ppm=row.contested_ppm,
            opened_at=row.opened_at,
            due_on=row.expires_at.date(),
            held=held[row.pk],
            decision=row.decision if row.decided_at else "",
            decided_at=row.decided_at,
            parts=_parts(row, payee, posted.get(row.pk, {})) if row.decided_at else (),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=_order))


def _about(row: Dispute) -> str:
    sheet = row.sheet
    stem = row.stem or (sheet.stem if sheet else None)
    titles = [
        *([row.recording.title] if row.recording else []),
        *([row.stem.recording.title] if row.stem else []),
        *([sheet.recording.title] if sheet and sheet.recording else []),
        *([sheet.work.title] if sheet and sheet.work else []),
        *([stem.label] if stem else []),
        row.right.lower(),
    ]
    return ", ".join(title for title in titles if title)


def _posted(decided: Sequence[UUID]) -> dict[UUID, dict[Payee, dict[str, int]]]:
    """What the decisions of disputes made payable, by dispute and payee."""
    left = ContestedLine.objects.filter(
        dispute__in=decided, amount_micros__lt=0, entry__kind=DECISION
    )
    entries = dict(left.values_list("entry", "dispute").distinct())
    lines = Posting.objects.filter(entry__in=entries, side=CREDIT, account__kind=PAYABLE)
    found: dict[UUID, dict[Payee, dict[str, int]]] = {}
    for entry, kind, ref, currency, micros in lines.values_list(
        "entry", "account__owner_kind", "account__owner_ref", "account__currency"
    ).annotate(Sum("amount_micros")):
        theirs = found.setdefault(entries[entry], {}).setdefault((kind, ref), {})
        theirs[currency] = theirs.get(currency, 0) + int(micros)
    return found


def _parts(
    row: Dispute, payee: Payee, posted: Mapping[Payee, Amounts]
) -> tuple[PartOfDecision, ...]:
    awards = sorted(row.awards.all(), key=lambda one: (-one.share_ppm, one.payee_ref))
    if not awards:
        return (PartOfDecision(payee, None, posted.get(payee, {})),)
    whose = [((one.payee_kind, one.payee_ref), one.share_ppm) for one in awards]
    return tuple(PartOfDecision(of, ppm, posted.get(of, {})) for of, ppm in whose)


def _order(one: Concern) -> tuple[bool, float]:
    return (one.decided_at is not None, -(one.decided_at or one.opened_at).timestamp())
