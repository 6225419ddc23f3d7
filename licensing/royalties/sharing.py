"""Step 3 of a close on arrays: what a piece got, over its sources, their rights and their sheets.

Pieces, sources and holders are numbers from 1, sources and holders in the order in which ties
fall; `rules.division.divide` is the oracle. It reads no rows. Invariant: the lines of a piece sum
to what it got.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from licensing.ledger.runs import Ints, beginnings, members, sizes_of
from licensing.royalties.apportion_arrays import apportion


@dataclass(frozen=True, slots=True)
class Sources:
    """All sources of each of `pieces`, in order: their divisions, and their ppm of the piece."""

    pieces: Ints
    divisions: Ints
    ppm: Ints


@dataclass(frozen=True, slots=True)
class Holders:
    """All holders of each of `divisions`, in order, right by right: the ppm of the right in the
    division, and of the holder in the right.
    """

    divisions: Ints
    rights: Ints
    right_ppm: Ints
    ppm: Ints


@dataclass(frozen=True, slots=True)
class Lines:
    """One holder of one source of one sum each, by their places; micro-units per model."""

    sums: Ints
    sources: Ints
    holders: Ints
    source_micros: Sequence[Ints]
    right_micros: Sequence[Ints]
    micros: Sequence[Ints]


def lines(pieces: Ints, totals: Sequence[Ints], sources: Sources, holders: Holders) -> Lines:
    """What `pieces` got by each model, over every source, right and holder.

    Every piece has a source and every division a holder. Weights are ppm, 1,000,000 in all: of the
    sources of a piece, the rights of a division, the holders of a right.
    """
    begins, sizes = _run_of(sources.pieces, pieces)
    sum_of, source = members(begins, sizes)
    source_micros = [apportion(one, sizes, sources.ppm[source]) for one in totals]

    sides = beginnings(holders.divisions << 2 | holders.rights)
    begins, sizes = _run_of(holders.divisions[sides], sources.divisions[source])
    source_of, side = members(begins, sizes)
    right_micros = [apportion(one, sizes, holders.right_ppm[sides[side]]) for one in source_micros]

    sizes = sizes_of(sides, len(holders.ppm))[side]
    side_of, holder = members(sides[side], sizes)
    at = source_of[side_of]
    return Lines(
        sums=sum_of[at],
        sources=source[at],
        holders=holder,
        source_micros=[one[at] for one in source_micros],
        right_micros=[one[side_of] for one in right_micros],
        micros=[apportion(one, sizes, holders.ppm[holder]) for one in right_micros],
    )


def _run_of(ordered: Ints, keys: Ints) -> tuple[Ints, Ints]:
    """The run of each key in an array that is in order: where it begins, and how long it is."""
    begins = np.searchsorted(ordered, keys)
    return begins, np.searchsorted(ordered, keys, side="right") - begins
