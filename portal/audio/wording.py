"""Numbers as listeners read them: clocks, shares, counts, lists of names.

Pure. Invariant: what is silent says so, and names that repeat are said once.
"""

from collections.abc import Sequence

_SMALL = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


def clock(milliseconds: int) -> str:
    """ "1:24" for 84 seconds and some; minutes go on beyond an hour."""
    seconds = milliseconds // 1000
    return f"{seconds // 60}:{seconds % 60:02}"


def percent(ppm: int) -> str:
    """ "19.2 %", to one decimal, rounded half up; "silent" for nothing."""
    if ppm == 0:
        return "silent"
    tenths = (ppm + 500) // 1_000
    return f"{tenths // 10}.{tenths % 10} %"


def count(number: int, one: str, many: str) -> str:
    """ "five stems": small numbers as words."""
    word = _SMALL[number] if number < len(_SMALL) else f"{number:,}"
    return f"{word} {one if number == 1 else many}"


def listed(names: Sequence[str], *, most: int = 4) -> str:
    """ "Ana, Ben and Cleo"; beyond `most` names the rest are counted."""
    distinct = list(dict.fromkeys(names))
    if len(distinct) > most:
        rest = count(len(distinct) - most + 1, "other", "others")
        distinct = [*distinct[: most - 1], rest]
    if len(distinct) < 2:
        return "".join(distinct)
    return f"{', '.join(distinct[:-1])} and {distinct[-1]}"


def megabytes(size: int) -> str:
    """ "12.4 MB" (10^6 bytes)."""
    return f"{size / 1_000_000:.1f} MB"
