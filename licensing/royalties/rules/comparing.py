"""What comparable recordings earned, as a range: for whoever decides on a grant. Values only.

It promises nothing: a range is of what was, and is told only where enough recordings of enough
holders stand behind it, so that nobody reads one colleague's account out of it. Invariant: a
recording that was not played is not in it, and whoever shows a range has to say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

ENOUGH_RECORDINGS = 5
ENOUGH_HOLDERS = 3


@dataclass(frozen=True, slots=True)
class Earned:
    """What all stems of one role of one recording earned by one use in a month, all shares."""

    use: str
    role: str
    currency: str
    recording: str
    holder: str
    month: date
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Range:
    """Quartiles of what recordings earned a month, in micro-units, and how many they were."""

    use: str
    role: str
    currency: str
    low_micros: int
    middle_micros: int
    high_micros: int
    recordings: int


def ranges(earned: Sequence[Earned]) -> tuple[Range, ...]:
    """One range per use, role and currency with enough behind it, in that order."""
    grouped: dict[tuple[str, str, str], list[Earned]] = {}
    for one in earned:
        grouped.setdefault((one.use, one.role, one.currency), []).append(one)
    found = []
    for (use, role, currency), rows in sorted(grouped.items()):
        recordings = len({row.recording for row in rows})
        holders = len({row.holder for row in rows})
        if recordings >= ENOUGH_RECORDINGS and holders >= ENOUGH_HOLDERS:
            amounts = sorted(row.amount_micros for row in rows)
            low, middle, high = (quartile(amounts, quarter) for quarter in (1, 2, 3))
            found.append(Range(use, role, currency, low, middle, high, recordings))
    return tuple(found)


def quartile(ordered: Sequence[int], quarter: int) -> int:
    """The smallest value that at least `quarter` quarters of the values do not exceed.

    A value that was there, nothing between two: definition 1 of Hyndman and Fan, Sample Quantiles
    in Statistical Packages (1996). Raises ValueError without values.
    """
    if not ordered:
        raise ValueError("no values, no quartile")
    return ordered[-(-len(ordered) * quarter // 4) - 1]
