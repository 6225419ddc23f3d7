"""The pools behind the sums of a statement, equal ones told once with their number.

A listener is nobody here, not even a number. Invariant: pools times their number give the sum.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from licensing.royalties.retired import retired_among
from licensing.royalties.retired_pools import equal_pools


@dataclass(frozen=True, slots=True)
class EqualPools:
    """`count` pools that each gave `amount_micros` for `plays` of its `plays_of_pool` plays, which
    were billed at `rate_micros` each unless that is 0."""

    basis: str
    pool_micros: int
    plays: int
    plays_of_pool: int
    amount_micros: int
    rate_micros: int
    count: int

    @property
    def remainder_micros(self) -> int:
        """1 where a micro-unit left over went to it (-1 of a pool below zero), else 0."""
        sign = -1 if self.pool_micros < 0 else 1
        quota = abs(self.pool_micros) * self.plays // self.plays_of_pool
        return self.amount_micros - sign * quota


_POOLS = """
SELECT total.id, pool.basis, pool.pool_micros, g.plays, pool.plays, g.amount,
       pool.rate_micros, COUNT(*)
FROM royalties_variationsum total
JOIN royalties_listenerallocation a ON a.variation_sum_id = total.id
CROSS JOIN LATERAL unnest(a.pools, a.plays, a.amounts_micros) g (number, plays, amount)
JOIN royalties_payerpool pool ON pool.period_id = total.period_id AND pool.number = g.number
WHERE total.id = ANY(%s)
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY total.id, g.amount DESC, pool.basis, pool.pool_micros, g.plays, pool.plays,
         pool.rate_micros
"""


def pools_behind(sums: Collection[int]) -> dict[int, list[EqualPools]]:
    """The pools of these variation sums, by the sum's id, in two queries, and a few more where
    lists were retired and are made again. Raises NotMadeAgain.
    """
    if not sums:
        return {}
    found: dict[int, list[EqualPools]] = {pk: [] for pk in sums}
    with connection.cursor() as cursor:
        cursor.execute(_POOLS, [list(sums)])
        for pk, *pool in cursor.fetchall():
            found[pk].append(EqualPools(*pool))
    # Asked afterwards, of those that were not found: lists may go between two statements.
    for period, retired in retired_among([pk for pk, pools in found.items() if not pools]).items():
        for pk, *pool in equal_pools(period, retired):
            found[pk].append(EqualPools(*pool))
        for pk in retired:
            found[pk].sort(key=_in_order)
    return found


def _in_order(one: EqualPools) -> tuple[int, str, int, int, int, int]:
    """As the query has them."""
    return (
        -one.amount_micros,
        one.basis,
        one.pool_micros,
        one.plays,
        one.plays_of_pool,
        one.rate_micros,
    )
