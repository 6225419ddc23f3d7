"""The pass over the sound and its spectra, against plain sines and numpy's own transform."""

import numpy as np
import pytest

from generation.analysis.pyramid import OCTAVES_HZ, pyramid_of
from generation.analysis.spectrum import PITCH_RATE_HZ, PITCH_WINDOW, spectrum_of

RATE_HZ = 48_000


def sine(hertz: float, size: int = 3 * RATE_HZ, strength: float = 0.5):
    line = strength * np.sin(2 * np.pi * hertz * np.arange(size) / RATE_HZ)
    return np.stack([line, line]).astype(np.float32)


@pytest.mark.parametrize("hertz", [50.0, 440.0, 2_000.0])
def test_slow_sound_is_the_sound_at_every_eighth_sample(hertz):
    sound = sine(hertz)
    slow = pyramid_of(sound).slow
    assert np.abs(slow - sound[0, ::8])[50:-50].max() < 2e-3


@pytest.mark.parametrize("hertz", [3_900.0, 5_000.0, 10_000.0, 23_000.0])
def test_what_lies_too_high_does_not_fold_into_the_slow_sound(hertz):
    slow = pyramid_of(sine(hertz)).slow[50:-50]
    assert 10 * np.log10(np.mean(np.square(slow)) / 0.125) < -50.0


@pytest.mark.parametrize("octave", [0, 1, 2])
def test_energy_of_a_sine_stands_in_its_octave(octave):
    energy = pyramid_of(sine(OCTAVES_HZ[octave])).energy[:, 4:-4].mean(axis=1)
    assert energy.argmax() == octave
    assert energy[octave] == pytest.approx(0.125, rel=0.35)


def test_blocks_of_the_pass_leave_no_seam():
    rng = np.random.default_rng(3)
    sound = (0.1 * rng.standard_normal((2, 100_000))).astype(np.float32)
    whole, later = pyramid_of(sound), pyramid_of(sound[:, 512 * 20 :])
    assert np.array_equal(whole.slow[512 * 20 // 8 + 64 :], later.slow[64:])
    assert np.allclose(whole.energy[:, 21:], later.energy[:, 1:], rtol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 7, 511, 512, 513, 16_385])
def test_any_length_gives_frames_centred_on_their_samples(size):
    rng = np.random.default_rng(size)
    found = spectrum_of((0.1 * rng.standard_normal((2, size))).astype(np.float32))
    assert len(found.bands[0]) == 1 + size // 512
    assert len(found.pitch) == 1 + size // 8_192
    assert np.isfinite(found.bands).all()
    assert (found.bands >= 0).all()


def test_silence_gives_zeros():
    found = spectrum_of(np.zeros((2, 20_000), np.float32))
    assert not found.bands.any()
    assert not found.pitch.any()


def test_pitch_spectrum_agrees_with_numpy_and_reads_a_sines_amplitude():
    hertz = 300 * PITCH_RATE_HZ / PITCH_WINDOW
    sound = sine(hertz)
    found = spectrum_of(sound).pitch[8]
    slow = pyramid_of(sound).slow.astype(np.float64)
    window = np.blackman(PITCH_WINDOW + 1)[:-1]
    frame = slow[8 * 1_024 - PITCH_WINDOW // 2 :][:PITCH_WINDOW] * window
    expected = np.abs(np.fft.rfft(frame))[: found.size] * 2.0 / window.sum()
    assert np.allclose(found, expected, atol=1e-5)
    assert found.argmax() == 300
    assert found.max() == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("hertz", [100.0, 440.0, 1_500.0])
def test_bands_hold_the_power_of_a_sine_at_its_pitch(hertz):
    found = spectrum_of(sine(hertz))
    power = found.bands[:, 20:-20].mean(axis=1).astype(np.float64)
    assert power.sum() == pytest.approx(0.125, rel=3e-3)
    assert float(power @ found.band_hz) / power.sum() == pytest.approx(hertz, rel=0.03)
