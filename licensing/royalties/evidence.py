"""Which pools gave to one variation's sum, read from what a close kept of its first step.

Listeners come out as numbers: 1 gave most. A popular variation has tens of thousands of pools, so
they are ranked where they lie and only the first ones come to Python.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from licensing.royalties.models import Period, VariationSum

Payer = tuple[str, str]
"""(kind, ref)"""


@dataclass(frozen=True, slots=True)
class Pool:
    """What one pool gave: `plays` here of `plays_of_pool`. `listener` counts from 1 (0: no single
    listener: basis FALLBACK, pools of those who played nothing, or PRO_RATA, all in one pot).
    """

    listener: int
    basis: str
    pool_micros: int
    plays: int
    plays_of_pool: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Given:
    """All pools of a sum in numbers, and those that gave most."""

    count: int
    listeners: int
    amount_micros: int
    first: tuple[Pool, ...]


# The pools that are nobody's alone are a few of each close, so they are taken off the places of the
# others instead of being asked of every pool.
_RANKED = """
WITH ranked AS MATERIALIZED (
    SELECT g.number, g.plays, g.amount,
           ROW_NUMBER() OVER (ORDER BY g.amount DESC, g.number) AS place
    FROM royalties_listenerallocation a
    CROSS JOIN LATERAL unnest(a.pools, a.plays, a.amounts_micros) g (number, plays, amount)
    WHERE a.variation_sum_id = %(total)s
), together AS MATERIALIZED (
    SELECT r.number, r.place FROM ranked r
    WHERE r.number = ANY(ARRAY(SELECT p.number FROM royalties_payerpool p
                               WHERE p.period_id = %(period)s AND p.payer_kind = 'house'
                                 AND p.payer_ref = ''))
)
"""
_LISTENER = """
CASE WHEN r.number IN (SELECT number FROM together) THEN 0
     ELSE r.place - (SELECT COUNT(*) FROM together t WHERE t.place < r.place) END
"""
_FIRST = f"""
{_RANKED}
SELECT {_LISTENER}, p.basis, p.pool_micros, r.plays, p.plays, r.amount
FROM ranked r JOIN royalties_payerpool p ON p.period_id = %(period)s AND p.number = r.number
WHERE r.place <= %(most)s ORDER BY r.place
"""
_TOTALS = """
SELECT cardinality(a.pools),
       (SELECT SUM(amount)::bigint FROM unnest(a.amounts_micros) amount),
       cardinality(a.pools)
       - (SELECT COUNT(*) FROM royalties_payerpool p
          WHERE p.period_id = %(period)s AND p.payer_kind = 'house' AND p.payer_ref = ''
            AND p.number = ANY(a.pools))
FROM royalties_listenerallocation a WHERE a.variation_sum_id = %(total)s
"""
_NUMBERS = """
SELECT p.number, p.payer_kind, p.payer_ref
FROM unnest(%(kinds)s::text[], %(refs)s::text[]) asked (kind, ref)
JOIN royalties_payerpool p ON p.payer_ref = asked.ref AND p.payer_kind = asked.kind
     AND p.period_id = %(period)s AND p.currency = %(currency)s
"""
_LISTENERS = (
    f"{_RANKED} SELECT r.number, {_LISTENER} FROM ranked r WHERE r.number = ANY(%(numbers)s)"
)


def pools_of(total: VariationSum, most: int) -> Given:
    """The pools behind a sum: counted and summed, and the `most` that gave most."""
    given = _given(total) | {"most": most}
    counted = _rows(_TOTALS, given)
    count, amount, listeners = counted[0] if counted else (0, 0, 0)
    return Given(count, listeners, amount, tuple(Pool(*row) for row in _rows(_FIRST, given)))


def listeners_of(total: VariationSum, payers: Collection[Payer]) -> dict[Payer, int]:
    """The numbers that stand for these payers, of those whose pools gave to the sum."""
    kinds, refs = [kind for kind, _ in payers], [ref for _, ref in payers]
    found = _rows(_NUMBERS, _given(total) | {"kinds": kinds, "refs": refs})
    payer_of = {number: (kind, ref) for number, kind, ref in found}
    ranked = _rows(_LISTENERS, _given(total) | {"numbers": list(payer_of)})
    return {payer_of[number]: listener for number, listener in ranked}


_OF_PAYER = """
SELECT s.record_id, s.era_from, g.plays
FROM royalties_variationsum s
JOIN royalties_listenerallocation a ON a.variation_sum_id = s.id
CROSS JOIN LATERAL unnest(a.pools, a.plays) g (number, plays)
JOIN royalties_payerpool p ON p.period_id = s.period_id AND p.number = g.number
WHERE s.period_id = %(period)s AND s.currency = %(currency)s AND p.currency = %(currency)s AND {of}
ORDER BY s.record_id, s.era_from
"""
_OWN = "p.basis = 'OWN' AND p.payer_kind = %(kind)s AND p.payer_ref = %(ref)s"
_SHARED = "p.basis IN ('FALLBACK', 'PRO_RATA')"


def plays_by_pool(period: Period, payer: Payer, currency: str) -> list[tuple[UUID, datetime, int]]:
    """How the close divided a payer's pool, as (record, sheets hold from, plays): over own plays,
    or with others' over all of them. Empty where nobody played anything.
    """
    given = {"period": period.pk, "currency": currency, "kind": payer[0], "ref": payer[1]}
    own = _rows(_OF_PAYER.format(of=_OWN), given)
    rows = own or _rows(_OF_PAYER.format(of=_SHARED), given)
    return [(record, era_from, plays) for record, era_from, plays in rows]


def _given(total: VariationSum) -> dict[str, Any]:
    return {"total": total.pk, "period": total.period_id, "currency": total.currency}


def _rows(query: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())
