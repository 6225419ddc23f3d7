"""One desk goes on where another is: as far as two recipes sound the same, and to the bit."""

from dataclasses import replace

import numpy as np
import pytest

from generation.engine.agreed import agreed
from generation.engine.memory import MARK, lookahead_of, memory_of
from generation.engine.render import Cache, render
from generation.engine.spans import CROSS
from generation.engine.tape import Tape
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
)
from tests.generation.engine.material import RATE, chord, hits, noise, plain_recipe

BARS = 2 * RATE
DRUMS, PLACES = hits(30)
STEMS = {"a": chord(30), "b": DRUMS, "c": noise(30), "d": chord(30, (110.0, 165.0))}
ONSETS = {"b": PLACES}


def section_clips(number):
    """A stretched chord, drums, a cloud that rings on, and from the third section on a bass."""
    start, end = number * BARS, (number + 1) * BARS
    anchors = ((start, start), (end, start + round(1.04 * BARS)))
    join = 960
    found = [
        Clip(0, "vocoder/3", max(0, start - join), end + join, anchors, 1, 2_048, False, 96, join),
        Clip(1, "slices/1", start, end, anchors, fade_out=64),
        Clip(2, "granular/1", start, end + RATE, anchors, 3, grains=Grains(200, 8, 100, 0.5, 7)),
    ]
    if number >= 2:
        found.append(Clip(3, "vocoder/3", start, end, anchors, 2, 4_096, False, 960, 960))
    return found


def section_strips(number, place):
    """Consoles that change from section to section, some in gain only."""
    squeeze = Compressor(-30.0, 3.0, 10.0, 60.0)
    tilt = (Band("high_shelf", 3_200.0, float(number // 2)),)
    found = [
        Strip(0, place, -3.0 - number, 0.2, tilt, squeeze, -12.0),
        Strip(1, place, 1.0, 0.0, (), squeeze if number % 2 else None, -20.0),
        Strip(2, place, -float(number), 0.0, tilt, None, -14.0),
    ]
    return [*found, Strip(3, place, -2.0, 0.0, tilt, squeeze)] if number >= 2 else found


def notes_of(number):
    """What a net wrote, in every other section."""
    begins = range(number * BARS + 5_000, (number + 1) * BARS - 24_000, 24_000)
    notes = [Note(0, at, 20_000, 1_000, 30_000, 5, -6.0, "net") for at in begins]
    return notes if number % 2 else []


def recipe_of(first, last, **changes):
    """Sections `first` to `last` where they lie in a piece without an end."""
    numbers = range(first, last + 1)
    clips = [clip for number in numbers for clip in section_clips(number)]
    used = list(STEMS)[: 1 + max(clip.source for clip in clips)]
    recipe = plain_recipe(
        max(clip.end for clip in clips),
        {name: STEMS[name] for name in used},
        clips,
        sections=tuple(Section(f"{n}", n * BARS, (n + 1) * BARS, 0.5) for n in numbers),
        strips=tuple(one for at, n in enumerate(numbers) for one in section_strips(n, at)),
        notes=tuple(note for n in numbers for note in notes_of(n)),
        bus=Bus(Reverb("reverb/1", 0.8, 20.0, 4_000.0, 0.0, 5), None, Limiter()),
        gain_db=9.0,
    )
    return replace(recipe, **changes)


def second(recipe, number, cache):
    lo, hi = number * RATE, (number + 1) * RATE
    return render(recipe, STEMS, ONSETS, lo, hi, cache=cache)


def test_a_piece_that_grows_and_forgets_its_beginning_has_the_same_bits_out_of_one_cache():
    cache = Cache(1)
    for number in range(16):
        last = (number * RATE + RATE + 16_384) // BARS
        recipe = recipe_of(max(0, last - 4), last)
        made, alone = second(recipe, number, cache), second(recipe, number, None)
        assert np.array_equal(made.audio, alone.audio)
        assert np.array_equal(made.parts, alone.parts)
        assert np.array_equal(made.windows, alone.windows)
        assert np.array_equal(made.generated, alone.generated)


def test_a_desk_that_was_ahead_of_a_change_has_the_same_bits_after_it():
    before, after = recipe_of(0, 3), recipe_of(0, 3)
    last = after.clips[-1]
    after = replace(after, clips=(*after.clips[:-1], replace(last, semitones=-2)))
    for reached in range(5, 8):
        cache = Cache(1)
        for number in range(reached):
            second(before, number, cache)
        made, alone = second(after, reached, cache), second(after, reached, None)
        assert np.array_equal(made.parts, alone.parts)
        assert np.array_equal(made.windows, alone.windows)


def test_recipes_agree_until_what_only_one_of_them_lays():
    old, new = recipe_of(0, 1), recipe_of(0, 2)
    ahead = max(lookahead_of(old), lookahead_of(new)) - MARK
    first_new = min(clip.start for clip in section_clips(2))
    assert 2 * BARS - first_new < CROSS
    found = agreed(old, new)
    assert found is not None
    assert found[1] == 2 * BARS - CROSS - ahead
    assert found[0] < 0


def test_recipes_agree_from_where_what_was_dropped_is_forgotten():
    old, new = recipe_of(0, 4), recipe_of(2, 4)
    memory = max(memory_of(old), memory_of(new)) - MARK
    dropped = max(clip.end for clip in section_clips(1))
    found = agreed(old, new)
    assert found is not None
    assert found[0] == dropped + memory
    assert agreed(new, old) == found


def test_a_clip_that_is_cut_is_the_same_until_it_fades():
    old = recipe_of(0, 4)
    cut = replace(old.clips[0], end=old.clips[0].end - 20_000)
    found = agreed(old, replace(old, clips=(cut, *old.clips[1:])))
    assert found is not None
    assert found[1] == cut.end - cut.fade_out - lookahead_of(old) + MARK


@pytest.mark.parametrize(
    "change",
    [
        {"gain_db": 8.0},
        {"bus": Bus(None, None, Limiter())},
        {"sections": ()},
        {"strips": tuple(replace(one, pan=0.7) for one in recipe_of(0, 2).strips)},
    ],
)
def test_what_holds_for_all_of_the_sound_is_agreed_on_or_nothing_is(change):
    assert agreed(recipe_of(0, 2), recipe_of(0, 2, **change)) is None


def test_what_a_tape_took_over_is_not_made_again():
    made = []

    def make(lo, hi, out):
        made.append((lo, hi))
        out[...] = np.arange(lo, hi)

    old, new = (Tape(make, (), np.float32, 32, 8) for _ in range(2))
    old.read(0, 64)
    new.take_over(old, 24, 60)
    made.clear()
    assert np.array_equal(new.read(32, 80), np.arange(32, 80))
    assert made == [(56, 80)]
    assert np.array_equal(old.read(40, 64), np.arange(40, 64))
    assert made[1:] == [(40, 64)]
    assert np.array_equal(new.read(40, 48), np.arange(40, 48))
