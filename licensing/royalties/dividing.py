"""Steps 0 to 2 of a close between its tables and arrays: plays read, pools divided, sums written.

What is divided how is `giving`'s to say. Reads the transaction of the close through its own
connection, so it sees what a close sees. Invariant: what is written sums to the pools.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from licensing.royalties import closing_sql, pieces_sql
from licensing.royalties.apportion_arrays import blocks
from licensing.royalties.array_copy import numbers, read, unpacked, with_lists, write
from licensing.royalties.giving import Gifts, Heard, Sums, give, heard, month_of, sums

_GIFTS_TOGETHER = 1 << 18
"""Gifts that are written at a time, so that little of them is in memory twice."""


def plays_of_month(given: Mapping[str, Any]) -> Heard:
    """Step 0: every counted play of the month; writes down how many each payer has."""
    parts = [heard(unpacked(plays)) for (plays,) in read(pieces_sql.HEARD, given)]
    parts.sort(key=lambda part: int(part.payers[0]))
    month = month_of(parts)
    write("close_plays", [numbers([month.payers.astype(np.int32), month.wholes()])])
    return month


def divide_pools(month: Heard) -> None:
    """Steps 1 and 2 by both models; of the card's model, what each pool gave is kept too."""
    for currency, gifts, fallback in _given("own", month):
        write("close_own_sums", _own_rows(currency, gifts, fallback))
    for currency, gifts, _ in _given("other", month):
        write("close_other_sums", [_other_rows(currency, sums(gifts))])


def _given(name: str, month: Heard) -> Iterator[tuple[bytes, Gifts, int]]:
    """Per currency: what its pools give, and the number of the pool of those who played nothing (0:
    there is none).
    """
    for currency, *packed in list(read(closing_sql.packed_pools(name), {})):
        pools, payers, micros, is_fallback = map(unpacked, packed)
        order = np.argsort(pools)
        gifts = give(month, pools[order], payers[order], micros[order])
        yield currency, gifts, int((pools * is_fallback).max())


def _own_rows(currency: bytes, gifts: Gifts, fallback: int) -> Iterator[bytes]:
    """Rows of close_own_sums; plays of everybody are not counted twice."""
    given = sums(gifts)
    plays = given.sums_of(np.where(gifts.pools == fallback, 0, gifts.plays))
    for run, members in blocks(given.sizes, _GIFTS_TOGETHER):
        of_run = given.order[members]
        pieces = given.pieces[run]
        yield with_lists(
            [pieces, _texts(currency, len(pieces)), given.totals[run], plays[run]],
            given.sizes[run],
            [gifts.pools[of_run], gifts.plays[of_run], gifts.amounts[of_run]],
        )


def _other_rows(currency: bytes, given: Sums) -> bytes:
    return numbers([given.pieces, _texts(currency, len(given.pieces)), given.totals])


def _texts(currency: bytes, times: int) -> Any:
    return np.full(times, currency)
