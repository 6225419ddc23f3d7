"""Lines played alone, in an exact key, and sounds that have none: what keys are trusted on.

The pieces of benchmarks/pieces.py are played by several stems; here one voice plays: brass and
winds of strong partials, with vibrato, scoops, breath and room. Beside them stand sounds without a
key: speech, calls, hums, chimes, noise, notes at free pitches and lines of all twelve tones.
Invariant: a sound follows from its number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve, lfilter

from benchmarks.pieces import TONICS
from benchmarks.synth import F32, RATE_HZ, hertz, lay

F64 = npt.NDArray[np.float64]
# (name of the mode, its steps, how many solos of a hundred are in it)
_MODES = (
    ("maj", (0, 2, 4, 5, 7, 9, 11), 40),
    ("min", (0, 2, 3, 5, 7, 8, 10), 30),
    ("min", (0, 2, 3, 5, 7, 8, 11), 10),
    ("min", (0, 2, 3, 5, 7, 9, 10), 10),
    ("maj", (0, 2, 4, 5, 7, 9, 10), 10),
)
_LEAPS = (-4, -3, -2, -1, 0, 1, 2, 3, 4)
_CHANCES = (0.04, 0.05, 0.11, 0.27, 0.06, 0.27, 0.11, 0.05, 0.04)


@dataclass(frozen=True, slots=True)
class Voice:
    """How a voice sounds: `partials` strengths, depth of vibrato in semitones and its rate, how far
    a note is reached from below, breath, seconds of room, cents off 440 Hz."""

    partials: F64
    depth: float
    rate_hz: float
    scoop: float
    breath: float
    attack_s: float
    room_s: float
    cents: float


def solos(count: int, first: int = 0) -> Iterator[tuple[str, str, F32]]:
    """(name, key, sound) of `count` lines."""
    for number in range(first, first + count):
        rng = np.random.default_rng(40_000 + number)
        chances = np.asarray([share for *_, share in _MODES]) / 100.0
        mode, steps, _ = _MODES[int(rng.choice(len(_MODES), p=chances))]
        tonic = int(rng.integers(12))
        yield f"solo {number}", f"{TONICS[tonic]} {mode}", _line(rng, tonic, steps)


def keyless(count: int, first: int = 0) -> Iterator[tuple[str, F32]]:
    """(name, sound) of `count` sounds without a key, every kind in turn."""
    for number in range(first, first + count):
        kind = _KINDS[number % len(_KINDS)]
        rng = np.random.default_rng(50_000 + number)
        size = round(rng.uniform(4.0, 20.0) * RATE_HZ)
        yield f"{kind.__name__.strip('_')} {number}", kind(rng, size)


def voice_of(rng: np.random.Generator) -> Voice:
    number = np.arange(1, int(rng.integers(5, 21)))
    middle, width = rng.uniform(1.0, 6.0), rng.uniform(0.8, 3.0)
    bump = 1.0 + rng.uniform(0.0, 3.0) * np.exp(-(((number - middle) / width) ** 2))
    return Voice(
        partials=bump / number ** rng.uniform(0.6, 1.8) * rng.uniform(0.5, 1.0, number.size),
        depth=float(rng.choice([0.0, rng.uniform(0.05, 0.6)], p=[0.25, 0.75])),
        rate_hz=rng.uniform(4.0, 7.0),
        scoop=float(rng.choice([0.0, rng.uniform(0.2, 1.5)])),
        breath=rng.uniform(0.0, 0.03),
        attack_s=rng.uniform(0.01, 0.09),
        room_s=float(rng.choice([0.0, rng.uniform(0.2, 1.5)])),
        cents=rng.uniform(-40.0, 40.0),
    )


def note_of(rng: np.random.Generator, voice: Voice, midi: float, seconds: float) -> F32:
    t = np.arange(max(64, round(seconds * RATE_HZ))) / RATE_HZ
    bend = voice.depth * np.sin(2 * np.pi * voice.rate_hz * t + rng.uniform(0, 6.28))
    bend *= np.minimum(1.0, t / 0.25)
    bend -= voice.scoop * rng.uniform(0.0, 1.0) * np.exp(-t / 0.04)
    phase = 2 * np.pi * np.cumsum(hertz(midi + voice.cents / 100) * 2.0 ** (bend / 12)) / RATE_HZ
    rise = np.minimum(1.0, t / voice.attack_s) * np.minimum(1.0, (t[-1] - t) / 0.05)
    swell = rise * (1.0 - 0.4 * rng.uniform() * t / t[-1])
    out = voice.breath * rng.standard_normal(t.size)
    one, turn = np.exp(1j * phase), np.ones(t.size, np.complex128)
    for n, strength in enumerate(voice.partials, start=1):
        turn = turn * one
        if hertz(midi) * n > 10_000.0:
            break
        # A brighter tone where it is louder, as brass has it.
        out += strength * swell ** (0.15 * (n - 1)) * turn.imag
    return np.asarray(0.2 * swell * out, np.float32)


def _line(rng: np.random.Generator, tonic: int, steps: tuple[int, ...]) -> F32:
    """A tune that mostly steps, leans on the tonic's chord, and mostly begins and ends in it."""
    voice, beat_s = voice_of(rng), 60.0 / rng.uniform(60.0, 160.0)
    lowest = 12 * int(rng.integers(3, 6)) + tonic
    seconds = rng.uniform(4.0, 24.0)
    line = np.zeros(round((seconds + 2.0) * RATE_HZ), np.float32)
    degree, at = int(rng.choice([0, 2, 4, 7], p=[0.4, 0.2, 0.25, 0.15])), 0.0
    while at < seconds:
        beats = float(rng.choice([0.25, 0.5, 1.0, 1.5, 2.0], p=[0.1, 0.4, 0.3, 0.1, 0.1]))
        is_last = at + beats * beat_s >= seconds
        if is_last:
            degree, beats = int(rng.choice([0, 2, 4, degree], p=[0.6, 0.1, 0.15, 0.15])), 2.0
        if is_last or rng.random() > 0.1:
            midi = lowest + 12 * (degree // 7) + steps[degree % 7]
            note = note_of(rng, voice, midi, beats * beat_s * rng.uniform(0.6, 1.0))
            lay(line, note, at * RATE_HZ)
        at += beats * beat_s
        degree += int(rng.choice(_LEAPS, p=_CHANCES))
        if rng.random() < 0.25:
            degree = min((0, 2, 4, 7, 9, 11), key=lambda tone: abs(tone - degree))
        degree = int(np.clip(degree, -3, 13))
    return in_room(rng, line, voice.room_s)


def in_room(rng: np.random.Generator, line: F32, seconds: float) -> F32:
    if seconds <= 0.0:
        return line
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tail = rng.standard_normal(t.size) * np.exp(-6.9 * t / seconds)
    tail *= rng.uniform(0.05, 0.4) / np.sqrt(np.square(tail).sum())
    return np.asarray(line + fftconvolve(line, tail)[: line.size], np.float32)


# -- what has no key ------------------------------------------------------------------------------


def _curve(rng: np.random.Generator, size: int, step_s: float, low: float, high: float) -> F64:
    """A smooth wandering between `low` and `high`, a new goal every `step_s`."""
    places = np.arange(0, size + step_s * RATE_HZ, step_s * RATE_HZ)
    return np.interp(np.arange(size), places, rng.uniform(low, high, places.size))


def _resonated(sound: F64, middle_hz: float, width_hz: float) -> F64:
    radius = np.exp(-np.pi * width_hz / RATE_HZ)
    poles = [1.0, -2.0 * radius * np.cos(2 * np.pi * middle_hz / RATE_HZ), radius**2]
    return np.asarray(lfilter([1.0 - radius], poles, sound))


def _scaled(sound: F64) -> F32:
    return np.asarray(0.3 * sound / (np.abs(sound).max() + 1e-9), np.float32)


def _speech(rng: np.random.Generator, size: int) -> F32:
    """Syllables: a gliding buzz through two resonances, hissing between."""
    out, at, base = np.zeros(size), 0, rng.uniform(80.0, 240.0)
    while at < size:
        long = min(size - at, round(rng.uniform(0.08, 0.3) * RATE_HZ))
        begin, end = base * 2.0 ** rng.uniform(-0.35, 0.35, 2)
        fall = np.linspace(begin, end, long)
        phase = np.cumsum(fall) / RATE_HZ
        buzz = np.diff(np.floor(phase), prepend=0.0) + 0.02 * rng.standard_normal(long)
        vowel = _resonated(buzz, rng.uniform(250, 850), 90.0)
        vowel = vowel + 0.6 * _resonated(buzz, rng.uniform(900, 2_400), 140.0)
        out[at : at + long] += vowel * np.hanning(long) * rng.uniform(0.4, 1.0)
        at += long
        hiss = min(size - at, round(rng.uniform(0.0, 0.15) * RATE_HZ))
        if hiss > 8:
            noise = np.diff(rng.standard_normal(hiss), prepend=0.0)
            out[at : at + hiss] += 0.01 * noise * np.hanning(hiss)
        at += hiss + (round(rng.uniform(0.2, 0.7) * RATE_HZ) if rng.random() < 0.15 else 0)
    return _scaled(out)


def _calls(rng: np.random.Generator, size: int) -> F32:
    """Long gliding calls with partials, as whales, gulls and sirens make them."""
    out, at, base = np.zeros(size), 0, rng.uniform(90.0, 900.0)
    while at < size:
        long = min(size - at, round(rng.uniform(0.4, 3.0) * RATE_HZ))
        pitch = base * 2.0 ** _curve(rng, long, rng.uniform(0.2, 1.0), -0.7, 0.7)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
        call = sum(np.sin(n * phase) / n ** rng.uniform(0.5, 2.0) for n in range(1, 6))
        out[at : at + long] += call * np.hanning(long)
        at += long + round(rng.uniform(0.0, 1.0) * RATE_HZ)
    return in_room(rng, _scaled(out), rng.uniform(0.0, 1.5))


def _hum(rng: np.random.Generator, size: int) -> F32:
    """One machine that never changes its pitch, under noise."""
    phase = 2 * np.pi * rng.uniform(40.0, 300.0) * np.arange(size) / RATE_HZ
    tone = sum(rng.uniform(0.1, 1.0) / n * np.sin(n * phase) for n in range(1, 12))
    return _scaled(tone + rng.uniform(0.02, 1.0) * rng.standard_normal(size))


def _chimes(rng: np.random.Generator, size: int) -> F32:
    """Struck things whose partials fit no scale."""
    line = np.zeros(size, np.float32)
    for at in np.cumsum(rng.exponential(0.5, 60)) * RATE_HZ:
        t = np.arange(round(1.5 * RATE_HZ)) / RATE_HZ
        parts = rng.uniform(200.0, 4_000.0, 6)
        bell = sum(np.sin(2 * np.pi * part * t) * np.exp(-t * rng.uniform(2, 8)) for part in parts)
        lay(line, (0.05 * bell).astype(np.float32), float(at))
    return line


def _noise(rng: np.random.Generator, size: int) -> F32:
    """Wind and water: noise through a resonance that wanders."""
    white = rng.standard_normal(size)
    parts = [
        _resonated(white, middle, rng.uniform(50.0, 500.0)) * _curve(rng, size, 0.7, 0.0, 1.0)
        for middle in rng.uniform(150.0, 3_000.0, 4)
    ]
    return _scaled(sum(parts, np.zeros(size)))


def _free_notes(rng: np.random.Generator, size: int) -> F32:
    """A voice like the solos', on pitches that lie on no twelve-tone grid."""
    return _notes(rng, size, lambda: float(rng.uniform(45.0, 75.0)))


def _twelve_tones(rng: np.random.Generator, size: int) -> F32:
    """The same on all twelve tones alike, row after row."""
    row: list[int] = []

    def after() -> float:
        if not row:
            row.extend(int(tone) for tone in rng.permutation(12))
        return 12.0 * int(rng.integers(4, 6)) + row.pop()

    return _notes(rng, size, after)


def _notes(rng: np.random.Generator, size: int, following: Callable[[], float]) -> F32:
    voice, line, at = voice_of(rng), np.zeros(size, np.float32), 0.0
    while at < size / RATE_HZ:
        long = float(rng.choice([0.25, 0.5, 1.0]))
        lay(line, note_of(rng, voice, following(), long * 0.9), at * RATE_HZ)
        at += long
    return in_room(rng, line, voice.room_s)


_KINDS = (_speech, _calls, _hum, _chimes, _noise, _free_notes, _twelve_tones)
