"""Pure in pieces: cuts, order, caches, threads and batches never change a bit of the sound.

Beside `test_render`, which cuts one piece out of a recipe, whole recipes are made here in all the
ways in which workers may make them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.engine.render import Cache, Rendered, render
from generation.recipe import Recipe
from tests.generation.engine.golden import cases, sounds
from tests.generation.engine.material import busy

HOP = 4_800
FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True, eq=False)
class Piece:
    """A recipe with its material, and the whole of it made in one go."""

    recipe: Recipe
    stems: dict
    onsets: dict
    whole: Rendered

    def part(self, start, end, cache=None):
        return render(self.recipe, self.stems, self.onsets, start, end, cache=cache)


def piece_of(recipe, stems, onsets):
    return Piece(recipe, stems, onsets, render(recipe, stems, onsets, 0, recipe.length))


@pytest.fixture(scope="module")
def pieces():
    """Two recipes that share no source, and one that shares its stems with the first."""
    stems, onsets = sounds.stems(), sounds.onsets()
    formants = cases.cases()["vocoder-1-formants"].recipe
    return (
        piece_of(cases.mix(), stems, onsets),
        piece_of(formants, stems, onsets),
        piece_of(*busy(5)),
    )


def assert_same(piece, start, end, made):
    """The bits of the whole: sound, parts and windows."""
    assert np.array_equal(made.audio, piece.whole.audio[:, start:end])
    assert np.array_equal(made.parts, piece.whole.parts[:, :, start:end])
    windows = 0 if start % HOP else -(-(end - start) // HOP)
    assert len(made.windows) == windows
    first = start // HOP
    assert np.array_equal(made.windows, piece.whole.windows[first : first + windows])


def cuts_of(length, most):
    """Stretches that cover a recipe without a gap, some of them beginning on a window."""
    free = st.integers(1, length - 1)
    places = st.lists(free | free.map(lambda at: at // HOP * HOP), min_size=1, max_size=most)

    def stretches(found):
        edges = sorted({0, length, *found})
        return list(pairwise(edges))

    return places.map(stretches)


@FEW
@given(data=st.data())
def test_any_cuts_in_any_order_with_any_caches_have_the_bits_of_the_whole(pieces, data):
    piece = data.draw(st.sampled_from(pieces))
    cuts = data.draw(cuts_of(piece.recipe.length, 4).flatmap(st.permutations))
    shared = Cache(checkpoints=data.draw(st.sampled_from([1, 3, 4_096])))
    for start, end in cuts:
        cache = data.draw(st.sampled_from([shared, None]))
        assert_same(piece, start, end, piece.part(start, end, cache))


@FEW
@given(data=st.data())
def test_pieces_made_by_threads_at_once_have_the_bits_of_the_whole(pieces, data):
    piece = data.draw(st.sampled_from(pieces))
    cuts = data.draw(cuts_of(piece.recipe.length, 3).flatmap(st.permutations))
    threads = data.draw(st.integers(1, 4))
    with ThreadPoolExecutor(threads) as pool:
        made = [pool.submit(piece.part, start, end, Cache()) for start, end in cuts]
        for (start, end), one in zip(cuts, made, strict=True):
            assert_same(piece, start, end, one.result())


@FEW
@given(data=st.data())
def test_recipes_made_by_threads_at_once_do_not_hear_each_other(pieces, data):
    batch = data.draw(st.lists(st.sampled_from(pieces), min_size=2, max_size=8))
    starts = [data.draw(st.integers(0, piece.recipe.length - 9_000)) for piece in batch]
    with ThreadPoolExecutor(data.draw(st.integers(1, 4))) as pool:
        made = [
            pool.submit(piece.part, start, start + 9_000, Cache())
            for piece, start in zip(batch, starts, strict=True)
        ]
        for piece, start, one in zip(batch, starts, made, strict=True):
            assert_same(piece, start, start + 9_000, one.result())


@FEW
@given(data=st.data())
def test_recipes_that_take_turns_in_one_small_cache_do_not_hear_each_other(pieces, data):
    cache = Cache(recipes=data.draw(st.integers(1, 3)), checkpoints=data.draw(st.integers(1, 64)))
    at = [0] * len(pieces)
    for turn in data.draw(st.lists(st.integers(0, len(pieces) - 1), min_size=3, max_size=8)):
        piece, start = pieces[turn], at[turn]
        end = min(piece.recipe.length, start + data.draw(st.integers(1, 20_000)))
        assert_same(piece, start, end, piece.part(start, end, cache))
        at[turn] = end


def test_parts_and_windows_that_nobody_asked_for_change_no_bit_of_the_sound(pieces):
    for piece in pieces:
        bare = render(
            piece.recipe, piece.stems, piece.onsets, 0, piece.recipe.length,
            with_parts=False, with_windows=False,
        )  # fmt: skip
        assert np.array_equal(bare.audio, piece.whole.audio)
        assert bare.parts.shape[2] == len(bare.windows) == 0
