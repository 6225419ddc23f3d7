"""Hits stay hits wherever they are moved; grains follow from their seed."""

import numpy as np
import pytest

from generation.engine.render import render
from generation.recipe import Clip, Grains, Note
from tests.generation.engine.material import RATE, chord, noise, plain_recipe, stereo


def clicks(seconds, every):
    signal = np.zeros(int(seconds * RATE))
    places = np.arange(6_000, len(signal) - 2_000, every)
    for place in places:
        signal[place : place + 24] = 0.5 * np.cos(np.arange(24) * 0.9) * np.exp(-np.arange(24) / 8)
    return stereo(signal), (places.astype(np.int64), np.full(len(places), 30.0))


@pytest.mark.parametrize("slope", [0.7, 124 / 112, 1.6])
def test_a_moved_click_keeps_its_energy_within_a_millisecond(slope):
    length = 4 * RATE
    stem, onsets = clicks(4 * slope + 1, 11_025)
    clip = Clip(0, "slices/1", 0, length, ((0, 0), (length, round(length * slope))))
    recipe = plain_recipe(length, {"a": stem}, [clip])
    out = render(recipe, {"a": stem}, {"a": onsets}, 0, length).audio[0].astype(np.float64)
    wanted = onsets[0] / slope
    near = before = 0.0
    for place in wanted[wanted < length - 2_000].round().astype(int):
        near += (out[place - 48 : place + 48] ** 2).sum()
        before += (out[place - 1_000 : place - 48] ** 2).sum()
    assert near >= 0.97 * (out[: length - 2_000] ** 2).sum()
    assert before <= 0.01 * near


def test_stretched_tails_keep_their_level():
    length, slope = 4 * RATE, 0.8
    stem = noise(5)
    onsets = (np.arange(12_000, 4 * RATE, 24_000), np.full(8, 12.0))
    clip = Clip(0, "slices/1", 0, length, ((0, 0), (length, round(length * slope))))
    recipe = plain_recipe(length, {"a": stem}, [clip])
    out = render(recipe, {"a": stem}, {"a": onsets}, 0, length).audio
    assert abs(20 * np.log10(out.std() / stem.std())) < 1.5


def test_grains_follow_from_their_seed_alone():
    stem, length = noise(4), 2 * RATE

    def strewn(seed):
        grains = Grains(120.0, 30.0, 200.0, 0.8, seed)
        clip = Clip(0, "granular/1", 0, length, ((0, 0), (length, length // 2)), grains=grains)
        recipe = plain_recipe(length, {"a": stem}, [clip])
        return render(recipe, {"a": stem}, {}, 0, length).audio

    assert np.array_equal(strewn(5), strewn(5))
    assert not np.array_equal(strewn(5), strewn(6))
    assert 0.25 < strewn(5).std() / stem.std() < 4.0


def test_grains_that_stand_still_hold_a_moment_of_a_glide():
    """A freeze: the map does not move, so the pitch stays where it was at that moment."""
    seconds, length = 6, 4 * RATE
    time = np.arange(seconds * RATE) / RATE
    stem = stereo(0.2 * np.sin(2 * np.pi * (300 * time + 50 * time**2)))
    grains = Grains(150.0, 40.0, 15.0, 0.3, 9)
    anchors = ((0, 3 * RATE), (length, 3 * RATE))
    clip = Clip(0, "granular/1", 0, length, anchors, grains=grains)
    recipe = plain_recipe(length, {"a": stem}, [clip])
    out = render(recipe, {"a": stem}, {}, 0, length).audio[0]
    for start in (RATE, 2 * RATE, 3 * RATE - 24_000):
        part = out[start : start + 24_000].astype(float)
        power = np.abs(np.fft.rfft(part * np.hanning(24_000))) ** 2
        center = (power * np.arange(len(power))).sum() / power.sum() * 2.0
        assert abs(1_200 * np.log2(center / 600.0)) < 25
        assert part.std() > 0.02


def test_a_note_plays_its_slice_at_its_pitch():
    stem = chord(2, (440.0,))
    note = Note(0, 4_800, 30_000, 12_000, 80_000, 7, 0.0, "net")
    recipe = plain_recipe(RATE, {"a": stem}, [], notes=(note,))
    out = render(recipe, {"a": stem}, {}, 0, RATE).audio[0]
    assert not out[:4_800].any()
    assert not out[34_800:].any()
    spectrum = np.abs(np.fft.rfft(out[8_000:32_000] * np.hanning(24_000)))
    assert abs(spectrum.argmax() * 2.0 - 440.0 * 2 ** (7 / 12)) <= 2.0
