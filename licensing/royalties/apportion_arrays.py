"""Division by largest remainder over arrays of whole numbers; `money.allocate` is its oracle.

Many totals at once, each over a run of weights of its own. It knows neither pools nor rows. No
product passes 64 bits: a total is divided by the sum of its weights first, and only the rest of it
is multiplied. Invariant: the parts of a run sum to its total.
"""

import numpy as np

from licensing.ledger.runs import Ints, Smalls, begins_of, blocks, members, sums_of

MOST_WHOLE = 3_037_000_499
"""The largest sum of a run's weights: its square still fits into 63 bits."""
_BLOCK = 1 << 16
"""Weights that are divided together: what they need fits into a processor's cache."""


def apportion(totals: Ints, sizes: Ints, weights: Ints | Smalls) -> Ints:
    """Each of `totals` over its run of `weights`, ties to the earlier weight; the parts.

    totals >= 0 and sizes >= 1 of one length; weights >= 0 of length sum(sizes), run after run.
    Raises ValueError for a negative total or a run without a positive weight, OverflowError where
    the weights of a run sum to more than MOST_WHOLE.
    """
    parts = np.empty(len(weights), np.int64)
    for runs, run in blocks(sizes, _BLOCK):
        parts[run] = _divide(totals[runs], sizes[runs], weights[run].astype(np.int64))
    return parts


def _divide(totals: Ints, sizes: Ints, weights: Ints) -> Ints:
    begins = begins_of(sizes)
    wholes = sums_of(weights, begins)
    _check(totals, wholes)
    times, rest = np.divmod(totals, wholes)
    run_of, places = members(np.zeros_like(sizes), sizes)
    floors, fractions = np.divmod(rest[run_of] * weights, wholes[run_of])
    parts: Ints = times[run_of] * weights + floors
    left = totals - sums_of(parts, begins)
    # Run after run, the largest fraction first; a stable sort leaves equal ones as they stand.
    ranked = np.argsort(run_of * wholes.max() - fractions, kind="stable")
    parts[ranked[places < left[run_of]]] += 1
    return parts


def _check(totals: Ints, wholes: Ints) -> None:
    if totals.min() < 0:
        raise ValueError("a total is negative")
    if wholes.min() <= 0:
        raise ValueError("nobody to take a total: no positive weight")
    if wholes.max() > MOST_WHOLE:
        raise OverflowError(f"weights sum to {wholes.max()}, more than {MOST_WHOLE}")
