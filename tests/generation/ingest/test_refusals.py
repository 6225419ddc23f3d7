"""Whatever is broken, lying or hostile is refused with one sentence, and nothing stays behind."""

import struct

import numpy as np
import pytest

from generation.ingest.decode import Limits, Refused, decode
from tests.generation.ingest.files import encode, flac_bytes, pcm16, tone, wav, write

NOISE = np.random.default_rng(3).integers(0, 256, 60_000, dtype=np.uint8).tobytes()


def refused(
    data: bytes, tmp_path, name: str | None = None, limits: Limits | None = None
) -> Refused:
    path = tmp_path / "in"
    path.write_bytes(data)
    found = decode(path, tmp_path / "out", name=name, limits=limits)
    assert isinstance(found, Refused), found
    assert found.sentence.endswith(".")
    assert "\n" not in found.sentence
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    return found


def coded(tmp_path, codec: str, form: str) -> bytes:
    return encode(tmp_path / "coded", tone(3.0), codec, form).read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\nhttp://127.0.0.1/secret.mp3\n",
        b"[playlist]\nFile1=/etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#!/bin/sh\nrm -rf /\n",
        b"<?xml version='1.0'?><playlist/>",
        b"<html><audio src=x></html>",
        b"ID3\x03\x00\x00\x00\x00\x00\x05xxxxx#EXTM3U\nhttp://127.0.0.1/\n",
        b"%PDF-1.7\n",
        b"MZ" + NOISE,
        NOISE,
        b"\x00" * 5_000,
        b"\xff\xfb\x90\x00",
        b"RIFF",
    ],
)
def test_what_is_no_sound_is_refused(tmp_path, data):
    assert refused(data, tmp_path, name="song.wav").code in ("not_audio", "truncated", "damaged")


def test_empty_file_is_refused(tmp_path):
    assert refused(b"", tmp_path).code == "empty"


def test_wav_without_a_sample_is_refused(tmp_path):
    assert refused(wav(b""), tmp_path).code == "empty"


@pytest.mark.parametrize("keep", [0.5, 0.999])
@pytest.mark.parametrize(
    ("codec", "form"),
    [
        ("pcm_s16le", "wav"),
        ("pcm_s16be", "aiff"),
        ("flac", "flac"),
        ("libmp3lame", "mp3"),
        ("aac", "ipod"),
        ("libvorbis", "ogg"),
        ("libopus", "ogg"),
    ],
)
def test_truncated_file_is_refused(tmp_path, codec, form, keep):
    data = coded(tmp_path, codec, form)
    found = refused(data[: int(len(data) * keep)], tmp_path)
    assert found.code in ("truncated", "damaged"), found


def test_truncated_m4a_with_its_index_in_front_is_refused(tmp_path):
    data = coded(tmp_path, "aac", "ipod")
    at = data.index(b"moov") - 4
    size = struct.unpack(">I", data[at : at + 4])[0]
    front = data.index(b"mdat") - 4
    moved = data[:front] + data[at : at + size] + data[front:at]
    assert refused(moved[:-2_000], tmp_path).code in ("truncated", "damaged")


@pytest.mark.parametrize(
    "form",
    [
        {"channels": 0, "align": 0},
        {"align": 3},
        {"per_second": 1},
        {"bits": 0, "align": 4},
        {"rate": 0},
        {"tag": 0x55},
        {"tag": 2},
        {"channels": 33},
        {"channels": 6},
        {"rate": 4_000},
        {"rate": 384_000},
    ],
)
def test_wav_with_a_wrong_or_unwanted_header_is_refused(tmp_path, form):
    refused(wav(pcm16(tone()), **form), tmp_path)


def test_wav_that_promises_more_than_it_holds_is_refused(tmp_path):
    data = pcm16(tone())
    assert refused(wav(data, size=len(data) + 4), tmp_path).code == "truncated"


def test_many_channels_are_told_apart_from_too_many(tmp_path):
    six = refused(wav(pcm16(tone(channels=6)), channels=6), tmp_path)
    many = refused(wav(pcm16(tone(channels=40)), channels=40), tmp_path)
    assert six.code == many.code == "channels"
    assert "mono or stereo" in six.sentence
    assert "32 channels" in many.sentence


def test_flac_that_lies_about_its_length_is_refused(tmp_path):
    for total in (10, 240_000):
        data = flac_bytes(tone(1.0))
        packed = int.from_bytes(data[18:26], "big") & ~0xF_FFFF_FFFF | total
        data[18:26] = packed.to_bytes(8, "big")
        assert refused(bytes(data), tmp_path).code in ("header", "truncated", "damaged")


def test_flac_whose_sound_does_not_match_its_md5_is_refused(tmp_path):
    data = flac_bytes(tone())
    data[30] ^= 0xFF
    assert refused(bytes(data), tmp_path).code == "damaged"


@pytest.mark.parametrize("at", [0.3, 0.6, 0.9])
def test_flac_with_a_flipped_byte_is_refused(tmp_path, at):
    data = flac_bytes(tone(2.0))
    data[int(len(data) * at)] ^= 0x55
    assert refused(bytes(data), tmp_path).code in ("damaged", "truncated", "header")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_no_sound_are_refused(tmp_path, value):
    sound = tone()
    sound[1_000, 1] = value
    path = write(tmp_path / "nan.wav", sound, format="WAV", subtype="FLOAT")
    assert refused(path.read_bytes(), tmp_path).code == "not_finite"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a/b.wav", "a\\b.wav", "nul\x00.wav", "tab\t.wav", "", "..", "x" * 300,
     "gpj.\u202efdp.wav", "new\nline.wav"],
)  # fmt: skip
def test_hostile_file_name_is_refused(tmp_path, name):
    assert refused(wav(pcm16(tone())), tmp_path, name=name).code == "name"


def test_file_over_the_size_limit_is_refused_before_it_is_read(tmp_path):
    found = refused(wav(pcm16(tone())), tmp_path, limits=Limits(bytes_max=1_000))
    assert found.code == "too_large"


def test_ogg_with_two_streams_is_refused(tmp_path):
    data = coded(tmp_path, "libvorbis", "ogg")
    assert refused(data + data, tmp_path).code == "several_streams"


def test_video_is_refused(tmp_path):
    import av

    path = tmp_path / "video.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 40 * number, np.uint8), "rgb24")
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
    assert refused(path.read_bytes(), tmp_path).code in ("not_audio", "video")


def test_decoder_that_takes_too_long_is_killed(tmp_path):
    path = write(tmp_path / "long.wav", tone(2.0), subtype="PCM_24")
    found = refused(path.read_bytes(), tmp_path, limits=Limits(wall_seconds=0))
    assert found.code == "too_slow"


def test_decoder_that_uses_up_its_cpu_time_is_ended(tmp_path):
    path = write(tmp_path / "long.wav", np.zeros(25 * 60 * 8_000), 8_000, subtype="PCM_16")
    limits = Limits(cpu_seconds_per_minute=1, cpu_seconds_max=1)
    assert refused(path.read_bytes(), tmp_path, limits=limits).code == "too_slow"
