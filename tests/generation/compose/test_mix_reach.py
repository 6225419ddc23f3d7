"""How far a mix may go is the artist's to bound: by rules and by nets, whole pieces and live."""

from dataclasses import replace
from itertools import pairwise, product

import pytest

from generation.compose.director import compose
from generation.compose.live import next_section
from generation.compose.sections_by_nets import section_by_nets
from generation.compose.tuning import NEAR_MIX
from generation.compose.values import Ask, Limits
from generation.worker.material import limits_of
from licensing.clearance.limits import ANYTHING

from .served import full_song, nets
from .songs import song
from .test_by_nets import order, recipe_of

LOUD = {"energy": 1.0, "brightness": 1.0, "density": 1.0}
NETS = nets("mix")


def by_rules(reach: float, mode: str):
    return compose(Ask(mode, seed=4, **LOUD), (song(),), Limits(mix_reach=reach))


def by_nets(reach: float):
    asked = order(seed=4, served=NETS, line="none", **LOUD)
    return recipe_of(replace(asked, limits=Limits(mix_reach=reach)))


def is_the_artists(strips) -> bool:
    """No strip has a color, a place or a room, and in each section all have one gain."""
    plain = all((s.pan, s.eq, s.compressor, s.send_db) == (0.0, (), None, None) for s in strips)
    gains: dict[int, set[float]] = {}
    for one in strips:
        gains.setdefault(one.section, set()).add(round(one.gain_db, 3))
    return plain and all(len(found) == 1 for found in gains.values())


@pytest.mark.parametrize("mode", ["remix", "mood", "focus", "ambient"])
def test_a_reach_of_nothing_is_the_artists_own_mix_by_rules(mode):
    recipe = by_rules(0.0, mode)
    assert is_the_artists(recipe.strips)
    assert NEAR_MIX in recipe.remarks


def test_a_reach_of_nothing_is_the_artists_own_mix_by_nets():
    recipe = by_nets(0.0)
    assert recipe.nets
    assert is_the_artists(recipe.strips)


def far(recipe) -> float:
    """How far the strips go from nothing: pan, equalizer and compressor."""
    return sum(
        abs(s.pan) + sum(abs(b.gain_db) for b in s.eq) + (s.compressor.ratio - 1.0)
        for s in recipe.strips
        if s.compressor is not None
    )


@pytest.mark.parametrize("made", [lambda reach: by_rules(reach, "remix"), by_nets])
def test_more_reach_goes_further_and_the_whole_of_it_is_no_bound(made):
    reaches = [made(one) for one in (0.0, 0.3, 0.6, 1.0)]
    assert all(far(near) < far(wide) for near, wide in pairwise(reaches))
    assert NEAR_MIX not in reaches[-1].remarks


def test_live_sections_keep_it_too():
    bound, songs = Limits(mix_reach=0.0), (full_song(),)
    for ask in (Ask("mood", **LOUD), Ask("ambient", **LOUD)):
        assert is_the_artists(next_section(ask, songs, [], limits=bound).strips)
    ask = Ask("mood", **LOUD)
    assert is_the_artists(section_by_nets(ask, songs, [], NETS, limits=bound).strips)


@pytest.mark.parametrize(("asked", "kept"), product([0.0, 0.35, 1.0], [True, False]))
def test_a_clearance_says_it_and_one_that_is_older_bounds_nothing(asked, kept):
    stored = ANYTHING.to_json() | {"mix_reach": asked}
    if not kept:
        del stored["mix_reach"]
    assert limits_of(stored).mix_reach == (asked if kept else 1.0)
