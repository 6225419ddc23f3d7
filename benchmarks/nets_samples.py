"""Twenty statistics of melodies that the line net writes over progressions made here.

They show what kind of melody it is to whoever cannot listen. Invariant: fixed seeds, so the same
weights give the same numbers on every machine.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.figures import Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.line.quality import share_of
from generation.nets.line.writing import LineNet
from generation.nets.values import Chord, ChordLine, LineRequest, NoteLine, Signature

_DEGREES = (
    ((0, "maj"), (9, "min"), (5, "maj"), (7, "7")),
    ((0, "maj"), (7, "maj"), (9, "min"), (5, "maj")),
    ((2, "min"), (7, "7"), (0, "maj"), (0, "maj")),
    ((9, "min"), (5, "maj"), (0, "maj"), (7, "maj")),
)
_PROGRESSIONS = 20


def progression(bars: int, number: int) -> ChordLine:
    """One of four turns of four chords, a chord a bar, in the key `number` fifths up."""
    tonic = 7 * number % 12
    turn = _DEGREES[number % len(_DEGREES)]
    degrees = (turn[bar % 4] for bar in range(bars) for _ in range(4))
    chords = tuple(Chord((tonic + root) % 12, quality) for root, quality in degrees)
    return ChordLine(Signature((4, 4), tonic, "maj"), chords)


def sample_figures(checkpoint: Checkpoint) -> list[Figure]:
    """The statistics, told and not gated."""
    asked = [LineRequest("melody", progression(16, n), 500 + n, 4) for n in range(_PROGRESSIONS)]
    written = LineNet(checkpoint).write(asked)
    lines = [(one.notes, request.chords) for request, found in zip(asked, written, strict=True)
             for one in found if len(one.notes) > 1]  # fmt: skip
    note = f"{len(lines)} melodies of 16 bars"
    return [
        Figure("line, samples", name, value, unit, note=note)
        for name, value, unit in _statistics(lines)
    ]


def _statistics(lines: Sequence[tuple[NoteLine, ChordLine]]) -> list[tuple[str, float, str]]:
    melodies = [notes for notes, _ in lines]
    pitches = [np.array([one.pitch for one in notes]) for notes in melodies]
    ticks = [np.array([one.duration for one in notes]) for notes in melodies]
    onsets = [np.array([one.onset for one in notes]) for notes in melodies]
    steps = np.abs(np.concatenate([np.diff(one) for one in pitches]))
    moves = np.concatenate([np.diff(one) for one in pitches])
    lengths = np.concatenate(ticks) / 12
    beats = sum(len(chords.chords) for _, chords in lines)
    places = np.concatenate(onsets) % 48
    return [
        ("notes on the beat inside the chord", share_of(lines), ""),
        ("all notes inside the chord", _inside(lines), ""),
        ("notes per beat", len(places) / beats, ""),
        ("notes per bar, standard deviation", _deviation(onsets), ""),
        ("share of time at rest", 1 - float(lengths.sum()) / beats, ""),
        ("mean pitch", float(np.concatenate(pitches).mean()), "MIDI"),
        ("mean compass of a melody", float(np.mean([np.ptp(one) for one in pitches])), "semitones"),
        ("entropy of pitch classes", _entropy(np.concatenate(pitches) % 12), "bits"),
        ("entropy of durations", _entropy(np.concatenate(ticks)), "bits"),
        ("entropy of intervals", _entropy(moves + 64), "bits"),
        ("mean size of a step", float(steps.mean()), "semitones"),
        ("repeated notes", float((steps == 0).mean()), ""),
        ("steps of one or two semitones", float(((steps > 0) & (steps < 3)).mean()), ""),
        ("leaps of five semitones and more", float((steps >= 5).mean()), ""),
        ("steps upwards among moves", float((moves > 0).sum() / max(1, (moves != 0).sum())), ""),
        ("turns of direction", _turns(pitches), ""),
        ("notes on a beat", float((places % 12 == 0).mean()), ""),
        ("notes on the first beat", float((places == 0).mean()), ""),
        ("mean duration", float(lengths.mean()), "beats"),
        ("bars that repeat the rhythm before", _repeated(onsets), ""),
    ]


def _inside(lines: Sequence[tuple[NoteLine, ChordLine]]) -> float:
    hits = [
        note.pitch % 12 in chord.pitch_classes
        for notes, chords in lines
        for note in notes
        if (chord := chords.chords[note.onset // 12]) is not None
    ]
    return float(np.mean(hits))


def _entropy(values: np.ndarray) -> float:
    shares = np.bincount(values).astype(float)
    shares = shares[shares > 0] / shares.sum()
    return float(-(shares * np.log2(shares)).sum())


def _deviation(onsets: Sequence[np.ndarray]) -> float:
    return float(np.mean([np.bincount(one // 48, minlength=16).std() for one in onsets]))


def _turns(pitches: Sequence[np.ndarray]) -> float:
    signs = [np.sign(moves[moves != 0]) for moves in (np.diff(one) for one in pitches)]
    return float(np.mean(np.concatenate([one[1:] != one[:-1] for one in signs])))


def _repeated(onsets: Sequence[np.ndarray]) -> float:
    same = []
    for one in onsets:
        bars = [tuple(one[one // 48 == bar] % 48) for bar in range(16)]
        same += [bar == before for bar, before in zip(bars[1:], bars, strict=False)]
    return float(np.mean(same))
