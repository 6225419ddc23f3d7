"""What the modes promise, measured on rendered sound with meters that are not ours."""

import numpy as np
import pytest
from pyebur128 import MeasurementMode, R128State, get_loudness_global, get_loudness_range

from generation.analysis.measure import measure_recording, measure_stem
from generation.compose.values import Ask, Song, SongStem
from generation.compose.whole import onsets_of, plan
from generation.engine.render import render
from portal.demo.song import harbour

RATE = 48_000


@pytest.fixture(scope="module")
def material():
    """Two thirds of a minute of the demo's second piece, as a song and its samples."""
    sounds = {
        name: np.ascontiguousarray(make()[:, : 42 * RATE]) for name, make in harbour.STEMS.items()
    }
    stems = tuple(
        SongStem(name.ljust(64, "0"), name, measure_stem(sound, name))
        for name, sound in sounds.items()
    )
    together = measure_recording(list(sounds.values()), [stem.analysis for stem in stems])
    samples = {stem.digest: sounds[stem.label] for stem in stems}
    return Song(stems, together), samples


@pytest.fixture(scope="module")
def sound_of(material):
    song, samples = material
    made = {}

    def make(ask):
        if ask not in made:
            recipe = plan(ask, (song,), samples)
            made[ask] = render(
                recipe, samples, onsets_of((song,)), 0, recipe.length, with_windows=False
            ).audio
        return made[ask]

    return make


def onsets_a_second(sound):
    """Rises of 9 dB within 20 ms, in frames of 5 ms, of what is within 45 dB of the loudest."""
    power = (sound.astype(float) ** 2).sum(axis=0)
    frames = power[: len(power) // 240 * 240].reshape(-1, 240).mean(axis=1)
    level = 10 * np.log10(np.convolve(frames, [0.5, 0.5], "same") + 1e-9)
    hits = np.flatnonzero((level[4:] - level[:-4] >= 9) & (level[4:] > level.max() - 45))
    return np.count_nonzero(np.diff(hits, prepend=-99) > 10) / (sound.shape[1] / RATE)


def centroid(sound):
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    return (power * np.fft.rfftfreq(sound.shape[1], 1 / RATE)).sum() / power.sum()


def meter(sound):
    state = R128State(2, RATE, MeasurementMode.MODE_I | MeasurementMode.MODE_LRA)
    state.add_frames(np.ascontiguousarray(sound.T, dtype=np.float64).ravel(), sound.shape[1])
    return get_loudness_global(state), get_loudness_range(state)


def test_attacks_and_brightness_rise_with_energy(sound_of):
    made = [sound_of(Ask("remix", energy=e, seconds=24, vocals=True)) for e in (0.2, 0.5, 0.8)]
    attacks = [onsets_a_second(sound) for sound in made]
    bright = [centroid(sound) for sound in made]
    assert attacks[0] < attacks[1] < attacks[2]
    assert bright[0] < bright[1] < bright[2]
    assert attacks[2] / attacks[0] - 1 + bright[2] / bright[0] - 1 >= 0.25


def test_ambient_has_almost_no_attacks_and_its_exact_length(sound_of):
    sound = sound_of(Ask("ambient", seconds=23.4))
    assert sound.shape[1] == round(23.4 * RATE)
    assert onsets_a_second(sound) <= 0.2


def test_focus_stays_on_one_level(sound_of):
    sound = sound_of(Ask("focus", seconds=30))
    assert meter(sound[:, 10 * RATE :])[1] <= 5.0


def test_a_piece_ends_by_itself_and_is_as_loud_as_planned(sound_of):
    sound = sound_of(Ask("remix", energy=0.5, seconds=24, vocals=True))
    assert np.abs(sound[:, -RATE // 50 :]).max() < 0.01
    assert meter(sound)[0] == pytest.approx(-14.0, abs=1.0)


def test_no_silence_falls_into_the_middle(sound_of):
    sound = sound_of(Ask("remix", energy=0.5, seconds=24, vocals=True))
    body = sound[:, : -3 * RATE].astype(float)
    frames = (body[:, : body.shape[1] // 12_000 * 12_000] ** 2).sum(axis=0).reshape(-1, 12_000)
    assert 10 * np.log10(frames.mean(axis=1)).min() > -45
