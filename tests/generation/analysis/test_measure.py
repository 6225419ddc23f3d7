"""What is heard agrees with what was written: exact grids, libebur128, plain arithmetic."""

import json

import numpy as np
import pyebur128
import pytest

from benchmarks import pieces, synth
from benchmarks.analysis import f_measure, is_near
from generation.analysis import values
from generation.analysis.measure import measure_recording, measure_stem

RATE_HZ = 48_000


def stereo(line):
    return np.stack([line, line]).astype(np.float32)


def of_piece(number: int):
    piece = pieces.piece(number)
    stems = [stereo(line) for line in piece.stems.values()]
    analyses = [measure_stem(sound, name) for sound, name in zip(stems, piece.stems, strict=True)]
    return piece, analyses, measure_recording(stems, analyses)


@pytest.mark.parametrize("number", [4, 12, 21])
def test_tempo_beats_bars_and_key_of_a_piece_are_heard(number):
    piece, analyses, found = of_piece(number)
    assert is_near(found.tempo_bpm, [piece.tempo_bpm])
    assert found.key == piece.key
    assert found.beats_per_bar == piece.beats_per_bar
    assert f_measure(found.beats, piece.beats) > 0.9
    assert f_measure(found.downbeats, piece.downbeats) > 0.9
    assert set(found.downbeats) <= set(found.beats)
    assert list(found.beats) == sorted(set(found.beats))
    assert sum(part.bars for part in found.parts) in (
        len(found.downbeats),
        len(found.downbeats) - 1,
    )
    edges = [part.bar for part in found.parts]
    assert edges == [sum(part.bars for part in found.parts[:at]) for at in range(len(edges))]
    assert all(0.0 <= part.energy <= 1.0 for part in found.parts)
    assert [one.role for one in analyses if one.role == "drums"] == ["drums"] * (
        "drums" in piece.stems
    )


def test_steady_piece_gets_a_grid_true_to_a_few_milliseconds():
    piece, _, found = of_piece(0)
    places = np.asarray(found.beats, float)
    off = [float(np.abs(places - beat).min()) for beat in piece.beats]
    assert max(off) < 0.004 * RATE_HZ
    assert abs(found.tempo_bpm / piece.tempo_bpm - 1.0) < 1e-3


def test_measuring_twice_gives_equal_values_and_both_survive_json():
    stems = [stereo(line[: 10 * RATE_HZ]) for line in pieces.piece(12).stems.values()]
    analyses = [measure_stem(sound) for sound in stems]
    assert [measure_stem(sound) for sound in stems] == analyses
    found = measure_recording(stems, analyses)
    for one in analyses:
        assert values.stem_from_data(json.loads(json.dumps(values.stem_to_data(one)))) == one
    data = json.loads(json.dumps(values.recording_to_data(found)))
    assert values.recording_from_data(data) == found


def test_analysis_of_another_version_or_shape_is_not_read():
    data = values.stem_to_data(measure_stem(stereo(np.zeros(100))))
    with pytest.raises(ValueError, match="version"):
        values.stem_from_data(data | {"version": 99})
    with pytest.raises(ValueError, match="fields"):
        values.stem_from_data(data | {"mood": "blue"})


@pytest.mark.parametrize(("name", "line"), pieces.strangers(12.0))
def test_what_is_no_music_gets_no_tempo_and_no_key(name, line):
    stem = measure_stem(stereo(line), name)
    found = measure_recording([stereo(line)], [stem])
    for one in (stem, found):
        assert one.tempo_bpm is None
        assert one.key is None
    assert found.beats == found.downbeats == ()
    assert found.notes


def test_attacks_are_found_to_the_millisecond_and_quiet_ones_too():
    rng = np.random.default_rng(5)
    line = np.zeros(20 * RATE_HZ, np.float32)
    places = np.sort(rng.choice(np.arange(1, 95), 60, replace=False)) * 9_600 + rng.integers(
        0, 4_000, 60
    )
    for number, place in enumerate(places):
        strength = 10 ** (-rng.uniform(0, 24) / 20)
        sounds = (synth.kick(strength), synth.snare(rng, strength), synth.hat(rng, strength))
        synth.lay(line, sounds[number % 3], float(place))
    found = np.asarray(measure_stem(stereo(line), "drums").onsets)
    off = np.abs(found[:, None] - places[None, :]).min(axis=0)
    assert (off <= 48).mean() >= 0.95
    assert len(found) <= 66


def test_rise_of_an_attack_over_a_tone_is_in_decibels():
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    line = 0.01 * np.sin(2 * np.pi * 440.0 * t)
    line[RATE_HZ:] *= 10.0
    found = measure_stem(stereo(line))
    nearest = int(np.argmin(np.abs(np.asarray(found.onsets) - RATE_HZ)))
    assert abs(found.onsets[nearest] - RATE_HZ) <= 60
    assert found.onset_db[nearest] == pytest.approx(20.0, abs=0.3)


