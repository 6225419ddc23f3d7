"""Tonal stems keep their tone: measured on ideal sinusoids, which are their own oracle."""

from itertools import pairwise

import numpy as np
import pytest

from generation.engine.render import Cache, render
from generation.engine.resample import ratio_of
from generation.engine.vocoder import PAIRS
from generation.recipe import Clip
from tests.generation.engine.drawing import spoken
from tests.generation.engine.material import RATE, chord, noise, plain_recipe

CHORD = (220.0, 277.18, 329.63)


def clip_of(length, slope, semitones, window, **changes):
    anchors = ((0, 0), (length, int(length * slope)))
    return Clip(0, "vocoder/3", 0, length, anchors, semitones, window, **changes)


def sounded(stem, seconds, slope, semitones, window=8_192, cuts=(), **changes):
    """The clip as composing writes it. At `cuts` all is lost but the checkpoints of its phase."""
    length = int(seconds * RATE)
    recipe = plain_recipe(
        length, {"a": stem}, [clip_of(length, slope, semitones, window, **changes)]
    )
    cache, pieces = Cache(recipes=1), []
    for start, end in pairwise((0, *cuts, length)):
        cache.desk("another", lambda _gone: object())
        made = render(
            recipe, {"a": stem}, {}, start, end, cache=cache, with_parts=False, with_windows=False
        )
        pieces.append(made.audio)
    return np.concatenate(pieces, axis=1).astype(np.float64)


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
    p, q = ratio_of(semitones)
    out = sounded(stem, 16, slope, semitones, cuts=(5 * RATE, 11 * RATE + 77))
    out = out[0, RATE : 15 * RATE]
    ratio, amplitudes = fitted(out, [f * p / q for f in CHORD])
    assert ratio >= 40
    assert np.abs(20 * np.log10(amplitudes / 0.1)).max() < 0.1
    assert swing(out) - swing(stem[0, RATE : 15 * RATE].astype(np.float64)) < 0.3


@pytest.mark.parametrize("semitones", range(-12, 13))
def test_pitch_moves_by_the_semitone_within_half_a_cent(semitones):
    stem = chord(4, (440.0,))
    wanted = 440.0 * 2 ** (semitones / 12)
    for window in (2_048, 4_096, 8_192):
        out = sounded(stem, 3, 1.1, semitones, window)[0, 24_000 : 2 * RATE + 24_000]
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
