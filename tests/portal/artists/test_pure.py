"""The pure parts of the artist pages: words, pictures, what a stem's row says."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.analysis.values import StemAnalysis
from licensing.clearance.terms import terms_text
from portal.artists import words
from portal.artists.pictures import Month, month_chart, wave_path
from portal.artists.states import stem_state

PIANO = StemAnalysis(
    length=48_000, role="keys", role_confidence=0.9, loudness_lufs=-20.0, true_peak_dbtp=-3.0,
    tempo_bpm=112.0, tempo_confidence=0.9, key="D min", key_confidence=0.8, centroid_hz=900.0,
    onsets=(), onset_db=(), chroma=(0.0,) * 12, peaks=((-64, 64),), active=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("micros", "six", "two"),
    [
        (0, "0.000000", "0.00"),
        (1_281_232_897, "1,281.232897", "1,281.23"),
        (-12_440_000, "−12.440000", "−12.44"),
        (9_999, "0.009999", "0.00"),
        (-9_999, "−0.009999", "0.00"),
    ],
)
def test_money_is_said_with_six_places_or_whole_cents(micros, six, two):
    assert (words.micros6(micros), words.cents(micros)) == (six, two)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_cents_in_a_column_add_up_to_the_cents_of_the_sum(amounts):
    shown = [words.cents(one) for one in words.whole_cents(amounts)]
    total = sum(int(one.replace(",", "").replace(".", "")) for one in shown)
    assert total == sum(amounts) // 10_000


@given(st.integers(0, 1_000_000))
def test_a_share_survives_being_printed_and_typed(ppm):
    assert words.percent_ppm(words.percent(ppm)) == ppm


@pytest.mark.parametrize("text", ["", "-1", "1.23456", "1e3", "½", "1.2.3", "²"])
def test_what_is_no_percentage_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        words.percent_ppm(text)


@given(st.lists(st.tuples(st.integers(-127, 0), st.integers(0, 127)), min_size=1, max_size=800))
def test_a_wave_has_150_upright_strokes_inside_its_box(peaks):
    path = wave_path(peaks)
    strokes = re.findall(r"M(\d+) (\d+)V(\d+)", path)
    assert len(strokes) == 150
    assert all(0 <= int(x) <= 600 and 0 <= int(a) < int(b) <= 80 for x, a, b in strokes)


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=13))
def test_columns_are_as_high_as_their_amounts(amounts):
    chart = month_chart([Month("Oct", "O", amount, amount) for amount in amounts], "EUR")
    heights = [float(column.height.rstrip("%")) for column in chart.columns]
    assert all(0 <= height <= 80.0 for height in heights)
    assert sorted(range(len(amounts)), key=amounts.__getitem__) == sorted(
        range(len(amounts)), key=lambda place: (heights[place], amounts[place])
    )
    assert len(chart.lines) >= 2


def test_terms_flow_word_for_word_with_each_clause_on_a_line_of_its_own():
    text = terms_text()
    shown = words.flowing(text)
    assert shown.split() == text.split()
    clauses = [line for line in shown.splitlines() if line]
    assert [clause[:2] for clause in clauses] == ["TE", *(f"{n}."[:2] for n in range(1, 11))]


def test_a_row_says_what_it_waits_for():
    assert stem_state("CHECKING").moves
    assert stem_state("READY").word == "Listening to it"
    refused = stem_state("REFUSED", refusal="It is a play list.")
    assert refused.text == "It is a play list. Delete this row, then bring another file."
    assert stem_state("READY", analysis=PIANO).kind == "ok"
    assert stem_state("READY", analysis=PIANO, song_key="F maj").kind == "ok"
    assert stem_state("READY", analysis=PIANO, song_key="E maj").kind == "wait"
    clipped = "The sound is clipped: many samples stand at full scale."
    assert stem_state("READY", notes=[clipped], analysis=PIANO).word == "Needs you"
    unsure = replace(PIANO, role_confidence=0.2)
    assert stem_state("READY", analysis=unsure).strong == "Which role is it?"


def test_a_key_that_is_not_sure_is_asked_about_by_name():
    nothing = stem_state("READY", analysis=replace(PIANO, key=None))
    perhaps = stem_state("READY", analysis=replace(PIANO, key=None, likely_key="F min"))
    assert (nothing.kind, nothing.strong) == ("wait", "No key is clear.")
    assert (perhaps.kind, perhaps.strong) == ("wait", "No key is sure.")
    assert perhaps.text.startswith("Perhaps F minor: choose it if it is")
