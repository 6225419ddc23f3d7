"""What windows ask of parts and of returns, against parts that are made and filtered."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import fftconvolve, sosfilt

from generation.engine.asking import Adjoint
from generation.engine.render import Cache, render
from generation.engine.reverb import impulse
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


@pytest.mark.parametrize("seconds", [0.05, 0.6, 1.7])
def test_a_return_is_weighed_without_being_made(seconds):
    response, rng = impulse(replace(ROOM, seconds=seconds)), np.random.default_rng(6)
    adjoint, length = Adjoint(response), 8 * WINDOW_SAMPLES
    mix = rng.standard_normal((2, length)).astype(np.float32)
    curve = np.linspace(0.5, 1.5, length).astype(np.float32)
    asked = asked_of(mix, curve, np.sqrt(curve))
    sends = rng.standard_normal((3, adjoint.reach + length)).astype(np.float32)
    sends *= np.array([[1.0], [0.01], [0.0]], dtype=np.float32)
    found = adjoint.weigh(list(sends), asked).T
    for send, numbers in zip(sends[:2], found, strict=False):
        heard = fftconvolve(send[None, :].astype(float), response.astype(float), axes=1)
        part = heard[:, adjoint.reach :][:, :length].astype(np.float32)
        wanted = weigh([part], asked)[:, 0]
        assert np.abs(numbers - wanted).max() < 2e-6 * np.abs(wanted).max()
    assert not found[2].any()


def test_a_window_asks_no_more_of_a_send_than_its_room_reaches():
    adjoint, length = Adjoint(impulse(ROOM)), 3 * WINDOW_SAMPLES
    asked = np.ones((2, 2, 2 * WINDOW_SAMPLES), dtype=np.float32)
    around = np.full(adjoint.reach + length + 2 * RATE, np.nan, dtype=np.float32)
    send = around[RATE : RATE + adjoint.reach + length]
    send[:] = 0.0
    send[0], send[-1] = 1.0, 1.0
    assert np.isfinite(adjoint.weigh([send], asked)).all()


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
