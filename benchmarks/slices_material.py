"""Stems of known notes, lines to be asked of them, and how a rendered note is listened to.

It knows sounds and samples, and refuses to know how slices are measured: what it hears, it hears by
its own means. Invariant: equal seeds give equal sounds.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import synth
from generation.analysis.chords import KINDS, NAMES
from generation.analysis.values import Slice
from generation.compose.retrieval import Wanted
from generation.recipe import Bus, Limiter, Note, Recipe, Section, Source

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
RATE = 48_000
GAP = 4_800
TIMBRES = {
    "bass": (synth.bass, 28.0, 52.0),
    "keys": (synth.keys, 45.0, 88.0),
    "pad": (synth.pad, 45.0, 84.0),
    "sung, with vibrato": (synth.lead, 52.0, 76.0),
}
STEADY = ("bass", "keys")
PALETTES = {"maj and min": ("maj", "min"), "maj, min, 7 and dim": ("maj", "min", "7", "dim")}


def _in_a_row(sounds: Sequence[F32]) -> tuple[F32, npt.NDArray[np.int64]]:
    starts = np.cumsum([GAP, *(len(one) + GAP for one in sounds[:-1])])
    line = np.zeros(int(starts[-1]) + len(sounds[-1]) + GAP, np.float32)
    for start, one in zip(starts, sounds, strict=True):
        line[start : start + len(one)] = one
    line += 1e-5 * np.random.default_rng(9).standard_normal(len(line)).astype(np.float32)
    return np.stack([line, 0.8 * line]), starts.astype(np.int64)


def stem_of(name: str, count: int, seed: int) -> tuple[F32, npt.NDArray[np.int64], F64]:
    """(sound, attacks, pitches) of random notes, none of them in tune with a piano."""
    make, low, high = TIMBRES[name]
    rng = np.random.default_rng(seed)
    midi = np.linspace(low, high, count) + rng.uniform(-0.45, 0.45, count)
    rng.shuffle(midi)
    sounds = [make(float(m), float(rng.uniform(0.35, 0.9))) for m in midi]
    return *_in_a_row(sounds), midi


def several(kind: str, count: int) -> tuple[F32, npt.NDArray[np.int64]]:
    """Triads in any inversion, or noises, each half a second."""
    rng = np.random.default_rng(8)
    if kind == "noise":
        sounds = [(0.1 * rng.standard_normal(RATE // 2)).astype(np.float32) for _ in range(count)]
    else:
        sounds = [
            np.sum([synth.keys(m + 12 * int(rng.integers(0, 2)), 0.5)
                    for m in int(rng.integers(48, 64)) + np.asarray(KINDS[("maj", "min")[n % 2]])],
                   axis=0, dtype=np.float32)
            for n in range(count)
        ]  # fmt: skip
    return _in_a_row(sounds)


def line_for(slices: Sequence[Slice], count: int, seed: int) -> list[Wanted]:
    """Random notes of equal velocity between the lowest and the highest slice."""
    rng = np.random.default_rng(seed)
    told = [one.midi for one in slices if one.midi is not None]
    pitches = rng.integers(round(min(told)), round(max(told)) + 1, count)
    return [Wanted(RATE // 2 + n * RATE // 2, RATE * 2 // 5, float(m))
            for n, m in enumerate(pitches)]  # fmt: skip


def recipe_of(notes: Sequence[Note], sound: F32, length: int) -> Recipe:
    """A recipe of notes alone over an idle desk."""
    return Recipe(
        mode="remix", length=length, grid=None, key=None,
        sources=(Source("a", "other", sound.shape[1]),),
        sections=(Section("A", 0, length, 0.5),), clips=(), strips=(),
        bus=Bus(None, None, Limiter(ceiling_dbtp=0.0)), gain_db=-12.0, target_lufs=-14.0,
        reached_lufs=-14.0, seed=1, notes=tuple(notes),
    )  # fmt: skip


def as_before(note: Note) -> Note:
    """The note as "struck/1" plays it: the nearest semitone, its own fades, no loop."""
    return replace(note, processor="struck/1", cents=0, loop=None, fade_in=0, fade_out=0)


# -- listening to a note --------------------------------------------------------------------------


def _body(sound: F64, one: Wanted) -> F64:
    return sound[one.start + 3_600 : one.start + one.length - 2_400]


def heard_cents(sound: F64, one: Wanted) -> float:
    """How far a note is from its pitch: the best fit of its first three partials."""
    assert one.midi is not None
    part = _body(sound, one)
    window, at = np.hanning(len(part)), np.arange(len(part)) / RATE

    def power(midi: float) -> float:
        turn = 2j * np.pi * 440.0 * 2.0 ** ((midi - 69.0) / 12.0) * at
        return float(sum(abs((window * part * np.exp(-n * turn)).sum()) ** 2 for n in (1, 2, 3)))

    near = one.midi
    for step in (0.1, 0.01, 0.002):
        near = max(near + step * np.arange(-10, 11), key=power)
    return float(100.0 * (near - one.midi))


def late_ms(sound: F64, one: Wanted) -> float:
    """When the note first rises above a tenth of its peak within 30 ms, against when it should."""
    around = np.abs(sound[one.start - 1_440 : one.start + 1_440])
    return float((int(np.argmax(around > 0.1 * around.max())) - 1_440) / RATE * 1e3)


def level_db(sound: F64, one: Wanted) -> float:
    """The level of the note's first 200 ms."""
    part = sound[one.start : one.start + 9_600]
    return float(10.0 * np.log10((part**2).mean() + 1e-20))


