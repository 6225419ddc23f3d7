"""What a recipe states of its past and future is honest: nothing beyond it changes a bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.engine.clips import PROCESSORS
from generation.engine.memory import REACH, lookahead_of, memory_of, reach_of, room_samples
from generation.engine.plan import Planned, with_plan
from generation.engine.render import render
from generation.engine.reverb import Room
from generation.recipe import (
    Band,
    Bus,
    Clip,
    Compressor,
    Grains,
    Limiter,
    Note,
    Reverb,
    Section,
    Strip,
    UnknownProcessor,
)
from tests.generation.engine.material import RATE, busy, chord, hits, noise, plain_recipe

LENGTH = 160_000
SEAM = 40_000
OWN = ((0, 0),)
SLOWER = ((0, 0), (LENGTH, 150_000))
GRAINS = Grains(60.0, 30.0, 20.0, 0.5, 7)
# More than a grain's half length, spread and taps, in samples of the stem.
STREWN = 1_440 + 960 + 16
QUICK = Compressor(-30.0, 3.0, 4.0, 900.0)
BUS = Bus(
    Reverb("reverb/1", 0.1, 5.0, 4_000.0, 0.0, 5),
    Compressor(-24.0, 2.0, 5.0, 700.0),
    Limiter(release_db_per_s=1_000.0),
)
DRUMS, PLACES = hits(4)
STEMS = {"a": chord(4), "b": DRUMS, "c": noise(4), "d": noise(4, 0.1)}
# The chord starts afresh so often that its phase comes from nearby.
AFRESH = 8_000
STRUCK = np.arange(AFRESH, 4 * RATE, AFRESH)
ONSETS = {"a": (STRUCK, np.full(len(STRUCK), 20.0)), "b": PLACES}
# What a frame reads of its stem either side, taps and one frame's step included.
FRAME = 1_024 + 16 + 688


def desk(bus=BUS):
    """Frames, slices, grains, notes and a stem as it is, through EQ, compressors, room, limiter."""
    bright = (Band("high_shelf", 5_000.0, 4.0), Band("peak", 400.0, -3.0, 1.0))
    strips = tuple(
        Strip(source, section, -2.0 * section, 0.1 * source, bright, QUICK, -8.0)
        for source in range(4)
        for section in range(2)
    )
    return plain_recipe(
        LENGTH,
        STEMS,
        (
            Clip(0, "vocoder/3", 0, LENGTH, SLOWER, window=2_048),
            Clip(1, "slices/1", 0, LENGTH, SLOWER),
            Clip(2, "granular/1", 0, LENGTH, SLOWER, 3, grains=GRAINS),
            Clip(3, "vocoder/3", 0, 30_000, OWN, fade_out=2_000),
        ),
        sections=(Section("A", 0, SEAM, 0.5), Section("B", SEAM, LENGTH, 0.5)),
        strips=strips,
        bus=bus,
        gain_db=14.0,
        notes=(Note(3, 20_000, 12_000, 9_000, 30_000, 4, 0.0, "net"),),
    )


RECIPE = desk()
MEMORY, AHEAD = memory_of(RECIPE), lookahead_of(RECIPE)
SAME = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def heard(recipe, stems, start):
    """Sound and parts of a stretch, without any cache."""
    rendered = render(recipe, stems, ONSETS, start, start + 1_500, with_windows=False)
    return np.concatenate((rendered.audio[None], rendered.parts))


def loud(stem, begin, end):
    """The stem with something else, and far louder, in [begin, end)."""
    out = stem.copy()
    out[:, begin:end] = 20.0 * np.sign(np.sin(np.arange(begin, end)))
    return out


def slice_begin(moment):
    """The first sample of the stem that the slice sounding at `moment`, or its tail, may read."""
    source = moment * 150_000 // LENGTH
    return int(PLACES[0][PLACES[0] <= source][-1]) - 96 - 480


@SAME
@given(start=st.integers(SEAM + MEMORY, LENGTH - 1_500))
def test_what_the_stems_hold_before_the_memory_changes_no_bit(start):
    far = start - MEMORY
    there = far * 150_000 // LENGTH
    other = {
        "a": loud(STEMS["a"], 0, there - FRAME - AFRESH),
        "b": loud(STEMS["b"], 0, slice_begin(far)),
        "c": loud(STEMS["c"], 0, there - STREWN),
        "d": loud(STEMS["d"], 0, far),
    }
    assert np.array_equal(heard(RECIPE, other, start), heard(RECIPE, STEMS, start))


@SAME
@given(start=st.integers(SEAM + MEMORY, LENGTH - 1_500))
def test_what_is_laid_before_the_memory_changes_no_bit(start):
    other = replace(
        RECIPE,
        clips=RECIPE.clips[:3],
        notes=(),
        strips=tuple(
            replace(strip, gain_db=9.0, eq=(), send_db=None) if strip.section == 0 else strip
            for strip in RECIPE.strips
        ),
    )
    assert np.array_equal(heard(other, STEMS, start), heard(RECIPE, STEMS, start))


@SAME
@given(start=st.integers(0, LENGTH - 1_500 - AHEAD - 12_000))
def test_what_the_stems_hold_beyond_the_look_ahead_changes_no_bit(start):
    far = start + 1_500 + AHEAD
    there = far * 150_000 // LENGTH
    last = STEMS["a"].shape[1]
    other = {
        "a": loud(STEMS["a"], there + FRAME, last),
        # A whole slice further, and the run-up of the one behind it.
        "b": loud(STEMS["b"], there + 12_000, last),
        "c": loud(STEMS["c"], there + STREWN, last),
        "d": loud(STEMS["d"], far, last),
    }
    assert np.array_equal(heard(RECIPE, other, start), heard(RECIPE, STEMS, start))


SLOW = Compressor(-20.0, 20.0, 5.0, 25.0)
IDLE = Limiter(ceiling_dbtp=0.0, release_db_per_s=1_000.0)
STAGES = {
    "room": (
        Strip(0, 0, -40.0, send_db=0.0),
        Bus(Reverb("reverb/1", 1.2, 0.0, 4e3, 0.0, 5), None, IDLE),
    ),
    "strip": (Strip(0, 0, -40.0, compressor=SLOW), Bus(None, None, IDLE)),
    "bus": (Strip(0, 0, 0.0), Bus(None, SLOW, IDLE)),
    "limiter": (Strip(0, 0, 0.0), Bus(None, None, Limiter(release_db_per_s=25.0))),
}


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_is_heard_nearly_as_far_back_as_the_memory_says(name):
    strip, bus = STAGES[name]
    clip = Clip(0, "vocoder/3", 0, LENGTH, OWN)
    quiet = {"a": np.full((2, LENGTH), 1e-2, dtype=np.float32)}
    struck = {"a": loud(quiet["a"], 20_000, 20_400)}
    recipe = plain_recipe(LENGTH, quiet, [clip], strips=(strip,), bus=bus)
    pair = [render(recipe, stems, {}, 0, LENGTH).audio for stems in (quiet, struck)]
    last = int(np.flatnonzero((pair[0] != pair[1]).any(axis=0))[-1])
    assert 0.7 * memory_of(recipe) < last - 20_400 <= memory_of(recipe)


def test_every_clip_processor_says_how_far_it_reaches():
    assert set(PROCESSORS) <= set(REACH)
    with pytest.raises(UnknownProcessor):
        reach_of(Clip(0, "vocoder/9", 0, 10, OWN))


def test_a_room_is_as_long_as_its_blocks():
    for seconds, predelay in ((0.05, 0.0), (0.8, 20.0), (2.4, 24.0)):
        reverb = Reverb("reverb/1", seconds, predelay, 4_000.0, 0.0, 1)
        assert room_samples(reverb) == (Room(reverb).blocks + 1) * 4_096


def test_a_planned_recipe_states_its_memory_and_an_unplanned_one_none():
    recipe, _, _ = busy()
    planned = with_plan(recipe, Planned(3.0, -14.0))
    assert recipe.memory == 0
    assert planned.memory == memory_of(recipe) == memory_of(planned)


def test_the_frames_of_a_tonal_clip_are_counted():
    stems = {"a": chord(3)}
    still = plain_recipe(2 * RATE, stems, [Clip(0, "granular/1", 0, 9, OWN, grains=GRAINS)])
    for processor in ("vocoder/1", "vocoder/2", "vocoder/3"):
        for window, semitones in ((2_048, 12), (8_192, -12), (4_096, 0)):
            clip = Clip(0, processor, 0, RATE, SLOWER, semitones, window)
            recipe = plain_recipe(2 * RATE, stems, [clip])
            more = memory_of(recipe) - memory_of(still) + reach_of(still.clips[0])
            assert window * 0.5 < more < window
