"""Mixes on real sound: stems through the engine's own console, and what they are like.

Renders a stretch of a piece under given strips by the real engine, limiter included, and reads the
descriptors of the mix net from the sound: spectra by Welch's method, loudness by K-weighted
samples, parts by the engine's own parts. Knows no net. Invariant: silence reads as silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.signal

from generation.compose.hearing.songs import Song
from generation.engine.forecast import mean_squares
from generation.engine.kernels import Audio
from generation.engine.loudness import measured
from generation.engine.render import Rendered, render
from generation.nets.mix.console import LOW_BANDS
from generation.nets.mix.training import MELODY, SILENT_DB
from generation.nets.mix_stems import CENTERS_HZ, EDGES_HZ, MixStem, stem_of
from generation.recipe import (
    SAMPLE_RATE_HZ,
    Bus,
    Clip,
    Limiter,
    Recipe,
    Reverb,
    Section,
    Source,
    Strip,
    from_json,
    to_json,
)

FRAME = 4_800
ROOM = (1.6, 6.0)
TARGET_LUFS, QUIET_DB = -14.0, -40.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples [start, end) of a song; `stems` as the net sees them there."""

    song: Song
    start: int
    end: int
    stems: tuple[MixStem, ...]


def stretch_of(song: Song, start: int, seconds: float) -> Stretch:
    """A stretch of whole frames from `start` on; stems that are silent there are left out of it, as
    the director leaves them out.
    """
    length = min(one.sound.shape[1] for one in song.stems)
    end = min(length, start + round(seconds * SAMPLE_RATE_HZ)) // FRAME * FRAME
    told = [(one, stem_of(one.role, one.bands, [(start, end)])) for one in song.stems]
    sounding = [(one, stem) for one, stem in told if stem.level_db > SILENT_DB]
    there = replace(song, stems=tuple(one for one, _ in sounding))
    return Stretch(there, start, end, tuple(stem for _, stem in sounding))


def recipe_of(stretch: Stretch, strips: Sequence[Strip]) -> Recipe:
    """The stretch at its own pace and pitch under `strips`, one section."""
    length = stretch.end - stretch.start
    clips = tuple(
        Clip(n, "vocoder/2", 0, length, ((0, stretch.start), (length, stretch.end)))
        for n in range(len(stretch.song.stems))
    )
    sources = tuple(Source(one.name, one.role, one.sound.shape[1]) for one in stretch.song.stems)
    room = Reverb("reverb/1", ROOM[0], 18.0, 1_000.0 * ROOM[1], 0.0, 7)
    recipe = Recipe(
        mode="remix",
        length=length,
        grid=None,
        key=None,
        sources=sources,
        sections=(Section("A", 0, length, 0.5),),
        clips=clips,
        strips=tuple(strips),
        bus=Bus(room, None, Limiter()),
        gain_db=0.0,
        target_lufs=TARGET_LUFS,
        reached_lufs=TARGET_LUFS,
        seed=0,
    )
    return from_json(to_json(recipe))


def heard(stretch: Stretch, strips: Sequence[Strip]) -> tuple[float, ...]:
    """The descriptors of the stretch under `strips`, far below the ceiling of the limiter."""
    rendered = _rendered(stretch, strips, QUIET_DB, with_parts=True)
    roles = [one.role for one in stretch.song.stems]
    return descriptors_of(rendered.audio, rendered.parts, roles)


def true_peak_dbtp(stretch: Stretch, strips: Sequence[Strip]) -> float:
    """The true peak of the stretch brought to TARGET_LUFS, behind the limiter."""
    quiet = measured([_rendered(stretch, strips, QUIET_DB).audio]).integrated_lufs()
    gain_db = QUIET_DB + TARGET_LUFS - (quiet if quiet is not None else TARGET_LUFS)
    peak = measured([_rendered(stretch, strips, min(60.0, gain_db)).audio]).true_peak_dbtp()
    return -120.0 if peak is None else peak


def _rendered(
    stretch: Stretch, strips: Sequence[Strip], gain_db: float, *, with_parts: bool = False
) -> Rendered:
    recipe = replace(recipe_of(stretch, strips), gain_db=gain_db)
    stems = {one.name: one.sound for one in stretch.song.stems}
    return render(recipe, stems, {}, 0, recipe.length, with_parts=with_parts, with_windows=False)


def descriptors_of(mix: Audio, parts: Audio, roles: Sequence[str]) -> tuple[float, ...]:
    """The descriptors of DESCRIPTORS, read from sound; `parts` [stems, 2, n] add up to `mix`."""
    power = _band_powers(mix)
    octave = np.log2(np.asarray(CENTERS_HZ) / 100.0)
    magnitude = np.sqrt(power)
    levels = _levels(mix)
    decibels = 10.0 * np.log10(levels + 1e-3 * levels.mean() + 1e-20)
    side = np.repeat((mix[0] - mix[1])[None] * np.float32(0.5), 2, axis=0)
    each = np.array([_levels(part).mean() for part in parts])
    return (
        float(magnitude @ octave / magnitude.sum()),
        float(power[:LOW_BANDS].sum() / power.sum()),
        float(decibels.std()),
        float(np.sqrt(_levels(side).mean() / levels.mean() + 1e-4)),
        float(sum(each[n] for n, role in enumerate(roles) if role == "drums") / each.sum()),
        float(sum(each[n] for n, role in enumerate(roles) if role in MELODY) / each.sum()),
    )


def _band_powers(mix: Audio) -> np.ndarray:
    hertz, density = scipy.signal.welch(mix, SAMPLE_RATE_HZ, nperseg=8_192)
    place = np.searchsorted(EDGES_HZ, hertz)
    return np.bincount(place, density.sum(0), minlength=len(CENTERS_HZ))


def _levels(sound: Audio) -> np.ndarray:
    """K-weighted mean squares of each 100 ms, channels added."""
    return np.asarray(mean_squares(np.ascontiguousarray(sound), FRAME)[: sound.shape[1] // FRAME])
