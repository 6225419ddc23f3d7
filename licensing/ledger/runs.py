"""Runs of an array: items that lie together, given where each run begins or how long it is.

The few moves that the steps of a close on arrays are made of. It knows nothing of what they say.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Smalls = npt.NDArray[np.int32]


def beginnings(ordered: Ints, *more: Ints) -> Ints:
    """Where each run of equal values begins, in an array that has equal ones together; equal in
    `more` arrays as well, where there are.
    """
    is_first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    for one in more:
        is_first[1:] |= one[1:] != one[:-1]
    return np.flatnonzero(is_first)


def sizes_of(begins: Ints, length: int) -> Ints:
    """How long the runs of an array of that length are."""
    return np.diff(begins, append=length)


def begins_of(sizes: Ints) -> Ints:
    """Where runs of these sizes begin that follow each other."""
    begins: Ints = np.cumsum(sizes) - sizes
    return begins


def sums_of(values: Ints | Smalls, begins: Ints) -> Ints:
    """The sum of each run."""
    if not len(begins):
        return np.empty(0, np.int64)
    sums: Ints = np.add.reduceat(values, begins, dtype=np.int64)
    return sums


def members(begins: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """All items of these runs, which need not follow each other: of which run, and where."""
    run_of = np.repeat(np.arange(len(sizes)), sizes)
    return run_of, (begins - begins_of(sizes))[run_of] + np.arange(len(run_of))


def blocks(sizes: Ints, about: int) -> Iterator[tuple[slice, slice]]:
    """Runs that follow each other, in turn, `about` so many items a time: which runs, and items."""
    ends = np.cumsum(sizes)
    whole = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(about, whole, about))
    for first, last in pairwise(np.unique([0, *cuts.tolist(), len(sizes)]).tolist()):
        yield slice(first, last), slice(int(ends[first] - sizes[first]), int(ends[last - 1]))


def together(keys: Ints | Smalls) -> tuple[Ints, Ints]:
    """An order in which equal keys lie together, else as they stood, and where each run begins.

    keys >= 0, below 2^31; fewer than 2^32 of them.
    """
    # Sorting one number of key and place is several times faster than ranking by the keys.
    ordered = keys.astype(np.int64) << 32 | np.arange(len(keys))
    ordered.sort()
    begins = beginnings(ordered >> 32)
    ordered &= (1 << 32) - 1
    return ordered, begins
