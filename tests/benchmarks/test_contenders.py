"""What the contenders are given is the engine's own job."""

import re

import numpy as np
import pytest

from benchmarks.job import DESK, RATE, ROOM, make_recipe, make_stems, newest
from benchmarks.listening import click_stem
from benchmarks.peers_env import wanted
from benchmarks.peers_ffmpeg import by_atempo, desk_of, impulse_response
from generation.engine.checking import check
from generation.engine.clips import PROCESSORS


@pytest.mark.parametrize(("speed", "semitones"), [(1.1, 2), (0.9, -5), (1.0, 12)])
def test_the_atempo_graph_plays_at_the_pace_and_pitch_asked(speed, semitones):
    graph = by_atempo(speed, semitones)
    rate = int(re.search(r"asetrate=(\d+)", graph)[1])
    tempo = float(re.search(r"atempo=([\d.]+)", graph)[1])
    assert rate / RATE == pytest.approx(2 ** (semitones / 12), rel=1e-4)
    assert rate / RATE * tempo == pytest.approx(speed, rel=1e-4)


def test_a_graph_has_a_filter_for_every_band_and_compressor_of_the_desk():
    for desk in DESK.values():
        graph = desk_of(desk)
        assert len(re.findall("bass=|treble=|equalizer=", graph)) == len(desk.bands)
        assert ("acompressor" in graph) is (desk.compressor is not None)


def test_the_room_given_to_ffmpeg_is_the_recipes_room():
    room = impulse_response().astype(np.float64)
    ahead = round(ROOM.predelay_ms * RATE / 1e3)
    assert not room[:, :ahead].any()
    assert (room**2).sum(axis=1) == pytest.approx([1.0, 1.0], rel=1e-6)
    first, last = room[:, ahead : ahead + 4_800].std(), room[:, -4_800:].std()
    assert 20 * np.log10(last / first) == pytest.approx(-60 * 1.5 / 1.6, abs=1.0)


def test_the_job_is_a_recipe_the_engine_accepts():
    stems, onsets = make_stems(4.0)
    recipe = make_recipe(stems)
    check(recipe, stems)
    assert len(recipe.sources) == 5
    assert len(onsets["drums"][0]) == len(onsets["drums"][1]) > 10


def test_the_newest_version_of_a_processor_is_taken():
    assert newest("vocoder") in PROCESSORS
    assert newest("slices") in PROCESSORS


def test_clicks_stand_alone_and_where_they_are_said_to_be():
    stem, (places, _) = click_stem(4.0)
    assert np.array_equal(np.flatnonzero(stem[0]), places)
    assert np.diff(places).min() >= 9_600


def test_every_contender_is_named_with_one_exact_version():
    assert len(wanted()) >= 4
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", one) for one in wanted())
