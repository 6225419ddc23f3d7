"""Recipe and stems in, sound and exact parts out, in any pieces.

Knows no rows, files, clock, network or nets. Invariant: `render(recipe, stems, onsets, a, b)`
equals that slice of the whole bit for bit on one machine, whatever was rendered before; everything
lies on an absolute grid and has a bounded past. A source's part includes its share of the room's
return and is multiplied by the bus curves of the mix, so that the parts add up to the output sample
by sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from generation.engine.bus import Bus
from generation.engine.checking import check, check_onsets
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio, Reals
from generation.engine.tape import Cache
from generation.recipe import PIECE_SAMPLES, WINDOW_SAMPLES, Recipe

__all__ = ["Cache", "Rendered", "check", "render"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A piece of a variation.

    `audio`: float32 [2, n]; `parts`: float32 [n_sources, 2, n], in recipe order, or [n_sources, 2,
    0] when not asked for; `windows`: float64 [n_windows, n_sources], empty when not asked for;
    `generated`: float64 [n_windows], what notes of nets give of each window (see `shares`).
    """

    audio: Audio
    parts: Audio
    windows: Reals
    generated: Reals


def render(
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
    start: int,
    end: int,
    *,
    cache: Cache | None = None,
    mark: Audio | None = None,
    with_parts: bool = True,
    with_windows: bool = True,
) -> Rendered:
    """Samples [start, end) of the variation that `recipe` describes.

    `stems` maps digests to float32 [2, n] (memory maps welcome, never copied whole); `onsets` maps
    digests to (samples, dB) and may lack those of sources that name none. Pass the same `cache` for
    all pieces of a recipe. `mark`: linear gains [frames, bands] on the grid of `marking`. Windows
    are given when `start` is a multiple of WINDOW_SAMPLES: all that begin in the range. Raises
    RecipeError subclasses (see `check`, `check_onsets`) before any sound is made, ValueError for a
    range outside the recipe.
    """
    if not 0 <= start <= end <= recipe.length:
        raise ValueError("The range lies outside the recipe.")
    cache = cache if cache is not None else Cache()
    key = (recipe, None if mark is None else mark.tobytes())
    bus = cache.desk(key, lambda gone: _desk(recipe, stems, onsets, cache, mark, gone))
    assert isinstance(bus, Bus)
    windowed = with_windows and start % WINDOW_SAMPLES == 0
    audio = np.empty((2, end - start), dtype=np.float32)
    parts = np.empty((len(recipe.sources), 2, end - start if with_parts else 0), dtype=np.float32)
    tables, notes = [np.empty((0, len(recipe.sources)))], [np.empty(0)]
    for lo in range(start, end, PIECE_SAMPLES):
        hi = min(end, lo + PIECE_SAMPLES)
        if windowed:  # first, because they reach further back than anything else that is asked for
            last = lo - (lo - hi) // WINDOW_SAMPLES * WINDOW_SAMPLES
            windows, generated = bus.windows(lo, last)
            tables.append(windows)
            notes.append(generated)
        bus.sound(lo, hi, audio[:, lo - start : hi - start])
        if with_parts:
            parts[:, :, lo - start : hi - start] = bus.parts(lo, hi)
    return Rendered(audio, parts, np.concatenate(tables), np.concatenate(notes))


def _desk(
    recipe: Recipe,
    stems: Mapping[str, Audio],
    onsets: Mapping[str, Onsets],
    cache: Cache,
    mark: Audio | None,
    gone: object | None,
) -> Bus:
    """A desk for the recipe, which goes on where the one that has to go for it is."""
    check(recipe, stems)
    check_onsets(recipe, onsets)
    bus = Bus(recipe, stems, onsets, cache, mark)
    if isinstance(gone, Bus):
        bus.take_over(gone)
    return bus
