"""Steps 0 to 2 of a close on arrays: plays counted, pools over plays, what each piece got.

Pieces, payers and pools are numbers in the order of their keys, so ties fall as in
`rules.division`, which is the oracle. It reads no rows. Invariant: what a pool gives sums to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from licensing.royalties.apportion_arrays import Ints, apportion

Smalls = npt.NDArray[np.int32]
EVERYBODY = 0
"""Who stands for all together in a month's plays; before they are, for those without a pool."""
_LOWER = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Heard:
    """How often each of `payers` (in order) played what: `sizes` pieces each, in order."""

    payers: Ints
    sizes: Ints
    pieces: Smalls
    plays: Smalls

    def wholes(self) -> Ints:
        """All plays of each payer."""
        return _sums_of(self.plays, np.cumsum(self.sizes) - self.sizes)


@dataclass(frozen=True, slots=True)
class Gifts:
    """What pools give: of `pools`, to `pieces`, for so many `plays`, so many micro-units."""

    pools: Smalls
    pieces: Smalls
    plays: Smalls
    amounts: Ints


@dataclass(frozen=True, slots=True)
class Sums:
    """What each of `pieces`, in order, got: the sum of `sizes` gifts, which `order` has together,
    those of one piece in the order of their pools.
    """

    pieces: Smalls
    sizes: Ints
    order: Ints
    totals: Ints

    def sums_of(self, values: Smalls) -> Ints:
        """The sums of other values of the gifts, which stand as they stood."""
        return _sums_of(values[self.order], np.cumsum(self.sizes) - self.sizes)


def heard(pairs: Ints) -> Heard:
    """Plays counted, given a number for each: payer in its upper 32 bits, piece in the lower."""
    ordered = np.sort(pairs)
    firsts = _firsts(ordered)
    payers = ordered[firsts] >> 32
    of_payers = _firsts(payers)
    return Heard(
        payers[of_payers],
        _sizes(of_payers, len(payers)),
        (ordered[firsts] & _LOWER).astype(np.int32),
        _sizes(firsts, len(ordered)).astype(np.int32),
    )


def month_of(parts: Sequence[Heard]) -> Heard:
    """A month out of parts, in order, that share no payer; EVERYBODY's plays are all of them."""
    if not parts:
        return heard(np.empty(0, np.int64))
    payers = np.concatenate([one.payers for one in parts])
    sizes = np.concatenate([one.sizes for one in parts])
    pieces = np.concatenate([one.pieces for one in parts])
    plays = np.concatenate([one.plays for one in parts])
    order, firsts = _by_piece(pieces)
    every = _sums_of(plays[order], firsts)
    if every.sum() > np.iinfo(np.int32).max:
        raise OverflowError(f"{every.sum()} plays are more than a month can have")
    poolless = int(sizes[0]) if payers[0] == EVERYBODY else 0
    own = slice(1 if poolless else 0, None)
    return Heard(
        np.append(EVERYBODY, payers[own]),
        np.append(len(firsts), sizes[own]),
        np.append(pieces[order[firsts]], pieces[poolless:]),
        np.append(every.astype(np.int32), plays[poolless:]),
    )


def give(month: Heard, pools: Ints, payers: Ints, micros: Ints) -> Gifts:
    """Step 1: pools (numbers, whose, how much) over the plays of their payers, who all played."""
    places = np.searchsorted(month.payers, payers)
    sizes = month.sizes[places]
    starts = (np.cumsum(month.sizes) - month.sizes)[places]
    rows = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
    plays = month.plays[rows]
    pieces, number_of = month.pieces[rows], np.repeat(pools.astype(np.int32), sizes)
    return Gifts(number_of, pieces, plays, apportion(micros, sizes, plays))


def sums(gifts: Gifts) -> Sums:
    """Step 2: what each piece got from all pools."""
    order, firsts = _by_piece(gifts.pieces)
    totals = _sums_of(gifts.amounts[order], firsts)
    return Sums(gifts.pieces[order[firsts]], _sizes(firsts, len(order)), order, totals)


def _by_piece(pieces: Smalls) -> tuple[Ints, Ints]:
    """An order in which those of one piece lie together, as they stood, and where each begins."""
    # Sorting one number of piece and place is several times faster than ranking by pieces.
    ordered = pieces.astype(np.int64) << 32 | np.arange(len(pieces))
    ordered.sort()
    firsts = _firsts(ordered >> 32)
    ordered &= _LOWER
    return ordered, firsts


def _firsts(ordered: Ints) -> Ints:
    is_first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return np.flatnonzero(is_first)


def _sizes(firsts: Ints, length: int) -> Ints:
    return np.diff(firsts, append=length)


def _sums_of(values: Ints | Smalls, firsts: Ints) -> Ints:
    if not len(firsts):
        return np.empty(0, np.int64)
    summed: Ints = np.add.reduceat(values, firsts, dtype=np.int64)
    return summed
