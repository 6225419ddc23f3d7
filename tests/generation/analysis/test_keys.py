"""Keys are told from their relatives by where a piece begins, ends and stands."""

import numpy as np
import pytest

from generation.analysis.hearing import LIKELY_KEY, SURE_KEY, name_if
from generation.analysis.keys import Key, key_of
from generation.analysis.pitch import PITCH_FRAMES_PER_S, Steady, steady_of
from generation.analysis.spectrum import spectrum_of

C_MAJOR, A_MINOR, F_MAJOR, G_MAJOR = (0, 4, 7), (9, 0, 4), (5, 9, 0), (7, 11, 2)
CHORD = round(2.0 * PITCH_FRAMES_PER_S)


def steady(chords, tuned: float = 0.9, share: float = 0.9, bass: bool = True) -> Steady:
    """Two seconds of each chord; the bass plays its first note."""
    chroma, low = np.zeros((CHORD * len(chords), 12)), np.zeros((CHORD * len(chords), 12))
    for number, chord in enumerate(chords):
        part = slice(number * CHORD, (number + 1) * CHORD)
        chroma[part, list(chord)] = 1.0
        low[part, chord[0]] = 1.0 if bass else 0.0
    return Steady(chroma, low, tuned, share, np.concatenate([chroma, low], axis=1))


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


# Tunes that everybody knows, in semitones from C, with the key they are sung in: Frere Jacques,
# Good King Wenceslas, God Rest Ye Merry, Gentlemen, and Scarborough Fair, which is Dorian.
TUNES = {
    "C maj": (0, 2, 4, 0, 0, 2, 4, 0, 4, 5, 7, 7, 4, 5, 7, 7, 0, 7, 0, 0),
    "F maj": (5, 5, 5, 7, 5, 5, 0, 2, 0, 2, 4, 5, 5, 5, 5, 5, 7, 5, 5, 0, 2, 0, 2, 4, 5, 5),
    "E min": (4, 4, 11, 11, 9, 7, 6, 4, 2, 4, 6, 7, 9, 11, 4, 4, 11, 11, 9, 7, 6, 4),
    "D min": (2, 2, 9, 9, 4, 5, 4, 2, 9, 0, 2, 0, 9, 11, 7, 9, 2, 2, 2, 0, 9, 9, 7, 5, 4, 0, 2),
}


@pytest.mark.parametrize("name", TUNES)
def test_known_tunes_are_told_in_the_key_they_are_sung_in(name):
    found = key_of([steady([(note,) for note in TUNES[name]])])
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("up", range(12))
def test_a_blues_line_is_trusted_on_its_tonic(up):
    names = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    line = (0, 3, 5, 6, 5, 3, 0, 10, 0, 3, 5, 7, 10, 0, 10, 7, 5, 3, 0)
    found = key_of([steady([((note + up) % 12,) for note in line])])
    assert found is not None
    assert found.name.split()[0] == names[up]
    assert found.confidence > 0.5


@pytest.mark.parametrize(("tuned", "share"), [(0.004, 0.9), (0.9, 0.02)])
def test_pitches_that_agree_on_no_tuning_or_do_not_hold_get_no_trust(tuned, share):
    found = key_of([steady([C_MAJOR, F_MAJOR, G_MAJOR, C_MAJOR], tuned, share)])
    assert found is not None
    assert found.confidence < 0.1


def test_all_notes_alike_get_no_trust():
    every = np.ones((200, 12))
    found = key_of([Steady(every, every, 0.9, 0.9, np.ones((200, 24)))])
    assert found is None or found.confidence < 0.1


def test_silence_has_no_key():
    nothing = np.zeros((50, 12))
    assert key_of([Steady(nothing, nothing, 0.0, 0.0, np.zeros((50, 24)))]) is None


def test_trust_grows_with_all_that_speaks_for_a_key():
    chords = [C_MAJOR, F_MAJOR, G_MAJOR, C_MAJOR]
    trust = [
        found.confidence
        for tuned, share in ((0.05, 0.7), (0.3, 0.7), (0.3, 0.9), (0.9, 0.9))
        if (found := key_of([steady(chords, tuned, share)])) is not None
    ]
    assert trust == sorted(set(trust))
    assert len(trust) == 4


def played(notes, partials: int, seconds: float = 0.5):
    """A line of sines and their equally loud partials, stereo at 48 kHz."""
    t = np.arange(round(seconds * 48_000)) / 48_000
    edge = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.02)
    turns = [2 * np.pi * 440.0 * 2 ** ((note - 69) / 12) * t for note in notes]
    line = [edge * sum(np.sin(n * turn) for n in range(1, partials + 1)) for turn in turns]
    sound = 0.1 * np.concatenate(line)
    return steady_of(spectrum_of(np.stack([sound, sound]).astype(np.float32)))


def test_partials_add_less_than_half_of_their_foreign_notes_to_a_single_line():
    found = played((60, 62, 64, 65, 67, 69, 71, 72) * 2, partials=7)
    foreign = [1, 3, 6, 8, 10]
    assert found.tones[:, foreign].sum() < 0.5 * found.chroma[:, foreign].sum()


def test_octaves_of_a_note_stay():
    found = played((57, 69, 81, 57), partials=1)
    assert found.tones[:, 9].sum() == pytest.approx(found.chroma[:, 9].sum(), rel=0.02)


@pytest.mark.parametrize(
    ("sure", "relied_on", "named"),
    [(0.5, "F min", "F min"), (0.49, "", "F min"), (0.25, "", "F min"), (0.24, "", "")],
)
def test_a_key_that_is_not_sure_is_named_and_not_relied_on(sure, relied_on, named):
    heard = Key("F min", sure)
    assert name_if(heard, SURE_KEY) == relied_on
    assert name_if(heard, LIKELY_KEY) == named
    assert name_if(None, LIKELY_KEY) == ""
