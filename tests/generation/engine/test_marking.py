"""A mark changes the sound where it says, and nothing else."""

import numpy as np

from generation.engine.render import render
from tests.generation.engine.material import busy


def test_gains_of_one_change_no_bit_and_others_stay_pure_in_pieces():
    recipe, stems, onsets = busy(5)
    plain = render(recipe, stems, onsets, 0, recipe.length)
    ones = np.ones((recipe.length // 1_024 + 2, 8), dtype=np.float32)
    assert np.array_equal(
        render(recipe, stems, onsets, 0, recipe.length, mark=ones).audio, plain.audio
    )
    mark = ones.copy()
    mark[::2, 3] = 1.03
    whole = render(recipe, stems, onsets, 0, recipe.length, mark=mark)
    piece = render(recipe, stems, onsets, 50_001, 90_000, mark=mark)
    assert np.array_equal(piece.audio, whole.audio[:, 50_001:90_000])
    change = np.abs(whole.audio - plain.audio).max()
    assert 1e-5 < change < 0.05
