"""The rulers for windows read nothing where the ideal is met, and what was done to it where not."""

import numpy as np
import pytest

from benchmarks.windows import MATERIAL, ORGAN, RATE, Note, apart, before, chords, played


def test_what_is_ideal_reads_nothing_and_what_is_silent_reads_all():
    ideal = played(chords(1), ORGAN, 1.0, 0, 2.0)
    for size in (512, 8_192):
        assert apart(ideal, ideal, size) == 0
        assert apart(0 * ideal, ideal, size) == pytest.approx(1.0)
        assert apart(0.9 * ideal, ideal, size) == pytest.approx(0.1)


def test_a_click_has_nothing_before_it_and_one_played_backward_has_all():
    sound = np.zeros(RATE)
    sound[20_000:22_000] = np.exp(-np.arange(2_000) / 600)
    assert before(sound, [20_000]) == 0
    assert before(sound[::-1], [RATE - 20_000]) == pytest.approx(np.exp(-2 * 96 / 600), abs=0.01)


@pytest.mark.parametrize(("speed", "semitones"), [(1.0, 0), (124 / 112, 2), (0.9, -5)])
def test_a_score_is_played_at_the_speed_and_pitch_that_are_asked_for(speed, semitones):
    out = played([Note(0.9, 2.0, 69.0)], ORGAN, speed, semitones, 4.0)
    first, last = np.flatnonzero(out)[[0, -1]] / RATE
    assert first == pytest.approx(0.9 / speed, abs=1e-3)
    assert last == pytest.approx(2.9 / speed, abs=1e-3)
    middle = out[RATE : 2 * RATE] * np.hanning(RATE)
    hertz = 440.0 * 2 ** (semitones / 12)
    assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(hertz, abs=1.0)


def test_every_material_sounds():
    for notes, sound in MATERIAL.values():
        assert np.abs(played(notes, sound, 1.0, 0, 0.2)).max() > 0.05
