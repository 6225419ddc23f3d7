"""Tunes as people wrote them, and blues, Dorian and Mixolydian lines, each played by one voice.

The lines of benchmarks/solos.py wander at random; here are the melodies of hymns and songs, read
from a folder of open scores given by name, and phrases made of what blues and modal playing is
described by. A line that holds both thirds of its tonic, or one between them, is counted right in
major and in minor: A. van der Merwe, "Origins of the Popular Style" (1989), calls that third
neutral, and T. de Clercq and D. Temperley, "A corpus analysis of rock harmony" (Popular Music 30,
2011), tell tonics and no modes for the same reason. Invariant: a sound follows from its number.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pieces import TONICS
from benchmarks.solos import in_room, note_of, voice_of
from benchmarks.synth import F32, RATE_HZ, lay

TICKS_PER_QUARTER = 12
FILES = ("hymns_satb.json", "lieder_melody_bass.json")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a mode is played: the steps of its scale, the modes it is rightly called by, how often
    its minor third is bent towards the major one, and how often a chromatic note leads to a step.
    """

    name: str
    steps: tuple[int, ...]
    modes: tuple[str, ...]
    bent: float
    led: float


MANNERS = (
    Manner("blues", (0, 3, 5, 6, 7, 10), ("maj", "min"), 0.4, 0.05),
    Manner("both thirds", (0, 2, 3, 4, 5, 7, 9, 10), ("maj", "min"), 0.2, 0.1),
    Manner("mixolydian", (0, 2, 4, 5, 7, 9, 10), ("maj",), 0.0, 0.15),
    Manner("dorian", (0, 2, 3, 5, 7, 9, 10), ("min",), 0.0, 0.15),
)


@dataclass(frozen=True, slots=True)
class Tune:
    """A melody of [onset, duration, pitch] in ticks of a twelfth of a quarter, and its key."""

    name: str
    tonic: int
    mode: str
    melody: Sequence[tuple[int, int, int]]


def modal(count: int, first: int = 0) -> Iterator[tuple[str, frozenset[str], F32]]:
    """(manner and number, right keys, sound) of `count` lines, every manner in turn."""
    for number in range(first, first + count):
        manner = MANNERS[number % len(MANNERS)]
        rng = np.random.default_rng(60_000 + number)
        tonic = int(rng.integers(12))
        keys = frozenset(f"{TONICS[tonic]} {mode}" for mode in manner.modes)
        yield f"{manner.name} {number}", keys, _phrases(rng, tonic, manner)


def tunes(scores: Path, count: int, split: str) -> Iterator[tuple[str, frozenset[str], F32]]:
    """(hymn or song and number, right key, sound) of `count` beginnings and endings of tunes of a
    split, transposed: hymns and songs in turn, whose last bass note is their tonic."""
    rng = np.random.default_rng(61_000)
    kinds = [list(_clear(json.loads((scores / file).read_text()), split)) for file in FILES]
    orders = [rng.permutation(len(kind)) for kind in kinds]
    for number in range(count):
        which, place = number % len(kinds), number // len(kinds)
        kind = kinds[which]
        tune = kind[int(orders[which][place % len(kind)])]
        own = np.random.default_rng([62_000, number, len(split)])
        up = int(own.integers(12))
        key = frozenset([f"{TONICS[(tune.tonic + up) % 12]} {tune.mode}"])
        yield f"{('hymn', 'song')[which]} {number}", key, _played(own, tune, up)


def _clear(scores: dict[str, Any], split: str) -> Iterator[Tune]:
    """The tunes whose key two signs agree on: the last note of the bass is the tonic, and most
    chords on it have the mode's third. The mode alone is an estimate in the scores."""
    for piece in scores["pieces"]:
        bass, chords = piece["bass"], [chord for chord in piece["chords"] if chord]
        on_tonic = [kind for root, kind in chords if root == piece["tonic"]]
        own = sum(kind == piece["mode"] for kind in on_tonic)
        is_clear = bool(bass) and bass[-1][2] % 12 == piece["tonic"] and 2 * own > len(on_tonic)
        if piece["split"] == split and is_clear and len(piece["melody"]) >= 12:
            yield Tune(piece["id"], piece["tonic"], piece["mode"], piece["melody"])


