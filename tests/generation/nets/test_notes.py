"""Notes as events, files as pieces, runs as copies, chance as numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.nets import copies, corpus, drawing
from generation.nets.counting import WittenBell, divergence, joined
from generation.nets.events import DURATIONS, split_duration, to_events, to_notes
from generation.nets.values import Chord, ChordLine, LineRequest, Note, RequestError, Signature
from tests.generation.nets.material import progression, tune_file


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(DURATIONS), st.integers(40, 90))))
def test_a_line_of_known_durations_comes_back_from_its_events(
    steps: list[tuple[int, int, int]],
) -> None:
    notes, end = [], 0
    for rest, duration, pitch in steps:
        notes.append(Note(end + rest, duration, pitch))
        end += rest + duration
    events = to_events(tuple(notes), "melody")
    assert to_notes(events.pitch.tolist(), events.duration.tolist(), "melody") == tuple(notes)


@given(st.integers(0, 500))
def test_every_length_is_the_sum_of_durations_that_events_have(ticks: int) -> None:
    assert sum(DURATIONS[one] for one in split_duration(ticks)) == ticks


def test_a_file_is_read_in_c_or_a_with_bar_lines_counted_from_zero(tmp_path: Path) -> None:
    tune_file(tmp_path)
    piece = {
        "id": "hand made",
        "metre": [3, 4],
        "pickup": 12,
        "mode": "min",
        "tonic": 2,
        "total": 48,
        "split": "train",
        "chord_start": 0,
        "chords": [[2, "min"], [9, "7"], None, [2, "min"]],
        "melody": [[0, 12, 69], [12, 36, 74]],
        "bass": [[12, 36, 38]],
    }
    text = json.dumps({"meta": {}, "pieces": [piece]})
    (tmp_path / "hymns_satb.json").write_text(text, encoding="utf-8")
    read = corpus.read(tmp_path)[-1]
    # D minor goes down to A minor; an upbeat of one quarter begins two quarters into its bar.
    assert read.signature == Signature((3, 4), 9, "min")
    assert read.melody == (Note(24, 12, 64), Note(36, 36, 69))
    assert read.bass == (Note(36, 36, 33),)
    assert read.chords[:4] == (None, None, Chord(9, "min"), Chord(4, "7"))
    assert read.chords[4:] == (None, Chord(9, "min"))
    assert (read.source, read.ticks) == (1, 72)
    files = corpus.data_files(tmp_path)
    assert [one.name for one in files] == list(corpus.SOURCES)
    assert all(len(one.sha256) == 64 and one.licence for one in files)


def _walk(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return chance.integers(10, 50, count), chance.integers(0, 24, count)


def test_a_run_of_thirteen_is_a_copy_in_every_key_and_one_of_twelve_is_not() -> None:
    theirs, ours = _walk(1, 60), _walk(2, 60)
    index = copies.index_of([theirs])
    library = copies.Library([theirs])
    for length, is_copied in ((12, False), (13, True)):
        pitch, duration = ours[0].copy(), ours[1].copy()
        # A run of n intervals takes n + 1 pitches; five semitones higher it is the same run.
        pitch[20 : 21 + length] = theirs[0][5 : 6 + length] + 5
        duration[20 : 21 + length] = theirs[1][5 : 6 + length]
        assert copies.is_copied(pitch, duration, index) is is_copied
        assert library.longest_run(pitch, duration) == length
    assert not copies.is_copied(*ours, index)


def test_the_numbers_of_a_key_are_those_published_for_splitmix64() -> None:
    # The first outputs for seed 0, as in the reference implementation's test.
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    keys = np.zeros(1, dtype=np.uint64)
    drawn = [drawing.uniforms(keys, number)[0] for number in range(3)]
    assert drawn == [(one >> 11) / 2**53 for one in published]


def test_choices_fall_as_often_as_their_scores_say() -> None:
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    rows = 20_000
    scores = np.tile(np.log(shares), (rows, 1))
    uniform = (np.arange(rows) + 0.5) / rows
    for top_p, kept in ((1.0, 4), (0.9, 3), (0.5, 1)):
        counts = np.bincount(drawing.chosen(scores, uniform, 1.0, top_p), minlength=4)
        expected = np.where(np.arange(4) < kept, shares, 0)
        assert counts / rows == pytest.approx(expected / expected.sum(), abs=2e-3)


def test_witten_bell_is_the_estimate_worked_out_by_hand() -> None:
    # Outcomes a a b, all after one context; three letters. Unigram of a: (2 + 2/3) / 5 = 8/15;
    # then (2 + 2 * 8/15) / 5 = 46/75. A letter never seen: 2/15, then (2 * 2/15) / 5 = 4/75.
    none, outcomes = np.zeros(3, dtype=np.int64), np.array([0, 0, 1])
    counts = WittenBell(3).fit([none, none], outcomes)
    asked = np.zeros(2, dtype=np.int64)
    bits = counts.bits([asked, asked], np.array([0, 2]))
    assert 2.0**-bits == pytest.approx([46 / 75, 4 / 75])
    assert counts.likeliest([asked, asked]).tolist() == [0, 0]
    assert joined(np.array([1]), np.array([2])).tolist() == [4098]


def test_histograms_diverge_by_one_bit_at_most() -> None:
    assert divergence(np.array([1.0, 0.0]), np.array([0.0, 3.0])) == pytest.approx(1.0)
    assert divergence(np.array([2.0, 2.0]), np.array([5.0, 5.0])) == pytest.approx(0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Chord(12, "maj"),
        lambda: Chord(0, "sus"),
        lambda: Signature((5, 4), 0, "maj"),
        lambda: ChordLine(Signature((4, 4), 0, "maj"), (Chord(0, "maj"),) * 6),
        lambda: LineRequest("tenor", progression(), 0),
        lambda: LineRequest("bass", progression(), -1),
        lambda: LineRequest("bass", progression(), 0, candidates=0),
        lambda: LineRequest("bass", progression(), 0, density=6),
        lambda: LineRequest("bass", progression(), 0, register=(40, 45)),
    ],
)
def test_a_request_that_means_nothing_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(RequestError):
        wrong()
