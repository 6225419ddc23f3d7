"""Steps 0 to 3 of a close between its tables and arrays: plays read, pools divided.

What is divided how is `giving`'s and `sharing`'s to say. Reads and writes through the connection of
the close, so it sees what the close sees. Invariant: what is written sums to the pools.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from licensing.ledger.array_copy import (
    numbers,
    read,
    unpacked,
    unpacked_small,
    with_lists,
    write,
)
from licensing.ledger.runs import Ints, Smalls, beginnings, begins_of, blocks, sums_of
from licensing.royalties import closing_sql, pieces_sql, waterfall_sql
from licensing.royalties.giving import Gifts, Heard, Sums, give, heard, sums
from licensing.royalties.renumbering import OwnMonths, Payers, Pieces, renumber
from licensing.royalties.sharing import Holders, Lines, Sources, lines

_AT_A_TIME = 1 << 18
"""Gifts or lines that are written at a time, so that few of them are in memory twice."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What all pools of one currency gave, what each piece got of it, and its plays: of those who
    have a pool and played.
    """

    currency: bytes
    gifts: Gifts
    got: Sums
    plays: Ints


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


def plays_of_month(given: Mapping[str, Any], meanwhile: Callable[[], None]) -> Heard:
    """Step 0: every counted play of the month; writes down how many each payer has. They are
    counted while `meanwhile` keeps the server busy with what does not depend on them.
    """
    (payers,) = read(pieces_sql.PAYER_NUMBERS, {})
    pieces = Pieces(*_in_order(pieces_sql.PIECE_NUMBERS))
    in_eras = bool(pieces.eras.max(initial=0) > 1)
    (plays,) = read(pieces_sql.heard(in_eras=in_eras), given)
    with ThreadPoolExecutor(1) as beside:
        numbered = Payers(*map(unpacked, payers))
        counted = beside.submit(_counted, [*plays], numbered, pieces, _own_months())
        del plays
        meanwhile()
    month = counted.result()
    rows = numbers(len(month.payers), (_small(month.payers), month.wholes()))
    write("close_plays", [rows])
    return month


def _own_months() -> OwnMonths | None:
    """Pools for plays of one earlier month alone; None where there are none, as in most months."""
    ((*found,),) = read(pieces_sql.OWN_MONTHS, {})
    kept, months, payers = map(unpacked, found)
    if not len(kept):
        return None
    (of_pieces,) = _in_order(pieces_sql.PIECE_MONTHS)
    return OwnMonths(kept, months, payers, of_pieces)


def _counted(
    plays: list[bytes], payers: Payers, pieces: Pieces, own_months: OwnMonths | None
) -> Heard:
    """What `pieces_sql.heard` read, which is taken out of `plays`: it is large."""
    eras = unpacked_small(plays.pop()) if len(plays) > 1 else None
    pairs = unpacked(plays.pop())
    renumber(pairs, eras, payers, pieces, own_months)
    del eras
    return heard(pairs)


def divide(month: Heard, of_month: Mapping[str, Any], meanwhile: Callable[[], None]) -> Divided:
    """Steps 1 to 3 by both models; of the card's model, what each pool gave is written down too.
    Pools are divided while `meanwhile` keeps the server busy with what does not depend on it, and
    lines are made while it takes in what pools gave.
    """
    own, other = (read(closing_sql.pools_of(name), {}) for name in ("own", "other"))
    behind = _by_number(waterfall_sql.BEHIND, of_month)
    queries = closing_sql.SOURCES, closing_sql.HOLDERS
    (*sources, stems), (*holders, payees) = map(_in_order, queries)
    with ThreadPoolExecutor(1) as beside:
        dividing = beside.submit(lambda: (_all_given(month, own), _all_given(month, other)))
        meanwhile()
        given, other_given = dividing.result()
        reached = _by_both(given, other_given)
        totals = reached.totals, reached.others
        of = Sources(*sources), Holders(*holders)
        lining = beside.submit(lines, reached.pieces, totals, *of)
        while given:  # Each is a third of what is in memory, so it goes once it is written.
            write("close_own_sums", _own_rows(given.pop(), behind))
        write("close_sums", _sum_rows(reached))
        found = lining.result()
    whose, rights = payees[found.holders], holders[1][found.holders]
    return Divided(reached, found, whose, stems[found.sources], rights)


def keep_earned(divided: Divided) -> None:
    """Write down what each payee earned by both models."""
    write("close_earned", _earned_rows(divided))


def keep_lines(divided: Divided) -> None:
    """Write down the lines of the card's model, for whoever reads them by SQL."""
    write("close_lines", _line_rows(divided))


def _all_given(month: Heard, pools: Iterable[tuple[bytes, ...]]) -> list[_Given]:
    return [_given(month, currency, *map(unpacked, packed)) for currency, *packed in pools]


def _given(
    month: Heard, currency: bytes, pools: Ints, payers: Ints, micros: Ints, is_fallback: Ints
) -> _Given:
    """`is_fallback`: 1 for the pool of those who played nothing, whose plays are others'."""
    order = np.argsort(pools)
    gifts = give(month, pools[order], payers[order], micros[order])
    got = sums(gifts)
    fallback = int((pools * is_fallback).max())
    return _Given(currency, gifts, got, got.sums_of(gifts.plays * (gifts.pools != fallback)))


def _own_rows(given: _Given, behind: Sequence[Ints]) -> Iterator[bytes]:
    """`behind`: sums to be told of each piece, as they are of each pool, by its number."""
    gifts, got = given.gifts, given.got
    for run, of_run in blocks(got.sizes, _AT_A_TIME):
        order, pieces = got.order[of_run], got.pieces[run]
        pools, begins = gifts.pools[order], begins_of(got.sizes[run])
        told = [sums_of(one[pools], begins) for one in behind]
        own = [np.full(len(pieces), given.currency), got.totals[run], given.plays[run]]
        yield with_lists(
            [pieces, *own, *told],
            got.sizes[run],
            [pools, gifts.plays[order], gifts.amounts[order]],
        )


def _by_both(own: Sequence[_Given], other: Sequence[_Given]) -> Got:
    every = [*own, *other]
    currencies = sorted({one.currency for one in every})

    def keys_of(one: _Given) -> Ints:
        return one.got.pieces.astype(np.int64) << 8 | currencies.index(one.currency)

    keys = np.unique(np.concatenate([np.empty(0, np.int64), *map(keys_of, every)]))
    plays, totals, others = np.zeros((3, len(keys)), np.int64)
    is_own = np.zeros(len(keys), bool)
    for one in own:
        at = np.searchsorted(keys, keys_of(one))
        plays[at], totals[at], is_own[at] = one.plays, one.got.totals, True
    for one in other:
        others[np.searchsorted(keys, keys_of(one))] = one.got.totals
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
    """The packed columns of a query's one row, in the order of the first, which is left away."""
    (packed,) = read(query, {})
    first, *others = (unpacked(one) for one in packed)
    order = np.argsort(first)
    return [one[order] for one in others]


def _by_number(query: str, of_month: Mapping[str, Any]) -> list[Ints]:
    """The packed columns of a query's one row, but the first, in which each row has its number."""
    ((numbers_of, *others),) = ([unpacked(one) for one in row] for row in read(query, of_month))
    told = np.zeros((len(others), int(numbers_of.max(initial=0)) + 1), np.int64)
    for column, values in zip(told, others, strict=True):
        column[numbers_of] = values
    return [*told]


def _small(values: Ints) -> Smalls:
    return values.astype(np.int32)
