"""Steps 0 to 2 of a close on arrays: plays counted, pools over plays, what each piece got.

Pieces, payers and pools are numbers in the order of their keys, so ties fall as in
`rules.division`, which is the oracle. It reads no rows. Invariant: what a pool gives sums to it.
"""

from dataclasses import dataclass

import numpy as np

from licensing.ledger.runs import (
    Ints,
    Smalls,
    beginnings,
    begins_of,
    members,
    sizes_of,
    sums_of,
    together,
)
from licensing.royalties.apportion_arrays import apportion

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
        return sums_of(self.plays, begins_of(self.sizes))


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
        return sums_of(values[self.order], begins_of(self.sizes))


def heard(pairs: Ints) -> Heard:
    """Plays counted, given a number for each: payer in its upper 32 bits, piece in the lower.

    `pairs` is sorted in place. Payer 0, as it comes, has the plays of all who have no pool; as it
    is returned, EVERYBODY's. Raises OverflowError for more than 2^31 plays.
    """
    if len(pairs) > np.iinfo(np.int32).max:
        raise OverflowError(f"{len(pairs)} plays are more than a month can have")
    own = _counted(pairs)
    del pairs  # Ten million numbers, while others are made.
    return _with_everybody(own) if len(own.payers) else own


def _counted(pairs: Ints) -> Heard:
    pairs.sort()
    begins = beginnings(pairs)
    plays = sizes_of(begins, len(pairs)).astype(np.int32)
    payers, pieces = pairs[begins] >> 32, (pairs[begins] & _LOWER).astype(np.int32)
    of_payers = beginnings(payers)
    return Heard(payers[of_payers], sizes_of(of_payers, len(payers)), pieces, plays)


def _with_everybody(own: Heard) -> Heard:
    order, begins = together(own.pieces)
    every = sums_of(own.plays[order], begins).astype(np.int32)
    first = int(own.payers[0] == EVERYBODY)
    skipped = int(own.sizes[0]) * first
    return Heard(
        np.append(EVERYBODY, own.payers[first:]),
        np.append(len(begins), own.sizes[first:]),
        np.append(own.pieces[order[begins]], own.pieces[skipped:]),
        np.append(every, own.plays[skipped:]),
    )


def give(month: Heard, pools: Ints, payers: Ints, micros: Ints) -> Gifts:
    """Step 1: pools (numbers, whose, how much) over the plays of their payers, who all played."""
    places = np.searchsorted(month.payers, payers)
    sizes = month.sizes[places]
    pool_of, rows = members(begins_of(month.sizes)[places], sizes)
    plays = month.plays[rows]
    numbers = pools.astype(np.int32)[pool_of]
    return Gifts(numbers, month.pieces[rows], plays, apportion(micros, sizes, plays))


def sums(gifts: Gifts) -> Sums:
    """Step 2: what each piece got from all pools."""
    order, begins = together(gifts.pieces)
    totals = sums_of(gifts.amounts[order], begins)
    return Sums(gifts.pieces[order[begins]], sizes_of(begins, len(order)), order, totals)
