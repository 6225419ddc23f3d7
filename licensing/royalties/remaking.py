"""The first step of a closed month made again out of its plays, of all its sums or of some.

Read are what the close froze (pools, and which pieces there were) and the plays it counted; divided
is by `giving`, as then. Of some sums, only those are read who heard one of them: no pool crosses a
listener. What the pool of everybody gave is divided again where all is, else it was kept. Whether
that is what stood there is not asked here (`retired`). Invariant: no play is an object in Python.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from licensing.ledger.array_copy import lists_as_sent, read, unpacked, unpacked_small
from licensing.ledger.runs import Ints, Smalls, beginnings, sizes_of
from licensing.royalties import remaking_sql
from licensing.royalties.giving import EVERYBODY, Gifts, Heard, give, heard
from licensing.royalties.models import Period
from licensing.royalties.renumbering import OwnMonths, Payers, Pieces, renumber


class BooksDisagree(Exception):
    """A frozen line is not what its evidence gives; somebody must look at once."""


class NotMadeAgain(BooksDisagree):
    """What the plays give is not what the close divided; nothing of it is to be shown."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Who gave what to each of `sums`: `sizes` pools each, in the order of their numbers, with
    plays and micro-units.
    """

    sums: Ints
    sizes: Ints
    pools: Smalls
    plays: Smalls
    amounts: Ints

    def as_sent(self) -> Iterator[bytes]:
        """The three lists of each sum as PostgreSQL sends them, of which digests are made."""
        return lists_as_sent(self.sizes, [self.pools, self.plays, self.amounts])

    def runs(self) -> Iterator[tuple[int, slice]]:
        """Each of `sums`, and where its pools lie."""
        ends = pairwise([0, *np.cumsum(self.sizes).tolist()])
        for total, (begin, end) in zip(self.sums.tolist(), ends, strict=True):
            yield total, slice(begin, end)


@dataclass(frozen=True, slots=True)
class _Pools:
    """Pools in the order of their numbers: whose, currency, what is in each; the payer's number on
    usages, and the month for whose plays alone it was, or 0.
    """

    numbers: Ints
    payers: Ints
    currencies: Ints
    micros: Ints
    kept: Ints
    months: Ints

    def own_months(self, of_pieces: Ints) -> OwnMonths | None:
        """Those that were for one month's plays alone."""
        at = np.flatnonzero(self.months)
        if not len(at):
            return None
        return OwnMonths(self.kept[at], self.months[at], self.payers[at], of_pieces)


@dataclass(frozen=True, slots=True)
class _Given:
    """Gifts to sums by their place, in no order."""

    places: Ints
    pools: Ints | Smalls
    plays: Ints | Smalls
    amounts: Ints


def lists_of(period: Period, sums: Collection[int] | None = None) -> Lists:
    """The lists of these sums of one period, or of all it has, in the order of their keys.

    Of some: they have been retired. Raises NotMadeAgain where a payer's plays are gone.
    """
    of_all = sums is None
    given: dict[str, Any] = {"period": period.pk, "month": period.month, "sums": list(sums or ())}
    keys, pieces, currencies = _columns(remaking_sql.sums(of_all=of_all), given)
    pools = _pools(given, of_all=of_all)
    found = _gifts(_heard(given, pools, of_all=of_all), pools)
    parts = [_to_sums(gifts, currency, pieces, currencies) for currency, gifts in found]
    if not of_all:
        parts.append(_kept(given, keys))
    return _in_lists(keys, parts)


def _columns(query: str, given: dict[str, Any]) -> list[Ints]:
    """The packed columns of a query's one row, in the order of the first."""
    (row,) = read(query, given)
    columns = [unpacked(one) for one in row]
    order = np.argsort(columns[0])
    return [one[order] for one in columns]


def _pools(given: dict[str, Any], *, of_all: bool) -> _Pools:
    own = _columns(remaking_sql.own_pools(of_all=of_all), given)
    if not of_all:
        return _Pools(*own)
    number, currency, micros = _columns(remaking_sql.SHARED_POOLS, given)
    everybody = np.full_like(number, EVERYBODY)
    shared = [number, everybody, currency, micros, everybody, np.zeros_like(number)]
    both = [np.concatenate(pair) for pair in zip(own, shared, strict=True)]
    order = np.argsort(both[0])
    return _Pools(*(one[order] for one in both))


def _heard(given: dict[str, Any], pools: _Pools, *, of_all: bool) -> Heard:
    payers = np.unique(pools.kept[pools.payers != EVERYBODY])
    whole = np.unique(pools.kept[(pools.payers != EVERYBODY) & (pools.months == 0)])
    told = given if of_all else given | {"payers": payers.tolist()}
    ((packed_pairs, packed_eras),) = read(remaking_sql.plays(of_all=of_all), told)
    pairs, eras = unpacked(packed_pairs), unpacked_small(packed_eras)
    del packed_pairs, packed_eras
    (row,) = read(remaking_sql.PIECE_NUMBERS, given)
    first, *columns = (unpacked(one) for one in row)
    order = np.argsort(first)
    pieces = Pieces(*(one[order] for one in columns))
    if EVERYBODY not in pools.payers:
        # Nobody's money reached what those alone heard who have no pool: it may be no piece.
        has_pool = np.isin(pairs >> 32, payers)
        pairs, eras = pairs[has_pool], eras[has_pool]
    if not np.isin(pairs & ((1 << 32) - 1), pieces.kept).all():
        raise NotMadeAgain("there are plays of a record to which the close gave nothing")
    _, of_pieces = _columns(remaking_sql.PIECE_MONTHS, given)
    renumber(pairs, eras, Payers(whole, whole), pieces, pools.own_months(of_pieces))
    month = heard(pairs)
    if not np.isin(pools.payers, month.payers).all():
        raise NotMadeAgain("plays are gone by which a pool was divided")
    return month


def _gifts(month: Heard, pools: _Pools) -> Iterator[tuple[int, Gifts]]:
    for currency in np.unique(pools.currencies).tolist():
        at = np.flatnonzero(pools.currencies == currency)
        yield currency, give(month, pools.numbers[at], pools.payers[at], pools.micros[at])


def _to_sums(gifts: Gifts, currency: int, pieces: Ints, currencies: Ints) -> _Given:
    """Those gifts that reached one of the sums, whose pieces and currencies these are."""
    places = np.full(max(int(pieces.max(initial=0)), int(gifts.pieces.max(initial=0))) + 1, -1)
    ours = np.flatnonzero(currencies == currency)
    places[pieces[ours]] = ours
    reached = places[gifts.pieces]
    at = np.flatnonzero(reached >= 0)
    return _Given(reached[at], gifts.pools[at], gifts.plays[at], gifts.amounts[at])


def _kept(given: dict[str, Any], keys: Ints) -> _Given:
    pools, sums, plays, amounts = _columns(remaking_sql.SHARED_KEPT, given)
    return _Given(np.searchsorted(keys, sums), pools, plays, amounts)


def _in_lists(keys: Ints, parts: list[_Given]) -> Lists:
    def of(name: str) -> Ints:
        every = [np.empty(0, np.int64), *(getattr(one, name) for one in parts)]
        return np.concatenate(every).astype(np.int64, copy=False)

    places, pools = of("places"), of("pools")
    order = np.argsort(places << 32 | pools)
    begins = beginnings(places[order])
    sizes = np.zeros(len(keys), np.int64)
    sizes[places[order][begins]] = sizes_of(begins, len(order))
    small = pools[order].astype(np.int32), of("plays")[order].astype(np.int32)
    return Lists(keys, sizes, *small, of("amounts")[order])
