"""The frames of a voice are as long as what it plays needs: by values, and by known sound."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import windows as material
from generation.analysis import slices as measured
from generation.analysis.measure import measure_stem
from generation.analysis.values import Slice
from generation.compose import frame_sizes
from generation.compose.frame_sizes import LONG, MIDDLE, SHORT, window_for
from tests.generation.compose.songs import RATE, stem

LENGTH = 60 * RATE


def heard(onsets, midi=(), role="other"):
    """An analysis with so many onsets, the first of them notes of those pitches."""
    places = tuple(int(place) for place in np.linspace(0, LENGTH - RATE, onsets))
    notes = tuple(
        Slice(n * 9_000, n * 9_000 + 6_000, pitch, 0.9, -20.0, 9.0, 900.0, "", None)
        for n, pitch in enumerate(midi)
    )
    one = stem("a" * 64, role, LENGTH).analysis
    return replace(one, onsets=places, onset_db=(6.0,) * onsets, slices=notes)


SUNG, CHORDS, STRUM = heard(40, [62.0] * 30), heard(40, [62.0] * 5), heard(400, [62.0] * 20)


@pytest.mark.parametrize("role", ["keys", "guitar", "other"])
def test_what_holds_notes_together_gets_the_longest_frames_unless_it_is_quick(role):
    assert window_for(role, CHORDS) == LONG
    assert window_for(role, STRUM) == MIDDLE
    assert window_for(role, SUNG) == SHORT


def test_voices_are_short_alone_and_never_longest():
    assert window_for("vocals", SUNG) == SHORT
    assert window_for("vocals", CHORDS) == window_for("vocals", STRUM) == MIDDLE


def test_pads_are_longest_however_they_move_and_middle_as_a_single_line():
    for role in ("pad", "strings"):
        assert window_for(role, CHORDS) == window_for(role, STRUM) == LONG
        assert window_for(role, SUNG) == MIDDLE


def test_a_low_line_is_never_played_by_the_shortest_frames():
    low = heard(40, [62.0] * 20 + [40.0] * 12)
    for role in ("vocals", "guitar", "other"):
        assert window_for(role, low) == MIDDLE
    assert window_for("bass", low) == LONG
    assert window_for("bass", heard(300, [40.0] * 192)) == MIDDLE


def test_a_long_line_is_known_by_the_slices_that_are_kept_of_it():
    assert frame_sizes.SLICES_MOST == measured.MOST
    assert window_for("vocals", heard(2_000, [62.0] * 190)) == SHORT


def test_what_was_measured_before_there_were_slices_is_taken_for_several_notes():
    old = replace(SUNG, slices=())
    assert window_for("vocals", old) == MIDDLE
    assert window_for("other", old) == LONG


def known(name, seconds=7.0):
    """What is measured of the material of that name, as an unsure guess hands it over."""
    notes, sound = material.MATERIAL[name]
    line = material.played(notes, sound, 1.0, 0, seconds)
    return measure_stem(material.stereo(line))


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("organ, held chords", LONG),
        ("guitar, strummed", LONG),
        ("guitar, one line", SHORT),
        ("horn, one line", SHORT),
        ("horn, one line, two octaves down", MIDDLE),
    ],
)
def test_an_unsure_guess_is_played_by_what_is_heard_in_it(name, window):
    assert window_for("other", known(name)) == window
