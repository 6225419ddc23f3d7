"""What windows ask of parts and of returns, against parts that are made and filtered."""

import numpy as np
import pytest
from scipy.signal import sosfilt

from generation.engine.asking import reached, weigh_returns
from generation.engine.kernels import aligned
from generation.engine.render import Cache, render
from generation.engine.returns import ROW
from generation.engine.reverb import room_of
from generation.engine.windows import asked_of, weigh
from generation.recipe import BLOCK_SAMPLES, WINDOW_SAMPLES, Bus, Clip, Limiter, Reverb, Strip
from tests.generation.engine.material import RATE, busy, chord, noise, plain_recipe
from tests.generation.engine.test_attribution import SOS
from tests.generation.engine.test_once import counted

ROOM = Reverb("reverb/1", 0.6, 15.0, 5_000.0, 0.0, 9)


def weighed_plainly(parts):
    """Windows of K-weighted parts [n, 2, samples], each filtered whole from its beginning."""
    weighted = sosfilt(SOS, parts.astype(np.float64), axis=2)
    products = (weighted * weighted.sum(axis=0)).sum(axis=1)
    return products.reshape(len(parts), -1, WINDOW_SAMPLES).sum(axis=2).T / WINDOW_SAMPLES


def test_windows_are_those_of_parts_that_went_through_room_bus_and_limiter():
    recipe, stems, onsets = busy(5)
    made = render(recipe, stems, onsets, 0, recipe.length)
    wanted = weighed_plainly(made.parts)
    assert np.abs(made.windows - wanted).max() < 1e-6 * wanted.sum(axis=1).max()
    assert np.allclose(made.windows.sum(axis=1), wanted.sum(axis=1), rtol=1e-5)


def test_a_return_is_weighed_without_being_made():
    room, rng = room_of(ROOM), np.random.default_rng(6)
    lo, hi = 6 * WINDOW_SAMPLES, 13 * WINDOW_SAMPLES
    begin, end = lo // BLOCK_SAMPLES * BLOCK_SAMPLES, -(-hi // BLOCK_SAMPLES) * BLOCK_SAMPLES
    count = (end - begin) // BLOCK_SAMPLES
    mix = rng.standard_normal((2, hi - lo)).astype(np.float32)
    asked = asked_of(mix, np.linspace(0.5, 1.5, hi - lo).astype(np.float32))
    sends, wanted = [], []
    for level in (1.0, 0.01, 0.0):
        send = level * rng.standard_normal((count + room.blocks) * BLOCK_SAMPLES)
        spectra = aligned(count + room.blocks - 1, 2, ROW)
        room.send_spectra(send.astype(np.float32), spectra)
        heard = np.zeros((2, end - begin), dtype=np.float32)
        room.returned(spectra, np.zeros_like(heard), heard)
        sends.append(spectra)
        wanted.append(weigh(heard[:, lo - begin : hi - begin], asked))
    found = weigh_returns(room, sends, asked, lo - begin).T
    for one, other in zip(found[:2], wanted, strict=False):
        assert np.abs(one - other).max() < 2e-6 * np.abs(other).max()
    assert not found[2].any()


def test_a_block_gives_to_its_windows_and_to_the_next():
    # Blocks of 4,096 samples, the first of which begins 704 samples before a run-in at 4,800.
    lowest, many = reached(4, 704, 3 * WINDOW_SAMPLES)
    # Row 1 is of the first window; samples 0 to 4,799 are its run-in, up to 9,599 its own.
    assert lowest.tolist() == [1, 1, 1, 2]
    assert many.tolist() == [1, 2, 2, 1]


@pytest.mark.parametrize("gap", [20_000, 2 * RATE])
def test_a_source_that_comes_in_is_played_once(gap):
    stems = {"a": chord(8), "b": noise(8)}
    clips = (
        Clip(0, "vocoder/1", 0, 7 * RATE, ((0, 0),)),
        Clip(1, "vocoder/1", 2 * RATE + 500, 3 * RATE, ((0, 0),)),
        Clip(1, "vocoder/1", 3 * RATE + gap, 7 * RATE, ((0, 0),)),
    )
    strips = tuple(Strip(source, 0, -6.0, 0.0, (), None, -9.0) for source in range(2))
    bus = Bus(ROOM, None, Limiter(ceiling_dbtp=0.0))
    recipe = plain_recipe(7 * RATE, stems, clips, strips=strips, bus=bus)
    cache = Cache(1)
    render(recipe, stems, {}, 0, RATE, cache=cache, with_parts=False)
    desk = cache.desk((recipe, None), lambda _gone: None)
    rows = [counted(source.channel) for source in desk._sources]
    for start in range(RATE, 7 * RATE, RATE):
        render(recipe, stems, {}, start, start + RATE, cache=cache, with_parts=False)
    for made in rows:
        blocks = [n for lo, hi in made for n in range(lo // BLOCK_SAMPLES, hi // BLOCK_SAMPLES)]
        assert len(blocks) == len(set(blocks)) > 0
