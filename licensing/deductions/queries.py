"""Reading what is agreed and what waits: open advances, rules, reserves, disputes, tax forms."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import connection
from django.db.models import QuerySet

from licensing.deductions.accounts import Payee
from licensing.deductions.models import (
    Advance,
    Award,
    ContestedLine,
    Dispute,
    Reserve,
    ReserveRule,
    TaxProfile,
)
from licensing.deductions.rules.awards import Awarded
from licensing.deductions.rules.contests import Claim, Line
from licensing.deductions.rules.recoupment import Terms
from licensing.deductions.rules.taxes import ACCEPTED, Form
from licensing.ledger import rules as ledger
from licensing.ledger.queries import list_balances

_CONTESTED = """
SELECT c.payee_kind, c.payee_ref, c.currency, c.record_ref, c.stem_id::text,
       s.recording_id::text, c."right", COALESCE(c.sheet_id::text, ''),
       COALESCE(c.party_id::text, ''), c.month,
       SUM(c.amount_micros)::bigint, SUM(c.us_micros)::bigint
FROM deductions_contestedline c JOIN catalog_stem s ON s.id = c.stem_id
WHERE c.dispute_id = %s
GROUP BY 1, 2, 3, 4, c.stem_id, s.recording_id, 7, c.sheet_id, c.party_id, c.month
HAVING SUM(c.amount_micros) > 0
ORDER BY c.month, 1, 2, 3, 4, 5, 7, 8, 9
"""


def open_micros() -> dict[str, int]:
    """What is still to be recouped of each advance that is not done, by its id."""
    found = list_balances(kind=ledger.ADVANCE, owner_kind="agreement")
    return {key.owner_ref: micros for key, micros in found.items() if micros > 0}


def open_advances(payees: Sequence[Payee]) -> Mapping[str, tuple[Advance, Terms]]:
    """Advances of these payees with something to recoup, by id, the oldest first."""
    still = open_micros()
    rows = Advance.objects.filter(pk__in=still, payee_ref__in=[ref for _, ref in payees])
    wanted = set(payees)
    found = {}
    for row in rows.order_by("agreed_at", "pk").prefetch_related("recordings"):
        if (row.payee_kind, row.payee_ref) in wanted:
            covered = frozenset(str(one.recording_id) for one in row.recordings.all())
            terms = Terms(
                str(row.pk), still[str(row.pk)], row.recoup_ppm, row.right, covered, row.is_crossed
            )
            found[str(row.pk)] = (row, terms)
    return found


def rules_in_force() -> dict[str, ReserveRule]:
    """Reserve rules that have not ended, by id, the oldest first."""
    rows = ReserveRule.objects.filter(ended_at__isnull=True).order_by("placed_at", "pk")
    return {str(row.pk): row for row in rows}


def profiles_in_force(payees: Sequence[Payee]) -> dict[Payee, TaxProfile]:
    """The newest accepted tax form of each payee; whether it has expired is the rules' to say."""
    rows = TaxProfile.objects.filter(status=ACCEPTED, payee_ref__in=[ref for _, ref in payees])
    return {(row.payee_kind, row.payee_ref): row for row in rows.order_by("reviewed_at", "pk")}


def form_of(row: TaxProfile) -> Form:
    """A tax form as the rules read it."""
    return Form(row.form, row.expires_on, row.treaty_ppm)


def claim_of(row: Dispute) -> Claim:
    """A dispute as the rules read it."""
    return Claim(
        key=str(row.pk),
        sheet=str(row.sheet_id or ""),
        party=str(row.party_id or ""),
        stem=str(row.stem_id or ""),
        recording=str(row.recording_id or ""),
        record=row.record_ref,
        right=row.right,
        contested_ppm=row.contested_ppm,
    )


def open_claims() -> list[Claim]:
    """What is contested and not decided, the oldest dispute first."""
    rows = Dispute.objects.filter(decided_at__isnull=True).order_by("opened_at", "pk")
    return [claim_of(row) for row in rows]


def contested_lines(dispute: Dispute) -> list[tuple[Line, date]]:
    """What a dispute still holds, a line each, with the month it was earned in."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTESTED, [dispute.pk])
        return [
            (
                Line((row[0], row[1]), *(row[n] for n in (2, 3, 4, 5, 6, 7, 8, 10, 11))),
                row[9],
            )
            for row in cursor.fetchall()
        ]


def awards_of(dispute: Dispute) -> list[Awarded]:
    """To whom the decision gives what is held, as proposed; the largest share first."""
    rows = Award.objects.filter(dispute=dispute).order_by("-share_ppm", "payee_kind", "payee_ref")
    return [Awarded(one.payee_kind, one.payee_ref, one.share_ppm) for one in rows]


def list_due(now: datetime) -> QuerySet[Reserve]:
    """A queryset of reserves whose day has come."""
    rows = Reserve.objects.filter(released_at__isnull=True, release_at__lte=now)
    return rows.order_by("release_at", "pk")


def tax_to_reclaim() -> dict[tuple[str, str], int]:
    """Tax paid over to a state for income that went back since, above zero, by state and currency:
    what was given back to payees beyond what is still owed there.
    """
    owed = list_balances(kind=ledger.WITHHOLDING, owner_kind="country")
    return {(key.owner_ref, key.currency): -micros for key, micros in owed.items() if micros < 0}


def contested_of(dispute: Dispute) -> dict[str, int]:
    """What a dispute holds, per currency."""
    held: dict[str, int] = {}
    for row in ContestedLine.objects.filter(dispute=dispute):
        held[row.currency] = held.get(row.currency, 0) + row.amount_micros
    return held
