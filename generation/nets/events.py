"""Lines of notes as events: a pitch or a rest, and how long; timing that cannot be wrong.

One event per note, not per slot of time. A rest is an event like a note; a duration outside
DURATIONS becomes the longest one below it and what is left becomes rest, longest parts first.
Invariant: the events of a line fill the time from its first bar line without a gap, so an event's
onset is the sum of the durations before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from generation.nets.values import Note, NoteLine

Ints = NDArray[np.int64]

PITCHES = 64
REST = PITCHES
START = PITCHES + 1
LOWEST = {"melody": 36, "bass": 12}
DURATIONS = (
    *(1, 2, 3, 4, 6, 8, 9, 10, 12, 15, 16, 18, 21, 24, 30, 36, 42, 48, 54, 60, 72, 84, 96, 144),
)
NO_DURATION = len(DURATIONS)


@dataclass(frozen=True, slots=True)
class Events:
    """Columns of equal length. `pitch`: 0..63 above LOWEST of the part, or REST; `duration`:
    a place in DURATIONS; `onset`: ticks.
    """

    pitch: Ints
    duration: Ints
    onset: Ints

    def __len__(self) -> int:
        return len(self.pitch)


def to_events(notes: NoteLine, part: str) -> Events:
    """The events of `notes`, from tick 0 to the end of the last note.

    A pitch outside the part's 64 is moved by octaves until it is inside.
    """
    rows: list[tuple[int, int]] = []
    end = 0
    for note in notes:
        rows += [(REST, one) for one in split_duration(note.onset - end)]
        first, *others = split_duration(note.duration)
        rows.append((_folded(note.pitch - LOWEST[part]), first))
        rows += [(REST, one) for one in others]
        end = note.onset + note.duration
    pitch = np.array([one[0] for one in rows], dtype=np.int64)
    duration = np.array([one[1] for one in rows], dtype=np.int64)
    return Events(pitch, duration, onsets_of(duration))


def to_notes(pitch: Iterable[int], duration: Iterable[int], part: str) -> NoteLine:
    """The notes that these events play; rests are what lies between."""
    notes = []
    onset = 0
    for one, length in zip(pitch, duration, strict=True):
        if one < PITCHES:
            notes.append(Note(onset, DURATIONS[length], int(one) + LOWEST[part]))
        onset += DURATIONS[length]
    return tuple(notes)


def onsets_of(duration: Ints) -> Ints:
    """The onset of each event in ticks, the first at 0."""
    ticks = np.array(DURATIONS, dtype=np.int64)[duration]
    onsets: Ints = np.cumsum(ticks) - ticks
    return onsets


@cache
def split_duration(ticks: int) -> tuple[int, ...]:
    """Places in DURATIONS whose ticks add up to `ticks`, longest first; empty for 0."""
    parts: list[int] = []
    for number in reversed(range(len(DURATIONS))):
        count, ticks = divmod(ticks, DURATIONS[number])
        parts += [number] * count
    return tuple(parts)


def _folded(pitch: int) -> int:
    return pitch if 0 <= pitch < PITCHES else pitch % 12 + (0 if pitch < 0 else PITCHES - 16)
