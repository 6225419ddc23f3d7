"""EQ, dynamics, room and limiter against scipy and libebur128."""

import numpy as np
import pyebur128
import pytest
from scipy.signal import fftconvolve, sosfilt

from generation.engine import console, dynamics, eq
from generation.engine.render import render
from generation.engine.reverb import impulse
from generation.recipe import Band, Bus, Clip, Compressor, Limiter, OutOfRange, Reverb, Strip
from tests.generation.engine.material import RATE, chord, hits, noise, plain_recipe

LOW = Limiter(ceiling_dbtp=0.0)


def through(stem, strip, bus=None, gain_db=0.0):
    length = stem.shape[1]
    clip = Clip(0, "vocoder/1", 0, length, ((0, 0),))
    recipe = plain_recipe(
        length, {"a": stem}, [clip], strips=(strip,), bus=bus or Bus(None, None, LOW),
        gain_db=gain_db,
    )  # fmt: skip
    return render(recipe, {"a": stem}, {}, 0, length).audio.astype(np.float64)


@pytest.mark.parametrize(
    "band",
    [
        Band("low_shelf", 90.0, 4.0),
        Band("peak", 1_000.0, -6.0, 1.4),
        Band("high_shelf", 8_000.0, 3.0),
    ],
)
def test_a_band_is_the_filter_scipy_makes_of_it(band):
    stem = noise(1.5)
    b0, b1, b2, a1, a2 = eq.coefficients(band)
    wanted = sosfilt([[b0, b1, b2, 1.0, a1, a2]], stem.astype(np.float64), axis=1)
    got = through(stem, Strip(0, 0, 0.0, 0.0, (band,)))
    assert np.abs(got - wanted).max() < 2e-5 * np.abs(wanted).max()


def test_a_band_has_its_gain_where_it_says():
    for band in (Band("peak", 500.0, 5.0, 1.0), Band("low_shelf", 4_000.0, -6.0)):
        b0, b1, b2, a1, a2 = eq.coefficients(band)
        at = 500.0 if band.kind == "peak" else 20.0
        z = np.exp(-2j * np.pi * at / RATE)
        gain = abs((b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z))
        assert abs(20 * np.log10(gain) - band.gain_db) < 0.05


def test_a_band_that_rings_too_long_is_refused():
    with pytest.raises(OutOfRange):
        eq.coefficients(Band("peak", 25.0, 3.0, 20.0))


def test_a_compressor_brings_a_steady_tone_down_by_its_ratio():
    stem = chord(3, (1_000.0,), level=0.5)[:, : 3 * RATE]
    stem[1] = stem[0]
    level = 20 * np.log10(0.5 / np.sqrt(2))
    squeeze = Compressor(level - 12.0, 4.0, 5.0, 100.0)
    out = through(stem, Strip(0, 0, 0.0, 0.0, (), squeeze))[0, 2 * RATE :]
    change = 20 * np.log10(out.std() / stem[0, 2 * RATE :].std())
    assert abs(change + 12.0 * (1 - 1 / 4)) < 0.1


def test_a_reduction_owes_nothing_beyond_its_memory():
    levels = np.random.default_rng(4).integers(-6_000, 0, 4_000).astype(np.int32)
    squeeze = Compressor(-30.0, 4.0, 20.0, 40.0)
    lead = dynamics.compressor_memory(squeeze) // dynamics.STEP
    whole = dynamics.compressor_gain(squeeze, levels, lead)
    late = dynamics.compressor_gain(squeeze, levels[1_000:], lead)
    assert np.array_equal(whole[1_000 * dynamics.STEP :], late)


def test_a_gain_given_by_steps_pours_the_bits_of_the_line_through_them():
    rng = np.random.default_rng(5)
    sound = rng.standard_normal((2, 640)).astype(np.float32)
    gains = rng.uniform(0.1, 1.0, 11).astype(np.float32)
    below = rng.standard_normal((3, 640)).astype(np.float32)
    by_steps, by_samples = below.copy(), below.copy()
    console.pour_steps(sound, gains, 0.7, 1.1, 0.3, 320, by_steps)
    line = dynamics.spread(gains, dynamics.STEP)
    console.pour(sound, line, 0.7, 1.1, 0.3, 320, by_samples)
    assert np.array_equal(by_steps, by_samples)
    steps = np.arange(641) / dynamics.STEP
    assert np.allclose(line, np.interp(steps[:-1], np.arange(11), gains), atol=1e-6)
    left = 0.7 * sound[0] * line
    assert np.allclose(by_steps[0], left + np.where(np.arange(640) < 320, below[0], 0.0), atol=1e-5)


