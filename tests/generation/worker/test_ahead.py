"""A first second that was rendered ahead is the one its job would have made, or is not taken."""

from dataclasses import replace

import numpy as np

from generation.engine.render import Cache, render
from generation.worker.ahead import Ahead
from tests.generation.engine.material import RATE, busy


def test_what_was_rendered_ahead_has_the_bits_of_its_job_and_its_tapes_go_on():
    recipe, stems, onsets = busy(6)
    ahead, alone = Ahead(), Cache()
    ahead.begin(recipe, stems, onsets)
    made = ahead.take(recipe)
    wanted = render(recipe, stems, onsets, 0, RATE, cache=alone, with_parts=False)
    assert np.array_equal(made.sound.audio, wanted.audio)
    assert np.array_equal(made.sound.windows, wanted.windows)
    following = [
        render(recipe, stems, onsets, RATE, 2 * RATE, cache=tapes, with_parts=False).audio
        for tapes in (made.tapes, alone)
    ]
    assert np.array_equal(*following)


def test_it_is_taken_once_and_for_the_very_same_recipe_alone():
    recipe, stems, onsets = busy(6)
    ahead = Ahead()
    assert ahead.take(recipe) is None
    ahead.begin(recipe, stems, onsets)
    assert ahead.take(replace(recipe, seed=recipe.seed + 1)) is None
    assert ahead.take(recipe) is not None
    assert ahead.take(recipe) is None


def test_one_that_failed_is_left_to_its_job():
    recipe, _, onsets = busy(6)
    ahead = Ahead()
    ahead.begin(recipe, {}, onsets)
    assert ahead.take(recipe) is None
