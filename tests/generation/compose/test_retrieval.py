"""A wanted note is played by the nearest slice, in tune, on time, and not by the same one twice."""

from dataclasses import replace
from itertools import pairwise

import pytest

from generation.analysis.values import Slice
from generation.compose.retrieval import (
    LEAD,
    REACH,
    Bank,
    Wanted,
    compass_of,
    play,
    tuning_of,
)

RATE = 48_000


def slice_of(midi, start=10_000, seconds=1.0, **changes):
    plain = Slice(start, start + round(seconds * RATE), midi, 0.99, -20.0, 20.0, 800.0, "", None)
    return replace(plain, **changes)


def hit(voice, start, loudness=-20.0):
    return Slice(start, start + 9_000, None, 0.1, loudness, 20.0, 800.0, voice, None)


def bank(*slices, level=-20.0, source=0):
    return Bank(source, slices, level)


def wanted(midi, start=96_000, length=RATE // 2, **changes):
    return Wanted(start, length, midi, **changes)


def pitch_of(note, slices):
    played = next(one for one in slices if one.end == note.slice_end)
    return played.midi + note.semitones + note.cents / 100


def test_the_nearest_slice_plays_and_is_tuned_to_the_cent():
    slices = (slice_of(57.0), slice_of(60.0, 100_000), slice_of(64.0, 200_000))
    for midi, shift in ((60.0, 0), (61.0, 1), (58.0, 1), (66.0, 2), (55.0, -2)):
        (note,) = play([wanted(midi)], [bank(*slices)]).notes
        assert pitch_of(note, slices) == midi
        assert (note.semitones, note.cents) == (shift, 0)
    off = (slice_of(59.63),)
    (note,) = play([wanted(60.0)], [bank(*off, slice_of(55.1, 300_000), slice_of(70.4, 500_000))],
                   reach=1.0).notes  # fmt: skip
    assert (note.semitones, note.cents) == (0, 37)


def test_a_stem_in_its_own_tuning_keeps_it():
    """Tones 30 cents above the piano's play a line 30 cents above it, not bent to the piano."""
    slices = tuple(slice_of(midi + 0.3, 60_000 * n) for n, midi in enumerate((57, 60, 62, 65)))
    assert tuning_of(slices) == pytest.approx(0.3, abs=1e-6)
    (note,) = play([wanted(60.0)], [bank(*slices)]).notes
    assert (note.semitones, note.cents) == (0, 0)
    assert tuning_of([slice_of(57.1), slice_of(58.6), slice_of(60.35)]) == 0.0
    assert tuning_of([]) == 0.0


def test_nobody_is_moved_further_than_three_semitones_or_than_allowed():
    slices = (slice_of(60.0),)
    for midi in range(40, 90):
        for note in play([wanted(float(midi))], [bank(*slices)]).notes:
            assert abs(100 * note.semitones + note.cents) <= 100 * REACH
    for reach in (0.0, 1.0):
        found = play([wanted(61.5)], [bank(*slices)], reach=reach)
        assert (found.notes, found.left_out) == ((), 1)


def test_a_line_out_of_reach_is_moved_by_octaves_and_what_still_is_is_left_out():
    slices = (slice_of(48.0), slice_of(52.0, 100_000))
    line = [wanted(72.0), wanted(76.0, 200_000), wanted(69.5, 300_000), wanted(79.4, 400_000)]
    found = play(line, [bank(*slices)])
    assert [pitch_of(note, slices) for note in found.notes] == [48.0, 52.0, 45.5]
    assert (found.moved, found.left_out) == (3, 1)


def test_the_attack_lies_where_it_is_wanted_and_the_note_lasts_as_asked():
    one = slice_of(60.0, loop=(30_000, 50_000))
    (note,) = play([wanted(63.0)], [bank(one)]).notes
    pace = 2 ** (300 / 1200)
    assert note.start + (one.start - note.slice_start) / pace == pytest.approx(96_000, abs=0.5)
    assert note.start + note.length == 96_000 + RATE // 2
    assert (note.loop, note.processor) == ((30_000, 50_000), "struck/2")
    assert one.start - note.slice_start == LEAD
    (short,) = play([wanted(60.0)], [bank(slice_of(60.0, seconds=0.2))]).notes
    assert short.length == LEAD + round(0.2 * RATE)
    (early,) = play([wanted(60.0, start=10)], [bank(one)]).notes
    assert (early.start, early.slice_start) == (0, one.start - 10)


def test_slices_take_turns_where_another_is_nearly_as_good():
    slices = (slice_of(60.0), slice_of(60.0, 100_000), slice_of(60.6, 200_000))
    line = [wanted(60.0, start=RATE * n) for n in range(1, 9)]
    ends = [note.slice_end for note in play(line, [bank(*slices)]).notes]
    assert all(one != other for one, other in pairwise(ends))
    alone = play(line, [bank(slices[0], slice_of(63.0, 300_000))]).notes
    assert {note.slice_end for note in alone} == {slices[0].end}


def test_a_stump_is_only_taken_where_nothing_longer_is_in_reach():
    stump, long = slice_of(60.0, seconds=0.06), slice_of(62.0, 100_000)
    (note,) = play([wanted(60.0)], [bank(stump, long)]).notes
    assert note.slice_end == long.end
    (note,) = play([wanted(60.0)], [bank(stump)]).notes
    assert note.slice_end == stump.end


def test_notes_are_as_loud_as_asked_whatever_slice_plays():
    slices = (slice_of(60.0, loudness=-30.0), slice_of(70.0, 200_000, loudness=-18.0))
    line = [wanted(60.0, velocity=1.0), wanted(70.0, velocity=1.0), wanted(60.0, velocity=0.5)]
    gains = [note.gain_db for note in play(line, [bank(*slices, level=-22.0)]).notes]
    assert gains == [8.0, -4.0, 2.0]


def test_one_stem_plays_a_whole_line():
    one = bank(slice_of(60.0), source=3)
    other = bank(slice_of(60.0), slice_of(67.0, 200_000), source=5)
    found = play([wanted(60.0), wanted(67.0)], [one, other], net="abc")
    assert [(note.source, note.net) for note in found.notes] == [(5, "abc")] * 2
    assert play([wanted(60.0)], []).left_out == 1


def test_a_hit_is_played_by_hits_of_its_kind_as_they_are_and_in_turns():
    slices = (hit("kick", 0), hit("snare", 20_000), hit("kick", 40_000))
    beats = [Wanted(RATE * n, 100, None, "kick") for n in range(1, 5)]
    found = play([*beats, Wanted(9 * RATE, 100, None, "hat")], [bank(*slices)])
    assert found.left_out == 1
    assert [note.slice_end for note in found.notes] == [9_000, 49_000, 9_000, 49_000]
    assert {(note.semitones, note.cents) for note in found.notes} == {(0, 0)}
    assert [note.start + note.length for note in found.notes] == [RATE * n + 9_000 for n in
                                                                  range(1, 5)]  # fmt: skip


def test_a_compass_is_where_most_pitches_can_be_played():
    slices = (slice_of(60.0), slice_of(66.0, 90_000), slice_of(80.0, 180_000))
    assert compass_of(slices, (52, 88), 13) == (13, (57, 69))
    assert compass_of(slices, (52, 88), 13, reach=0.5) == (2, (54, 66))
    assert compass_of((), (52, 88), 13)[0] == 0
