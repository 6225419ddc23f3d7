"""The short loops that hearing is made of, against numpy's transform and scipy's filters."""

import numpy as np
import pytest
from scipy import ndimage, signal

from generation.analysis.curves import is_highest, log_of_sums, mean_near, percentile
from generation.analysis.frames import SIZE, band_powers, long_powers
from generation.analysis.halves import lower, lower_shortly, mix, split
from generation.analysis.tempo import autocorrelation

HOP = 64


def noise(size: int, seed: int = 1):
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def framed(sound, window, hop, count):
    """Squared magnitudes [count, bins] by numpy, in double precision."""
    half = window.size // 2
    padded = np.concatenate([np.zeros(half), sound, np.zeros(count * hop + half)])
    cut = np.stack([padded[at * hop :][: window.size] for at in range(count)])
    return np.abs(np.fft.rfft(cut * window, axis=1)) ** 2


@pytest.mark.parametrize("count", [1, 16, 31, 32, 33, 70])
def test_bands_are_numpys_squared_magnitudes_times_their_weights(count):
    sound, window = noise(count * HOP), np.hanning(SIZE).astype(np.float32)
    shape = np.abs(noise(110 * 5, seed=2)).reshape(110, 5)
    found = np.empty((5, count), np.float32)
    band_powers(sound, window, HOP, shape, found)
    expected = framed(sound, window, HOP, count)[:, :110] @ shape
    assert np.allclose(found.T, expected, rtol=1e-4)


def test_loud_frames_leave_no_more_than_rounding_in_the_silence_beside_them():
    sound, window = noise(200 * HOP), np.hanning(SIZE).astype(np.float32)
    sound[50 * HOP :] = 0.0
    found = np.empty((1, 200), np.float32)
    band_powers(sound, window, HOP, np.ones((110, 1), np.float32), found)
    assert found[0, 60:].max() < 1e-12 * found.max()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_long_frames_are_numpys_squared_magnitudes(count):
    sound, window = noise(count * 1_024), np.blackman(2_048).astype(np.float32)
    found = np.empty((count, 768), np.float32)
    long_powers(sound, window, 1_024, found)
    assert np.allclose(found, framed(sound, window, 1_024, count)[:, :768], rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(("start", "size"), [(-64, 200), (0, 1_000), (900, 1_000), (0, 7)])
def test_mix_is_silent_outside_the_sound(start, size):
    audio = np.stack([noise(size), noise(size, seed=2)])
    even, odd = np.empty(96, np.float32), np.empty(96, np.float32)
    mix(audio, start, 0.5, 0.5, even, odd)
    padded = np.concatenate([np.zeros(64), audio.mean(axis=0), np.zeros(400)])[start + 64 :]
    assert np.allclose(even, padded[:192:2], atol=1e-6)
    assert np.allclose(odd, padded[1:192:2], atol=1e-6)


@pytest.mark.parametrize(("filtered", "count"), [(lower_shortly, 3), (lower, 9)])
def test_lower_half_is_scipys_convolution_at_half_the_rate(filtered, count):
    sound, taps = noise(640), np.linspace(0.3, -0.1, count).astype(np.float32)
    even, odd, low = (np.empty(320, np.float32) for _ in range(3))
    split(sound, even, odd)
    filtered(even, odd, taps, low)
    whole = np.zeros(4 * count - 1)
    whole[2 * count - 1] = 0.5
    whole[2 * count :: 2] = taps
    whole[: 2 * count - 1 : 2] = taps[::-1]
    expected = signal.convolve(sound, whole, mode="same")[::2]
    assert np.allclose(low[16:-16], expected[16:-16], atol=1e-5)


@pytest.mark.parametrize("size", [4, 19, 600])
def test_mean_near_is_scipys_uniform_filter(size):
    curve = np.abs(noise(300)).astype(np.float64)
    expected = ndimage.uniform_filter1d(curve, size, mode="nearest")
    assert np.allclose(mean_near(curve, size), expected)


def test_highest_are_those_of_scipys_maximum_filter():
    curve = np.round(noise(500), 1).astype(np.float64)
    assert np.array_equal(is_highest(curve, 4), curve >= ndimage.maximum_filter1d(curve, 9))


@pytest.mark.parametrize("percent", [0, 50, 90, 97, 100])
@pytest.mark.parametrize("size", [1, 2, 101])
def test_percentile_is_numpys(size, percent):
    values = noise(size)
    assert percentile(values, percent) == pytest.approx(float(np.percentile(values, percent)))


def test_logarithms_are_exact_to_single_precision():
    rows = (10.0 ** np.linspace(-9, 9, 2_000)).astype(np.float32).reshape(2, 1_000)
    scales, found = np.asarray([0.5, 3.0], np.float32), np.empty_like(rows)
    log_of_sums(rows, scales, found)
    expected = np.log10(1.0 + scales[:, None].astype(np.float64) * rows)
    assert np.allclose(found, expected, rtol=3e-7, atol=2e-7)


def test_autocorrelation_of_a_steady_pulse_peaks_at_its_period():
    curve = np.zeros(3_000)
    curve[::50] = 1.0
    found = autocorrelation(curve, 300)
    assert found[0] == pytest.approx(1.0, abs=1e-4)
    assert found[50] == pytest.approx(1.0, abs=1e-2)
    assert found[100] == pytest.approx(1.0, abs=1e-2)
    assert found[25] < 0.1