def test_loudness_and_true_peak_agree_with_libebur128():
    sound = stereo(pieces.piece(4).stems["keys"])
    found = measure_stem(sound)
    mode = pyebur128.MeasurementMode
    meter = pyebur128.R128State(2, RATE_HZ, mode.MODE_I | mode.MODE_TRUE_PEAK)
    meter.add_frames(np.ascontiguousarray(sound.T).reshape(-1), sound.shape[1])
    assert found.loudness_lufs == pytest.approx(pyebur128.get_loudness_global(meter), abs=0.06)
    peak = max(pyebur128.get_true_peak(meter, side) for side in (0, 1))
    assert found.true_peak_dbtp == pytest.approx(20 * np.log10(peak), abs=0.1)


def test_gram_adds_up_to_the_power_of_the_sum():
    rng = np.random.default_rng(1)
    stems = [(0.1 * rng.standard_normal((2, 100_000))).astype(np.float32) for _ in range(3)]
    found = measure_recording(stems, [measure_stem(one) for one in stems])
    whole = measure_recording([sum(stems)], [measure_stem(sum(stems))])
    assert len(found.gram) == len(whole.gram) == 3
    for span, single in zip(found.gram, whole.gram, strict=True):
        assert np.sum(span) == pytest.approx(single[0][0], rel=1e-5)
        assert np.allclose(span, np.transpose(span))


def test_active_spans_and_peaks_show_where_a_stem_sounds():
    line = np.zeros(10 * RATE_HZ)
    line[3 * RATE_HZ : 5 * RATE_HZ] = 0.5 * np.sin(np.arange(2 * RATE_HZ) * 0.06)
    found = measure_stem(stereo(line))
    assert len(found.active) == 1
    (start, end) = found.active[0]
    assert abs(start - 3 * RATE_HZ) <= 0.4 * RATE_HZ
    assert abs(end - 5 * RATE_HZ) <= 0.4 * RATE_HZ
    assert len(found.peaks) == 800
    assert max(high for _, high in found.peaks) == 64
    assert found.peaks[0] == (0, 0)


@pytest.mark.parametrize("length", [1, 2, 100, 3_000, 30_000])
@pytest.mark.parametrize("kind", ["noise", "steady", "silence"])
def test_short_sound_is_measured_without_a_guess(length, kind):
    rng = np.random.default_rng(2)
    sound = {
        "noise": 0.1 * rng.standard_normal((2, length)),
        "steady": np.full((2, length), 0.5),
        "silence": np.zeros((2, length)),
    }[kind].astype(np.float32)
    stem = measure_stem(sound)
    found = measure_recording([sound], [stem])
    assert stem.tempo_bpm is None
    assert found.beats == ()
    assert len(stem.peaks) == min(800, length)
    assert np.isfinite(stem.chroma).all()


def test_sides_that_cancel_each_other_are_still_heard():
    line = pieces.piece(4).stems["keys"]
    found = measure_stem(np.stack([line, -line]).astype(np.float32))
    assert found.key is not None
    assert found.onsets


def test_unequal_lengths_are_measured_and_noted():
    piece = pieces.piece(4)
    stems = [stereo(line[: 8 * RATE_HZ]) for line in list(piece.stems.values())[:2]]
    stems[0] = stems[0][:, : 5 * RATE_HZ]
    found = measure_recording(stems, [measure_stem(one) for one in stems])
    assert found.length == stems[1].shape[1]
    assert any("equally long" in note for note in found.notes)


def test_recording_without_stems_cannot_be_measured():
    with pytest.raises(ValueError, match="stems"):
        measure_recording([], [])


def test_a_stem_measured_before_there_were_bands_still_reads():
    data = values.stem_to_data(measure_stem(stereo(0.1 * np.ones(48_000))))
    del data["bands"]
    assert values.stem_from_data(data).bands is None
    with pytest.raises(ValueError, match="bands"):
        values.stem_from_data(data | {"bands": {"hop": 4_800}})


def test_bands_tell_level_side_and_width():
    """Noise of -20 dB on the left alone for a second, then the same on both sides."""
    rng = np.random.default_rng(1)
    line = 0.1 * rng.standard_normal(96_000)
    sound = np.stack([line, np.where(np.arange(96_000) < 48_000, 0.0, line)]).astype(np.float32)
    bands = measure_stem(sound, "fx").bands
    assert (bands.left_pct, bands.alike_pct) == ((100, 50), (0, 100))
    assert len(bands.levels_db) == 20
    assert len(bands.shapes_db) == 2
    assert all(max(row) == 0 for row in bands.shapes_db)
    first, last = (float(np.mean(bands.levels_db[a : a + 9])) for a in (0, 10))
    assert last - first == pytest.approx(3.0, abs=0.7)
