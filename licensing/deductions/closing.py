"""What a month's close takes from earnings before they are payable, for those it concerns.

It is told by the close where the earnings stand, as SQL; it never sees a usage, and reads only
lines of payees with an open advance, a reserve, income of US source or a contested share.
Invariant: the same month deducts once, because every entry's key names it.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from django.db import connection, transaction

from licensing.deductions.accounts import move, payable_of, suspense_of
from licensing.deductions.contested import Movement, write_down
from licensing.deductions.flowing import Earned, let_flow
from licensing.deductions.models import Dispute, ReserveRule
from licensing.deductions.queries import open_claims, open_micros
from licensing.deductions.rules.contests import Line, contest
from licensing.deductions.rules.parts import Part
from licensing.ledger.operations import post_many
from licensing.ledger.rules import EntryDraft, month_end

_PAID = "e.amount > 0 AND e.payee_kind IN ('party', 'society')"
_CONTESTED = f"""
SELECT e.payee_kind, e.payee_ref, e.currency, e.record_id::text, e.stem_id::text,
       s.recording_id::text, e.right_name, COALESCE(e.sheet_id::text, ''),
       COALESCE(e.party_id::text, ''), SUM(e.amount)::bigint, SUM(e.us_micros)::bigint
FROM {{earned}} e JOIN catalog_stem s ON s.id = e.stem_id
WHERE {_PAID} AND EXISTS (
    SELECT 1 FROM deductions_dispute d
    WHERE d.decided_at IS NULL
      AND (d.sheet_id IS NULL OR d.sheet_id = e.sheet_id)
      AND (d.party_id IS NULL OR d.party_id = e.party_id)
      AND (d.stem_id IS NULL OR d.stem_id = e.stem_id)
      AND (d.recording_id IS NULL OR d.recording_id = s.recording_id)
      AND d.record_ref IN ('', e.record_id::text)
      AND d."right" IN ('', e.right_name))
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
ORDER BY 1, 2, 3, 4, 5, 7, 8, 9
"""
_CONCERNED = f"""
SELECT e.payee_kind, e.payee_ref, e.currency, s.recording_id::text, e.right_name,
       SUM(e.amount)::bigint, SUM(e.us_micros)::bigint
FROM {{earned}} e JOIN catalog_stem s ON s.id = e.stem_id
WHERE {_PAID} AND (
    (e.payee_kind, e.payee_ref, e.currency) IN (
        SELECT u.payee_kind, u.payee_ref, u.currency FROM {{earned}} u WHERE u.us_micros > 0)
    OR (e.payee_kind, e.payee_ref, e.currency) IN (
        SELECT payee_kind, payee_ref, currency FROM deductions_advance
        WHERE id = ANY(%(open)s::uuid[]))
    OR (e.payee_kind, e.payee_ref) IN (
        SELECT payee_kind, payee_ref FROM deductions_reserverule WHERE ended_at IS NULL)
    OR s.recording_id IN (
        SELECT recording_id FROM deductions_reserverule WHERE ended_at IS NULL))
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
"""


@transaction.atomic
def deduct(*, month: date, earned: Callable[[], str], has_us_source: bool, now: datetime) -> int:
    """Post what the month's earnings do not leave payable; how many entries.

    earned: makes a relation of the close and says it as SQL (FROM item without a name) with the
    columns payee_kind, payee_ref, currency, record_id, stem_id, right_name, sheet_id, party_id,
    amount and us_micros (of the amount, what is of US source), both in micro-units;
    `has_us_source`: whether there is any. Where nothing is to be deducted from anybody, it is not
    asked. The caller holds the month.
    """
    earned = cache(earned)
    at = month_end(month) - timedelta(microseconds=1)
    held = _contest(month, earned, at, now)
    open_advances = list(open_micros())
    rules = ReserveRule.objects.filter(ended_at__isnull=True)
    is_due = has_us_source or bool(open_advances) or rules.exists()
    flows = _concerned(earned, held, open_advances) if is_due else []
    count = let_flow(flows, key=f"{month:%Y-%m}", at=at, now=now, reserves=True, month=month)
    return count + len({(claim, line.currency) for claim, line in held})


def _contest(
    month: date, earned: Callable[[], str], at: datetime, now: datetime
) -> list[tuple[str, Line]]:
    claims = open_claims()
    if not claims:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_CONTESTED.format(earned=earned()))
        lines = [Line((row[0], row[1]), *row[2:]) for row in cursor.fetchall()]
    held = contest(lines, claims)
    by_entry: dict[tuple[str, str], list[Line]] = {}
    for claim, line in held:
        by_entry.setdefault((claim, line.currency), []).append(line)
    claimants = dict(
        Dispute.objects.filter(pk__in=[key for key, _ in by_entry]).values_list("pk", "claimant")
    )
    drafts = [
        _held(month, at, *key, of, claimants[UUID(key[0])]) for key, of in sorted(by_entry.items())
    ]
    entries = {entry.key: entry for entry in post_many(drafts=drafts, now=now)}
    write_down(
        Movement(claim, month, line, 1, entries[_key(month, claim, line.currency)].pk)
        for claim, line in held
    )
    return held


def _held(
    month: date, at: datetime, claim: str, currency: str, lines: Sequence[Line], claimant: str
) -> EntryDraft:
    """One entry per dispute and currency: from everybody's payable to the dispute's suspense."""
    account = suspense_of(claim, currency)
    postings = [
        posting
        for line in lines
        for posting in move(
            payable_of(line.payee, currency), account, line.micros, f"{line.right}:{line.stem}"
        )
    ]
    memo = f"contested by {claimant}"
    return EntryDraft(_key(month, claim, currency), "dispute", postings, at, memo)


def _key(month: date, claim: str, currency: str) -> str:
    return f"dispute:{month:%Y-%m}:{claim}:{currency}"


def _concerned(
    earned: Callable[[], str], held: Sequence[tuple[str, Line]], open_advances: Sequence[str]
) -> list[Earned]:
    """Earnings of those whom a deduction concerns, without what is contested of them."""
    with connection.cursor() as cursor:
        cursor.execute(_CONCERNED.format(earned=earned()), {"open": list(open_advances)})
        rows = cursor.fetchall()
    contested: dict[tuple[object, ...], tuple[int, int]] = {}
    for _, line in held:
        key = (*line.payee, line.currency, line.recording, line.right)
        micros, us = contested.get(key, (0, 0))
        contested[key] = (micros + line.micros, us + line.us_micros)
    found: dict[tuple[str, str, str], list[Part]] = {}
    for *whose, recording, right, micros, us in rows:
        less, us_less = contested.get((*whose, recording, right), (0, 0))
        if micros > less:
            part = Part(recording, right, micros - less, max(0, us - us_less))
            found.setdefault((whose[0], whose[1], whose[2]), []).append(part)
    return [Earned((key[0], key[1]), key[2], parts) for key, parts in sorted(found.items())]
