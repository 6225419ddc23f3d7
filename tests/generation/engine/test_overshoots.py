"""Blocks over a peak are found wherever they lie, and dips touch nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.engine.loudness import true_peak_dbtp
from generation.engine.overshoots import BLOCK, Finder, added, softened
from tests.generation.engine.material import noise
from tests.generation.engine.test_loudness import peer


def chunked(audio, cuts):
    return np.split(audio, sorted(cuts), axis=1)


def found(chunks, peak=-1.0):
    finder = Finder(peak)
    passed = np.concatenate(list(finder.passing(chunks)), axis=1)
    return finder.over, passed


def loud_at(*places):
    audio = noise(0.4, 0.01)
    for place in places:
        audio[:, place] = 0.97
    return audio


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 19_199), max_size=8))
def test_what_is_found_does_not_depend_on_the_chunks(cuts):
    audio = loud_at(0, 255, 256, 5_000, 19_199)
    over, passed = found(chunked(audio, cuts))
    assert np.array_equal(passed, audio)
    assert over == found([audio])[0]
    assert {0, 1, 5_000 // BLOCK, 19_199 // BLOCK} <= set(over)


def test_a_block_is_over_by_what_its_true_peak_is_over():
    audio = loud_at(5_000)
    over = found([audio])[0]
    assert max(over.values()) == pytest.approx(peer(audio)[2] + 1.0, abs=0.02)


def test_quiet_sound_is_over_nowhere():
    assert found([noise(0.4, 0.05)])[0] == {}


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 19_199), max_size=8))
def test_a_dip_does_not_depend_on_the_chunks(cuts):
    audio = loud_at(5_000)
    dips = {0: 1.0, 19: 2.0, 20: 0.5, 74: 3.0}
    whole = np.concatenate(list(softened([audio], dips)), axis=1)
    parts = np.concatenate(list(softened(chunked(audio, cuts), dips)), axis=1)
    assert np.array_equal(whole, parts)


def test_a_dip_turns_its_block_down_and_leaves_the_rest_alone():
    audio = np.full((2, 10_000), 0.5, np.float32)
    (sound,) = softened([audio], {10: 6.0})
    inside = sound[:, 10 * BLOCK : 11 * BLOCK]
    assert np.allclose(inside, 0.5 * 10 ** (-6 / 20), rtol=1e-6)
    assert np.array_equal(sound[:, : 10 * BLOCK - 480], audio[:, : 10 * BLOCK - 480])
    assert np.array_equal(sound[:, 11 * BLOCK + 480 :], audio[:, 11 * BLOCK + 480 :])
    assert np.abs(np.diff(sound[0])).max() < 0.002


def test_cut_by_what_was_over_nothing_is_over():
    audio = loud_at(3_000, 9_000, 9_100)
    over = found([audio])[0]
    cut = np.concatenate(list(softened([audio], added({}, over, 0.01))), axis=1)
    assert true_peak_dbtp(cut) <= -1.0
    assert added({3: 1.0}, {3: 0.5, 4: 0.2}, 0.1) == {3: pytest.approx(1.6), 4: pytest.approx(0.3)}
