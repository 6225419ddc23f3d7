"""Histories that people bring along: read whole, or refused with one sentence."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.taste.rules import importing
from generation.taste.rules.importing import HistoryRefused, observations, read_history

UNIT = st.floats(0, 1, allow_nan=False).map(lambda one: round(one, 6))
LINES = st.lists(
    st.fixed_dictionaries(
        {"energy": UNIT, "tempo_bpm": st.floats(20, 400).map(lambda one: round(one, 3))},
        optional={
            "valence": UNIT,
            "context": st.sampled_from(["mood", "focus", "ambient", "train"]),
            "artist": st.text(max_size=12).filter(lambda text: "\0" not in text),
            "liked": st.booleans(),
            "ms_played": st.integers(0, 10**7),
        },
    ).filter(lambda line: "liked" in line or "ms_played" in line),
    min_size=1,
    max_size=20,
)


def as_csv(lines):
    names = sorted({name for line in lines for name in line})
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().encode()


def sentence_of(data, form):
    """Why the history was refused, or "." for one that was read."""
    try:
        assert read_history(data, form)
    except HistoryRefused as refused:
        return refused.sentence
    return "."


@given(LINES)
def test_csv_and_json_say_the_same(lines):
    of_json = read_history(json.dumps(lines).encode(), "json")
    assert read_history(as_csv(lines), "csv") == of_json
    assert len(of_json) == len(lines)
    assert all(-1 <= value <= 1 for one in of_json for value in one.known.values())


@given(st.binary(max_size=300), st.sampled_from(["csv", "json", "xml"]))
def test_any_bytes_are_read_or_refused_in_one_sentence(data, form):
    assert sentence_of(data, form).endswith((".", "split it."))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["energy", "liked", "bpm", "ms_played", "x"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused_in_one_sentence(value):
    assert sentence_of(json.dumps(value).encode(), "json").endswith((".", "split it."))


@pytest.mark.parametrize(
    ("text", "form", "sentence"),
    [
        ("energy,liked\n0.4,yes\n1.4,no\n", "csv", "Line 2: energy lies between 0 and 1."),
        ("energy,liked\nloud,yes\n", "csv", "Line 1: energy is not a number."),
        ("energy,liked\nnan,yes\n", "csv", "Line 1: energy is not a number."),
        ("energy,liked\n0.4,maybe\n", "csv", "Line 1: liked is yes or no."),
        ("energy\n0.4\n", "csv", "Line 1 says neither liked nor ms_played."),
        ("bpm,liked\n4000,yes\n", "csv", "Line 1: bpm lies between 20 and 400."),
        ("energy,liked\n", "csv", "There is no listening in the file."),
        ("[1]", "json", "Line 1 is not an object."),
        ("{}", "json", "The JSON is a list of listenings, one object each."),
        ("[", "json", "The file is not JSON."),
        ("", "xml", "A history is read from CSV or JSON."),
    ],
)
def test_a_refusal_names_the_line_and_what_is_wrong(text, form, sentence):
    with pytest.raises(HistoryRefused) as caught:
        read_history(text.encode(), form)
    assert caught.value.sentence == sentence


def test_a_line_without_sound_names_what_could_be_said():
    with pytest.raises(HistoryRefused, match="Line 1 says nothing about the sound: name one of"):
        read_history(b"artist,liked\nMagda,yes\n", "csv")


def test_what_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(HistoryRefused, match="larger than 2 MB"):
        read_history(b" " * (importing.BYTES_AT_MOST + 1), "csv")
    lines = b"energy,liked\n" + b"0.4,yes\n" * (importing.LINES_AT_MOST + 1)
    with pytest.raises(HistoryRefused, match="more than 20,000 lines"):
        read_history(lines, "csv")


def test_how_long_something_was_heard_stands_for_a_verdict():
    text = b"energy,ms_played,liked\n0.5,29999,\n0.5,30000,\n0.5,10,yes\n"
    assert [one.reward for one in read_history(text, "csv")] == [0.0, 0.6, 1.0]


def test_a_long_history_weighs_no_more_than_sixty_listenings():
    line = b"0.4,yes\n"
    few = observations(read_history(b"energy,liked\n" + line * 10, "csv"))
    many = observations(read_history(b"energy,liked\n" + line * 1000, "csv"))
    assert sum(one.precision for one in few) == pytest.approx(10 * 5.0)
    assert sum(one.precision for one in many) == pytest.approx(60 * 5.0)
