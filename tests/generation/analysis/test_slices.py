"""A stem's sounds are found where they are, as high, as loud and of the kind that they are."""

import json

import numpy as np
import pytest

from generation.analysis.measure import measure_stem
from generation.analysis.periods import periods_of
from generation.analysis.slices import MOST, slices_of
from generation.analysis.values import stem_from_data, stem_to_data
from tests.generation.analysis.tones import RATE, hat, in_a_row, kick, snare, tone


def sliced(sounds, gap=2_400):
    audio, starts = in_a_row(sounds, gap)
    return audio, starts, slices_of(audio, starts, np.full(len(starts), 20.0))


def test_pitch_is_told_to_a_cent_from_bass_to_flute():
    rng = np.random.default_rng(5)
    wanted = np.concatenate([rng.uniform(30, 60, 12), rng.uniform(60, 95, 12)])
    decays = [0.0, 1.0, 4.0] * 8
    _, starts, found = sliced([tone(m, 0.5, d) for m, d in zip(wanted, decays, strict=True)])
    assert [one.start for one in found] == list(starts)
    away = np.asarray([one.midi for one in found]) - wanted
    assert np.abs(away).max() < 0.01
    assert min(one.sure for one in found) > 0.95


def test_partials_that_are_stronger_than_the_first_do_not_move_the_octave():
    time = np.arange(RATE // 2) / RATE
    levels = (0.2, 1.0, 0.6, 0.9)
    sound = sum(
        level * np.sin(2 * np.pi * 110.0 * (n + 1) * time) for n, level in enumerate(levels)
    )
    (one,) = sliced([0.1 * sound])[2]
    assert one.midi == pytest.approx(45.0, abs=0.01)


def test_chords_noise_and_glides_have_no_sure_pitch():
    rng = np.random.default_rng(2)
    time = np.arange(RATE // 2) / RATE
    major = sum(tone(m, 0.5) for m in (60, 64, 67))
    fifth = sum(tone(m, 0.5) for m in (48, 55))
    glide = 0.2 * np.sin(2 * np.pi * (200 * time + 300 * time**2))
    for sound in (major, fifth, glide, 0.1 * rng.standard_normal(RATE // 2)):
        assert [one for one in sliced([sound])[2] if one.midi is not None] == []


def test_a_slice_ends_where_its_pitch_changes_without_an_attack():
    both = np.concatenate([tone(60, 0.5, 0.0)[:-480], tone(64, 0.5, 0.0)[480:]])
    (one,) = sliced([both])[2]
    assert one.midi == pytest.approx(60.0, abs=0.02)
    assert 0.2 * RATE < one.end - one.start < 0.5 * RATE


def test_a_slice_ends_with_its_sound_and_before_the_next():
    _, starts, found = sliced([tone(50, 0.4, 0.0), tone(52, 0.4, 40.0), tone(55, 0.4)], gap=0)
    ends = [one.end for one in found]
    assert starts[1] - 480 <= ends[0] < starts[1]
    # 40 nepers a second take 45 dB in 0.13 s.
    assert 0.1 * RATE < ends[1] - starts[1] < 0.16 * RATE


def test_hits_are_told_apart_by_how_low_and_how_airy_they_are():
    rng = np.random.default_rng(3)
    sounds = [kick(), snare(rng), hat(rng)] * 4
    found = sliced(sounds)[2]
    assert [one.voice for one in found] == ["kick", "snare", "hat"] * 4
    assert [one.voice for one in sliced([tone(40, 0.5), tone(70, 0.5)])[2]] == ["", ""]


def test_loudness_is_that_of_the_standard():
    # ITU-R BS.1770: a sine of 997 Hz at 0 dBFS in one channel reads -3.01 LUFS.
    time = np.arange(RATE) / RATE
    audio = np.zeros((2, RATE + 4_800), dtype=np.float32)
    audio[0, 4_800:] = np.sin(2 * np.pi * 997 * time)
    (one,) = slices_of(audio, np.asarray([4_800]), np.asarray([40.0]))
    assert one.loudness == pytest.approx(-3.0, abs=0.15)


def test_a_held_tone_has_a_loop_whose_ends_are_alike_and_a_dying_one_has_none():
    audio, _, found = sliced([tone(57, 1.0, 0.0), tone(57, 1.0, 6.0), tone(69.3, 1.0, 0.2)])
    assert [one.loop is not None for one in found] == [True, False, True]
    for one in (found[0], found[2]):
        first, last = one.loop
        assert one.start + 4_800 <= first < last - 4_800
        assert last <= one.end
        head, tail = (audio[0, at - 1_024 : at].astype(float) for at in (first, last))
        assert (head * tail).sum() / np.sqrt((head**2).sum() * (tail**2).sum()) > 0.97


def test_a_table_is_bounded_and_keeps_every_pitch_and_every_kind_of_hit():
    rng = np.random.default_rng(4)
    sounds = [tone(45 + n % 2, 0.08, 8.0) for n in range(260)]
    sounds += [tone(72, 0.12), kick(), hat(rng)]
    found = sliced(sounds, gap=1_200)[2]
    assert len(found) == MOST
    assert {round(one.midi) for one in found if not one.voice} >= {45, 46, 72}
    assert {one.voice for one in found} >= {"kick", "hat"}
    assert [one.start for one in found] == sorted(one.start for one in found)


def test_silence_and_stumps_have_no_slices_and_no_period():
    audio = np.zeros((2, RATE), dtype=np.float32)
    assert slices_of(audio, np.asarray([100]), np.asarray([9.0])) == ()
    assert slices_of(audio[:, :90], np.zeros(0, np.int64), np.zeros(0)) == ()
    assert [list(one) for one in periods_of(np.zeros((2, 4_096), np.float32))] == [[0, 0], [0, 0]]


def test_rumble_that_is_nowhere_like_itself_has_no_period():
    # A random walk: of these frames a tenth have no peak of likeness above zero.
    walks = np.cumsum(np.random.default_rng(0).standard_normal((60, 2_048)), axis=1)
    hertz, clarity = periods_of(walks.astype(np.float32))
    assert np.count_nonzero(hertz == 0.0) >= 30
    assert clarity[hertz == 0.0].tolist() == [0.0] * np.count_nonzero(hertz == 0.0)


def test_slices_are_kept_with_the_analysis_and_an_older_one_has_none():
    audio, _ = in_a_row([tone(57, 0.6, 0.0), tone(60, 0.6)])
    analysis = measure_stem(audio, "lead")
    assert len(analysis.slices) == 2
    data = json.loads(json.dumps(stem_to_data(analysis)))
    assert stem_from_data(data) == analysis
    assert len(json.dumps(data["slices"])) < 2 * 110
    older = {key: value for key, value in data.items() if key != "slices"} | {"version": 1}
    assert stem_from_data(older).slices == ()
    assert stem_from_data(older).version == 1
    for wrong in ({"version": 3}, {"slices": [[1, 2]]}):
        with pytest.raises(ValueError, match=r"version|fields"):
            stem_from_data(data | wrong)
