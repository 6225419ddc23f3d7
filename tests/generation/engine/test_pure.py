"""Pure in pieces: cuts, order, caches, threads and batches never change a bit of the sound.

Beside `test_render`, which cuts one piece out of a recipe, whole recipes are made here in all the
ways in which workers may make them. What plays their stems is drawn as well (see `drawing`).
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.engine.render import Cache, render
from tests.generation.engine.drawing import (
    TONAL,
    Tone,
    assert_same,
    cuts_of,
    piece_by,
    piece_of,
    tones,
)
from tests.generation.engine.golden import cases, sounds
from tests.generation.engine.material import RATE, busy

FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
PAIRS = st.tuples(tones(), tones())


@pytest.fixture(scope="module")
def others():
    """Two recipes that share no source, by slices, grains and notes too."""
    return piece_of(cases.mix(), sounds.stems(), sounds.onsets()), piece_of(*busy(5))


@FEW
@given(data=st.data())
def test_any_cuts_in_any_order_with_any_caches_have_the_bits_of_the_whole(data):
    piece = piece_by(data.draw(PAIRS))
    cuts = data.draw(cuts_of(piece.recipe.length, 4).flatmap(st.permutations))
    shared = Cache(checkpoints=data.draw(st.sampled_from([1, 3, 4_096])))
    for start, end in cuts:
        cache = data.draw(st.sampled_from([shared, None]))
        assert_same(piece.whole, start, end, piece.part(start, end, cache))


@FEW
@given(data=st.data())
def test_pieces_made_by_threads_at_once_have_the_bits_of_the_whole(data):
    piece = piece_by(data.draw(PAIRS))
    cuts = data.draw(cuts_of(piece.recipe.length, 3).flatmap(st.permutations))
    threads = data.draw(st.integers(1, 4))
    with ThreadPoolExecutor(threads) as pool:
        made = [pool.submit(piece.part, start, end, Cache()) for start, end in cuts]
        for (start, end), one in zip(cuts, made, strict=True):
            assert_same(piece.whole, start, end, one.result())


@FEW
@given(data=st.data())
def test_a_batch_of_recipes_made_by_threads_at_once_do_not_hear_each_other(others, data):
    drawn = [piece_by(pair) for pair in data.draw(st.lists(PAIRS, min_size=1, max_size=2))]
    batch = data.draw(st.lists(st.sampled_from([*drawn, *others]), min_size=1, max_size=8))
    starts = [data.draw(st.integers(0, piece.recipe.length - 9_000)) for piece in batch]
    with ThreadPoolExecutor(data.draw(st.integers(1, 4))) as pool:
        made = [
            pool.submit(piece.part, start, start + 9_000, Cache())
            for piece, start in zip(batch, starts, strict=True)
        ]
        for piece, start, one in zip(batch, starts, made, strict=True):
            assert_same(piece.whole, start, start + 9_000, one.result())


@FEW
@given(data=st.data())
def test_recipes_that_take_turns_in_one_small_cache_do_not_hear_each_other(others, data):
    pieces = (piece_by(data.draw(PAIRS)), *others)
    cache = Cache(recipes=data.draw(st.integers(1, 3)), checkpoints=data.draw(st.integers(1, 64)))
    # The drawn one begins just before its first checkpoint, and passes it.
    at = [data.draw(st.integers(110_000, 131_072)), 0, 0]
    for turn in data.draw(st.lists(st.integers(0, len(pieces) - 1), min_size=3, max_size=8)):
        piece, start = pieces[turn], at[turn]
        end = min(piece.recipe.length, start + data.draw(st.integers(1, 30_000)))
        assert_same(piece.whole, start, end, piece.part(start, end, cache))
        at[turn] = end


class Counted(Cache):
    """A cache that says how many checkpoints it gave, and how many it had not."""

    given = lacked = 0

    def state(self, key):
        found = super().state(key)
        self.given += found is not None
        self.lacked += found is None
        return found


@pytest.mark.parametrize(
    ("processor", "window"),
    [(TONAL[0], 2_048), (TONAL[0], 4_096), (TONAL[0], 8_192), *((one, 4_096) for one in TONAL[1:])],
)
def test_a_piece_that_begins_at_a_checkpoint_has_the_bits_of_the_whole(processor, window):
    plain = Tone(processor, window, -3, formants=False, slope=124 / 112, is_struck=False)
    voiced = Tone(processor, window, 4, formants=True, slope=0.8, is_struck=False)
    piece, cache = piece_by((plain, voiced)), Counted(recipes=1)
    piece.part(0, piece.recipe.length, cache)
    for start in (6 * RATE - 9_677, 5 * RATE):
        # Whatever else was worked out is lost with the desk; checkpoints stay.
        cache.desk("another", lambda _gone: object())
        cache.given = cache.lacked = 0
        assert_same(piece.whole, start, start + 9_600, piece.part(start, start + 9_600, cache))
        assert (cache.given >= 2, cache.lacked) == (True, 0)


def test_parts_and_windows_that_nobody_asked_for_change_no_bit_of_the_sound(others):
    drawn = Tone("vocoder/3", 4_096, 2, formants=True, slope=0.93, is_struck=True)
    for piece in (*others, piece_by((drawn, drawn))):
        bare = render(
            piece.recipe, piece.stems, piece.onsets, 0, piece.recipe.length,
            with_parts=False, with_windows=False,
        )  # fmt: skip
        assert np.array_equal(bare.audio, piece.whole.audio)
        assert bare.parts.shape[2] == len(bare.windows) == 0
