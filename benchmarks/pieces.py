"""Pieces with an exact grid, written and played by this file: the truth that analysis is held
against.

Seventy of them over tempo 60 to 180, 3/4, 4/4, 6/8, swing, drumless, late drums, drift and
modulation, each as stems; others held out, of other seeds and in a freer manner, on which nothing
was ever tuned; and a few sounds that are no music. Invariant: a piece follows from its number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchmarks import synth
from benchmarks.synth import F32, RATE_HZ

F64 = npt.NDArray[np.float64]
KINDS = (
    "4/4", "3/4", "6/8", "swing", "drumless", "late", "drift", "modulation", "sparse", "busy",
)  # fmt: skip
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_MINOR = (0, 2, 3, 5, 7, 8, 10)
_TURNS = {
    "maj": ((0, 5, 3, 4), (0, 3, 4, 0), (0, 4, 5, 3), (0, 1, 4, 0), (0, 3, 0, 4), (5, 3, 0, 4)),
    "min": ((0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 4), (0, 5, 3, 4), (0, 3, 6, 0), (0, 4, 0, 5)),
}
# More of them for the pieces held out: some begin elsewhere than on the tonic.
_FREER = {
    "maj": (*_TURNS["maj"], (0, 5, 1, 4), (0, 2, 3, 4), (3, 4, 0, 0), (1, 4, 0, 0), (0, 4, 1, 3)),
    "min": (*_TURNS["min"], (0, 2, 6, 3), (0, 6, 3, 0), (5, 6, 0, 0), (0, 5, 6, 0), (3, 0, 4, 0)),
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a piece is written beyond its kind: whether it comes home in its last bar or breaks off
    as a loop does, whether chords have sevenths, how many cents it is tuned off 440 Hz.
    """

    turns: dict[str, tuple[tuple[int, ...], ...]]
    comes_home: bool = True
    sevenths: bool = False
    cents: float = 0.0


_PLAIN = Manner(_TURNS)


@dataclass(slots=True)
class Piece:
    """Grid in samples; `tempo_bpm` counts `beats`; `accepted`: tempi counted right."""

    name: str
    kind: str
    tempo_bpm: float
    accepted: tuple[float, ...]
    beats_per_bar: int
    key: str
    beats: F64
    downbeats: F64
    stems: dict[str, F32] = field(default_factory=dict)


def pieces(count: int = 70) -> Iterator[Piece]:
    """`count` pieces in a fixed order that takes every kind in turn."""
    for number in range(count):
        yield piece(number)


def held_out(count: int = 40) -> Iterator[Piece]:
    """`count` pieces of other seeds; a third break off, a third have sevenths, all are detuned."""
    for number in range(count):
        rng = np.random.default_rng(90_000 + number)
        manner = Manner(
            turns=_FREER,
            comes_home=bool(rng.random() < 0.67),
            sevenths=bool(rng.random() < 0.33),
            cents=float(rng.uniform(-30.0, 30.0)),
        )
        yield _written(number, np.random.default_rng(70_000 + number), manner)


def piece(number: int) -> Piece:
    """Piece `number`: its kind by turns, the rest drawn from a generator seeded by it."""
    return _written(number, np.random.default_rng(20_000 + number), _PLAIN)


def _written(number: int, rng: np.random.Generator, manner: Manner) -> Piece:
    kind = KINDS[number % len(KINDS)]
    tempo = float(np.round(60.0 * 3.0 ** rng.uniform(0.0, 1.0), 2))
    if kind == "6/8":
        tempo = float(np.round(rng.uniform(50.0, 95.0), 2))
    per_bar = {"3/4": 3, "6/8": 2}.get(kind, 4)
    bars = int(np.clip(round(36.0 * tempo / 60.0 / per_bar), 8, 28)) // 4 * 4
    tonic, mode = int(rng.integers(12)), ("maj", "min")[int(rng.integers(2))]
    made = Piece(
        name=f"{number:02d} {kind} {tempo:g}",
        kind=kind,
        tempo_bpm=tempo,
        accepted=_accepted(kind, tempo),
        beats_per_bar=per_bar,
        key=f"{TONICS[tonic]} {mode}",
        beats=_grid(rng, kind, tempo, bars * per_bar),
        downbeats=np.zeros(0),
    )
    made.downbeats = made.beats[:-1:per_bar]
    _play(made, rng, manner, tonic, mode, bars)
    made.beats = made.beats[:-1]
    return made


