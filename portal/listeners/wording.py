"""Numbers as listeners read them: clocks, shares, counts, lists of names.

Pure. Invariant: the two shares of a label always sum to 100, and a share that exists is never
rounded away to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_SMALL = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_PPM_PER_PERCENT = 10_000


@dataclass(frozen=True, slots=True)
class AiLabel:
    """How much of a variation people played and how much a model made."""

    sentence: str
    human_percent: int
    model_percent: int


def ai_label(model_ppm: int, *, is_planned: bool = False) -> AiLabel:
    """The label for `model_ppm` of 1,000,000; any model at all counts as at least 1 %."""
    model = (model_ppm + _PPM_PER_PERCENT // 2) // _PPM_PER_PERCENT
    if 0 < model_ppm < 1_000_000:
        model = min(99, max(1, model))
    opening = "Planned: " if is_planned else ""
    return AiLabel(f"{opening}{100 - model} % human stems, {model} % model.", 100 - model, model)


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