def click_db(sound: F64, one: Wanted) -> float:
    """The strongest 5 ms above 15 kHz around both ends, against the note's strongest 5 ms."""
    whole = sound[one.start - 960 : one.start + one.length + 960]
    spectrum = np.fft.rfft(whole)
    spectrum[: int(15_000 * len(whole) / RATE)] = 0.0
    above = np.fft.irfft(spectrum, len(whole))
    return float(10.0 * np.log10(_strongest(above) / _strongest(whole)))


def _strongest(sound: F64) -> float:
    rows = sound[: len(sound) // 240 * 240].reshape(-1, 240)
    return float((rows**2).mean(axis=1).max() + 1e-20)


def bands_apart_db(sound: F64, one: Wanted, note: Note, stem: F32) -> float:
    """How far the note's third-octave bands lie from its slice's, moved as the pitch is moved."""
    pace = 2.0 ** ((100 * note.semitones + note.cents) / 1200.0)
    size = min(len(_body(sound, one)), 9_600)
    first = note.slice_start + round((96 + 3_600) * pace)
    ours = _bands(_body(sound, one)[:size], 1.0)
    theirs = _bands(stem[0, first : first + round(size * pace)].astype(np.float64), pace)
    both = (ours > ours.max() - 40.0) & (theirs > theirs.max() - 40.0)
    apart = ours[both] - theirs[both]
    return float(np.abs(apart - apart.mean()).mean())


def _bands(sound: F64, pace: float) -> F64:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1.0 / RATE) * pace
    edges = 50.0 * 2.0 ** (np.arange(26) / 3.0)
    sums = [power[(hertz >= lo) & (hertz < hi)].sum() for lo, hi in pairwise(edges)]
    return np.asarray(10.0 * np.log10(np.asarray(sums) + 1e-12))


# -- chords ---------------------------------------------------------------------------------------


def progression(kinds: Sequence[str], count: int, seed: int) -> tuple[F32, list[int], list[str]]:
    """(sound, beats, the chord of each) of random chords of two beats at 120 bpm, over their roots,
    with a melody of their own tones."""
    rng = np.random.default_rng(seed)
    beat = RATE // 2
    line, names = np.zeros(count * 2 * beat, np.float32), []
    for n in range(count):
        root, kind = int(rng.integers(12)), kinds[int(rng.integers(len(kinds)))]
        tones = [(root + step) % 12 for step in KINDS[kind]]
        for tone in tones:
            synth.lay(line, synth.keys(48 + tone + 12 * int(rng.integers(2)), 1.0), n * 2 * beat)
        synth.lay(line, synth.bass(36 + root, 0.9), n * 2 * beat)
        for half in range(2):
            midi = 72 + tones[int(rng.integers(len(tones)))]
            synth.lay(line, synth.keys(midi, 0.5, 0.7), (2 * n + half) * beat)
        names += [NAMES[12 * list(KINDS).index(kind) + root]] * 2
    return np.stack([line, line]), [n * beat for n in range(2 * count)], names


def cpu() -> str:
    """What the machine says of itself."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else "unknown"
