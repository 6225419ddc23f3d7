"""Whether a closed month still says one thing: its plays, its pools, its sums and its entries.

An auditor's first reconciliation, usage against allocations against ledger, after the fact and by
the database alone. It knows no rates, sheets or payees. Invariant: whatever of the four was changed
by whoever may write to the database, one of these sums is another.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from licensing.audit.models import Fact
from licensing.ledger import rules as ledger
from licensing.ledger.rules import DEBIT
from licensing.royalties.letting_go import COUNT_AGAIN
from licensing.royalties.models import Period

LOOKED_AT_FOR = timedelta(days=62)
"""How long after its close a month is looked at every night."""

_COUNTED = """
SELECT COUNT(*) FROM royalties_usage WHERE accrual_month = %(month)s AND state = 'COUNTED'
"""
_LISTS = """
SELECT COUNT(*) FROM royalties_variationsum s
LEFT JOIN royalties_listenerallocation a ON a.variation_sum_id = s.id
CROSS JOIN LATERAL (
    SELECT COALESCE(SUM(micros), 0) AS micros FROM unnest(a.amounts_micros) g (micros)) given
WHERE s.period_id = %(period)s AND given.micros <> s.amount_micros
"""
_POOLS = """
SELECT COUNT(*) FROM royalties_payerpool p
LEFT JOIN (
    SELECT g.number, SUM(g.micros) AS micros, SUM(g.plays) AS plays
    FROM royalties_variationsum s
    JOIN royalties_listenerallocation a ON a.variation_sum_id = s.id
    CROSS JOIN LATERAL unnest(a.pools, a.plays, a.amounts_micros) g (number, plays, micros)
    WHERE s.period_id = %(period)s GROUP BY g.number) given USING (number)
WHERE p.period_id = %(period)s
  AND (given.micros IS DISTINCT FROM p.pool_micros OR given.plays IS DISTINCT FROM p.plays)
"""
_ENTRIES = """
SELECT COUNT(*) FROM (
    SELECT entry_id, SUM(amount_micros) AS micros FROM royalties_variationsum
    WHERE period_id = %(period)s AND entry_id IS NOT NULL GROUP BY entry_id) s
LEFT JOIN LATERAL (
    SELECT SUM(line.amount_micros) AS micros FROM ledger_posting line
    JOIN ledger_account account ON account.id = line.account_id
    WHERE line.entry_id = s.entry_id AND line.side = %(debit)s AND account.kind = %(pool)s) posted
  ON true
WHERE posted.micros IS DISTINCT FROM s.micros
"""
_WITH_LISTS = (
    (_LISTS, "sums that are not what pools gave"),
    (_POOLS, "pools that were not given whole"),
)
_ALWAYS = ((_ENTRIES, "entries that do not draw what their sums are"),)


class MonthDisagrees(Exception):
    """A closed month says two things; the message is for a person."""


def agreeing_months(now: datetime) -> int:
    """How many months closed lately agree in all of it. Raises MonthDisagrees at the first that
    does not.
    """
    periods = list(Period.objects.filter(closed_at__gt=now - LOOKED_AT_FOR).order_by("month"))
    for period in periods:
        check_month(period)
    return len(periods)


def check_month(period: Period) -> None:
    """Hold plays, pools, sums and entries of a month to each other. Raises MonthDisagrees."""
    given = {
        "period": period.pk,
        "month": period.month,
        "debit": DEBIT,
        "pool": ledger.POOL,
    }
    known = _closed_with(period)
    plays = _number(_COUNTED, given)
    if known is not None and known != plays:
        raise MonthDisagrees(f"{period} was closed with {known:,} plays, and {plays:,} are there")
    has_lists = not hasattr(period, "retired")
    for query, what in (*(_WITH_LISTS if has_lists else ()), *_ALWAYS):
        odd = _number(query, given)
        if odd:
            raise MonthDisagrees(f"{period} has {odd:,} {what}")


def _closed_with(period: Period) -> int | None:
    """How many plays counted at the close, less those that count in another month since; None for
    a month that was closed before that was written down.
    """
    told = Fact.objects.filter(verb="close_period", object_ref=str(period.pk)).first()
    known = (told.after or {}).get("plays") if told is not None else None
    if known is None:
        return None
    moved = Fact.objects.filter(verb=COUNT_AGAIN, object_ref=f"{period.month:%Y-%m}")
    return int(known) - sum(int((fact.after or {})["plays"]) for fact in moved)


def _number(query: str, given: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return int(cursor.fetchone()[0])
