"""Compiling every loop before the first listener waits for one.

Knows a tiny recipe that touches all processors. Invariant: after `warm_up` a render compiles
nothing.
"""

import numpy as np

from generation.engine.clips import PROCESSORS, Onsets, sounding
from generation.engine.kernels import Audio
from generation.engine.lines import lines_of
from generation.engine.loudness import integrated_lufs
from generation.engine.plan import plan_gain, with_plan
from generation.engine.render import render
from generation.engine.tape import Cache
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
)

LENGTH = 48_000
OLDER = "vocoder/1"


def warm_recipe(processors: tuple[str, ...] = PROCESSORS) -> Recipe:
    """A second of sound from one stem, by those clip `processors` and by everything else."""
    anchors = ((0, 0), (LENGTH, 53_000))
    compressor = Compressor(-24.0, 3.0, 5.0, 120.0)
    clips = (
        Clip(0, "vocoder/1", 0, LENGTH, anchors, 2, 2_048, True, 480, 480),
        Clip(0, "vocoder/2", 0, LENGTH, anchors, 2, 2_048, True, 480, 480),
        Clip(0, "vocoder/3", 0, LENGTH, anchors, 2, 2_048, True, 480, 480),
        Clip(0, "slices/1", 0, LENGTH, anchors),
        Clip(0, "granular/1", 0, LENGTH, anchors, 1, grains=Grains(80, 20, 50, 0.5, 1)),
    )
    return Recipe(
        mode="remix",
        length=LENGTH,
        grid=None,
        key=None,
        sources=(Source("warm", "other", 60_000),),
        sections=(Section("A", 0, 24_000, 0.5), Section("B", 24_000, LENGTH, 0.8)),
        clips=tuple(clip for clip in clips if clip.processor in processors),
        strips=(
            Strip(0, 0, 0.0, 0.1, (Band("peak", 900.0, 2.0),), compressor, -12.0),
            Strip(0, 1, -3.0, 0.0, (), None, -12.0),
        ),
        bus=Bus(Reverb("reverb/1", 0.3, 10.0, 4_000.0, 0.0, 1), compressor, Limiter()),
        gain_db=0.0,
        target_lufs=-14.0,
        reached_lufs=-14.0,
        seed=1,
        fade_out=480,
        notes=(
            Note(0, 4_800, 9_600, 0, 12_000, 3, -6.0, "warm"),
            Note(
                0,
                9_600,
                20_000,
                0,
                12_000,
                -2,
                -6.0,
                "warm",
                "struck/2",
                31,
                (4_000, 9_000),
                96,
                960,
            ),
        ),
    )


def _stem() -> tuple[dict[str, Audio], dict[str, Onsets]]:
    """A tone with two attacks, under the digest that the recipe names."""
    time = np.arange(60_000) / 48_000.0
    tone = (0.2 * np.sin(2.0 * np.pi * 220.0 * time)).astype(np.float32)
    onsets = (np.array([12_000, 30_000], dtype=np.int64), np.array([12.0, 12.0]))
    return {"warm": np.stack((tone, tone))}, {"warm": onsets}


def warm_up(processors: tuple[str, ...] = PROCESSORS) -> None:
    """Renders a second of nothing in particular; takes a minute once per machine, then little."""
    stems, onsets = _stem()
    recipe = warm_recipe(processors)
    rendered = render(with_plan(recipe, plan_gain(recipe, stems, onsets)), stems, onsets, 0, LENGTH)
    integrated_lufs(rendered.audio)
    lines_of(rendered.windows, ["warm"])


def warm_up_older() -> None:
    """Half a minute of `warm_up`, the first time: the processor that only old recipes name."""
    stems, onsets = _stem()
    (clip,) = warm_recipe((OLDER,)).clips
    out = np.empty((2, LENGTH), dtype=np.float32)
    sounding(clip, "warm", stems["warm"], onsets["warm"], Cache(), ()).sound(0, LENGTH, out)
