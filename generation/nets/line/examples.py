"""Pieces as rows of numbers that the line net learns from and is measured on.

Knows pieces and events; refuses to know the net. Invariant: an example holds one part of one
piece, in order, and its columns at an event know nothing of that event's own pitch and duration
but through the hints.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.nets.corpus import Piece
from generation.nets.events import NO_DURATION, PITCHES, START, Events, to_events
from generation.nets.line import grounds
from generation.nets.values import PARTS

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """One part of one piece: `columns` [n, columns], the rest [n]."""

    part: str
    source: int
    columns: Ints
    events: Events


def examples(pieces: Iterable[Piece], split: str) -> list[Example]:
    """Both parts of every piece of that split that have notes, in order."""
    found = []
    for piece in pieces:
        if piece.split == split:
            for part in PARTS:
                notes = piece.melody if part == "melody" else piece.bass
                if notes:
                    found.append(example(piece, part))
    return found


def example(piece: Piece, part: str) -> Example:
    """One part of `piece`, each event on its ground."""
    events = to_events(piece.melody if part == "melody" else piece.bass, part)
    ground = grounds.grounds_of([(piece.signature, piece.chords, piece.ticks, part, piece.source)])
    hints = grounds.hints_of(events, piece.signature.beat_ticks, piece.ticks, part)
    before = (
        np.concatenate([[START], events.pitch[:-1]]),
        np.concatenate([[NO_DURATION], events.duration[:-1]]),
        last_sounding(events.pitch),
    )
    row = np.zeros(len(events), dtype=np.int64)
    columns = grounds.look_up(ground, row, events.onset, before, hints)
    return Example(part, piece.source, columns, events)


def last_sounding(pitch: Ints) -> Ints:
    """For each event the newest pitch before it that is no rest; PITCHES where there is none."""
    places = np.where(pitch < PITCHES, np.arange(len(pitch)), -1)
    newest = np.concatenate([[-1], np.maximum.accumulate(places)[:-1]])
    found: Ints = np.where(newest >= 0, pitch[newest], PITCHES)
    return found
