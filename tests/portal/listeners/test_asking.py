"""What may be asked for: faders that end where permission ends, and wishes that are said back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.variations.rules import Mode, check_targets
from licensing.clearance.limits import Limits
from portal.audio.label import ai_label
from portal.audio.wording import clock, count, listed, percent
from portal.listeners.asking import (
    Ground,
    as_request_by_taste,
    keys_among,
    keys_within,
    read_wishes,
    tempo_range,
)

TIGHT = Limits(tempo_min_ratio=0.9, tempo_max_ratio=1.1, semitones_max=2)
GROUND = Ground(TIGHT, 112.0, "A min", 197)


def test_the_tempo_fader_ends_inside_permission() -> None:
    assert tempo_range(GROUND) == (101, 123)
    assert tempo_range(Ground(TIGHT)) is None


@given(st.floats(40, 240), st.floats(0.25, 1.0), st.floats(1.0, 4.0))
def test_no_tempo_offered_leaves_permission_by_more_than_rounding(bpm, low, high) -> None:
    ground = Ground(Limits(tempo_min_ratio=low, tempo_max_ratio=high), bpm)
    least, most = tempo_range(ground)
    assert least >= min(bpm * low, round(bpm)) - 1e-6
    assert most <= max(bpm * high, round(bpm), 40) + 1e-6


def test_keys_are_offered_nearest_first_as_far_as_permission_reaches() -> None:
    assert [one.value for one in keys_within(GROUND)] == ["", "A# min", "G# min", "B min", "G min"]
    assert keys_within(Ground(Limits(semitones_max=0), key="A min"))[1:] == ()
    assert len(keys_within(Ground(key="Db maj"))) == 12


def test_among_recordings_a_key_is_offered_where_the_nearest_of_them_may_be_moved_to_it() -> None:
    free, tight = Limits(semitones_max=6), Limits(semitones_max=0)
    offered = keys_among([Ground(tight, key="A min"), Ground(free, key="D min")])
    words = [one.word for one in offered]
    assert words[:3] == ["As it comes", "C min, 2 semitones down", "C# min, 1 semitone down"]
    assert {"A min", "D min"} <= set(words)
    # Nearer to A, which stays where it is.
    assert not {"G# min", "A# min"} & {one.value for one in offered}
    assert keys_among([Ground(free)]) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [("tempo", "124"), ("tempo", "x"), ("energy", "101"), ("key_wanted", "C min"),
     ("length", "7"), ("seed", "-1"), ("line", "chorus")],
)  # fmt: skip
def test_a_wish_beyond_permission_says_so_at_its_field(field, value) -> None:
    assert set(read_wishes(Mode.REMIX, {field: value}, GROUND, 1).errors) == {field}


@given(st.sampled_from(list(Mode)), st.dictionaries(st.text(max_size=8), st.text(max_size=8)))
def test_whatever_passes_is_taken_by_the_rules_of_requests(mode, given) -> None:
    wishes = read_wishes(mode, given, GROUND, 1)
    if not wishes.errors:
        check_targets(mode, wishes.targets)


def test_vocals_stay_out_where_nobody_may_use_them() -> None:
    ground = Ground(Limits(vocals=False))
    assert read_wishes(Mode.REMIX, {"vocals": "sung"}, ground, 1).targets["vocals"] is False


def test_new_notes_are_a_wish_of_their_own_also_where_taste_chooses_the_rest() -> None:
    wishes = read_wishes(Mode.FOCUS, {"line": "bass", "energy": "80"}, GROUND, 1)
    assert as_request_by_taste(wishes)["targets"] == {"seconds": 197.0, "line": "bass"}
    ambient = read_wishes(Mode.AMBIENT, {"line": "bass"}, GROUND, 1)
    assert ambient.targets["line"] == "none"


def test_words_for_an_external_net_are_of_its_list_and_six_at_most() -> None:
    asked = {"external": "calm,pad,calm"}
    assert read_wishes(Mode.REMIX, asked, GROUND, 1).targets["external"] == ["calm", "pad"]
    taste = as_request_by_taste(read_wishes(Mode.FOCUS, asked, GROUND, 1))
    assert taste["targets"]["external"] == ["calm", "pad"]
    assert "external" not in read_wishes(Mode.REMIX, {"external": ""}, GROUND, 1).targets
    for words in ("like somebody", "calm,pad,dark,dense,soft,warm,slow"):
        wishes = read_wishes(Mode.REMIX, {"external": words}, GROUND, 1)
        assert wishes.errors == {"external": "Choose at most 6 of these words."}


@given(st.integers(0, 1_000_000))
def test_the_label_sums_to_a_hundred_and_hides_no_model(ppm) -> None:
    label = ai_label(ppm)
    assert label.human_percent + label.model_percent == 100
    assert (label.model_percent > 0) == (ppm > 0)


def test_numbers_read_as_words() -> None:
    assert ai_label(180_000).sentence == "82 % human stems, 18 % model."
    assert (clock(84_900), clock(3_600_000)) == ("1:24", "60:00")
    assert (percent(192_400), percent(0)) == ("19.2 %", "silent")
    assert (count(1, "bar", "bars"), count(92, "bar", "bars")) == ("one bar", "92 bars")
    assert listed(["Ana", "Ben", "Ana", "Cleo"]) == "Ana, Ben and Cleo"
    assert listed(list("abcdef")) == "a, b, c and three others"
