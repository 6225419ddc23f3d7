"""Which pools gave to one variation's sum, read from what a close kept of its first step.

Listeners come out as numbers: 1 gave most. A popular variation has tens of thousands of pools, so
its lists come as arrays and are ranked as such; of the first ones and of those asked for alone is
anything else read. Lists that were retired are made again out of the plays (`retired`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from licensing.ledger.array_copy import members_of
from licensing.ledger.runs import Ints
from licensing.royalties.models import Period, VariationSum
from licensing.royalties.retired import (
    is_retired,
    made_again,
    retired_among,
    retired_plays_by_pool,
)

Payer = tuple[str, str, int]
"""(kind, ref, the price at which plays were billed or 0)"""


@dataclass(frozen=True, slots=True)
class Pool:
    """What one pool gave: `plays` here of `plays_of_pool`, all billed at `rate_micros` each unless
    that is 0. `listener` counts from 1 (0: no single
    listener: basis FALLBACK, pools of those who played nothing, or PRO_RATA, all in one pot).
    """

    listener: int
    basis: str
    pool_micros: int
    plays: int
    plays_of_pool: int
    amount_micros: int
    rate_micros: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """All pools of a sum in numbers, those that gave most, and which listener a payer is.

    `is_made_again`: its lists were retired, and this is out of the plays.
    """

    count: int
    listeners: int
    amount_micros: int
    first: tuple[Pool, ...]
    number_of: dict[Payer, int]
    is_made_again: bool = False


NOBODY: Payer = ("house", "", 0)
"""Whose the pools are that are nobody's alone; a few of each close, at most one of a currency and
basis, so they are taken off the places of the others."""

_NUMBERS = """
SELECT p.number, p.payer_kind, p.payer_ref, p.rate_micros
FROM unnest(%(kinds)s::text[], %(refs)s::text[], %(rates)s::bigint[]) asked (kind, ref, rate)
JOIN royalties_payerpool p ON p.payer_ref = asked.ref AND p.payer_kind = asked.kind
     AND p.rate_micros = asked.rate AND p.period_id = %(period)s AND p.currency = %(currency)s
