"""Meters read what libebur128 reads, however the sound is cut."""

import numpy as np
import pyebur128
import pytest

from generation.engine import loudness
from generation.engine.loudness import Meter
from tests.generation.engine.material import RATE, chord, hits, noise


def peer(audio):
    modes = pyebur128.MeasurementMode
    state = pyebur128.R128State(2, RATE, modes.MODE_I | modes.MODE_LRA | modes.MODE_TRUE_PEAK)
    samples = np.ascontiguousarray(audio.T, dtype=np.float32)
    state.add_frames(samples.ravel(), len(samples))
    peak = max(pyebur128.get_true_peak(state, channel) for channel in (0, 1))
    return (
        pyebur128.get_loudness_global(state),
        pyebur128.get_loudness_range(state),
        20 * np.log10(peak),
    )


def material():
    slow = np.linspace(0.02, 1.0, 12 * RATE, dtype=np.float32)
    loud = noise(12) * slow
    gap = np.concatenate((chord(4), np.zeros((2, 4 * RATE), np.float32), noise(3)), axis=1)
    return {"swell": loud, "gap": gap, "hits": hits(6)[0]}


@pytest.mark.parametrize("name", ["swell", "gap", "hits"])
def test_meters_agree_with_libebur128(name):
    audio = material()[name]
    integrated, spread, peak = peer(audio)
    assert abs(loudness.integrated_lufs(audio) - integrated) < 0.01
    assert abs(loudness.loudness_range(audio) - spread) < 0.1
    assert abs(loudness.true_peak_dbtp(audio) - peak) < 0.01


def test_a_reading_does_not_depend_on_the_cuts():
    audio = material()["gap"]
    rng = np.random.default_rng(5)
    cuts = np.sort(rng.integers(0, audio.shape[1], 40))
    meter = Meter()
    for part in np.split(audio, cuts, axis=1):
        meter.add(part)
    assert abs(meter.integrated_lufs() - loudness.integrated_lufs(audio)) < 1e-9
    assert abs(meter.true_peak_dbtp() - loudness.true_peak_dbtp(audio)) < 1e-6


def test_silence_has_no_loudness_and_no_peak():
    silence = np.zeros((2, RATE), dtype=np.float32)
    assert loudness.integrated_lufs(silence) is None
    assert loudness.true_peak_dbtp(silence) is None
    assert loudness.loudness_range(silence) == 0.0
