"""Steps 0 to 3 of a close between its tables and arrays: plays read, pools divided.

What is divided how is `giving`'s and `sharing`'s to say. Reads and writes through the connection of
the close, so it sees what the close sees. Invariant: what is written sums to the pools.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from licensing.ledger.array_copy import numbers, read, unpacked, with_lists, write
from licensing.ledger.runs import Ints, Smalls, beginnings, blocks, sums_of
from licensing.royalties import closing_sql, pieces_sql
from licensing.royalties.giving import Gifts, Heard, Sums, give, heard, sums
from licensing.royalties.sharing import Holders, Lines, Sources, lines

_AT_A_TIME = 1 << 18
"""Gifts or lines that are written at a time, so that few of them are in memory twice."""


_Own = tuple[bytes, Smalls, Ints, Ints]
"""In one currency: pieces, what each got by the card's model, and its plays."""
_Other = tuple[bytes, Smalls, Ints]
"""The same by the other model, of which no plays are asked."""


@dataclass(frozen=True, slots=True)
class Got:
    """What each piece got in each currency, in that order: by the card's model, where `is_own`, for
    so many plays, and by the other one.
    """

    pieces: Ints
    currencies: npt.NDArray[np.bytes_]
    is_own: npt.NDArray[np.bool_]
    plays: Ints
    totals: Ints
    others: Ints

    def names(self) -> list[str]:
        """Its currencies, in order."""
        return [currency.decode() for currency in np.unique(self.currencies).tolist()]


@dataclass(frozen=True, slots=True)
class Divided:
    """What each piece got, and the lines that step 3 made of it, with their payees, and the numbers
    of their stems and rights.
    """

    got: Got
    lines: Lines
    payees: Ints
    stems: Ints
    rights: Ints


def plays_of_month(given: Mapping[str, Any]) -> Heard:
    """Step 0: every counted play of the month; writes down how many each payer has."""
    month = heard(_pairs(given))
    rows = numbers(len(month.payers), (_small(month.payers), month.wholes()))
    write("close_plays", [rows])
    return month


def _pairs(given: Mapping[str, Any]) -> Ints:
    ((pairs,),) = read(pieces_sql.HEARD, given)
    return unpacked(pairs)


def divide(month: Heard) -> Divided:
    """Steps 1 to 3 by both models; of the card's model, what each pool gave is written down too."""
    reached = _by_both(list(_own(month)), list(_other(month)))
    write("close_sums", _sum_rows(reached))
    queries = closing_sql.SOURCES, closing_sql.HOLDERS
    (*sources, stems), (*holders, payees) = map(_in_order, queries)
    totals = reached.totals, reached.others
    found = lines(reached.pieces, totals, Sources(*sources), Holders(*holders))
    whose, rights = payees[found.holders], holders[1][found.holders]
    return Divided(reached, found, whose, stems[found.sources], rights)


def keep_earned(divided: Divided) -> None:
    """Write down what each payee earned by both models."""
    write("close_earned", _earned_rows(divided))


def keep_lines(divided: Divided) -> None:
    """Write down the lines of the card's model, for whoever reads them by SQL."""
    write("close_lines", _line_rows(divided))


def _own(month: Heard) -> Iterator[_Own]:
    for currency, gifts, fallback in _given("own", month):
        got = sums(gifts)
        plays = got.sums_of(gifts.plays * (gifts.pools != fallback))
        write("close_own_sums", _own_rows(currency, gifts, got, plays))
        yield currency, got.pieces, got.totals, plays


def _other(month: Heard) -> Iterator[_Other]:
    for currency, gifts, _ in _given("other", month):
        got = sums(gifts)
        yield currency, got.pieces, got.totals


def _given(name: str, month: Heard) -> Iterator[tuple[bytes, Gifts, int]]:
    """Per currency: what its pools give, and the number of the pool of those who played nothing (0:
    there is none).
    """
    for currency, *packed in read(closing_sql.pools_of(name), {}):
        pools, payers, micros, is_fallback = map(unpacked, packed)
        order = np.argsort(pools)
        gifts = give(month, pools[order], payers[order], micros[order])
        yield currency, gifts, int((pools * is_fallback).max())


