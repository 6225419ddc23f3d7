"""What is taken comes out as canonical PCM, sample for sample where nothing had to be resampled."""

import hashlib

import numpy as np
import pytest
import soundfile

from generation.ingest.decode import Checked, Limits, decode
from tests.generation.ingest.files import RATE_HZ, encode, pcm16, tone, wav, write


def taken(path, tmp_path, **how) -> Checked:
    found = decode(path, tmp_path / "out", **how)
    assert isinstance(found, Checked), found
    assert not list((tmp_path / "out").glob("decode-*"))
    return found


def sound_of(found: Checked):
    return np.load(found.planar).T.astype(np.float64)


@pytest.mark.parametrize(
    ("form", "subtype", "bits"),
    [
        ("WAV", "PCM_16", 16),
        ("WAV", "PCM_24", 24),
        ("WAVEX", "PCM_24", 24),
        ("RF64", "PCM_24", 24),
        ("AIFF", "PCM_16", 16),
        ("AIFF", "PCM_24", 24),
        ("FLAC", "PCM_16", 16),
        ("FLAC", "PCM_24", 24),
        ("WAV", "FLOAT", 24),
        ("WAV", "DOUBLE", 24),
        ("AIFF", "FLOAT", 24),
    ],
)
def test_lossless_sound_at_48_khz_is_kept_to_the_bit(tmp_path, form, subtype, bits):
    steps = np.rint(tone() * 2 ** (bits - 1)).astype(np.int64)
    path = write(tmp_path / "in", steps / 2.0 ** (bits - 1), format=form, subtype=subtype)
    found = taken(path, tmp_path)
    whole = (steps << (24 - bits)).astype("<i4")
    packed = np.ascontiguousarray(whole.view(np.uint8).reshape(-1, 4)[:, :3]).tobytes()
    assert found.digest == hashlib.sha256(packed).hexdigest()
    assert found.frames == len(steps)
    assert np.array_equal(soundfile.read(found.archive, dtype="int32")[0] >> 8, whole)
    assert np.array_equal(np.rint(sound_of(found) * 2**23).astype(np.int64), whole)
    assert found.original_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_container_does_not_change_the_digest(tmp_path):
    sound = np.rint(tone() * 32_768) / 32_768
    digests = {
        taken(write(tmp_path / form, sound, format=form, subtype="PCM_16"), tmp_path).digest
        for form in ("WAV", "AIFF", "FLAC", "RF64")
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("codec", "form", "rate"),
    [
        ("libmp3lame", "mp3", 48_000),
        ("libmp3lame", "mp3", 44_100),
        ("aac", "ipod", 48_000),
        ("aac", "ipod", 44_100),
        ("alac", "ipod", 48_000),
        ("libvorbis", "ogg", 48_000),
        ("libopus", "ogg", 48_000),
        ("flac", "ogg", 48_000),
    ],
)
def test_coded_sound_begins_and_ends_where_the_original_did(tmp_path, codec, form, rate):
    sound = tone(1.0, rate)
    found = taken(encode(tmp_path / "in", sound, codec, form, rate), tmp_path)
    assert abs(found.frames - RATE_HZ) <= 240, found.frames
    reference = tone(1.0, 48_000)[:, 0]
    line = sound_of(found)[:, 0]
    shifts = range(-240, 241, 4)
    fit = [float(line[2_400:40_000] @ reference[2_400 + by : 40_000 + by]) for by in shifts]
    assert abs(shifts[int(np.argmax(fit))]) <= 8


def test_mono_is_laid_on_both_sides_and_says_so(tmp_path):
    found = taken(write(tmp_path / "in.wav", tone(channels=1)[:, 0], subtype="PCM_16"), tmp_path)
    sound = sound_of(found)
    assert np.array_equal(sound[:, 0], sound[:, 1])
    assert found.channels == 1
    assert any("mono" in note for note in found.notes)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000, 192_000])
def test_other_rates_become_48_khz_of_the_same_length_and_pitch(tmp_path, rate):
    t = np.arange(rate) / rate
    line = 0.5 * np.sin(2 * np.pi * 1_000.0 * t)
    path = write(tmp_path / "in.wav", np.stack([line, line], axis=1), rate, subtype="PCM_24")
    found = taken(path, tmp_path)
    assert abs(found.frames - RATE_HZ) <= 1
    ideal = 0.5 * np.sin(2 * np.pi * 1_000.0 * np.arange(found.frames) / RATE_HZ)
    error = (sound_of(found)[:, 0] - ideal)[2_000:-2_000]
    assert 20 * np.log10(np.sqrt(np.mean(error**2)) / np.sqrt(0.125)) < -110


def test_floats_above_full_scale_are_turned_down_and_the_gain_is_kept(tmp_path):
    sound = tone(level=1.6)
    found = taken(write(tmp_path / "in.wav", sound, subtype="FLOAT"), tmp_path)
    assert found.ingest_gain_db == -np.ceil(2000 * np.log10(np.abs(sound).max())) / 100
    back = sound_of(found) / 10 ** (found.ingest_gain_db / 20)
    assert np.abs(back - sound).max() < 3e-7
    assert any("turned down" in note for note in found.notes)


def test_full_scale_itself_is_not_turned_down(tmp_path):
    sound = tone()
    sound[100] = 1.0
    sound[200] = -1.0
    found = taken(write(tmp_path / "in.wav", sound, subtype="FLOAT"), tmp_path)
    assert found.ingest_gain_db == 0.0
    assert sound_of(found)[100, 0] == (2**23 - 1) / 2**23


@pytest.mark.parametrize(
    ("sound", "word"),
    [
        (np.zeros((4_800, 2)), "silent"),
        (np.clip(tone(level=3.0), -1.0, 32_767 / 32_768), "clipped"),
    ],
)
def test_silence_and_clipping_are_taken_with_a_note(tmp_path, sound, word):
    found = taken(write(tmp_path / "in.wav", sound, subtype="PCM_16"), tmp_path)
    assert any(word in note for note in found.notes)


@pytest.mark.parametrize(("size", "riff"), [(0xFFFFFFFF, 0xFFFFFFFF), (0, 0), (0, 0xFFFFFFFF)])
def test_streamed_wav_with_an_open_length_is_taken(tmp_path, size, riff):
    path = tmp_path / "in.wav"
    path.write_bytes(wav(pcm16(tone()), size=size, riff=riff))
    assert taken(path, tmp_path).frames == 24_000


def test_same_file_gives_the_same_digest_again(tmp_path):
    path = write(tmp_path / "in.wav", tone(rate=44_100), 44_100, subtype="PCM_16")
    assert taken(path, tmp_path).digest == taken(path, tmp_path).digest


def test_name_of_the_file_does_not_matter(tmp_path):
    path = write(tmp_path / "song.mp3", tone(), format="FLAC", subtype="PCM_16")
    assert taken(path, tmp_path, name="Sommer – Flöte 1.mp3").kind == "flac"


def test_decoded_length_counts_not_the_declared_one(tmp_path):
    path = tmp_path / "in.wav"
    path.write_bytes(wav(pcm16(tone(2.0)), size=0xFFFFFFFF, riff=0xFFFFFFFF))
    found = decode(path, tmp_path / "out", limits=Limits(seconds_max=1))
    assert not isinstance(found, Checked)
    assert found.code == "too_long"
    assert list((tmp_path / "out").iterdir()) == []
