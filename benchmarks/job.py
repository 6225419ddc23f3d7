"""The whole job that engine and contenders are measured by: five stereo stems, one recipe.

180 s of each stem, 112 to 124 bpm, two semitones up, EQ, compressors, a shared room, -14 LUFS,
limiter. Stems are made here by formula. Knows the engine's public face only. Invariant: equal
seconds give equal stems.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from generation.engine.clips import PROCESSORS, Onsets
from generation.engine.forecast import levels_of
from generation.engine.kernels import Audio, Samples
from generation.engine.lines import lines_of
from generation.engine.plan import plan_gain, with_plan
from generation.engine.render import Cache, render
from generation.recipe import (
    PIECE_SAMPLES,
    SAMPLE_RATE_HZ,
    Band,
    Bus,
    Clip,
    Compressor,
    Grid,
    Limiter,
    Recipe,
    Reverb,
    Section,
    Source,
    Strip,
    from_json,
    to_json,
)

RATE = SAMPLE_RATE_HZ
SECONDS, QUICK_SECONDS = 180.0, 20.0
FROM_BPM, TO_BPM, SEMITONES = 112.0, 124.0, 2
SPEED = TO_BPM / FROM_BPM
TARGET_LUFS = -14.0
SQUEEZE = Compressor(-24.0, 3.0, 10.0, 120.0, 2.0)
BUS_SQUEEZE = Compressor(-20.0, 2.0, 20.0, 80.0)
ROOM = Reverb("reverb/1", 1.6, 20.0, 5_000.0, 0.0, 5)
PERCUSSIVE = "slices/1"
# How a contender may lay its reverb: the engine has one for all.
EACH, SHARED = "a reverb on each stem", "one shared reverb send"


@dataclass(frozen=True, slots=True)
class Desk:
    """How one stem is treated; engine and contenders read the same. `window` 0: percussive."""

    window: int
    bands: tuple[Band, ...]
    compressor: Compressor | None
    send_db: float
    pan: float
    gain_db: float = -3.0


DESK = {
    "drums": Desk(0, (Band("high_shelf", 8e3, 2.0),), SQUEEZE, -24.0, -0.2),
    "bass": Desk(8_192, (Band("low_shelf", 90.0, 2.0),), SQUEEZE, -30.0, -0.1),
    "keys": Desk(
        4_096, (Band("peak", 400.0, -3.0), Band("high_shelf", 6e3, 2.0)), None, -12.0, 0.0
    ),
    "lead": Desk(2_048, (Band("peak", 2_500.0, 2.0),), SQUEEZE, -10.0, 0.1),
    "pad": Desk(8_192, (Band("low_shelf", 150.0, -4.0),), None, -8.0, 0.2),
}


def newest(name: str) -> str:
    """The newest version of a clip processor that the engine has, "vocoder/2" for "vocoder"."""
    versions = [int(one.split("/")[1]) for one in PROCESSORS if one.split("/")[0] == name]
    return f"{name}/{max(versions)}"


TONAL = newest("vocoder")


# -- stems ----------------------------------------------------------------------------------------


def _tone(time_s: Audio, hertz: float, harmonics: int) -> Audio:
    """A note whose partials fall by 1 / n**1.3."""
    partials = [
        np.sin(2 * np.pi * hertz * n * time_s + n) / n**1.3 for n in range(1, harmonics + 1)
    ]
    return np.sum(partials, axis=0).astype(np.float32)


def _line(total: int, beat: int, notes: tuple[float, ...], beats: int, harmonics: int) -> Audio:
    """Notes of `beats` beats one after another with a soft attack and decay."""
    size = beat * beats
    t = np.arange(size, dtype=np.float32) / RATE
    shape = np.minimum(1.0, t / 0.01) * np.exp(-t / (size / RATE))
    shape *= np.minimum(1.0, (size - np.arange(size)) / 480.0)
    bank = [(_tone(t, hertz, harmonics) * shape).astype(np.float32) for hertz in notes]
    out = np.zeros(total, dtype=np.float32)
    for i, start in enumerate(range(0, total, size)):
        part = bank[i % len(bank)][: total - start]
        out[start : start + len(part)] = part
    return out


def _drums(total: int, beat: int) -> tuple[Audio, Samples]:
    """Kick, snare and hats on eighths; their places."""
    rng = np.random.default_rng(7)
    t = np.arange(9_600, dtype=np.float32) / RATE
    kick = np.sin(2 * np.pi * 52 * t + 6 * np.exp(-t * 60)) * np.exp(-t * 18)
    snare = rng.standard_normal(9_600) * np.exp(-t * 25) * 0.5
    hat = np.diff(rng.standard_normal(9_601)) * np.exp(-t * 90) * 0.15
    out = np.zeros(total + 9_600, dtype=np.float32)
    places = np.arange(0, total - 1, beat // 2)
    for i, place in enumerate(places):
        hit = hat if i % 2 else (kick if i % 4 == 0 else snare + 0.3 * hat)
        out[place : place + 9_600] += hit.astype(np.float32)
    return out[:total], places.astype(np.int64)


def make_stems(seconds: float) -> tuple[dict[str, Audio], dict[str, Onsets]]:
    """Five stems of `seconds` at 112 bpm, float32 [2, n], and the onsets of the drums."""
    total, beat = int(seconds * RATE), round(60 / FROM_BPM * RATE)
    drums, places = _drums(total, beat)
    thirds = ((220.0, 261.8), (277.2, 329.9), (329.6, 392.2))
    fifths = ((110.0, 97.9), (164.8, 146.7), (196.0, 174.4))
    lead = (440.0, 493.9, 523.3, 587.3, 659.3)
    lines = {
        "drums": drums,
        "bass": 0.5 * _line(total, beat, (55.0, 65.41, 49.0, 58.27), 2, 6),
        "keys": 0.2 * np.sum([_line(total, beat, pair, 4, 8) for pair in thirds], axis=0),
        "lead": 0.3 * _line(total, beat, lead, 1, 12),
        "pad": 0.15 * np.sum([_line(total, beat, pair, 16, 5) for pair in fifths], axis=0),
    }
    rng = np.random.default_rng(11)
    width = np.array([[1.0], [0.85]], dtype=np.float32)
    stems = {}
    for name, line in lines.items():
        air = 0.002 * rng.standard_normal((2, total))
        stems[name] = np.ascontiguousarray((line[None, :] * width + air).astype(np.float32))
    return stems, {"drums": (places, np.full(len(places), 18.0))}


# -- recipes --------------------------------------------------------------------------------------


def make_recipe(stems: Mapping[str, Audio], processor: str = TONAL) -> Recipe:
    """112 to 124 bpm and two semitones up, four sections, a full console; gain not yet planned."""
    source = next(iter(stems.values())).shape[1]
    length = int(source / SPEED)
    anchors = ((0, 0), (length, source))
    cuts = [length * i // 4 for i in range(5)]
    clips, strips = [], []
    for i, name in enumerate(stems):
        desk = DESK[name]
        how = processor if desk.window else PERCUSSIVE
        clips.append(Clip(i, how, 0, length, anchors, SEMITONES, desk.window or 4_096))
        for section in range(4):
            gain = desk.gain_db + section % 2
            strips.append(
                Strip(i, section, gain, desk.pan, desk.bands, desk.compressor, desk.send_db)
            )
    recipe = plain_recipe(length, stems, tuple(clips))
    sections = tuple(Section("ABAB"[i], cuts[i], cuts[i + 1], 0.5) for i in range(4))
    return _normal(
        replace(
            recipe,
            grid=Grid(TO_BPM, 4),
            sections=sections,
            strips=tuple(strips),
            bus=Bus(ROOM, BUS_SQUEEZE, Limiter()),
            fade_out=min(RATE, length),
        )
    )


def plain_recipe(length: int, stems: Mapping[str, Audio], clips: tuple[Clip, ...]) -> Recipe:
    """Clips and nothing else: one section, no strips, a limiter that never bites below 0 dBTP."""
    return _normal(
        Recipe(
            mode="remix",
            length=length,
            grid=None,
            key=None,
            sources=tuple(Source(name, name, stem.shape[1]) for name, stem in stems.items()),
            sections=(Section("A", 0, length, 0.5),),
            clips=clips,
            strips=(),
            bus=Bus(None, None, Limiter(ceiling_dbtp=0.0)),
            gain_db=0.0,
            target_lufs=TARGET_LUFS,
            reached_lufs=TARGET_LUFS,
            seed=1,
        )
    )


def _normal(recipe: Recipe) -> Recipe:
    """The recipe as its text gives it back."""
    return from_json(to_json(recipe))


# -- running it -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """One whole job: CPU seconds in all and for the plan, and what came out, float32 [2, n].

    `stored_cpu_s`: for the stems' levels, which ingest measures once and stores; not part of the
    job.
    """

    cpu_s: float
    plan_cpu_s: float
    stored_cpu_s: float
    audio: Audio
    reached_lufs: float
    lines: tuple[tuple[str, int], ...] = ()

    @property
    def times_real_time(self) -> float:
        """Seconds of finished sound per CPU second."""
        return self.audio.shape[1] / RATE / self.cpu_s


def run(
    recipe: Recipe, stems: Mapping[str, Audio], onsets: Mapping[str, Onsets], *, attributed: bool
) -> Run:
    """Plans the gain and renders all pieces of 2 s, as the worker does it, from an empty cache.

    The worker has the stems' onsets and levels from ingest, and so has this.
    """
    before = time.process_time()
    levels = {digest: levels_of(stem) for digest, stem in stems.items()}
    began = time.process_time()
    planned = plan_gain(recipe, stems, onsets, levels)
    after_plan = time.process_time()
    recipe = _normal(with_plan(recipe, planned))
    cache, pieces, tables = Cache(), [], []
    for start in range(0, recipe.length, PIECE_SAMPLES):
        end = min(recipe.length, start + PIECE_SAMPLES)
        piece = render(
            recipe, stems, onsets, start, end, cache=cache, with_parts=False,
            with_windows=attributed,
        )  # fmt: skip
        pieces.append(piece.audio)
        tables.append(piece.windows)
    lines = lines_of(np.concatenate(tables), list(stems)) if attributed else ()
    cpu = time.process_time() - began
    audio = np.concatenate(pieces, axis=1)
    return Run(cpu, after_plan - began, began - before, audio, planned.reached_lufs, tuple(lines))
