"""The demo's own music: whole stems, an exact grid, its key, the same every time."""

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from portal.demo.song import harbour, lanterns
from portal.demo.song.canvas import RATE
from portal.demo.song.write import PIECES, write_stems


@pytest.fixture(scope="module")
def stems():
    return {name: make() for name, make in harbour.STEMS.items()}


def pitch_classes(sound):
    """Energy of the twelve pitch classes, C first, between 60 Hz and 2 kHz."""
    mono = resample_poly(sound.mean(axis=0), 1, 8)
    power = np.abs(np.fft.rfft(mono)) ** 2
    hz = np.fft.rfftfreq(len(mono), 8 / RATE)
    within = (hz > 60) & (hz < 2_000)
    number = np.round(69 + 12 * np.log2(hz[within] / 440)).astype(int) % 12
    return np.bincount(number, weights=power[within], minlength=12)


def test_every_stem_is_stereo_lasts_the_whole_piece_and_stays_below_full_scale(stems):
    length = round(harbour.BARS * 4 * 60 / harbour.BPM * RATE)
    for sound in stems.values():
        assert sound.shape == (2, length)
        assert np.isfinite(sound).all()
        assert 0.1 < np.abs(sound).max() < 0.99
        assert np.abs(sound[:, -1]).max() < 1e-3


def test_both_pieces_last_a_minute_and_have_five_stems_at_least():
    for piece in PIECES.values():
        assert piece.BARS * 4 * 60 / piece.BPM >= 60
        assert len(piece.STEMS) >= 5
        assert len(piece.CHORDS) == piece.BARS
    assert lanterns.BPM != harbour.BPM
    assert lanterns.KEY != harbour.KEY


def test_the_tonal_stems_are_in_the_key_they_name(stems):
    energy = pitch_classes(stems["guitar"] + stems["bass"] + stems["strings"])
    scale = [7, 9, 11, 0, 2, 4, 6]
    assert energy[scale].sum() > 0.95 * energy.sum()
    assert np.argmax(energy) in (7, 2)


def test_the_first_beat_of_every_bar_is_hit_on_the_grid(stems):
    mono = np.abs(stems["percussion"]).sum(axis=0)
    for bar in range(harbour.BARS - 2):
        at = round(bar * 4 * 60 / harbour.BPM * RATE)
        before = mono[max(0, at - 480) : max(1, at - 96)].max()
        assert mono[at : at + 480].max() > 3 * before


def test_a_stem_is_the_same_every_time(stems):
    assert np.array_equal(stems["hum"], harbour.hum())


def test_files_are_24_bit_and_a_second_call_leaves_them_alone(tmp_path):
    paths = write_stems(tmp_path, "slow_harbour")
    assert [path.stem for path in paths] == list(harbour.STEMS)
    info = soundfile.info(paths[0])
    assert (info.format, info.subtype, info.samplerate, info.channels) == (
        "FLAC",
        "PCM_24",
        RATE,
        2,
    )
    made = [path.stat().st_mtime_ns for path in paths]
    assert [p.stat().st_mtime_ns for p in write_stems(tmp_path, "slow_harbour")] == made
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths)
