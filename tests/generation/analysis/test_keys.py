"""Keys are told from their relatives by where a piece begins, ends and stands."""

import numpy as np
import pytest

from generation.analysis.keys import key_of
from generation.analysis.pitch import PITCH_FRAMES_PER_S, Steady

C_MAJOR, A_MINOR, F_MAJOR, G_MAJOR = (0, 4, 7), (9, 0, 4), (5, 9, 0), (7, 11, 2)
CHORD = round(2.0 * PITCH_FRAMES_PER_S)


def steady(chords, tuned: float = 0.9, share: float = 0.9, bass: bool = True) -> Steady:
    """Two seconds of each chord; the bass plays its first note."""
    chroma, low = np.zeros((CHORD * len(chords), 12)), np.zeros((CHORD * len(chords), 12))
    for number, chord in enumerate(chords):
        part = slice(number * CHORD, (number + 1) * CHORD)
        chroma[part, list(chord)] = 1.0
        low[part, chord[0]] = 1.0 if bass else 0.0
    return Steady(chroma, low, tuned, share)


def turned(chord, up: int):
    return tuple((note + up) % 12 for note in chord)


@pytest.mark.parametrize("up", range(12))
def test_same_four_chords_are_in_the_key_they_begin_and_end_in(up):
    names = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    four = [turned(one, up) for one in (A_MINOR, F_MAJOR, C_MAJOR, G_MAJOR)]
    minor, major = four * 3 + four[:1], (four[2:] + four[:2]) * 3 + four[2:3]
    found_minor, found_major = key_of([steady(minor)]), key_of([steady(major)])
    assert found_minor is not None
    assert found_major is not None
    assert found_minor.name == f"{names[(9 + up) % 12]} min"
    assert found_major.name == f"{names[up]} maj"
    assert min(found_minor.confidence, found_major.confidence) > 0.5


def test_key_that_holds_for_most_of_a_piece_is_told():
    home = [C_MAJOR, F_MAJOR, G_MAJOR, C_MAJOR] * 4
    away = [turned(one, 2) for one in home[:4]]
    found = key_of([steady(home + away)])
    assert found is not None
    assert found.name == "C maj"


def test_key_needs_no_bass():
    found = key_of([steady([C_MAJOR, F_MAJOR, G_MAJOR, C_MAJOR], bass=False)])
    assert found is not None
    assert found.name == "C maj"


@pytest.mark.parametrize(("tuned", "share"), [(0.08, 0.9), (0.9, 0.02)])
def test_pitches_that_agree_on_no_tuning_or_do_not_hold_get_no_trust(tuned, share):
    found = key_of([steady([C_MAJOR, F_MAJOR, G_MAJOR, C_MAJOR], tuned, share)])
    assert found is not None
    assert found.confidence < 0.1


def test_all_notes_alike_get_no_trust():
    found = key_of([Steady(np.ones((200, 12)), np.ones((200, 12)), 0.9, 0.9)])
    assert found is None or found.confidence < 0.1


def test_silence_has_no_key():
    assert key_of([Steady(np.zeros((50, 12)), np.zeros((50, 12)), 0.0, 0.0)]) is None
