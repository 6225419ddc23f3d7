"""Chords that were played are told, beat by beat, in any inversion and under a melody."""

from dataclasses import replace

import numpy as np
import pytest

from generation.analysis.chords import KINDS, NAMES, chords_of
from generation.analysis.listening import listen
from generation.analysis.measure import measure_recording, measure_stem
from generation.analysis.rules import Corrected, correct_recording_analysis
from generation.analysis.values import recording_from_data, recording_to_data
from tests.generation.analysis.tones import RATE, tone
from tests.generation.analysis.tunes import BAR, CHORDS, tune

BEAT = RATE // 2


def played(chords, seed=1, beats=2):
    """(sound, names beat by beat) of (root, kind) chords in random inversions over their root."""
    rng = np.random.default_rng(seed)
    line, names = np.zeros(len(chords) * beats * BEAT), []
    for n, (root, kind) in enumerate(chords):
        for step in KINDS[kind]:
            note = 48 + (root + step) % 12 + 12 * int(rng.integers(0, 2))
            line[n * beats * BEAT :][: beats * BEAT] += 0.4 * tone(note, beats / 2, 1.0, 6)
        line[n * beats * BEAT :][: beats * BEAT] += 0.6 * tone(36 + root, beats / 2, 1.0, 4)
        names += [NAMES[12 * list(KINDS).index(kind) + root]] * beats
    return np.stack([line, line]).astype(np.float32), names


def told(sound, beats):
    changes = chords_of([listen(sound).steady], beats, beats[::4], sound.shape[1])
    starts = np.asarray([at for at, _ in changes])
    return [changes[int(np.searchsorted(starts, beat, side="right")) - 1][1] for beat in beats]


@pytest.mark.parametrize("kinds", [("maj", "min"), ("maj", "min", "7", "dim")])
def test_chords_are_told_beat_by_beat(kinds):
    rng = np.random.default_rng(7)
    chords = [(int(rng.integers(12)), kinds[int(rng.integers(len(kinds)))]) for _ in range(48)]
    sound, names = played(chords)
    beats = [n * BEAT for n in range(len(names))]
    right = [one == other for one, other in zip(told(sound, beats), names, strict=True)]
    assert np.mean(right) >= 0.95


def test_a_recording_keeps_its_chords_and_corrections_leave_them_where_they_sound():
    stems = tune(8)
    analyses = [measure_stem(sound, role) for role, sound in stems.items()]
    found = measure_recording(list(stems.values()), analyses)
    bars = [(round(at / BAR), name) for at, name in found.chords]
    assert len(CHORDS) == 4
    assert bars == [(n, ("A min", "F maj", "C maj", "G maj")[n % 4]) for n in range(8)]
    assert recording_from_data(recording_to_data(found)) == found
    slower = correct_recording_analysis(found, [Corrected("tempo_bpm", 60.0)])
    assert slower.chords == found.chords
    assert recording_from_data(recording_to_data(replace(found, chords=(), version=1))).chords == ()


def test_what_has_no_beat_or_no_pitch_has_no_chord():
    sound, _ = played([(0, "maj")] * 4)
    assert chords_of([listen(sound).steady], (), (), sound.shape[1]) == ()
    silence = np.zeros_like(sound)
    assert chords_of([listen(silence).steady], (0, BEAT), (0,), sound.shape[1]) == ()


def test_a_rest_has_no_chord():
    sound, _ = played([(0, "maj")] * 6)
    sound[:, 5 * BEAT : 9 * BEAT] = 0.0
    names = told(sound, [n * BEAT for n in range(12)])
    assert names[6:8] == ["", ""]
    assert names[:4] == ["C maj"] * 4
