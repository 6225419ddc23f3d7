"""A stream is a pure function of its recipe, and its parts add up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from generation.engine.lines import lines_of
from generation.engine.render import Cache, render
from tests.generation.engine.material import busy


@pytest.fixture(scope="module")
def whole():
    recipe, stems, onsets = busy()
    return recipe, stems, onsets, render(recipe, stems, onsets, 0, recipe.length)


SHARED = Cache()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_cut_has_the_bits_of_the_whole(whole, data):
    recipe, stems, onsets, all_of_it = whole
    start = data.draw(st.integers(0, recipe.length - 1))
    if data.draw(st.booleans()):
        start = start // 4_800 * 4_800
    end = min(recipe.length, start + data.draw(st.integers(1, 60_000)))
    cache = SHARED if data.draw(st.booleans()) else None
    piece = render(recipe, stems, onsets, start, end, cache=cache)
    assert np.array_equal(piece.audio, all_of_it.audio[:, start:end])
    assert np.array_equal(piece.parts, all_of_it.parts[:, :, start:end])
    first = start // 4_800
    assert np.array_equal(piece.windows, all_of_it.windows[first : first + len(piece.windows)])
    assert len(piece.windows) == (0 if start % 4_800 else -(-(end - start) // 4_800))


def test_parts_add_up_to_the_output(whole):
    recipe, _, _, all_of_it = whole
    assert np.abs(all_of_it.parts.sum(axis=0) - all_of_it.audio).max() < 1e-6
    assert np.isfinite(all_of_it.audio).all()
    assert len(all_of_it.windows) == recipe.length // 4_800


def test_lines_are_a_million_and_name_every_source(whole):
    recipe, _, _, all_of_it = whole
    digests = [source.digest for source in recipe.sources]
    lines = lines_of(all_of_it.windows, digests)
    assert [digest for digest, _ in lines] == digests
    assert sum(ppm for _, ppm in lines) == 1_000_000


def test_a_range_outside_the_recipe_is_refused(whole):
    recipe, stems, onsets, _ = whole
    with pytest.raises(ValueError, match="outside"):
        render(recipe, stems, onsets, 0, recipe.length + 1)


@pytest.mark.parametrize("gain_db", [0.0, 18.0])
def test_no_part_of_what_has_no_mean_gets_one(gain_db):
    """Through frames, slices, grains, notes, compressors, room and a limiter that works hard."""
    recipe, stems, onsets = busy(5)
    above = butter(4, 60.0, "highpass", fs=48_000, output="sos")
    stems = {name: sosfilt(above, stem).astype(np.float32) for name, stem in stems.items()}
    made = render(
        replace(recipe, gain_db=gain_db), stems, onsets, 0, recipe.length, with_windows=False
    )
    shape = np.hanning(recipe.length)
    for sound in (made.audio, *made.parts):
        mean = np.abs(sound @ shape) / shape.sum()
        level = np.sqrt((sound.astype(np.float64) ** 2).mean(axis=1))
        assert (mean < 1e-3 * level).all()