def _accepted(kind: str, tempo: float) -> tuple[float, ...]:
    """The felt tempo, and its neighbor level where listeners differ: below 85 also the double,
    above 120 also the half; in 6/8 also the eighths, in slow 3/4 nothing else.
    """
    if kind == "6/8":
        return tempo, 3 * tempo, 1.5 * tempo
    if tempo < 85.0:
        return tempo, 2 * tempo
    return (tempo, tempo / 2) if tempo > 120.0 else (tempo,)


def _grid(rng: np.random.Generator, kind: str, tempo: float, beats: int) -> F64:
    """Beat times in samples, one more than `beats`; drift bends the tempo by up to 6 %."""
    steps = np.full(beats, 60.0 / tempo)
    if kind == "drift":
        turns = rng.uniform(0.5, 1.5)
        steps /= 1.0 + 0.06 * np.sin(2 * np.pi * turns * np.arange(beats) / beats)
    start = rng.uniform(0.0, 0.4)
    return (start + np.concatenate([[0.0], np.cumsum(steps)])) * RATE_HZ


def _at(grid: F64, beat: float) -> float:
    """The sample of a beat number with a fraction."""
    return float(np.interp(beat, np.arange(grid.size), grid))


def _play(
    made: Piece, rng: np.random.Generator, manner: Manner, tonic: int, mode: str, bars: int
) -> None:
    size = int(made.beats[-1] + 0.8 * RATE_HZ)
    names = ["bass", "keys", "pad", "lead"]
    if made.kind == "sparse":
        names = ["bass", "keys"]
    if made.kind != "drumless":
        names.insert(0, "drums")
    made.stems = {name: np.zeros(size, np.float32) for name in names}
    turns = manner.turns[mode]
    turn = turns[int(rng.integers(len(turns)))]
    other = turns[int(rng.integers(len(turns)))]
    shape = rng.integers(0, 4, size=4)
    for bar in range(bars):
        lift = 2 if made.kind == "modulation" and bar >= bars * 3 // 4 else 0
        degree = (other if bar // 8 % 2 else turn)[bar % 4]
        home = manner.comes_home and bar == bars - 1
        chord = _chord(tonic + lift, mode, 0 if home else degree, manner.sevenths)
        if "drums" in made.stems and not (made.kind == "late" and bar < bars // 4):
            _drums(made, rng, bar, int(shape[0]))
        _bass(made, rng, bar, chord, int(shape[1]), manner.cents)
        _keys(made, rng, bar, chord, int(shape[2]), manner.cents)
        if "pad" in made.stems:
            _pad(made, bar, chord, manner.cents)
            _lead(made, rng, bar, chord, tonic + lift, mode, manner.cents)


def _chord(tonic: int, mode: str, degree: int, seventh: bool = False) -> tuple[int, ...]:
    """Pitch classes of the chord on `degree`; the fifth degree of minor is major."""
    scale = _MAJOR if mode == "maj" else _MINOR
    notes = [scale[(degree + step) % 7] for step in ((0, 2, 4, 6) if seventh else (0, 2, 4))]
    if mode == "min" and degree == 4:
        notes[1] += 1
    return tuple((tonic + note) % 12 for note in notes)


def _drums(made: Piece, rng: np.random.Generator, bar: int, shape: int) -> None:
    line, per_bar = made.stems["drums"], made.beats_per_bar
    first = bar * per_bar
    swing = 2 / 3 if made.kind == "swing" else 0.5
    kicks = (
        [0.0] if per_bar != 4 else [[0.0, 2.0], [0.0, 2.5], [0.0, 1.5, 2.0], [0.0, 2.0, 3.5]][shape]
    )
    snares = {2: [1.0], 3: [1.0, 2.0], 4: [1.0, 3.0]}[per_bar]
    if per_bar == 3 and shape % 2:
        snares = [2.0]
    parts = [0.0, 1 / 3, 2 / 3] if made.kind == "6/8" else [0.0, swing]
    if made.kind == "busy":
        parts = [0.0, 0.25, 0.5, 0.75]
    if made.kind == "sparse":
        parts = [0.0]
    for beat in kicks:
        synth.lay(line, synth.kick(rng.uniform(0.8, 1.0)), _at(made.beats, first + beat))
    for beat in snares:
        synth.lay(line, synth.snare(rng, rng.uniform(0.7, 0.9)), _at(made.beats, first + beat))
    for beat in range(per_bar):
        for index, part in enumerate(parts):
            strength = rng.uniform(0.5, 0.7) * (1.0 if index == 0 else 0.7)
            synth.lay(line, synth.hat(rng, strength), _at(made.beats, first + beat + part))


def _bass(
    made: Piece,
    rng: np.random.Generator,
    bar: int,
    chord: tuple[int, ...],
    shape: int,
    cents: float,
) -> None:
    per_bar = made.beats_per_bar
    plans = {
        2: ([0.0], [0.0, 1.0], [0.0, 2 / 3, 1.0], [0.0, 1.0]),
        3: ([0.0], [0.0, 2.0], [0.0, 1.0, 2.0], [0.0]),
        4: ([0.0, 2.0], [0.0, 1.5, 2.0], [0.0, 1.0, 2.0, 3.0], [0.0, 2.5, 3.0]),
    }
    starts = plans[per_bar][shape]
    for index, start in enumerate(starts):
        until = starts[index + 1] if index + 1 < len(starts) else float(per_bar)
        pitch = chord[0] if index == 0 or rng.random() < 0.6 else chord[2]
        at, end = _at(made.beats, bar * per_bar + start), _at(made.beats, bar * per_bar + until)
        note = synth.bass(
            28 + (pitch - 4) % 12 + cents / 100, 0.92 * (end - at) / RATE_HZ, rng.uniform(0.85, 1.0)
        )
        synth.lay(made.stems["bass"], note, at)


def _keys(
    made: Piece,
    rng: np.random.Generator,
    bar: int,
    chord: tuple[int, ...],
    shape: int,
    cents: float,
) -> None:
    per_bar = made.beats_per_bar
    beats = [float(beat) for beat in range(per_bar)]
    if shape == 1:
        beats = [beat + part for beat in beats for part in (0.0, 0.5)]
    if shape == 2:
        beats = beats[::2]
    if made.kind == "6/8":
        beats = [beat + part / 3 for beat in range(per_bar) for part in range(3)]
    arpeggio = shape == 3 or made.kind == "6/8"
    for index, beat in enumerate(beats):
        at = _at(made.beats, bar * per_bar + beat) + rng.normal(0.0, 0.004) * RATE_HZ
        pitches = (chord[index % len(chord)],) if arpeggio else chord
        for pitch in pitches:
            note = synth.keys(60 + pitch % 12 + cents / 100, 0.7, rng.uniform(0.6, 0.9))
            synth.lay(made.stems["keys"], note, at)


def _pad(made: Piece, bar: int, chord: tuple[int, ...], cents: float) -> None:
    first = bar * made.beats_per_bar
    at, end = _at(made.beats, first), _at(made.beats, first + made.beats_per_bar)
    for pitch in chord:
        note = synth.pad(48 + pitch % 12 + cents / 100, (end - at) / RATE_HZ + 0.15)
        synth.lay(made.stems["pad"], note, at)


def _lead(
    made: Piece,
    rng: np.random.Generator,
    bar: int,
    chord: tuple[int, ...],
    tonic: int,
    mode: str,
    cents: float,
) -> None:
    scale = [(tonic + step) % 12 for step in (_MAJOR if mode == "maj" else _MINOR)]
    beat, per_bar = 0.0, made.beats_per_bar
    while beat < per_bar and bar % 4 != 3:
        length = float(rng.choice([0.5, 1.0, 1.0, 2.0]))
        length = min(length, per_bar - beat)
        pool = chord if beat == 0.0 or rng.random() < 0.5 else scale
        pitch = 64 + (int(rng.choice(pool)) - 4) % 12
        at = _at(made.beats, bar * per_bar + beat) + rng.normal(0.0, 0.008) * RATE_HZ
        end = _at(made.beats, bar * per_bar + beat + length)
        if rng.random() < 0.8:
            note = synth.lead(pitch + cents / 100, max(0.1, 0.95 * (end - at) / RATE_HZ), 0.6)
            synth.lay(made.stems["lead"], note, at)
        beat += length


def strangers(seconds: float = 20.0) -> Iterator[tuple[str, F32]]:
    """(name, sound) of what has neither tempo nor key: noise, a glide, random clicks, silence."""
    rng = np.random.default_rng(7)
    size = round(seconds * RATE_HZ)
    t = np.arange(size) / RATE_HZ
    yield "noise", (0.1 * rng.standard_normal(size)).astype(np.float32)
    bend = np.cumsum(
        np.interp(t, t[:: RATE_HZ // 2], rng.uniform(150, 700, t[:: RATE_HZ // 2].size))
    )
    yield "glide", (0.3 * np.sin(2 * np.pi * bend / RATE_HZ)).astype(np.float32)
    clicks = np.zeros(size, np.float32)
    at = 0.0
    while at < seconds:
        synth.lay(clicks, synth.snare(rng, rng.uniform(0.3, 1.0)), at * RATE_HZ)
        at += rng.exponential(0.45) + 0.03
    yield "random clicks", clicks
    yield "silence", np.zeros(size, np.float32)