def _played(rng: np.random.Generator, tune: Tune, up: int) -> F32:
    """Four to twenty seconds from the tune's beginning, or up to its end."""
    voice, tick_s = voice_of(rng), 60.0 / rng.uniform(60.0, 140.0) / TICKS_PER_QUARTER
    ticks = rng.uniform(4.0, 20.0) / tick_s
    start, end = tune.melody[0][0], tune.melody[-1][0] + tune.melody[-1][1]
    first, last = (start, start + ticks) if rng.random() < 0.5 else (end - ticks, end)
    chosen = [one for one in tune.melody if first <= one[0] < last]
    middle = float(np.median([pitch for _, _, pitch in chosen]))
    octave = 12 * round((rng.uniform(50.0, 74.0) - middle - up) / 12.0)
    begin = chosen[0][0]
    size = (chosen[-1][0] + min(chosen[-1][1], 36) - begin) * tick_s + 1.0
    line = np.zeros(round(size * RATE_HZ), np.float32)
    for onset, duration, pitch in chosen:
        seconds = min(duration, 36) * tick_s * rng.uniform(0.7, 1.0)
        note = note_of(rng, voice, pitch + up + octave, seconds)
        lay(line, note, (onset - begin) * tick_s * RATE_HZ)
    return in_room(rng, line, voice.room_s)


def _phrases(rng: np.random.Generator, tonic: int, manner: Manner) -> F32:
    """Phrases of three to nine notes that mostly fall and mostly come to rest on the tonic's chord;
    eighths swing."""
    voice, beat_s = voice_of(rng), 60.0 / rng.uniform(70.0, 180.0)
    lowest, seconds = 12 * int(rng.integers(4, 6)) + tonic, rng.uniform(4.0, 20.0)
    line, at = np.zeros(round((seconds + 6.0) * RATE_HZ), np.float32), 0.0
    swing = rng.uniform(0.5, 0.67)
    while at < seconds:
        for semitones, beats in _phrase(rng, manner, swing):
            note = note_of(rng, voice, lowest + semitones, beats * beat_s * rng.uniform(0.7, 1.0))
            lay(line, note, at * RATE_HZ)
            at += beats * beat_s
        at += float(rng.choice([0.0, 1.0, 2.0])) * beat_s
    return in_room(rng, line[: round((at + 1.0) * RATE_HZ)], voice.room_s)


def _phrase(
    rng: np.random.Generator, manner: Manner, swing: float
) -> Iterator[tuple[float, float]]:
    """(semitones above the lowest tonic, beats) of a phrase's notes."""
    steps, count = manner.steps, len(manner.steps)
    place = int(rng.integers(0, count + 4))
    for number in range(int(rng.integers(3, 10))):
        pitch = float(12 * (place // count) + steps[place % count])
        beats = float(rng.choice([swing, 1.0 - swing, 1.0, 1.5], p=[0.35, 0.35, 0.2, 0.1]))
        if number and rng.random() < manner.led:
            yield pitch - 1.0, 1.0 - swing
        if steps[place % count] == 3 and rng.random() < manner.bent:
            pitch += rng.uniform(0.2, 0.8)
        yield pitch, beats
        place += int(rng.choice([-3, -2, -1, 1, 2, 3], p=[0.06, 0.14, 0.38, 0.26, 0.12, 0.04]))
        place = int(np.clip(place, -2, 2 * count))
    rest = float(rng.choice([0, 3 if 3 in steps else 4, 7], p=[0.65, 0.1, 0.25]))
    yield 12.0 * max(0, place // count) + rest, float(rng.choice([1.0, 2.0]))
