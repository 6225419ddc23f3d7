"""What the line net writes over chords it has not seen, beside what people wrote over them.

Knows what serves, and pieces of the test split as progressions of 16 bars. Invariant: every
request has a fixed seed, so the figures of a checkpoint are the same on every machine.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from generation.nets import copies
from generation.nets.cards import Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.corpus import Piece
from generation.nets.counting import divergence
from generation.nets.events import to_events
from generation.nets.line.writing import LineNet
from generation.nets.values import (
    DENSITIES,
    PARTS,
    ChordLine,
    LineRequest,
    NoteLine,
    share_inside,
)

BARS, PROGRESSIONS, CANDIDATES = 16, 64, 2
_SEED = 20_000
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Progression:
    """The first 16 bars of a piece: its chords, and what was written over them."""

    chords: ChordLine
    melody: NoteLine
    bass: NoteLine

    def line(self, part: str) -> NoteLine:
        """What people wrote."""
        return self.melody if part == "melody" else self.bass


def progressions(pieces: Iterable[Piece]) -> list[Progression]:
    """The first PROGRESSIONS pieces of the test split that have 16 bars and notes in both parts."""
    found = []
    for one in pieces:
        beats = BARS * one.signature.bar_ticks // one.signature.beat_ticks
        if one.split != "test" or len(one.chords) < beats:
            continue
        end = BARS * one.signature.bar_ticks
        melody, bass = (
            tuple(note for note in line if note.onset + note.duration <= end)
            for line in (one.melody, one.bass)
        )
        if len(melody) > BARS and len(bass) > BARS:
            found.append(Progression(ChordLine(one.signature, one.chords[:beats]), melody, bass))
    return found[:PROGRESSIONS]


def figures(
    checkpoint: Checkpoint, pieces: Sequence[Piece], library: copies.Library
) -> list[Figure]:
    """In-chord share, intervals, density, copies; melody gated, bass told."""
    net = LineNet(checkpoint)
    asked = progressions(pieces)
    found: list[Figure] = []
    for part in PARTS:
        written = _written(net, asked, part)
        real = [one.line(part) for one in asked]
        found += _chord_figures(part, written, real, asked)
        ours = intervals(line for lines in written for line in lines)
        apart = divergence(ours, intervals(real))
        found.append(Figure(_named(part, "interval divergence"), apart, "bits"))
        found += _copy_figures(checkpoint, part, written, real, library, asked)
        found += _density_figures(net, asked, part)
    return found


def _named(part: str, name: str) -> str:
    return name if part == "melody" else f"bass: {name}"


def _written(
    net: LineNet, asked: Sequence[Progression], part: str, density: int | None = None
) -> list[list[NoteLine]]:
    requests = [
        LineRequest(part, one.chords, _SEED + number, CANDIDATES, density)
        for number, one in enumerate(asked)
    ]
    return [[line.notes for line in lines] for lines in net.write(requests)]


def share_of(lines: Iterable[tuple[NoteLine, ChordLine]]) -> float:
    """The share of all lines together."""
    counts = [share_inside(notes, chords) for notes, chords in lines]
    return sum(one for one, _ in counts) / max(1, sum(count for _, count in counts))


def _chord_figures(
    part: str,
    written: Sequence[Sequence[NoteLine]],
    real: Sequence[NoteLine],
    asked: Sequence[Progression],
) -> list[Figure]:
    """Inside the chords they were written over, and inside those of another piece."""
    others = [*asked[1:], asked[0]]
    inside = share_of((line, at.chords) for lines, at in zip(written, asked, strict=True)
                    for line in lines)  # fmt: skip
    shuffled = share_of((line, at.chords) for lines, at in zip(written, others, strict=True)
                      for line in lines)  # fmt: skip
    people = share_of((line, at.chords) for line, at in zip(real, asked, strict=True))
    beside = {"people": people, "chords of another piece": shuffled}
    return [
        Figure(_named(part, "notes on the beat inside the chord"), inside, baselines=beside),
        Figure(_named(part, "the same, above shuffled chords"), inside - shuffled),
    ]


def intervals(lines: Iterable[NoteLine]) -> Floats:
    """How often each step from -24 to 24 semitones occurs; larger ones count as those."""
    steps = [np.diff([note.pitch for note in line]) for line in lines if len(line) > 1]
    all_steps = np.clip(np.concatenate(steps), -24, 24).astype(np.int64) + 24
    return np.bincount(all_steps, minlength=49).astype(np.float64)


def _runs(lines: Iterable[NoteLine], part: str, library: copies.Library) -> Floats:
    events = [to_events(line, part) for line in lines]
    return np.array([library.longest_run(one.pitch, one.duration) for one in events], np.float64)


def _copy_figures(
    checkpoint: Checkpoint,
    part: str,
    written: Sequence[Sequence[NoteLine]],
    real: Sequence[NoteLine],
    library: copies.Library,
    asked: Sequence[Progression],
) -> list[Figure]:
    """The longest runs shared with training, and how many lines are written again for one."""
    ours = _runs((line for lines in written for line in lines), part, library)
    theirs = _runs(real, part, library)
    unchecked = LineNet(
        replace(checkpoint, tensors={**checkpoint.tensors, "copies": np.zeros(0, np.uint32)})
    )
    free = _runs((line for lines in _written(unchecked, asked, part) for line in lines),
                 part, library)  # fmt: skip
    return [
        Figure(
            _named(part, "longest copied run, p95"),
            float(np.percentile(ours, 95)),
            baselines={"people": float(np.percentile(theirs, 95))},
            note=f"mean {ours.mean():.1f}, most {ours.max():.0f}; people {theirs.mean():.1f}, "
            f"{theirs.max():.0f}",
        ),
        Figure(_named(part, "lines refused as copies"), float((free > copies.LONGEST).mean())),
    ]


def _density_figures(net: LineNet, asked: Sequence[Progression], part: str) -> list[Figure]:
    """Notes per beat as each density is asked for."""
    some = asked[:: max(1, len(asked) // 16)]
    rates = []
    for density in DENSITIES:
        written = _written(net, some, part, density)
        notes = sum(len(line) for lines in written for line in lines)
        beats = sum(
            len(lines) * len(at.chords.chords) for lines, at in zip(written, some, strict=True)
        )
        rates.append(notes / max(1, beats))
    told = "notes per beat " + ", ".join(f"{one:.2f}" for one in rates)
    is_monotone = all(one < other for one, other in pairwise(rates))
    return [
        Figure(
            _named(part, "density 5 over density 1"), rates[-1] / max(rates[0], 1e-9), note=told
        ),
        Figure(_named(part, "density is monotone"), float(is_monotone)),
    ]
