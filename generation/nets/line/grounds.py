"""What a note stands on: chords, bars and the hints, looked up at its onset.

Many pieces or requests lie side by side as rows of arrays. It refuses to know how notes are
chosen. Invariant: what is looked up depends on one row alone, so training on pieces and writing
for requests see the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generation.nets.events import PITCHES, Events
from generation.nets.values import METERS, MODES, PARTS, QUALITIES, Chord, Signature

Ints = NDArray[np.int64]
NO_CHORD = 12 * len(QUALITIES)
_CHORDS = NO_CHORD + 1
_BAR_TICKS = (18, 24, 36, 48, 54, 72)
_BAR_OFFSET = {ticks: sum(_BAR_TICKS[:i]) for i, ticks in enumerate(_BAR_TICKS)}
FREE = 0
# Lower edges of density 2 to 5 in notes per beat, of register 2 to 4 in places above LOWEST:
# about the fifths and the quarters of the training data.
DENSITY_EDGES = (0.75, 1.1, 1.5, 2.1)
REGISTER_EDGES = {"melody": (30.0, 33.0, 37.0), "bass": (31.0, 36.0, 41.0)}
WINDOW_BEATS = 4

# Every column is one lookup in a table of its own.
COLUMNS: tuple[tuple[str, int], ...] = (
    ("previous pitch", PITCHES + 2),
    ("previous duration", 25),
    ("last sounding pitch", PITCHES + 1),
    ("place in bar", sum(_BAR_TICKS)),
    ("tick in beat", 24),
    ("chord", _CHORDS),
    ("chord on the next beat", _CHORDS),
    ("chord on the beat after", _CHORDS),
    ("last pitch over chord", _CHORDS),
    ("beats to the next chord", 9),
    ("bar of four", 4),
    ("bars to the end", 9),
    ("density", 6),
    ("register", 5),
    ("meter", len(METERS)),
    ("mode, part and source", 8),
)
WIDTHS = np.array([width for _, width in COLUMNS], dtype=np.int64)
OFFSETS = np.cumsum(WIDTHS) - WIDTHS
TABLE_ROWS = int(WIDTHS.sum())
_DENSITY, _REGISTER = 12, 13


@dataclass(frozen=True, slots=True)
class Grounds:
    """Rows of arrays, one row per piece or request.

    `chords` and `changes`: [rows, beats + 3], chord numbers (NO_CHORD past the end) and beats to
    the next chord; the others [rows].
    """

    chords: Ints
    changes: Ints
    bar_ticks: Ints
    beat_ticks: Ints
    bars: Ints
    meter: Ints
    kind: Ints

    @property
    def ticks(self) -> Ints:
        """How long each row is."""
        return self.bars * self.bar_ticks


def chord_number(chord: Chord | None) -> int:
    """0..47 by root, then quality; NO_CHORD for none."""
    return NO_CHORD if chord is None else chord.root * 4 + QUALITIES.index(chord.quality)


def grounds_of(
    rows: Sequence[tuple[Signature, Sequence[Chord | None], int, str, int]],
) -> Grounds:
    """The grounds of rows (signature, chords, ticks, part, source)."""
    longest = max(len(chords) for _, chords, _, _, _ in rows) + 3
    chords = np.full((len(rows), longest), NO_CHORD, dtype=np.int64)
    for place, (_, line, _, _, _) in enumerate(rows):
        chords[place, : len(line)] = [chord_number(one) for one in line]
    bar = _column(one.bar_ticks for one, _, _, _, _ in rows)
    return Grounds(
        chords=chords,
        changes=_beats_to_change(chords),
        bar_ticks=bar,
        beat_ticks=_column(one.beat_ticks for one, _, _, _, _ in rows),
        bars=-(-_column(ticks for _, _, ticks, _, _ in rows) // bar),
        meter=_column(METERS.index(one.meter) for one, _, _, _, _ in rows),
        kind=_column(
            MODES.index(one.mode) + 2 * PARTS.index(part) + 4 * source
            for one, _, _, part, source in rows
        ),
    )


def look_up(
    grounds: Grounds, row: Ints, onset: Ints, before: tuple[Ints, Ints, Ints], hints: Ints
) -> Ints:
    """[n, columns] table rows, one for each event of `row` [n] at `onset` [n].

    `before`: previous pitch, previous duration, last sounding pitch (PITCHES: none yet);
    `hints`: [n, 2] density 1..5 and register 1..4, FREE where left open.
    """
    pitch, duration, last = before
    beat_ticks, bar_ticks = grounds.beat_ticks[row], grounds.bar_ticks[row]
    beat = np.minimum(onset // beat_ticks, grounds.chords.shape[1] - 3)
    now = grounds.chords[row, beat]
    over = np.where(
        (last < PITCHES) & (now < NO_CHORD), ((last - now // 4) % 12) * 4 + now % 4, NO_CHORD
    )
    bar = onset // bar_ticks
    offset = np.array([_BAR_OFFSET.get(one, 0) for one in range(73)], dtype=np.int64)[bar_ticks]
    found = np.stack(
        [
            *(pitch, duration, last, offset + onset % bar_ticks, onset % beat_ticks, now),
            *(grounds.chords[row, beat + 1], grounds.chords[row, beat + 2], over),
            *(grounds.changes[row, beat], bar % 4, np.clip(grounds.bars[row] - 1 - bar, 0, 8)),
            *(hints[:, 0], hints[:, 1], grounds.meter[row], grounds.kind[row]),
        ],
        axis=1,
    )
    table: Ints = found + OFFSETS
    return table


def without_hints(columns: Ints, *, density: Any, register: Any) -> Ints:
    """`columns` with the hints taken out where `density` and `register` (masks) say so."""
    freed = columns.copy()
    freed[..., _DENSITY] = np.where(density, OFFSETS[_DENSITY], freed[..., _DENSITY])
    freed[..., _REGISTER] = np.where(register, OFFSETS[_REGISTER], freed[..., _REGISTER])
    return freed


def hints_of(events: Events, beat_ticks: int, ticks: int, part: str) -> Ints:
    """[n, 2] density and register around each event: its window of WINDOW_BEATS either way."""
    sounding = events.pitch < PITCHES
    onsets, pitches = events.onset[sounding], events.pitch[sounding]
    reach = WINDOW_BEATS * beat_ticks
    low = np.searchsorted(onsets, events.onset - reach)
    high = np.searchsorted(onsets, events.onset + reach)
    begin = np.maximum(events.onset - reach, 0)
    beats = np.maximum(np.minimum(events.onset + reach, ticks) - begin, beat_ticks) / beat_ticks
    count = high - low
    sums = np.concatenate([[0], np.cumsum(pitches)])
    mean = (sums[high] - sums[low]) / np.maximum(count, 1)
    density = 1 + np.searchsorted(DENSITY_EDGES, count / beats, side="right")
    register = register_of(mean, part)
    return np.stack([density, np.where(count > 0, register, FREE)], axis=1)


def register_of(mean: Any, part: str) -> Ints:
    """The register 1..4 of a mean pitch, in places above LOWEST."""
    found: Ints = 1 + np.searchsorted(REGISTER_EDGES[part], mean, side="right")
    return found


def _beats_to_change(chords: Ints) -> Ints:
    """How many beats until another chord stands, 8 at most; 0 past the last chord."""
    left = np.zeros_like(chords)
    for beat in reversed(range(chords.shape[1] - 3)):
        same = chords[:, beat] == chords[:, beat + 1]
        left[:, beat] = np.where(same, np.minimum(left[:, beat + 1] + 1, 8), 1)
    return left


def _column(values: Any) -> Ints:
    return np.fromiter(values, dtype=np.int64)