def test_a_compressor_pours_the_bits_of_its_gains():
    rng = np.random.default_rng(8)
    by, memory, steps = Compressor(-30.0, 4.0, 20.0, 400.0, 2.0), 90, 40
    levels = rng.integers(-6_000, 0, memory + steps).astype(np.int32)
    sound = rng.standard_normal((2, steps * dynamics.STEP)).astype(np.float32)
    at_once, by_steps = np.ones((2, 3, sound.shape[1]), dtype=np.float32)
    where = 0.7, 1.1, 0.3, 640
    console.pour_squeezed(sound, levels, dynamics.squeeze_of(by), memory, *where, at_once)
    gains = dynamics.compressor_steps(by, levels, memory)
    console.pour_steps(sound, gains, *where, by_steps)
    assert gains.min() < 0.9
    assert np.array_equal(at_once, by_steps)


def test_a_limiter_holds_the_most_that_the_steps_about_it_ask():
    over = np.random.default_rng(6).integers(0, 900, 257).astype(np.int32)
    for ahead in (1, 2, 3, 8, 15):
        held = np.empty_like(over)
        dynamics.hold(over, ahead, held)
        wanted = [over[max(0, j - 1) : j + ahead].max() for j in range(len(over))]
        assert held.tolist() == wanted


@pytest.mark.parametrize("ceiling", [0.2, 0.5, 0.9])
def test_steps_that_cannot_reach_the_ceiling_are_left_out_and_no_other(ceiling):
    rng = np.random.default_rng(7)
    margin, steps = dynamics.PEAK_TAPS, 400
    size = 2 * margin + steps * dynamics.LIMIT_STEP
    swell = 0.5 - 0.5 * np.cos(np.linspace(0.0, 12.0 * np.pi, size))
    sound = (rng.uniform(-1.0, 1.0, (2, size)) * swell).astype(np.float32)
    exact, quick = np.empty((2, steps), dtype=np.int32)
    dynamics.measure_peaks(sound, margin, dynamics.PHASES, exact, 0.0)
    dynamics.measure_peaks(sound, margin, dynamics.PHASES, quick, ceiling)
    reaches = exact > np.floor(2_000.0 * np.log10(ceiling))
    assert np.array_equal(quick[reaches], exact[reaches])
    left_out = quick != exact
    assert left_out.any()
    assert (quick[left_out] == dynamics.FLOOR).all()


def test_pan_and_gain_change_level_only():
    stem = noise(0.5)
    out = through(stem, Strip(0, 0, -6.0, 0.0))
    assert np.allclose(out, stem * 10 ** (-6 / 20), atol=1e-6)
    left = through(stem, Strip(0, 0, 0.0, -1.0))
    assert not left[1].any()


def test_the_room_is_one_linear_filter():
    stem = noise(1.5)
    room = Reverb("reverb/1", 0.6, 15.0, 5_000.0, -3.0, 9)
    strip = Strip(0, 0, 0.0, 0.0, (), None, -6.0)
    wet = through(stem, strip, Bus(room, None, LOW)) - stem
    send = 0.5 * (stem[0] + stem[1]).astype(np.float64) * 10 ** (-6 / 20)
    for channel, response in enumerate(impulse(room).astype(np.float64)):
        wanted = fftconvolve(send, response)[: stem.shape[1]]
        assert np.abs(wet[channel] - wanted).max() < 1e-5 * np.abs(wanted).max() + 1e-6


def true_peak(audio):
    state = pyebur128.R128State(2, RATE, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    samples = np.ascontiguousarray(audio.T, dtype=np.float32)
    state.add_frames(samples.ravel(), len(samples))
    return 20 * np.log10(max(pyebur128.get_true_peak(state, channel) for channel in (0, 1)))


@pytest.mark.parametrize("gain_db", [6.0, 18.0])
def test_the_limiter_holds_its_ceiling_in_true_peaks(gain_db):
    drums, _ = hits(3)
    out = through(drums + noise(3), Strip(0, 0, 0.0), Bus(None, None, Limiter()), gain_db)
    assert true_peak(out) <= -1.4
    assert true_peak(out) >= -2.5


def test_quiet_sound_passes_the_limiter_untouched():
    stem = noise(1)
    assert np.array_equal(through(stem, Strip(0, 0, 0.0), Bus(None, None, Limiter())), stem)


def test_a_section_changes_without_a_click():
    stem = chord(2, (100.0,), 0.3)
    length = stem.shape[1]
    from generation.recipe import Section

    recipe = plain_recipe(
        length, {"a": stem}, [Clip(0, "vocoder/1", 0, length, ((0, 0),))],
        sections=(Section("A", 0, 50_000, 0.2), Section("B", 50_000, length, 0.8)),
        strips=(Strip(0, 0, 0.0), Strip(0, 1, -12.0)),
    )  # fmt: skip
    out = render(recipe, {"a": stem}, {}, 0, length).audio[0].astype(np.float64)
    assert np.abs(np.diff(out)).max() <= 1.1 * np.abs(np.diff(stem[0])).max()
    assert abs(20 * np.log10(out[60_000:].std() / stem[0, 60_000:].std()) + 12) < 0.1
