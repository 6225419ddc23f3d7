"""From a stem of known notes to a rendered line: in tune, on time, without clicks, as foreseen."""

from dataclasses import replace

import numpy as np
import pytest

from generation.analysis.likeness import likeness_of
from generation.analysis.measure import measure_stem
from generation.compose.retrieval import Bank, Wanted, play
from generation.engine.loudness import integrated_lufs
from generation.engine.plan import plan_gain, with_plan
from generation.engine.render import render
from generation.recipe import Bus, Limiter, Recipe, Section, Source
from tests.generation.analysis.tones import RATE, hertz, in_a_row, tone

LENGTH = 8 * RATE
TUNE = (62.0, 64.0, 65.0, 67.0, 69.0, 67.0, 71.0, 66.0)


@pytest.fixture(scope="module")
def stem():
    """Half-second tones, some of them out of tune, that die away at their own pace."""
    pitches = (60.0, 62.31, 65.0, 67.77, 70.0)
    return in_a_row([tone(m, 0.7, d) for m, d in zip(pitches, (0, 2, 3, 0, 1), strict=True)])[0]


@pytest.fixture(scope="module")
def line(stem):
    analysis = measure_stem(stem, "flute")
    wanted = [Wanted(RATE * n // 2 + 9_600, RATE * 2 // 5, m) for n, m in enumerate(TUNE)]
    playing = play(wanted, [Bank(0, analysis.slices, -20.0)])
    assert (playing.moved, playing.left_out) == (0, 0)
    recipe = Recipe(
        mode="remix",
        length=LENGTH,
        grid=None,
        key=None,
        sources=(Source("a", "other", stem.shape[1]),),
        sections=(Section("A", 0, LENGTH, 0.5),),
        clips=(),
        strips=(),
        bus=Bus(None, None, Limiter()),
        gain_db=0.0,
        target_lufs=-18.0,
        reached_lufs=-18.0,
        seed=1,
        notes=playing.notes,
    )
    return wanted, recipe


def heard_midi(sound, near):
    """The pitch of a tone by its first three partials: the best fit of sinusoids, by search."""
    time = np.arange(len(sound)) / RATE
    window = np.hanning(len(sound))

    def power(midi):
        turns = 2j * np.pi * hertz(midi) * time
        return sum(abs((window * sound * np.exp(-n * turns)).sum()) ** 2 for n in (1, 2, 3))

    for step in (0.1, 0.01, 0.002):
        near = max(near + step * np.arange(-10, 11), key=power)
    return near


def test_every_note_is_within_five_cents_and_five_milliseconds(stem, line):
    wanted, recipe = line
    sound = render(recipe, {"a": stem}, {}, 0, LENGTH).audio[0].astype(float)
    for one in wanted:
        part = sound[one.start + 4_800 : one.start + one.length - 2_400]
        assert abs(heard_midi(part, round(one.midi)) - one.midi) < 0.05
        around = np.abs(sound[one.start - 960 : one.start + 960])
        attack = int(np.argmax(around > 0.25 * around.max())) - 960
        assert abs(attack) <= 240


def test_a_piece_of_notes_alone_is_as_loud_as_planned(stem, line):
    recipe = line[1]
    planned = with_plan(recipe, plan_gain(recipe, {"a": stem}))
    sound = render(planned, {"a": stem}, {}, 0, LENGTH).audio
    assert integrated_lufs(sound) == pytest.approx(-18.0, abs=1.0)


def test_a_line_is_like_what_its_recipe_expects_and_another_line_is_not(stem, line):
    _, recipe = line
    sound = render(recipe, {"a": stem}, {}, 0, LENGTH).audio
    same = likeness_of(recipe, {"a": stem}, [(0, sound)])
    other = tuple(
        replace(one, semitones=one.semitones + (1 if n % 2 else 4), start=one.start + 8_000)
        for n, one in enumerate(recipe.notes)
    )
    unlike = likeness_of(replace(recipe, notes=other), {"a": stem}, [(0, sound)])
    assert same.is_kept
    assert same.whole.chroma > 0.9 > unlike.whole.chroma + 0.1
