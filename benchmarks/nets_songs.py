"""Songs synthesised here for the director of the nets: a kit, a bass, keys that comp, a lead.

Everything follows from a seed: key, tempo, turn of chords. They are measured as ingest measures
stems. Invariant: equal seeds give equal songs, and nothing of them comes from anywhere else.
"""

import hashlib

import numpy as np

from benchmarks import synth
from generation.analysis.measure import measure_recording, measure_stem
from generation.analysis.rules import Corrected, correct_recording_analysis
from generation.compose.values import Song, SongStem

RATE = 48_000
F32 = synth.F32
# Degrees of the scale and kinds, four bars; major and minor.
TURNS = (
    ((0, "maj"), (9, "min"), (5, "maj"), (7, "maj")),
    ((9, "min"), (5, "maj"), (0, "maj"), (7, "maj")),
    ((2, "min"), (7, "maj"), (0, "maj"), (9, "min")),
)
# What an artist would say of them where two beats a bar were heard.
FOUR_FOUR = (Corrected("beats_per_bar", 4), Corrected("first_downbeat", 0))
KINDS = {"maj": (0, 4, 7), "min": (0, 3, 7)}


def stems_of(seed: int, bars: int = 16) -> dict[str, F32]:
    """Sounds float32 [2, n] by name."""
    rng = np.random.default_rng(1_000 + seed)
    bpm, tonic = float(rng.integers(84, 132)), int(rng.integers(0, 12))
    beat = 60.0 / bpm
    turn = TURNS[seed % len(TURNS)]
    length = round(4 * bars * beat * RATE) + RATE
    lines = {name: np.zeros(length, np.float32) for name in ("drums", "bass", "keys", "lead")}
    for bar in range(bars):
        root, kind = turn[bar % 4]
        tones = [(tonic + root + step) % 12 for step in KINDS[kind]]
        at = 4 * bar * beat
        _bar_of_drums(lines["drums"], rng, at, beat)
        _bar_of_bass(lines["bass"], at, beat, tones)
        for half in (0.0, 2.0):
            for tone in tones:
                sound = synth.keys(60 + (tone - 7) % 12, 1.9 * beat, 0.35)
                _put(lines["keys"], sound, at + half * beat)
        _bar_of_lead(lines["lead"], rng, at, beat, tones, bar)
    return {name: _stereo(line, rng) for name, line in lines.items()}


def song_of(seed: int, bars: int = 16) -> Song:
    """The measured song."""
    sounds = stems_of(seed, bars)
    analyses = [measure_stem(sound, name) for name, sound in sounds.items()]
    heard = measure_recording(list(sounds.values()), analyses)
    together = correct_recording_analysis(heard, FOUR_FOUR)
    stems = [
        SongStem(hashlib.sha256(f"{seed} {name}".encode()).hexdigest(), name, one)
        for name, one in zip(sounds, analyses, strict=True)
    ]
    return Song(tuple(stems), together)


def _put(line: F32, sound: F32, at: float) -> None:
    start = round(at * RATE)
    room = len(line) - start
    line[start : start + len(sound)] += sound[:room]


def _bar_of_drums(line: F32, rng: np.random.Generator, at: float, beat: float) -> None:
    for place in (0.0, 2.0, 2.5):
        _put(line, synth.kick(0.9), at + place * beat)
    for place in (1.0, 3.0):
        _put(line, 0.8 * synth.snare(rng, 0.9), at + place * beat)
    for eighth in range(8):
        _put(line, 0.5 * synth.hat(rng, 0.7), at + eighth * beat / 2)


def _bar_of_bass(line: F32, at: float, beat: float, tones: list[int]) -> None:
    root = 36 + (tones[0] - 12) % 12
    for place, tone in ((0.0, root), (1.5, root), (2.0, root + 7), (3.0, root + 5)):
        lasts = 0.9 * beat if place != 1.5 else 0.45 * beat
        _put(line, synth.bass(tone, lasts, 0.8), at + place * beat)


def _bar_of_lead(
    line: F32, rng: np.random.Generator, at: float, beat: float, tones: list[int], bar: int
) -> None:
    """A tone of the chord on each beat, higher and lower by turns; breath in every fourth bar."""
    for place in range(4 if bar % 4 != 3 else 2):
        tone = tones[(place + bar) % 3]
        octave = 12 * int(rng.integers(0, 2))
        _put(line, synth.keys(57 + (tone - 9) % 12 + octave, 0.9 * beat, 0.6), at + place * beat)


def _stereo(line: F32, rng: np.random.Generator) -> F32:
    loud = 0.5 * line / max(1e-6, float(np.abs(line).max()))
    floor = 1e-5 * rng.standard_normal(len(loud)).astype(np.float32)
    return np.stack([loud + floor, 0.9 * loud + floor]).astype(np.float32)
