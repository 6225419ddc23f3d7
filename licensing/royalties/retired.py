"""Reading what was retired: lists of evidence made again, each held to the digest that was kept.

Invariant: what comes out is what stood there, to the byte, or nothing does.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection

from licensing.royalties.models import ListenerAllocation, Period, RetiredAllocation, RetiredMonth
from licensing.royalties.remaking import Lists, NotMadeAgain, lists_of


def retired_among(sums: Collection[int]) -> dict[UUID, list[int]]:
    """Those of these sums whose lists are retired and are not there, by their period."""
    rows = RetiredAllocation.objects.filter(
        variation_sum__in=list(sums), variation_sum__allocation__isnull=True
    ).values_list("variation_sum__period_id", "variation_sum_id")
    found: dict[UUID, list[int]] = {}
    for period, total in rows.order_by("variation_sum_id"):
        found.setdefault(period, []).append(total)
    return found


def is_retired(period: Period) -> bool:
    """Whether a month's lists are gone; those of a retired month may have been put back."""
    if not RetiredMonth.objects.filter(period=period).exists():
        return False
    return not ListenerAllocation.objects.filter(variation_sum__period=period).exists()


def made_again(period_id: UUID, sums: Collection[int]) -> Lists:
    """The lists of retired sums of one period, in the order of their keys.

    Raises NotMadeAgain where one is not what its digest was made of.
    """
    lists = lists_of(Period.objects.get(pk=period_id), sums)
    rows = RetiredAllocation.objects.filter(variation_sum__in=list(sums))
    kept = dict(rows.values_list("variation_sum_id", "sha256"))
    made = dict(zip(lists.sums.tolist(), digests_of(lists), strict=True))
    differing = sorted(total for total, digest in kept.items() if made.get(total) != digest)
    if differing or made.keys() != kept.keys():
        raise NotMadeAgain(f"sums {differing} are not what the plays give: their digests differ")
    return lists


def digests_of(lists: Lists) -> Iterator[str]:
    """SHA-256 over the lists of each sum, 64 hexadecimal digits, as the database makes it."""
    return (sha256(sent).hexdigest() for sent in lists.as_sent())


_FIRST_CHANGED = """
SELECT f.after ->> 'month' FROM audit_fact f
LEFT JOIN royalties_retiredmonth m ON m.period_id = f.object_ref::uuid
LEFT JOIN LATERAL (
    SELECT encode(sha256(convert_to(COALESCE(
        string_agg(r.sha256, '' ORDER BY r.variation_sum_id), ''), 'UTF8')), 'hex') AS now
    FROM royalties_retiredallocation r JOIN royalties_variationsum s ON s.id = r.variation_sum_id
    WHERE s.period_id = m.period_id
) digests ON true
WHERE f.verb = 'retire_evidence' AND f.object_kind = 'period'
  AND (m.sha256 IS DISTINCT FROM f.after ->> 'sha256' OR m.sha256 <> digests.now)
ORDER BY f.sequence LIMIT 1
"""


def verify_retired() -> int:
    """Hold the digests of retired months to the facts of their retirement; how many months.

    Raises NotMadeAgain with the first that was changed since. The lists themselves are not made
    again: whoever opens a line does that.
    """
    changed = _rows(_FIRST_CHANGED, {})
    if changed:
        raise NotMadeAgain(f"digests of the evidence of {changed[0][0]} were changed")
    return RetiredMonth.objects.count()


_RECORDS = """
SELECT s.id FROM royalties_variationsum s
WHERE s.period_id = %(period)s AND s.currency = %(currency)s AND s.record_id IN (
    SELECT u.record_id FROM royalties_usage u
    WHERE u.accrual_month = %(month)s AND u.state = 'COUNTED' AND u.payer_number = (
        SELECT number FROM royalties_payer
        WHERE ref = %(ref)s AND kind = %(kind)s AND rate_micros = %(rate)s))
ORDER BY s.id
"""
_POOL = """
SELECT number, plays FROM royalties_payerpool
WHERE payer_ref = %(ref)s AND payer_kind = %(kind)s AND rate_micros = %(rate)s
  AND period_id = %(period)s AND currency = %(currency)s AND basis = 'OWN'
  AND of_month IS NOT DISTINCT FROM %(of_month)s::date
"""
_SHARED = """
SELECT s.record_id, s.era_from, r.shared_plays
FROM royalties_retiredallocation r JOIN royalties_variationsum s ON s.id = r.variation_sum_id
WHERE s.period_id = %(period)s AND s.currency = %(currency)s AND r.shared_plays IS NOT NULL
ORDER BY s.record_id, s.era_from
"""
_SHARED_POOL = """
SELECT plays FROM royalties_payerpool
WHERE period_id = %(period)s AND currency = %(currency)s AND basis <> 'OWN'
"""
_PIECES = """
SELECT id, record_id, era_from FROM royalties_variationsum WHERE id = ANY(%(sums)s::bigint[])
ORDER BY record_id, era_from
"""


def retired_plays_by_pool(
    period: Period, payer: tuple[str, str, int], currency: str, *, of_month: date | None = None
) -> list[tuple[UUID, datetime, int]]:
    """As `evidence.plays_by_pool`, of a month whose lists are retired. Raises NotMadeAgain."""
    kind, ref, rate = payer
    given: dict[str, Any] = {"period": period.pk, "month": period.month, "currency": currency,
             "kind": kind, "ref": ref, "rate": rate, "of_month": of_month}  # fmt: skip
    own = _rows(_POOL, given)
    if not own:
        plays, whole = _rows(_SHARED, given), sum(n for (n,) in _rows(_SHARED_POOL, given))
    else:
        ((number, whole),) = own
        plays = _plays_of(number, period, given)
    if sum(n for *_, n in plays) != whole:
        raise NotMadeAgain(f"a pool was divided by {whole} plays, which are not there")
    return [(record, era_from, n) for record, era_from, n in plays]


def _plays_of(number: int, period: Period, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Which pieces a payer's pool reached, with its plays of each."""
    sums = [total for (total,) in _rows(_RECORDS, given)]
    lists = made_again(period.pk, sums)
    found = {
        total: int(lists.plays[run][lists.pools[run] == number].sum())
        for total, run in lists.runs()
    }
    reached = [total for total, n in found.items() if n]
    pieces = _rows(_PIECES, {"sums": reached})
    return [(record, era_from, found[total]) for total, record, era_from in pieces]


def _rows(query: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())
