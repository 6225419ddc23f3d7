"""Play lists and boxes: read back by a parser of the test's own, and played by FFmpeg from disk."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from generation.engine import codecs, hls
from generation.engine.hls import AAC_FRAME, RENDITIONS, SEGMENT_SAMPLES
from generation.engine.segments import encode_segment
from tests.generation.engine import boxes
from tests.generation.engine.material import RATE, noise
from tests.generation.engine.test_segments import decoded, music, segments

AAC, FLAC = RENDITIONS["aac"], RENDITIONS["flac"]


def lengths_in(text):
    return [
        Fraction(line[len("#EXTINF:") :].rstrip(","))
        for line in text.splitlines()
        if line.startswith("#EXTINF:")
    ]


def written(rendition, audio, folder):
    """A finished rendition on disk; the address of its play list."""
    end = audio.shape[1]
    (folder / "init.mp4").write_bytes(hls.init_segment(rendition))
    for index, data in enumerate(segments(rendition, audio)):
        (folder / f"{index}.m4s").write_bytes(data)
    path = folder / "index.m3u8"
    path.write_text(hls.media_play_list(rendition, reached=end, end=end))
    return str(path)


def played(address):
    with av.open(address, options={"allowed_extensions": "ALL"}) as container:
        return [(frame.pts, frame.to_ndarray()) for frame in container.decode(audio=0)]


def test_ffmpeg_plays_the_very_numbers_of_a_lossless_rendition(tmp_path):
    audio = music(1, 5)[:, : 5 * RATE - 77]
    frames = played(written(FLAC, audio, tmp_path))
    assert frames[0][0] == 0
    sound = np.concatenate([one.reshape(-1, 2) for _, one in frames]) >> 8
    assert np.array_equal(sound, codecs.to_int24(audio))


def test_ffmpeg_plays_an_aac_rendition_from_its_first_sample(tmp_path):
    audio = music(2, 5)
    frames = played(written(AAC, audio, tmp_path))
    assert frames[0][0] == 0
    sound = np.concatenate([one for _, one in frames], axis=1)
    coded = [data for one in segments(AAC, audio) for _, data in boxes.frames(one)]
    assert np.array_equal(sound, decoded(coded))
    middle = slice(60_000, 120_000)
    lags = range(-30, 31)
    matches = [
        float(sound[0, middle.start + lag : middle.stop + lag] @ audio[0, middle]) for lag in lags
    ]
    assert lags[int(np.argmax(matches))] == 0


def test_ffmpeg_plays_from_the_master_play_list_in_either_codec(tmp_path):
    audio = music(3, 3)
    for rendition in RENDITIONS.values():
        (tmp_path / rendition.form).mkdir()
        written(rendition, audio, tmp_path / rendition.form)
    (tmp_path / "master.m3u8").write_text(hls.master_play_list(list(RENDITIONS.values())))
    options = {"allowed_extensions": "ALL"}
    with av.open(str(tmp_path / "master.m3u8"), options=options) as container:
        names = [one.codec_context.name for one in container.streams.audio]
    assert names == ["aac", "flac"]


def test_the_init_segment_says_codec_rate_channels_and_priming():
    for rendition in RENDITIONS.values():
        data = hls.init_segment(rendition)
        stsd = boxes.one(data, "/moov/trak/mdia/minf/stbl/stsd")
        (_, kind), entry = struct.unpack_from(">I4s", stsd, 8), stsd[16:]
        channels, _bits, rate = struct.unpack_from(">8xHH4xI", entry, 8)
        assert (kind, channels, rate >> 16) == (
            {"aac": b"mp4a", "flac": b"fLaC"}[rendition.form], 2, RATE,
        )  # fmt: skip
        edits = [content for path, content in boxes.boxes(data) if path.endswith("/elst")]
        starts = [struct.unpack_from(">i", content, 12)[0] for content in edits]
        assert starts == ([AAC_FRAME] if rendition is AAC else [])
        assert struct.unpack_from(">I", boxes.one(data, "/moov/trak/mdia/mdhd"), 12)[0] == RATE


def test_the_configuration_is_the_encoders_own():
    coder = av.CodecContext.create("aac", "w")
    coder.sample_rate, coder.layout, coder.format = RATE, "stereo", "fltp"
    coder.open()
    assert coder.extradata.startswith(hls.AAC_CONFIG)
    assert hls.AAC_CONFIG in AAC.entry


def test_decode_times_are_the_sum_of_the_durations_before():
    audio = noise(7)
    for rendition in RENDITIONS.values():
        at = 0
        for number, one in enumerate(segments(rendition, audio)):
            assert boxes.decode_time(one) == at
            assert struct.unpack_from(">I", boxes.one(one, "/moof/mfhd"), 4)[0] == number + 1
            at += sum(duration for duration, _ in boxes.frames(one))


def test_equal_sound_gives_equal_bytes():
    audio = music(4, 3)
    for rendition in RENDITIONS.values():
        assert hls.init_segment(rendition) == hls.init_segment(rendition)
        again = [
            encode_segment(rendition, lambda a, b: audio[:, a:b], 0, audio.shape[1])
            for _ in range(2)
        ]
        assert again[0] == again[1]


@pytest.mark.parametrize("end", [1, SEGMENT_SAMPLES, SEGMENT_SAMPLES + 1, 8_640_001, 86_400_000])
def test_lengths_sum_to_the_sound_within_a_microsecond(end):
    text = hls.media_play_list(AAC, reached=end, end=end)
    lengths = lengths_in(text)
    assert abs(sum(lengths) - Fraction(end, RATE)) <= Fraction(1, 10**6)
    target = int(text.split("#EXT-X-TARGETDURATION:")[1].split("\n")[0])
    assert all(0 < round(one) <= target or one < 1 for one in lengths)
    assert len(lengths) == -(-end // SEGMENT_SAMPLES)


def test_a_play_list_grows_and_is_closed_once_all_is_there():
    end = 5 * SEGMENT_SAMPLES + 17
    before = ""
    for reached in range(0, end + 96_000, 96_000):
        text = hls.media_play_list(AAC, reached=min(reached, end), end=end)
        assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
        assert text.removesuffix("#EXT-X-ENDLIST\n").startswith(before)
        assert ("#EXT-X-ENDLIST" in text) == (reached >= end)
        before = text.removesuffix("#EXT-X-ENDLIST\n")
    assert len(lengths_in(before)) == 6


def test_a_segment_is_listed_only_when_what_its_coder_hears_is_there():
    end = 4 * SEGMENT_SAMPLES
    for rendition in RENDITIONS.values():
        for reached in range(0, end + 1, 10_007):
            for index in range(hls.count_ready(rendition, reached, end)):
                assert hls.heard_by(rendition, index, end)[1] <= reached


def test_play_lists_name_version_map_and_codecs():
    text = hls.media_play_list(AAC, reached=10, end=10)
    assert text.startswith("#EXTM3U\n#EXT-X-VERSION:7\n")
    assert '#EXT-X-MAP:URI="init.mp4"' in text
    master = hls.master_play_list([AAC, FLAC])
    assert 'CODECS="mp4a.40.2"\naac/index.m3u8' in master
    assert 'CODECS="fLaC"\nflac/index.m3u8' in master