def _own_rows(currency: bytes, gifts: Gifts, got: Sums, plays: Ints) -> Iterator[bytes]:
    for run, given in blocks(got.sizes, _AT_A_TIME):
        of_run, pieces = got.order[given], got.pieces[run]
        yield with_lists(
            [pieces, np.full(len(pieces), currency), got.totals[run], plays[run]],
            got.sizes[run],
            [gifts.pools[of_run], gifts.plays[of_run], gifts.amounts[of_run]],
        )


def _by_both(own: Sequence[_Own], other: Sequence[_Other]) -> Got:
    every = [(currency, pieces) for currency, pieces, _, _ in own]
    every += [(currency, pieces) for currency, pieces, _ in other]
    currencies = sorted({currency for currency, _ in every})

    def keys_of(currency: bytes, pieces: Smalls) -> Ints:
        return pieces.astype(np.int64) << 8 | currencies.index(currency)

    keys = np.unique(np.concatenate([np.empty(0, np.int64), *(keys_of(*one) for one in every)]))
    plays, totals, others = np.zeros((3, len(keys)), np.int64)
    is_own = np.zeros(len(keys), bool)
    for currency, pieces, totals_of, plays_of in own:
        at = np.searchsorted(keys, keys_of(currency, pieces))
        plays[at], totals[at], is_own[at] = plays_of, totals_of, True
    for currency, pieces, totals_of in other:
        others[np.searchsorted(keys, keys_of(currency, pieces))] = totals_of
    names = np.array(currencies or [b""])
    return Got(keys >> 8, names[keys & 255], is_own, plays, totals, others)


def _sum_rows(got: Got) -> Iterator[bytes]:
    for is_own, at in _halves(got.is_own):
        of_own = [got.plays[at], got.totals[at]] if is_own else [None, None]
        columns = [_small(at + 1), _small(got.pieces[at]), got.currencies[at]]
        yield numbers(len(at), [*columns, *of_own, got.others[at]])


def _earned_rows(divided: Divided) -> Iterator[bytes]:
    got, found = divided.got, divided.lines
    names, currency_of = np.unique(got.currencies, return_inverse=True)
    keys = divided.payees << 8 | currency_of[found.sums]
    order = np.argsort(keys, kind="stable")
    begins = beginnings(keys[order])
    amounts, others = (sums_of(micros[order], begins) for micros in found.micros)
    owns = sums_of(got.is_own[found.sums[order]].astype(np.int64), begins)
    payees, currencies = keys[order[begins]] >> 8, names[keys[order[begins]] & 255]
    for is_own, at in _halves(owns > 0):
        columns = [_small(payees[at]), currencies[at], amounts[at] if is_own else None, others[at]]
        yield numbers(len(at), columns)


def _line_rows(divided: Divided) -> Iterator[bytes]:
    found = divided.lines
    own = np.flatnonzero(divided.got.is_own[found.sums])
    for at in np.split(own, range(_AT_A_TIME, len(own), _AT_A_TIME)):
        places = (found.sums[at] + 1, found.sources[at] + 1, found.holders[at] + 1)
        yield numbers(len(at), [*map(_small, places), found.micros[0][at]])


def _halves(is_own: npt.NDArray[np.bool_]) -> Iterator[tuple[bool, Ints]]:
    """Where it is so, and where it is not."""
    yield True, np.flatnonzero(is_own)
    yield False, np.flatnonzero(~is_own)


def _in_order(query: str) -> list[Ints]:
    """The packed columns of a query's one row, in the order of the first, which is left away: it
    counts from 1.
    """
    (packed,) = read(query, {})
    first, *others = (unpacked(one) for one in packed)
    order = np.argsort(first)
    return [one[order] for one in others]


def _small(values: Ints) -> Smalls:
    return values.astype(np.int32)
