"""Where the seconds of an endless piece lie, and which sections have a part in them.

Sections are written one after the other and never changed; one that begins before the end of those
before it cuts them there. It knows samples and numbers. It refuses to know what sounds. Invariant:
segment k follows from the sections up to the last one that begins before its end and AHEAD,
whatever is written after them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

# A second of sound: ten windows, and a whole number of everything the engine counts in.
SEGMENT_SAMPLES = 48_000
# How far beyond a segment its sections are looked at: entries before a bar line, frames, limiter.
AHEAD = 16_384
# A section is planned so many bars at a time.
BARS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a written section lies: its number in the order of writing, and [start, end).

    `bar`: how many samples one of its bars lasts, on the average.
    """

    number: int
    start: int
    end: int
    bar: int = 0


def place_as_written(number: int, start: int, end: int) -> Place:
    """The place of a section as it was planned, all its bars of it."""
    return Place(number, start, end, (end - start) // BARS)


def standing(written: Iterable[Place]) -> list[Place]:
    """The sections that are to sound, in their order: later ones cut or replace earlier ones."""
    chain: list[Place] = []
    for place in written:
        while chain and chain[-1].start >= place.start:
            chain.pop()
        if chain and chain[-1].end > place.start:
            chain[-1] = replace(chain[-1], end=place.start)
        chain.append(place)
    return chain


def segment_range(index: int) -> tuple[int, int]:
    """First sample of segment `index`, and the one after its last."""
    return index * SEGMENT_SAMPLES, (index + 1) * SEGMENT_SAMPLES


def segment_at(sample: int) -> int:
    """The segment that holds `sample`."""
    return sample // SEGMENT_SAMPLES


def first_changed(line: int) -> int:
    """The first segment that a section which begins at bar line `line` has a part in."""
    return max(0, line - AHEAD) // SEGMENT_SAMPLES


def count_planned(end: int) -> int:
    """How many segments cannot change any more by what follows a chain that ends at `end`."""
    return max(0, end - AHEAD) // SEGMENT_SAMPLES


def version_of(chain: Sequence[Place], index: int) -> int | None:
    """The number of the last section with a part in segment `index`: that decides its sound.

    None while the chain does not reach so far, or where it begins later.
    """
    if not chain or index >= count_planned(chain[-1].end):
        return None
    end = segment_range(index)[1] + AHEAD
    return next((place.number for place in reversed(chain) if place.start < end), None)


def heard_in(chain: Sequence[Place], index: int) -> list[Place]:
    """The sections of which segment `index` holds some bars."""
    start, end = segment_range(index)
    return [place for place in chain if place.start < end and place.end > start]