"""
_ASKED = ("kinds", "refs", "rates")
_LISTS = """
SELECT array_send(pools), array_send(plays), array_send(amounts_micros)
FROM royalties_listenerallocation WHERE variation_sum_id = %(total)s
"""
_POOLS = """
SELECT p.number, p.basis, p.pool_micros, p.plays, p.rate_micros
FROM unnest(%(numbers)s::int[]) asked (number)
JOIN royalties_payerpool p ON p.period_id = %(period)s AND p.number = asked.number
"""


def pools_of(total: VariationSum, most: int, payers: Collection[Payer]) -> Given:
    """The pools behind a sum: counted and summed, the `most` that gave most, and the numbers that
    stand for those of `payers` whose pools gave to it. Raises NotMadeAgain.
    """
    given = _given(total)
    asked = [*payers, NOBODY]
    whose = {name: [one[place] for one in asked] for place, name in enumerate(_ASKED)}
    payer_of = {number: (kind, ref, rate)
                for number, kind, ref, rate in _rows(_NUMBERS, given | whose)}  # fmt: skip
    numbers, plays, amounts = _lists(given)
    is_made_again = not len(numbers) and bool(retired_among([total.pk]))
    if is_made_again:
        numbers, plays, amounts = _again(total)
    order = np.lexsort((numbers, -amounts))
    places = np.flatnonzero(np.isin(numbers[order], list(payer_of))).tolist()
    named = {place + 1: payer_of[int(numbers[order[place]])] for place in places}
    together = [place for place, payer in named.items() if payer == NOBODY]

    def listener(place: int) -> int:
        return 0 if place in together else place - sum(one < place for one in together)

    shown = order[:most]
    says = {"numbers": numbers[shown].tolist()}
    pools = {number: said for number, *said in _rows(_POOLS, given | says)}
    first = [
        Pool(listener(place), basis, pool, played, of_pool, amount, rate)
        for place, (number, played, amount) in enumerate(
            zip(says["numbers"], plays[shown].tolist(), amounts[shown].tolist(), strict=True), 1
        )
        for basis, pool, of_pool, rate in [pools[number]]
    ]
    return Given(
        count=len(numbers),
        listeners=len(numbers) - len(together),
        amount_micros=int(amounts.sum()),
        first=tuple(first),
        number_of={payer: listener(place) for place, payer in named.items()},
        is_made_again=is_made_again,
    )


def _again(total: VariationSum) -> tuple[Ints, Ints, Ints]:
    lists = made_again(total.period_id, [total.pk])
    return lists.pools.astype(np.int64), lists.plays.astype(np.int64), lists.amounts


def _lists(given: dict[str, Any]) -> tuple[Ints, Ints, Ints]:
    """Numbers of the pools of a sum, plays here and micro-units given; empty where none gave."""
    found = _rows(_LISTS, given)
    pools, plays, amounts = found[0] if found else (b"", b"", b"")
    return members_of(pools, 4), members_of(plays, 4), members_of(amounts, 8)


_OF_PAYER = """
SELECT s.record_id, s.era_from, g.plays
FROM royalties_variationsum s
JOIN royalties_listenerallocation a ON a.variation_sum_id = s.id
CROSS JOIN LATERAL unnest(a.pools, a.plays) g (number, plays)
JOIN royalties_payerpool p ON p.period_id = s.period_id AND p.number = g.number
WHERE s.period_id = %(period)s AND s.currency = %(currency)s AND p.currency = %(currency)s AND {of}
ORDER BY s.record_id, s.era_from
"""
_OWN = """p.basis = 'OWN' AND p.payer_kind = %(kind)s AND p.payer_ref = %(ref)s
    AND p.rate_micros = %(rate)s AND p.of_month IS NOT DISTINCT FROM %(of_month)s::date"""
_SHARED = "p.basis IN ('FALLBACK', 'PRO_RATA')"


def plays_by_pool(
    period: Period, payer: Payer, currency: str, *, of_month: date | None = None
) -> list[tuple[UUID, datetime, int]]:
    """How the close divided a payer's pool, as (record, sheets hold from, plays): over own plays,
    or with others' over all of them. Empty where nobody played anything. of_month: of the pool that
    waited for decisions about plays of that month, and was divided over those alone. Raises
    NotMadeAgain.
    """
    kind, ref, rate = payer
    given = {"period": period.pk, "currency": currency, "kind": kind, "ref": ref, "rate": rate}
    given["of_month"] = of_month
    own = _rows(_OF_PAYER.format(of=_OWN), given)
    rows = own or _rows(_OF_PAYER.format(of=_SHARED), given)
    # Asked afterwards: what goes between two statements is found by the last.
    if not rows and is_retired(period):
        return retired_plays_by_pool(period, payer, currency, of_month=of_month)
    return [(record, era_from, plays) for record, era_from, plays in rows]


_OF_PLAYS = """
SELECT u.record_id, of.era_from, COUNT(*)::bigint
FROM royalties_usage u CROSS JOIN LATERAL (
    SELECT s.era_from FROM royalties_variationsum s
    WHERE s.period_id = %(period)s AND s.currency = %(currency)s AND s.record_id = u.record_id
      AND s.era_from <= u.played_at
    ORDER BY s.era_from DESC LIMIT 1) of
WHERE u.accrual_month = %(month)s AND u.state = 'COUNTED' AND u.payer_kind = %(kind)s
  AND u.payer_ref = %(ref)s AND COALESCE(u.rate_micros, 0) = %(rate)s
GROUP BY u.record_id, of.era_from
ORDER BY u.record_id, of.era_from
"""


def plays_of_payer(period: Period, payer: Payer, currency: str) -> list[tuple[UUID, datetime, int]]:
    """What a payer of whom the close had no pool played all the same, as `plays_by_pool`, where
    everybody's pool made it stand among what the close divided.
    """
    kind, ref, rate = payer
    given = {"period": period.pk, "month": period.month, "currency": currency}
    rows = _rows(_OF_PLAYS, {**given, "kind": kind, "ref": ref, "rate": rate})
    return [(record, era_from, plays) for record, era_from, plays in rows]


def _given(total: VariationSum) -> dict[str, Any]:
    return {"total": total.pk, "period": total.period_id, "currency": total.currency}


def _rows(query: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())
