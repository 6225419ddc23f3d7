"""How long it takes to the first encoded bytes of a recipe never heard before.

Warm: everything is compiled and the stems' pages are in memory. New: each time another recipe
(another place in the stems, another room), so that its desk, its room and its phases are made
anew; the gain was planned before. Knows the engine's public face. Invariant: what was measured is
decoded afterwards and is the very sound.
"""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figures import Figure
from benchmarks.job import ROOM, SECONDS, SPEED, TONAL, make_recipe
from benchmarks.mapped import mapped_stems
from generation.engine.clips import Onsets
from generation.engine.codecs import decode_flac, encode_flac, from_int24, to_int24
from generation.engine.kernels import Audio
from generation.engine.render import Cache, render
from generation.recipe import PIECE_SAMPLES, Recipe

FIRST_SAMPLES = 4_800
TIMES = 41
REACH_MS = 15.0


def figures(times: int = TIMES, processor: str = TONAL) -> list[Figure]:
    """Medians in milliseconds: wall time of the first 100 ms, its CPU time, the same with its
    window table, and a seek to the middle, where phases have to be found.
    """
    with tempfile.TemporaryDirectory() as folder:
        stems, onsets = mapped_stems(Path(folder), SECONDS)
        for stem in stems.values():
            stem.sum()
        plain = replace(make_recipe(stems, processor), gain_db=3.0)
        middle = plain.length // 2 // PIECE_SAMPLES * PIECE_SAMPLES
        first = _readings(plain, stems, onsets, 0, times, with_windows=False)
        windowed = _readings(plain, stems, onsets, 0, times // 2, with_windows=True)
        seek = _readings(plain, stems, onsets, middle, max(3, times // 8), with_windows=False)
    return [
        Figure(
            "first bytes", "first encoded bytes of a warm recipe", first[0], "ms", REACH_MS, False,
            f"100 ms as FLAC, five mapped stems, wall time, median of {times}",
        ),
        Figure("first bytes", "the same in CPU time", first[1], "ms"),
        Figure("first bytes", "the same with its window table, CPU", windowed[1], "ms"),
        Figure(
            "first bytes", "seek to the middle, nothing known of it, CPU", seek[1], "ms",
            note=f"100 ms from {middle / 48_000:.0f} s on",
        ),
    ]  # fmt: skip


def _elsewhere(recipe: Recipe, number: int) -> Recipe:
    """The recipe moved by `number` steps in the stems and into another room."""
    shift = 4_801 * (number + 1)
    end = recipe.sources[0].length
    anchors = ((0, shift), (round((end - shift) / SPEED), end))
    clips = tuple(replace(one, anchors=anchors) for one in recipe.clips)
    room = replace(ROOM, seed=1_000 + number)
    return replace(recipe, clips=clips, bus=replace(recipe.bus, reverb=room))


def _readings(
    plain: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
    start: int,
    times: int,
    *,
    with_windows: bool,
) -> tuple[float, float]:
    """Median (wall, CPU) milliseconds from a recipe to the bytes of 100 ms from `start` on."""
    cache, walls, cpus = Cache(), [], []
    for number in range(-2, times):
        recipe = _elsewhere(plain, number + 2 + start % 97)
        wall, cpu = time.perf_counter(), time.process_time()
        piece = render(
            recipe, stems, onsets, start, start + FIRST_SAMPLES, cache=cache, with_parts=False,
            with_windows=with_windows,
        )  # fmt: skip
        data = encode_flac(piece.audio)
        spent = time.perf_counter() - wall, time.process_time() - cpu
        if not np.array_equal(decode_flac(data), from_int24(to_int24(piece.audio))):
            raise SystemExit("The first bytes do not decode to the sound that was rendered.")
        if number >= 0:
            walls.append(spent[0] * 1e3)
            cpus.append(spent[1] * 1e3)
    return median(walls), median(cpus)
