"""An external net's sound under a recipe: the last source, end to end; what was composed stays."""

from itertools import pairwise

import pytest

from generation.compose.director import compose
from generation.compose.mix import STANDING_LUFS
from generation.compose.outside import UNDER_LU, with_outside
from generation.compose.values import Ask
from generation.external import EXTERNAL, cleared_digests, external_places, of_stems
from tests.generation.compose.songs import song

DIGEST = "e" * 64
SECONDS = 7


@pytest.fixture(scope="module")
def plain():
    return compose(Ask("remix", seconds=30.0, seed=3), [song()])


@pytest.fixture(scope="module")
def laid(plain):
    return with_outside(plain, DIGEST, SECONDS * 48_000, -23.0, "Tone bed")


def test_it_is_the_last_source_and_what_was_composed_stays(plain, laid):
    assert external_places(laid) == (len(plain.sources),)
    assert (laid.sources[-1].digest, laid.sources[-1].role) == (DIGEST, EXTERNAL)
    assert cleared_digests(laid) == [one.digest for one in plain.sources]
    assert of_stems(laid).clips == plain.clips
    assert of_stems(plain) is plain
    assert laid.notes == plain.notes


def test_it_sounds_from_the_first_sample_to_the_last_without_a_hole(laid):
    clips = [one for one in laid.clips if one.source == len(laid.sources) - 1]
    assert (clips[0].start, clips[-1].end) == (0, laid.length)
    for one, following in pairwise(clips):
        assert one.end - following.start == one.fade_out == following.fade_in == 48_000
    assert all(one.end - one.start <= SECONDS * 48_000 for one in clips)
    assert (clips[0].fade_in, clips[-1].fade_out) == (0, 0)


def test_it_plays_at_its_own_pace_and_pitch(laid):
    for one in laid.clips:
        if one.source == len(laid.sources) - 1:
            assert one.anchors == ((one.start, 0),)
            assert one.semitones == 0


def test_it_lies_under_the_stems_however_loud_it_came(plain):
    for lufs in (-40.0, -10.0):
        made = with_outside(plain, DIGEST, 96_000, lufs, "X")
        gains = {one.gain_db for one in made.strips if one.source == len(made.sources) - 1}
        assert gains == {STANDING_LUFS - UNDER_LU - lufs}


def test_people_are_told_that_nobody_is_credited(laid):
    assert "external net (Tone bed)" in laid.remarks[-1]
    assert "Nobody is credited" in laid.remarks[-1]
