"""Loops in lanes against plain numpy and scipy: transform, reading at a ratio, peaks, envelope."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import maximum_filter1d
from scipy.signal import sosfreqz

from generation.engine.eq import sections_of
from generation.engine.fourier import plan_of, rows_of, transform, transform_cut, transform_laid
from generation.engine.frames import tops
from generation.engine.phases import (
    LEAD,
    angle_of,
    borders,
    crests,
    halfway,
    is_silent,
    turn,
    weigh,
)
from generation.engine.render import render
from generation.engine.resample import RATIOS, feed, ratio_of, reading_of
from generation.engine.stretch import MANNERS, lens_of
from generation.recipe import Band, Clip, Strip
from tests.generation.engine.material import RATE, chord, plain_recipe

RNG = np.random.default_rng(3)


def spectrum_of(frame):
    rows = rows_of(6, frame.size)
    real, imag = rows[0, : frame.size], rows[1, : frame.size]
    real[:], imag[:] = frame.real, frame.imag
    transform(real, imag, rows[2:], plan_of(frame.size))
    return real + 1j * imag


@pytest.mark.parametrize("size", [2_048, 4_096, 8_192])
def test_a_transform_is_numpys_within_rounding(size):
    frame = RNG.standard_normal(size) + 1j * RNG.standard_normal(size)
    ideal = np.fft.fft(frame)
    assert np.abs(spectrum_of(frame) - ideal).max() < 1e-6 * np.abs(ideal).max()


@pytest.mark.parametrize("size", [2_048, 4_096, 8_192])
def test_a_frame_cut_and_laid_on_its_way_through_a_transform_has_the_bits_of_one_by_one(size):
    sound = RNG.standard_normal((2, size)).astype(np.float32)
    window, below = RNG.uniform(0.0, 1.0, (2, size)).astype(np.float32)
    rows, apart = rows_of(6, size), rows_of(6, size)
    real, imag = rows[0, :size], rows[1, :size]
    real[:], imag[:] = sound * window
    transform(real, imag, rows[2:], plan_of(size))
    cut = apart[0, :size], apart[1, :size]
    transform_cut(*sound, window, *cut, apart[2:], plan_of(size))
    assert np.array_equal(cut, (real, imag))
    left, right = below.copy(), below.copy()
    transform_laid(*cut, apart[2:], plan_of(size), window, left, right)
    transform(real, imag, rows[2:], plan_of(size))
    # Rounded once: a product of two float32 numbers fits a float64.
    for laid, line in ((left, real), (right, imag)):
        assert np.array_equal(laid, (line.astype(np.float64) * window + below).astype(np.float32))


def test_a_frame_is_silent_when_no_sample_is_above_the_bound_under_its_window():
    window = np.hanning(2_048).astype(np.float32)
    for place, is_heard in ((0, False), (1, False), (1_023, True), (1_700, True), (2_047, False)):
        sound = np.zeros((2, 2_048), dtype=np.float32)
        assert is_silent(*sound, window)
        sound[place % 2, place] = 1e-5
        assert is_silent(*sound, window) != is_heard


@pytest.mark.parametrize("size", [0, 1_024, 4_400, 16_384])
def test_a_size_that_is_not_taken_is_refused(size):
    with pytest.raises(ValueError, match="A frame has"):
        plan_of(size)


def read(stem, p, q, lo, count):
    how = reading_of(p, q)
    first = lo // how.block
    blocks = -(-(lo + count) // how.block) - first
    out = np.zeros((2, blocks * how.block + 16), dtype=np.float32)
    feed(stem, how.rows, how.places, how.p, how.q, first, blocks, how.room(), out, 0)
    return out[:, lo - first * how.block :][:, :count]


@pytest.mark.parametrize("semitones", [-12, -7, -1, 1, 5, 12])
def test_what_is_read_at_a_ratio_is_the_same_wave_faster_or_slower(semitones):
    p, q = ratio_of(semitones)
    stem = chord(2, (1_000.0,))
    places = (20_000 + np.arange(16_384)) * p / q
    ideal = 0.1 * np.sin(2 * np.pi * 1_000.0 * places / RATE + 1_000.0)
    inside = places < stem.shape[1] - 64
    off = (read(stem, p, q, 20_000, 16_384)[0] - ideal)[inside]
    assert 10 * np.log10(np.mean(ideal**2) / np.mean(off**2)) > 70


def test_ratios_are_semitones_within_eleven_hundredths_of_a_cent():
    for semitones, (p, q) in RATIOS.items():
        assert abs(1200 * np.log2(p / q) - 100 * semitones) < 0.11


def test_beyond_the_stem_there_is_silence_and_a_cut_changes_nothing():
    stem = chord(1)
    whole = read(stem, 55, 49, -1_600, 48_000)
    assert not whole[:, :1_500].any()
    assert not whole[:, 44_500:].any()
    parts = [read(stem, 55, 49, -1_600 + lo, 4_800) for lo in range(0, 48_000, 4_800)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def power_of(frame):
    real, imag = frame.real.astype(np.float32), frame.imag.astype(np.float32)
    power = np.zeros(frame.size // 2 + 1 + 3 * LEAD + 16, dtype=np.float32)
    return power, weigh(real, imag, power)


def test_power_is_that_of_both_channels_doubled():
    size = 2_048
    frame = np.fft.fft(RNG.standard_normal(size) + 1j * RNG.standard_normal(size))
    mirrored = np.roll(frame[::-1], 1)[: size // 2 + 1]
    ideal = np.abs(frame[: size // 2 + 1]) ** 2 + np.abs(mirrored) ** 2
    power, loudest = power_of(frame)
    assert power[LEAD : LEAD + size // 2 + 1] == pytest.approx(ideal, rel=1e-5)
    assert loudest == pytest.approx(ideal.max(), rel=1e-5)


@pytest.mark.parametrize("reach", [2, 4])
def test_regions_end_at_the_weakest_bin_between_two_peaks(reach):
    half = 1_024
    power = np.zeros(half + 1 + 3 * LEAD + 16, dtype=np.float32)
    p = power[LEAD : LEAD + half + 1]
    p[:] = RNG.integers(1, 40, half + 1)  # many ties
    peaks, edges, spare = (np.zeros(half + 32, dtype=np.int32) for _ in range(3))
    count = crests(power, half, 5.0, reach, peaks)
    around = [np.r_[p[max(0, k - reach) : k], -1] for k in range(half + 1)]
    wanted = [
        k
        for k in range(2, half - 1)
        if p[k] >= 5 and p[k] > around[k].max() and p[k] >= power[LEAD + k :][: reach + 1].max()
    ]
    assert peaks[:count].tolist() == wanted
    borders(power, half, peaks, count, spare, edges)
    weakest = [a + 1 + int(p[a + 1 : b].argmin()) for a, b in pairwise(wanted)]
    assert edges[: count + 1].tolist() == [0, *weakest, half + 1]


def test_regions_may_end_midway_between_two_peaks():
    peaks = np.array([10, 14, 19, 400], dtype=np.int32)
    edges = np.full(6, -1, dtype=np.int32)
    halfway(1_024, peaks, 4, edges)
    assert edges[:5].tolist() == [0, 12, 17, 210, 1_025]


@pytest.mark.parametrize("name", MANNERS)
@pytest.mark.parametrize("size", [2_048, 4_096, 8_192])
def test_windows_laid_over_each_other_add_up_to_one(name, size):
    lens = lens_of(size, MANNERS[name])
    assert lens.hop % 16 == 0
    total = np.zeros(8 * size)
    for begin in range(0, 7 * size, lens.hop):
        total[begin : begin + size] += size * lens.analysis.astype(float) * lens.synthesis
    assert np.abs(total[size : 6 * size] - 1.0).max() < 1e-6


def test_angles_agree_with_numpy_all_around():
    turns = np.linspace(-(2**31), 2**31 - 1, 4_001)
    ideal = np.exp(2j * np.pi * turns / 2**32)
    angles = np.array([angle_of(np.float32(z.imag), np.float32(z.real)) for z in ideal])
    off = (angles - turns / 2**32 + 0.5) % 1.0 - 0.5
    assert np.abs(off).max() < 2e-7


def test_bins_turn_by_their_counts_and_their_mirror_images_turn_back():
    size, half = 8_192, 4_096
    turns = np.zeros(half + 32, dtype=np.int32)
    turns[: half + 1] = np.linspace(-(2**31), 2**31 - 1, half + 1).astype(np.int64)
    gains = np.ones(half + 32, dtype=np.float32)
    gains[: half + 1] = RNG.uniform(0.5, 2.0, half + 1)
    frame = RNG.standard_normal(size) + 1j * RNG.standard_normal(size)
    out = np.zeros((2, size), dtype=np.float32)
    real, imag = frame.real.astype(np.float32), frame.imag.astype(np.float32)
    turn(real, imag, turns, gains, out[0], out[1])
    ideal = gains[: half + 1] * np.exp(2j * np.pi * turns[: half + 1].astype(np.float64) / 2**32)
    ideal[[0, half]] = ideal[[0, half]].real
    whole = frame * np.concatenate((ideal, ideal[1:-1][::-1].conj()))
    assert np.abs(out[0] + 1j * out[1] - whole).max() < 1e-4


@pytest.mark.parametrize("width", [2, 9, 17])
def test_the_tops_of_a_spectrum_reach_no_further_than_asked(width):
    bins = 513
    power = np.zeros(bins + 3 * LEAD, dtype=np.float32)
    power[LEAD : LEAD + bins] = RNG.random(bins)
    rising, falling, found = (np.zeros(bins, dtype=np.float32) for _ in range(3))
    tops(power, bins, width, rising, falling, found)
    ideal = maximum_filter1d(power[LEAD : LEAD + bins], 2 * width + 1, mode="constant", cval=0.0)
    assert np.array_equal(found, ideal)


@pytest.mark.parametrize("hertz", [120.0, 900.0, 6_000.0])
def test_an_equalizer_in_the_spectrum_gives_what_scipys_filter_gives(hertz):
    bands = (
        Band("low_shelf", 150.0, 4.0),
        Band("peak", 1e3, -6.0),
        Band("high_shelf", 5e3, 3.0),
    )
    stem = chord(3, (hertz,))
    length, anchors = 2 * RATE, ((0, 0), (2 * RATE, round(2.2 * RATE)))
    levels = []
    for strips in ((), (Strip(0, 0, 0.0, 0.0, bands),)):
        clip = Clip(0, "vocoder/3", 0, length, anchors, 0, 4_096)
        recipe = plain_recipe(length, {"a": stem}, [clip], strips=strips)
        out = render(recipe, {"a": stem}, {}, 0, length, with_parts=False).audio[0, RATE // 2 :]
        levels.append(np.sqrt(np.mean(out[:RATE].astype(np.float64) ** 2)))
    rows = [(b0, b1, b2, 1.0, a1, a2) for b0, b1, b2, a1, a2 in sections_of(bands)]
    ideal = np.abs(sosfreqz(np.array(rows), [hertz], fs=RATE)[1][0])
    assert 20 * np.log10(levels[1] / levels[0]) == pytest.approx(20 * np.log10(ideal), abs=0.1)
