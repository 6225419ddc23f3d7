"""The pools behind retired sums, equal ones told once with their number, for files of statements.

Invariant: as `retired`: what stood there, or nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from licensing.ledger.runs import Ints
from licensing.royalties.models import PayerPool
from licensing.royalties.remaking import Lists
from licensing.royalties.retired import made_again

Equal = tuple[int, str, int, int, int, int, int, int]
"""(sum, basis, pool in micro-units, plays here, plays of the pool, micro-units given, the price at
which its plays were billed or 0, how many such pools)"""
_Said = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Of each pool, by number: which of `said` it is, all but its number and payer."""

    numbers: Ints
    kind_of: Ints
    said: list[_Said]


def equal_pools(period_id: UUID, sums: Collection[int]) -> Iterator[Equal]:
    """Of retired sums of one period, in no order. Raises NotMadeAgain."""
    lists = made_again(period_id, sums)
    kinds = _kinds(period_id, lists)
    for total, run in lists.runs():
        kind = kinds.kind_of[np.searchsorted(kinds.numbers, lists.pools[run])]
        every = np.stack([kind, lists.plays[run], lists.amounts[run]], axis=1)
        rows, counts = np.unique(every, axis=0, return_counts=True)
        for (of, plays, amount), count in zip(rows.tolist(), counts.tolist(), strict=True):
            basis, pool, whole, rate = kinds.said[of]
            yield total, basis, pool, plays, whole, amount, rate, count


def _kinds(period_id: UUID, lists: Lists) -> _Kinds:
    numbers = np.unique(lists.pools).astype(np.int64)
    rows = PayerPool.objects.filter(period_id=period_id, number__in=numbers.tolist())
    columns = ("basis", "pool_micros", "plays", "rate_micros")
    places: dict[_Said, int] = {}
    every = rows.order_by("number").values_list(*columns)
    kind_of = np.array([places.setdefault(said, len(places)) for said in every], np.int64)
    return _Kinds(numbers, kind_of, list(places))
