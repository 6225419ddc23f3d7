"""Compiling every loop before the first listener waits for one.

Knows a tiny recipe that touches all processors. Invariant: after `warm_up` a render compiles
nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from generation.engine.clips import PROCESSORS, Onsets, sounding
from generation.engine.kernels import Audio, fixed
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

LENGTH, PIECE = 48_000, 12_000
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


def _ways(recipe: Recipe) -> Iterator[Recipe]:
    """The recipe, and others by whose way the console is given its sound in other arrays: from a
    second source, without a room, by gains alone."""
    yield recipe
    (source,), plain = recipe.sources, [replace(one, compressor=None) for one in recipe.strips]
    two = replace(
        recipe,
        sources=(source, replace(source, digest="again")),
        clips=(*recipe.clips, *(replace(one, source=1) for one in recipe.clips)),
        strips=(*recipe.strips, *(replace(one, source=1) for one in plain)),
    )
    dry = replace(recipe.bus, reverb=None, compressor=None)
    yield two
    yield replace(two, bus=dry)
    yield replace(two, bus=dry, strips=tuple(replace(one, compressor=None) for one in two.strips))


def _sound_alone(clips: Iterable[Clip]) -> None:
    """Each clip into an array of its own, and into part of a wider one, as tapes have it: which of
    both a clip gets depends on what it is blended with, and a loop is compiled for either."""
    stems, onsets = _stems()
    wider = np.empty((3, 2 * LENGTH), dtype=np.float32)
    for clip in clips:
        for out in (np.empty((2, LENGTH), dtype=np.float32), wider[:2, :LENGTH]):
            one = sounding(clip, "warm", stems["warm"], onsets["warm"], Cache(), ())
            one.sound(0, LENGTH, out)


def _stems() -> tuple[dict[str, Audio], dict[str, Onsets]]:
    """A tone with two attacks, under the digests that recipes name."""
    time = np.arange(60_000) / 48_000.0
    tone = (0.2 * np.sin(2.0 * np.pi * 220.0 * time)).astype(np.float32)
    onsets = (np.array([12_000, 30_000], dtype=np.int64), np.array([12.0, 12.0]))
    names = ("warm", "again")
    return dict.fromkeys(names, fixed(np.stack((tone, tone)))), dict.fromkeys(names, onsets)


def warm_up(processors: tuple[str, ...] = PROCESSORS) -> None:
    """Renders a second of nothing in particular, whole and in pieces, with parts and without; takes
    a minute once per machine, then little."""
    stems, onsets = _stems()
    whole = warm_recipe(processors)
    _sound_alone(whole.clips)
    for recipe in _ways(whole):
        planned = with_plan(recipe, plan_gain(recipe, stems, onsets))
        for with_parts in (False, True):
            rendered = render(planned, stems, onsets, 0, LENGTH, with_parts=with_parts)
            cache = Cache()
            for lo in range(0, LENGTH, PIECE):
                render(planned, stems, onsets, lo, lo + PIECE, cache=cache, with_parts=with_parts)
        integrated_lufs(rendered.audio)
        lines_of(rendered.windows, [source.digest for source in recipe.sources])


def warm_up_older() -> None:
    """Half a minute of `warm_up`, the first time: the processor that only old recipes name."""
    _sound_alone(warm_recipe((OLDER,)).clips)
