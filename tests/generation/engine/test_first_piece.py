"""What a first piece does not wait for: rooms behind it, and memory that a desk before it held."""

import gc
import weakref

import numpy as np
import pytest

from generation.engine.render import Cache, render
from generation.engine.returns import ROW
from generation.engine.reverb import Room, impulse
from generation.recipe import BLOCK_SAMPLES, Reverb
from tests.generation.engine.material import busy

HALL = Reverb("reverb/1", 1.6, 20.0, 5_000.0, -3.0, 5)


@pytest.mark.parametrize("blocks", [1, 2, 3, 8])
def test_the_beginning_of_a_room_is_that_of_the_whole(blocks):
    early, whole = Room(HALL).met_by(blocks), Room(HALL)
    assert blocks <= early.blocks < whole.blocks
    assert np.array_equal(early.tiles, whole.tiles[:, : early.blocks])
    assert np.array_equal(early.middle, whole.middle[: early.blocks])


def test_what_is_laid_out_in_full_is_not_laid_out_again_for_a_beginning():
    room = Room(HALL)
    assert room.met_by(room.blocks) is room
    assert room.met_by(2) is room.met_by(2) is not room
    assert room.tiles.shape[1] == room.blocks
    assert room.met_by(2) is room


def test_sound_that_began_lately_comes_back_from_the_beginning_as_from_the_whole():
    room, rng = Room(HALL), np.random.default_rng(3)
    early = room.met_by(2)
    spectra = np.zeros((room.blocks + 1, 2, ROW), dtype=np.float32)
    send = np.concatenate((np.zeros(BLOCK_SAMPLES), rng.standard_normal(2 * BLOCK_SAMPLES)))
    room.send_spectra(send.astype(np.float32), spectra[-2:])
    dry = rng.standard_normal((2, 2 * BLOCK_SAMPLES)).astype(np.float32)
    found, wanted = np.empty((2, *dry.shape), dtype=np.float32)
    early.returned(spectra[room.blocks - early.blocks :], dry, found)
    room.returned(spectra, dry, wanted)
    assert np.array_equal(found, wanted)
    played = [np.convolve(send, ear)[BLOCK_SAMPLES:][: 2 * BLOCK_SAMPLES] for ear in impulse(HALL)]
    assert np.abs(found - dry - played).max() < 1e-4 * np.abs(played).max()


def test_a_desk_that_had_to_go_leaves_its_memory_without_being_collected():
    recipe, stems, onsets = busy(6)
    cache = Cache(1)
    render(recipe, stems, onsets, 0, 9_600, cache=cache)
    desk = cache.desk((recipe, None), lambda _gone: None)
    sources = [source for source in desk._sources if source is not None]
    held = [
        weakref.ref(one) for one in (desk, *sources, *(source.channel._data for source in sources))
    ]
    del desk, sources
    gc.disable()
    try:
        cache.desk("another", lambda _gone: object())
        assert [one() for one in held] == [None] * len(held)
    finally:
        gc.enable()
