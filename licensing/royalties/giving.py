"""Steps 0 to 2 of a close on arrays: plays counted, pools over plays, what each piece got.

Pieces, payers and pools are numbers in the order of their keys, so ties fall as in
`rules.division`, which is the oracle. It reads no rows. Invariant: what a pool gives sums to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from licensing.royalties.apportion_arrays import apportion
from licensing.royalties.runs import (
    Ints,
    Smalls,
    beginnings,
    begins_of,
    members,
    sizes_of,
    sums_of,
    together,
)

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
    """Plays counted, given a number for each: payer in its upper 32 bits, piece in the lower."""
    ordered = np.sort(pairs)
    begins = beginnings(ordered)
    payers = ordered[begins] >> 32
    of_payers = beginnings(payers)
    return Heard(
        payers[of_payers],
        sizes_of(of_payers, len(payers)),
        (ordered[begins] & _LOWER).astype(np.int32),
        sizes_of(begins, len(ordered)).astype(np.int32),
    )


def month_of(parts: Sequence[Heard]) -> Heard:
    """A month out of parts, in order, that share no payer; EVERYBODY's plays are all of them."""
    if not parts:
        return heard(np.empty(0, np.int64))
    payers = np.concatenate([one.payers for one in parts])
    sizes = np.concatenate([one.sizes for one in parts])
    pieces = np.concatenate([one.pieces for one in parts])
    plays = np.concatenate([one.plays for one in parts])
    order, begins = together(pieces)
    every = sums_of(plays[order], begins)
    if every.sum() > np.iinfo(np.int32).max:
        raise OverflowError(f"{every.sum()} plays are more than a month can have")
    poolless = int(sizes[0]) if payers[0] == EVERYBODY else 0
    own = slice(1 if poolless else 0, None)
    return Heard(
        np.append(EVERYBODY, payers[own]),
        np.append(len(begins), sizes[own]),
        np.append(pieces[order[begins]], pieces[poolless:]),
        np.append(every.astype(np.int32), plays[poolless:]),
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
