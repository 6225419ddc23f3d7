"""What a recipe does to its sources, as the clearance asks: tempo, key, voices."""

from dataclasses import replace

import pytest

from generation.compose.director import compose
from generation.compose.values import MODES, Ask, Limits
from generation.recipe import Note
from generation.variations.reach import reach_of
from licensing.clearance import limits as granted
from licensing.clearance.rules import reasons_beyond
from tests.generation.compose.songs import song


def made(mode="remix", limits=None, **ask):
    songs = (song("a", drift=500.0), song("b", bpm=110.0, key="E min"))
    chosen = songs if mode == "collaboration" else songs[:1]
    return compose(Ask(mode, seconds=30, **ask), chosen, limits or Limits())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tempo", [None, 70, 140, 170])
def test_what_the_director_makes_within_limits_is_within_them(mode, tempo):
    limits = Limits(0.9, 1.1, 2, True)
    recipe = made(mode, limits, tempo_bpm=tempo, key="D min")
    assert reasons_beyond(granted.Limits(0.9, 1.1, 2), reach_of(recipe)) == ()


def test_tempo_is_the_ratio_most_of_a_source_is_played_at():
    reach = reach_of(made(tempo_bpm=138))
    assert reach.tempo_ratio == pytest.approx((1.15, 1.15), abs=0.011)


def test_every_clip_counts_for_key_and_every_used_source_for_voices():
    recipe = made("mood", vocals=True)
    assert reach_of(recipe).vocals
    assert not reach_of(made("focus", vocals=True)).vocals
    bent = replace(recipe.clips[0], semitones=-5)
    assert reach_of(replace(recipe, clips=(bent, *recipe.clips[1:]))).semitones == 5


def test_notes_count_by_their_nearest_semitone_and_by_the_voice_that_they_are_of():
    recipe = made("focus", vocals=True)
    note = Note(0, 0, 9_000, 0, 9_000, 2, 0.0, "", "struck/2", 60)
    assert reach_of(replace(recipe, notes=(note,))).semitones == 3
    assert reach_of(replace(recipe, notes=(replace(note, cents=-40),))).semitones == 2
    sung = (replace(recipe.sources[0], role="vocals"), *recipe.sources[1:])
    unheard = tuple(clip for clip in recipe.clips if clip.source != 0)
    assert not reach_of(replace(recipe, sources=sung, clips=unheard)).vocals
    assert reach_of(replace(recipe, sources=sung, clips=unheard, notes=(note,))).vocals


def test_recipe_beyond_what_was_granted_is_told():
    reach = reach_of(made(tempo_bpm=138, key="C min"))
    reasons = reasons_beyond(granted.Limits(0.9, 1.1, 2, vocals=False), reach)
    assert {reason.code for reason in reasons} == {
        "tempo_out_of_range",
        "pitch_out_of_range",
        "vocals_not_allowed",
    }
