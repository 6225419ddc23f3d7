"""Tonal stems keep their tone: measured on ideal sinusoids, which are their own oracle."""

import numpy as np
import pytest
from scipy.signal import lfilter

from generation.engine.render import render
from generation.engine.vocoder import PAIRS, frame_sizes
from generation.recipe import Clip
from tests.generation.engine.material import RATE, chord, noise, plain_recipe

CHORD = (220.0, 277.18, 329.63)


def sounded(stem, seconds, slope, semitones, window=8_192, **changes):
    length = int(seconds * RATE)
    anchors = ((0, 0), (length, int(length * slope)))
    clip = Clip(0, "vocoder/1", 0, length, anchors, semitones, window, **changes)
    recipe = plain_recipe(length, {"a": stem}, [clip])
    return render(recipe, {"a": stem}, {}, 0, length).audio.astype(np.float64)


def fitted(signal, hertz):
    """(signal to noise in dB, amplitudes) of the least-squares sinusoids in `signal`."""
    time = (np.arange(len(signal)) - len(signal) / 2) / RATE
    waves = np.array([wave(2 * np.pi * f * time) for f in hertz for wave in (np.cos, np.sin)]).T
    weights = np.linalg.lstsq(waves, signal, rcond=None)[0]
    ideal = waves @ weights
    return 10 * np.log10(ideal.var() / (signal - ideal).var()), np.hypot(
        weights[0::2], weights[1::2]
    )


def swing(signal):
    """The range of levels over 100 ms, in dB."""
    levels = np.sqrt((signal[: len(signal) // 4_800 * 4_800].reshape(-1, 4_800) ** 2).mean(axis=1))
    return 20 * np.log10(levels.max() / levels.min())


@pytest.mark.parametrize(("slope", "semitones"), [(124 / 112, 2), (0.9, -5)])
def test_a_chord_stays_forty_decibels_above_its_errors(slope, semitones):
    stem = chord(16 * slope + 1, CHORD)
    n, m = frame_sizes(8_192, semitones)
    out = sounded(stem, 16, slope, semitones)[0, RATE : 15 * RATE]
    ratio, amplitudes = fitted(out, [f * n / m for f in CHORD])
    assert ratio >= 40
    assert np.abs(20 * np.log10(amplitudes / 0.1)).max() < 0.1
    assert swing(out) - swing(stem[0, RATE : 15 * RATE].astype(np.float64)) < 0.3


@pytest.mark.parametrize("semitones", range(-12, 13))
def test_pitch_moves_by_the_semitone_within_half_a_cent(semitones):
    stem = chord(4, (440.0,))
    wanted = 440.0 * 2 ** (semitones / 12)
    out = sounded(stem, 3, 1.1, semitones, 4_096)[0, 24_000 : 2 * RATE + 24_000]
    turning = out * np.exp(-2j * np.pi * wanted * np.arange(len(out)) / RATE)
    half, shape = len(out) // 2, np.hanning(len(out) // 2)
    step = np.angle((turning[half:] * shape).sum() / (turning[:half] * shape).sum())
    measured = wanted + step / (2 * np.pi * half / RATE)
    assert abs(1200 * np.log2(measured / wanted)) <= 0.5


def test_every_pair_of_frame_sizes_is_a_semitone():
    for semitones, (n, m) in PAIRS.items():
        assert abs(1200 * np.log2(n / m) - 100 * semitones) <= 0.34


def test_own_pace_and_pitch_leave_the_samples_as_they_are():
    stem = noise(2)
    assert np.array_equal(sounded(stem, 1, 1.0, 0), stem[:, :RATE].astype(np.float64))


def test_the_stereo_picture_stands_still():
    stem = chord(4, (330.0,))
    out = sounded(stem, 2, 1.2, 3)[:, 9_600:-9_600]
    assert np.abs(out[1] - 0.8 * out[0]).max() < 1e-6


def spoken(pitch_hz, seconds=4):
    """A buzz through three resonances, as a voice is."""
    pulses = np.zeros(int(seconds * RATE))
    pulses[:: int(RATE / pitch_hz)] = 1.0
    voice = np.zeros(len(pulses))
    for centre, level in ((700.0, 1.0), (1_900.0, 0.5), (2_900.0, 0.3)):
        r, w = np.exp(-np.pi * 120 / RATE), 2 * np.pi * centre / RATE
        voice += level * lfilter([1 - r], [1, -2 * r * np.cos(w), r * r], pulses)
    voice = 0.3 * voice / np.abs(voice).max()
    return np.stack([voice, voice]).astype(np.float32)


def resonances(signal):
    """Levels in dB of ten bands of 450 Hz from 150 Hz on, of one second."""
    spectrum = np.abs(np.fft.rfft(signal[RATE : 2 * RATE] * np.hanning(RATE))) ** 2
    bands = np.add.reduceat(spectrum[:4_650], np.arange(150, 4_650, 450))
    return 10 * np.log10(bands / bands.sum())


@pytest.mark.parametrize("semitones", [-4, 5])
def test_formants_stay_when_asked(semitones):
    stem = spoken(150.0)
    source = resonances(stem[0].astype(np.float64))
    kept = resonances(sounded(stem, 3, 1.0, semitones, 2_048, formants=True)[0])
    moved = resonances(sounded(stem, 3, 1.0, semitones, 2_048)[0])
    assert np.abs(kept - source).mean() < 0.65 * np.abs(moved - source).mean()
