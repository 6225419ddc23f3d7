"""The rulers that sound is held against, held against signals whose figures are known."""

import numpy as np
import pytest

from benchmarks.quality import RATE, cents, clicks, fitted, swing_db

CHORD = (220.0, 277.18, 329.63)


def chord(seconds=4.0, hertz=CHORD):
    time = np.arange(round(seconds * RATE)) / RATE
    return sum(0.1 * np.sin(2 * np.pi * one * time + one) for one in hertz)


def impulses(places, length=4 * RATE):
    line = np.zeros(length)
    line[places] = 0.5
    return line


def test_ideal_sinusoids_read_more_than_a_hundred_decibels():
    assert fitted(chord(), CHORD).snr_db > 100


def test_a_pitch_ten_cents_beside_the_one_expected_is_found():
    moved = [one * 2 ** (10 / 1200) for one in CHORD]
    found = fitted(chord(hertz=moved), CHORD)
    assert found.snr_db > 100
    assert found.hertz == pytest.approx(moved, rel=1e-9)
    assert found.amplitudes == pytest.approx([0.1] * 3, rel=1e-6)


@pytest.mark.parametrize("snr_db", [6.0, 20.0, 40.0])
def test_noise_of_a_known_level_is_read_at_that_level(snr_db):
    noise = np.random.default_rng(1).standard_normal(4 * RATE)
    noise *= np.sqrt(0.015 * 10 ** (-snr_db / 10))
    assert fitted(chord() + noise, CHORD).snr_db == pytest.approx(snr_db, abs=0.1)


def test_a_tremolo_of_one_decibel_swings_by_one_decibel():
    time = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 440 * time) * 10 ** (0.5 * np.sign(np.sin(np.pi * time)) / 20)
    assert swing_db(tone) == pytest.approx(1.0, abs=0.02)
    assert swing_db(np.sin(2 * np.pi * 440 * time)) < 1e-6


def test_a_semitone_is_a_hundred_cents():
    assert cents(440.0 * 2 ** (1 / 12), 440.0) == pytest.approx(100.0)


def test_a_perfect_click_is_one_with_nothing_before_it():
    places = np.array([50_000, 61_111, 75_000])
    seen = clicks(impulses(places), places)
    assert (seen.worst, seen.mean, seen.pre_echo) == (1.0, 1.0, 0.0)


def test_a_common_delay_is_no_fault():
    places = np.array([50_000, 61_111, 75_000])
    seen = clicks(impulses(places + 3_000), places)
    assert seen.worst == 1.0
    assert seen.late_ms == pytest.approx(62.5, abs=1.1)


def test_what_comes_before_a_click_is_told_apart_from_what_follows():
    places = np.array([50_000, 61_111])
    line = impulses(places)
    line[61_111 - 480] = 0.25
    line[50_000 + 480] = 0.25
    seen = clicks(line, places)
    assert seen.worst == pytest.approx(0.8)
    assert seen.pre_echo == pytest.approx(0.2)


def test_energy_more_than_a_millisecond_away_counts_against_a_click():
    places = np.array([50_000])
    line = impulses(places)
    line[50_000 + 48] = 0.5
    assert clicks(line, places).worst == pytest.approx(1.0)
    line = impulses(places)
    line[50_000 + 49] = 0.499
    assert clicks(line, places).worst == pytest.approx(0.5, abs=0.01)
