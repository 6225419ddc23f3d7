"""What an audit calls identical, within and different, and where it says that it begins."""

import math

import numpy as np
import pytest

from generation.engine.accord import AGREED_DB
from generation.engine.auditing import Comparison, Word

WINDOW = 4_800
PIECE = 96_000


def sound(windows, seed=1):
    """Noise at -20 dBFS, 24 bits."""
    rng = np.random.default_rng(seed)
    return np.rint(rng.standard_normal((windows * WINDOW, 2)) * 0.1 * (1 << 23)).astype(np.int32)


def compared(found, expected):
    comparison = Comparison()
    for at in range(0, max(len(found), len(expected)), PIECE):
        comparison.add(found[at : at + PIECE], expected[at : at + PIECE])
    return comparison.result()


def test_the_same_samples_are_identical_whatever_the_last_window_holds():
    for length in (50 * WINDOW, 50 * WINDOW - 7, 1):
        one = sound(50)[:length]
        told = compared(one.copy(), one)
        assert (told.word, told.snr_db, told.differing) == (Word.IDENTICAL, None, 0)
        assert told.windows == math.ceil(length / WINDOW)
        assert told.first_ms is told.worst_ms is None


def test_rounding_everywhere_is_within_and_its_distance_is_the_one_of_the_noise():
    one = sound(50)
    rounded = one + np.random.default_rng(2).integers(-1, 2, one.shape).astype(np.int32)
    told = compared(rounded, one)
    power, noise = float((one.astype(float) ** 2).sum()), float(((rounded - one) ** 2.0).sum())
    assert told.word is Word.WITHIN
    assert told.snr_db == pytest.approx(10 * math.log10(power / noise), abs=0.1)
    assert told.snr_db >= AGREED_DB
    assert told.differing == 50


@pytest.mark.parametrize("window", [0, 19, 20, 37, 49])
def test_one_window_of_other_sound_is_different_and_named(window):
    one = sound(50)
    other = one.copy()
    other[window * WINDOW + 100 : window * WINDOW + 200] //= 2
    told = compared(other, one)
    assert told.word is Word.DIFFERENT
    assert told.first_ms == told.worst_ms == 100 * window
    assert told.differing == 1
    assert told.snr_db < AGREED_DB


def test_where_it_differs_is_not_where_it_is_merely_rounded():
    one = sound(50)
    other = one + 1
    other[30 * WINDOW : 31 * WINDOW] = 0
    told = compared(other, one)
    assert (told.word, told.first_ms, told.worst_ms) == (Word.DIFFERENT, 3_000, 3_000)
    assert told.differing == 50


def test_another_length_is_different_even_where_only_silence_is_missing():
    one = np.concatenate([sound(20), np.zeros((3 * WINDOW, 2), dtype=np.int32)])
    for found, expected in ((one, one[: 21 * WINDOW]), (one[: 21 * WINDOW], one)):
        told = compared(found, expected)
        assert (told.word, told.snr_db, told.first_ms) == (Word.DIFFERENT, None, 2_100)
    told = compared(one[: 10 * WINDOW], one)
    assert (told.word, told.first_ms, told.windows) == (Word.DIFFERENT, 1_000, 23)


def test_sound_where_silence_was_expected_is_different():
    silence = np.zeros((10 * WINDOW, 2), dtype=np.int32)
    told = compared(silence + 1, silence)
    assert (told.word, told.snr_db, told.first_ms) == (Word.DIFFERENT, 0.0, 0)
