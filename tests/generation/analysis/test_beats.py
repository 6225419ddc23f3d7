"""Beats and tempi from curves alone: the path is the best there is, free time gets no tempo."""

import numpy as np
import pytest

from benchmarks import synth
from generation.analysis import beats, tempo
from generation.analysis.listening import listen
from generation.analysis.spectrum import FRAMES_PER_S

RATE_HZ = 48_000


def bar_pointer(activation, periods):
    """Viterbi over every state of the bar-pointer model of Krebs, Boeck and Widmer (2015)."""
    firsts = np.concatenate([[0], np.cumsum(periods)[:-1]])
    phase = np.concatenate([np.arange(period) for period in periods])
    lane = np.repeat(np.arange(periods.size), periods)
    on, off = np.log(activation), np.log((1.0 - activation) / 13.0)
    is_beat = phase * 14 < periods[lane]
    apart = np.abs(np.log(periods[None, :] / periods[:, None]))
    reach = max(2, int(0.05 * periods[-1]))
    near = np.abs(np.arange(periods.size)[None, :] - np.arange(periods.size)[:, None]) <= reach
    change = np.where(near, -90.0 * apart, -np.inf)
    value = -np.log(periods[lane]) - np.log(periods.size)
    back = []
    for frame, (yes, no) in enumerate(zip(on, off, strict=True)):
        came = np.arange(value.size) - 1
        if frame:
            moved = value[np.maximum(came, 0)]
            arriving = value[firsts + periods - 1][:, None] + change
            moved[firsts] = arriving.max(axis=0)
            came[firsts] = (firsts + periods - 1)[arriving.argmax(axis=0)]
            value = moved
        back.append(came)
        value = value + np.where(is_beat, yes, no)
    state, found = int(value.argmax()), []
    for frame in range(len(back) - 1, -1, -1):
        if phase[state] == 0:
            found.append(frame)
        state = int(back[frame][state])
    return np.asarray(found[::-1])


@pytest.mark.parametrize("seed", range(6))
def test_path_is_the_best_of_the_whole_state_space(seed):
    rng = np.random.default_rng(seed)
    activation = np.clip(0.1 + 0.2 * rng.random(300), 0.02, 0.98)
    activation[np.cumsum(rng.integers(17, 22, 14))] = 0.9
    periods = np.arange(16, 24)
    assert np.array_equal(beats._best_path(activation, periods), bar_pointer(activation, periods))


@pytest.mark.parametrize("bpm", [62.0, 93.0, 128.0, 174.0])
def test_clicks_on_a_grid_get_its_tempo_and_places(bpm):
    line = np.zeros(20 * RATE_HZ, np.float32)
    places = np.arange(4_800.0, line.size - 4_800, 60.0 / bpm * RATE_HZ)
    for place in places:
        synth.lay(line, synth.kick(0.8), place)
    pulse = listen(np.stack([line, line])).pulse
    assert pulse.bpm is not None
    assert min(abs(pulse.bpm / bpm / times - 1.0) for times in (0.5, 1.0, 2.0)) < 2e-3
    off = np.abs(pulse.grid[:, None] - places[None, :]).min(axis=1)
    assert np.median(off) < 0.002 * RATE_HZ or pulse.bpm > 1.5 * bpm


def test_free_time_gets_no_sure_tempo():
    rng = np.random.default_rng(11)
    line, at = np.zeros(40 * RATE_HZ, np.float32), 0.3
    while at < 39.0:
        synth.lay(line, synth.keys(60 + int(rng.integers(12)), 0.9), at * RATE_HZ)
        at += 0.55 * np.exp(rng.normal(0.0, 0.4))
    pulse = listen(np.stack([line, line])).pulse
    assert pulse.bpm is None
    assert pulse.sure < 0.3


def test_dotted_pulse_of_even_halves_is_not_taken_for_the_beat():
    found = [tempo.Tempo(100.0, 0.80, 0.71), tempo.Tempo(150.0, 0.87, 0.69)]
    found.append(tempo.Tempo(75.0, 0.91, 0.65))
    assert tempo._even_first(found)[0].bpm == 150.0
    assert tempo._even_first(found[:2])[0].bpm == 100.0


def test_curve_shorter_than_two_beats_has_none():
    assert beats.track(np.ones(int(FRAMES_PER_S)), 60.0).size == 0
