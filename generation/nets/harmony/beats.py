"""A melody beat by beat, as the harmony net sees and answers it.

Knows melodies, meters and chord numbers (`line.grounds` numbers them alike); refuses to know the
net. Invariant: what is seen of a beat is the whole melody and the chords before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.nets.corpus import Piece
from generation.nets.line.grounds import NO_CHORD, chord_number
from generation.nets.values import METERS, MODES, Chord, Note, Signature

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Onset on a beat: a pitch class, nothing there, or a note that began before.
NOTHING, HELD = 12, 13
# The most felt beats that a bar has: six-four.
BEATS_AT_MOST = 6
COLUMNS: tuple[tuple[str, int], ...] = (
    ("onset", 14),
    ("meter and beat in bar", BEATS_AT_MOST * len(METERS)),
    ("bar of four", 4),
    ("bars to the end", 9),
    ("mode and source", 4),
)
WIDTHS = np.array([width for _, width in COLUMNS], dtype=np.int64)
OFFSETS = np.cumsum(WIDTHS) - WIDTHS
TABLE_ROWS = int(WIDTHS.sum())
START = NO_CHORD + 1


@dataclass(frozen=True, slots=True)
class Beats:
    """One melody: `columns` [beats, columns] (rows of one table), `shares` [beats, 12] (how much
    of a beat each pitch class sounds), `chords` [beats] (NO_CHORD: nothing sounds, not asked for).
    """

    source: int
    columns: Ints
    shares: Floats
    chords: Ints


def beats_of(
    signature: Signature, melody: Iterable[Note], count: int, chords: Sequence[Chord | None],
    source: int,
) -> Beats:  # fmt: skip
    """The first `count` beats of a melody in C or A; missing chords stand as NO_CHORD."""
    length = signature.beat_ticks
    shares = np.zeros((count, 12))
    onset = np.full(count, NOTHING, dtype=np.int64)
    for note in melody:
        first, last = note.onset // length, (note.onset + note.duration - 1) // length
        for beat in range(first, min(last, count - 1) + 1):
            begin, end = max(note.onset, beat * length), (beat + 1) * length
            shares[beat, note.pitch % 12] += (min(note.onset + note.duration, end) - begin) / length
            if begin == beat * length:
                onset[beat] = note.pitch % 12 if note.onset == begin else HELD
    places = np.arange(count)
    per_bar = signature.bar_ticks // length
    bars = -(-count // per_bar)
    kind = MODES.index(signature.mode) + 2 * source
    columns = np.stack(
        [
            *(onset, METERS.index(signature.meter) * BEATS_AT_MOST + places % per_bar),
            *(places // per_bar % 4, np.clip(bars - 1 - places // per_bar, 0, 8)),
            np.full(count, kind),
        ],
        axis=1,
    )
    numbers = np.full(count, NO_CHORD, dtype=np.int64)
    numbers[: len(chords)] = [chord_number(one) for one in chords[:count]]
    return Beats(source, columns + OFFSETS, shares, numbers)


def examples(pieces: Iterable[Piece], split: str) -> list[Beats]:
    """Every piece of that split, in order."""
    return [
        beats_of(one.signature, one.melody, len(one.chords), one.chords, one.source)
        for one in pieces
        if one.split == split and one.chords
    ]
