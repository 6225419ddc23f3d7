"""Stems and recipes made by formula for the engine's tests."""

from dataclasses import replace

import numpy as np

from generation.recipe import (
    Band,
    Bus,
    Clip,
    Compressor,
    Grains,
    Limiter,
    Note,
    Recipe,
    Reverb,
    Section,
    Source,
    Strip,
    from_json,
    to_json,
)

RATE = 48_000


def stereo(signal):
    return np.ascontiguousarray(np.stack([signal, 0.8 * signal]).astype(np.float32))


def chord(seconds, hertz=(220.0, 277.18, 329.63), level=0.1):
    time = np.arange(int(seconds * RATE)) / RATE
    return stereo(sum(level * np.sin(2 * np.pi * f * time + f) for f in hertz))


def hits(seconds, every=12_000, first=6_000):
    rng = np.random.default_rng(1)
    signal = np.zeros(int(seconds * RATE))
    places = np.arange(first, len(signal) - 4_000, every)
    for place in places:
        signal[place : place + 3_000] += (
            0.4 * rng.standard_normal(3_000) * np.exp(-np.arange(3_000) / 400)
        )
    return stereo(signal), (places.astype(np.int64), np.full(len(places), 20.0))


def noise(seconds, level=0.05):
    return stereo(level * np.random.default_rng(2).standard_normal(int(seconds * RATE)))


def plain_recipe(length, stems, clips, **changes):
    """One section, no strips, no bus but an idle limiter."""
    recipe = Recipe(
        mode="remix",
        length=length,
        grid=None,
        key=None,
        sources=tuple(Source(name, "other", stem.shape[1]) for name, stem in stems.items()),
        sections=(Section("A", 0, length, 0.5),),
        clips=tuple(clips),
        strips=(),
        bus=Bus(None, None, Limiter(ceiling_dbtp=0.0)),
        gain_db=0.0,
        target_lufs=-14.0,
        reached_lufs=-14.0,
        seed=1,
    )
    return from_json(to_json(replace(recipe, **changes)))


def busy(seconds=6, tonal="vocoder/3"):
    """Three stems through every kind of processor, two sections, room, compressors and limiter."""
    drums, places = hits(seconds + 2)
    stems = {"a": chord(seconds + 2), "b": drums, "c": noise(seconds + 2)}
    length = seconds * RATE
    anchors = ((0, 0), (96_000, 106_272), (length, int(length * 1.1)))
    half = length // 2 - 1_234
    squeeze = Compressor(-24.0, 3.0, 10.0, 60.0)
    recipe = plain_recipe(
        length,
        stems,
        (
            Clip(0, tonal, 1_000, length, anchors, 2, 4_096, False, 2_000, 2_000),
            Clip(1, "slices/1", 0, length, anchors),
            Clip(2, "granular/1", 0, length, anchors, 3, grains=Grains(200, 8, 100, 0.5, 7)),
            Clip(2, tonal, 100_000, 200_000, anchors, -3, 2_048, True, 500, 500),
        ),
        sections=(Section("A", 0, half, 0.5), Section("B", half, length, 0.8)),
        strips=(
            Strip(0, 0, -3.0, 0.2, (Band("low_shelf", 120.0, 3.0),), None, -12.0),
            Strip(0, 1, -1.0, -0.2, (Band("high_shelf", 8_000.0, 3.0),), squeeze, -10.0),
            Strip(1, 0, 0.0, 0.0, (), squeeze, -20.0),
        ),
        bus=Bus(
            Reverb("reverb/1", 0.8, 20.0, 4_000.0, 0.0, 5),
            Compressor(-18.0, 2.0, 20.0, 80.0),
            Limiter(),
        ),
        notes=(Note(0, 50_000, 20_000, 1_000, 30_000, 5, -6.0, "net"),),
        gain_db=12.0,
        fade_in=4_000,
        fade_out=24_000,
    )
    return recipe, stems, {"b": places}
