"""Whole files in every format, decoded again: every sample in its place, peaks and loudness kept.

libebur128 (pyebur128) reads levels; libsndfile reads what it can beside FFmpeg.
"""

import av
import numpy as np
import pytest
import soundfile

from generation.engine import codecs
from generation.engine.lossy import CODERS, write_lossy
from generation.engine.master import ENCODES, PEAK_DBTP, File, finish, settle
from tests.generation.engine.material import RATE, chord, hits, noise
from tests.generation.engine.test_loudness import peer

TAGS = codecs.tags_for("Evening", "Ada", "https://stemma.example/r/1", "2026")
LOSSY = sorted(CODERS)
SNDFILE = {"mp3", "opus"}


def near_the_ceiling(audio):
    """Turned so that its true peak lies at -1.0 dBTP."""
    return (audio * np.float32(10.0 ** ((PEAK_DBTP - peer(audio)[2]) / 20.0))).astype(np.float32)


def clicks():
    """A decaying click of 1 ms every 200 ms on a quiet bed."""
    audio = noise(2, 0.003)
    ring = np.exp(-np.arange(480) / 48.0) * np.cos(2.0 * np.pi * 1_500.0 * np.arange(480) / RATE)
    for place in range(4_000, audio.shape[1] - 480, 9_600):
        audio[:, place : place + 480] += ring.astype(np.float32)
    return audio


MATERIAL = {
    "clicks": clicks,
    "drums": lambda: hits(4)[0],
    "tones": lambda: chord(2),
    "noise": lambda: noise(2),
    "square": lambda: np.sign(chord(2)) * np.float32(0.5) + noise(2, 0.02),
}


def heard(path):
    return np.concatenate(list(codecs.read_chunks(path)), axis=1)


def lag_of(back, audio, reach=40):
    """How many samples late `back` is, by the peak of its correlation with `audio`."""
    middle = slice(audio.shape[1] // 3, audio.shape[1] // 3 + 20_000)
    lags = range(-reach, reach + 1)
    matches = [
        float(back[0, middle.start + lag : middle.stop + lag] @ audio[0, middle]) for lag in lags
    ]
    return lags[int(np.argmax(matches))]


@pytest.mark.parametrize("form", LOSSY)
@pytest.mark.parametrize("length", [1_000, 48_128, 2 * RATE, 96_776, 96_777])
def test_a_file_is_as_long_as_what_went_in(form, length, tmp_path):
    audio = noise(3, 0.2)[:, :length]
    path = tmp_path / f"a.{form}"
    assert write_lossy(form, path, np.array_split(audio, 3, axis=1), TAGS) == length
    assert heard(path).shape[1] == length
    if form in SNDFILE:
        assert soundfile.info(str(path)).frames == length


@pytest.mark.parametrize("form", LOSSY)
def test_every_sample_of_a_lossy_file_is_in_its_place(form, tmp_path):
    audio = noise(3, 0.2)
    path = tmp_path / f"a.{form}"
    write_lossy(form, path, [audio], TAGS)
    assert lag_of(heard(path), audio) == 0
    if form in SNDFILE:
        other = soundfile.read(str(path), dtype="float32")[0].T
        assert lag_of(other, audio) == 0


@pytest.mark.parametrize("form", LOSSY)
def test_an_impulse_is_found_where_it_was_put(form, tmp_path):
    audio = noise(1, 0.0005)
    audio[:, 30_011] = 0.8
    path = tmp_path / f"a.{form}"
    write_lossy(form, path, [audio], TAGS)
    assert int(np.argmax(np.abs(heard(path)[0]))) == 30_011


def test_an_m4a_says_in_its_edit_list_where_the_sound_begins_and_ends(tmp_path):
    audio = noise(1, 0.2)[:, :40_001]
    path = tmp_path / "a.m4a"
    write_lossy("m4a", path, [audio], TAGS)
    data = path.read_bytes()
    at = data.index(b"elst") + 4
    version_and_count, duration, start = (
        int.from_bytes(data[at + 4 * word : at + 4 * word + 4], "big") for word in (1, 2, 3)
    )
    assert (version_and_count, duration, start) == (1, 40_001, 1_024)


def test_the_checksum_of_the_mp3_header_is_the_coders_own(tmp_path):
    """Where nothing had to be mended the header is as LAME and FFmpeg wrote it."""
    path = tmp_path / "a.mp3"
    write_lossy("mp3", path, [noise(1, 0.2)], TAGS)
    ours = path.read_bytes()
    theirs = tmp_path / "b.mp3"
    with av.open(str(theirs), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="stereo")
        stream.bit_rate = 256_000
        frame = av.AudioFrame.from_ndarray(noise(1, 0.2), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    other = theirs.read_bytes()
    at, there = (data.index(b"Info") - 36 for data in (ours, other))
    assert ours[at : at + 192] == other[there : there + 192]


def test_a_title_that_reads_like_a_header_moves_nothing(tmp_path):
    path = tmp_path / "a.mp3"
    audio = noise(3, 0.2)[:, :96_777]
    write_lossy("mp3", path, [audio], codecs.tags_for("Info Xing", "ID3", "Info"))
    assert heard(path).shape[1] == 96_777
    assert lag_of(heard(path), audio) == 0


def test_an_opus_file_runs_at_48_khz_and_says_its_pre_skip(tmp_path):
    path = tmp_path / "a.opus"
    write_lossy("opus", path, [noise(1, 0.2)], TAGS)
    head = path.read_bytes()
    at = head.index(b"OpusHead")
    channels, skip = head[at + 9], int.from_bytes(head[at + 10 : at + 12], "little")
    assert (channels, skip) == (2, 312)
    with av.open(str(path)) as container:
        assert container.streams.audio[0].rate == RATE


@pytest.mark.parametrize("form", ["flac", *LOSSY])
def test_every_format_says_what_it_is(form, tmp_path):
    path = tmp_path / f"a.{form}"
    if form == "flac":
        codecs.write_flac(path, [noise(0.5)], TAGS)
    else:
        write_lossy(form, path, [noise(0.5)], TAGS)
    tags = codecs.read_tags(path)
    assert (tags["title"], tags["artist"], tags["date"]) == ("Evening", "Ada", "2026")
    assert "AI-assisted" in tags["comment"]
    assert "https://stemma.example/r/1" in tags["comment"]


@pytest.mark.parametrize("name", sorted(MATERIAL))
def test_no_file_passes_the_peak_and_each_is_as_loud_as_the_master(name, tmp_path):
    audio = near_the_ceiling(MATERIAL[name]())
    done = finish(
        lambda: np.array_split(audio, 4, axis=1),
        reached_lufs=peer(audio)[0],
        folder=tmp_path,
        name="v",
        tags=TAGS,
        formats=("flac", *LOSSY),
    )
    assert [one.format for one in done.files] == ["flac", *LOSSY]
    for file in done.files:
        loudness, _, peak = peer(heard(file.path))
        assert peak <= PEAK_DBTP, file.format
        assert peak == pytest.approx(file.true_peak_dbtp, abs=0.01)
        if done.integrated_lufs < -5.0:  # else louder than music is: the peak has the last word
            assert abs(loudness - done.integrated_lufs) <= 0.5, file.format


def test_formats_that_are_not_made_are_refused(tmp_path):
    for formats in (("mp3",), ("flac", "wav")):
        with pytest.raises(ValueError, match="not made here"):
            finish(list, reached_lufs=-14.0, folder=tmp_path, name="v", tags=TAGS, formats=formats)


def coder(loses_lu=0.0, adds_db=0.0, level=-14.0, peak=-1.5):
    """A coder by formula: what it makes has one loud block, number 7."""
    made = []

    def encode_at(lowered, cuts):
        made.append((lowered, dict(cuts)))
        heard = peak + adds_db - lowered - cuts.get(7, 0.0)
        over = {7: heard - PEAK_DBTP} if heard > PEAK_DBTP else {}
        return File("x", None, 1, level - loses_lu - lowered, heard, lowered), over

    return encode_at, made


def test_a_file_a_little_over_the_peak_is_lowered_by_the_overshoot_and_a_tenth():
    encode_at, made = coder(adds_db=0.7)
    assert settle(encode_at, -14.0).lowered_db == pytest.approx(0.3)
    assert made == [(0.0, {}), (pytest.approx(0.3), {})]


def test_a_file_far_over_the_peak_is_turned_down_only_where_it_is():
    encode_at, made = coder(adds_db=2.5)
    file = settle(encode_at, -14.0)
    assert (file.lowered_db, file.integrated_lufs) == (0.0, -14.0)
    assert file.true_peak_dbtp == pytest.approx(PEAK_DBTP - 0.1)
    assert made == [(0.0, {}), (0.0, {7: pytest.approx(2.1)})]


def test_a_file_that_lost_loudness_is_turned_up_and_its_peaks_kept():
    encode_at, _ = coder(loses_lu=0.7, adds_db=0.4)
    file = settle(encode_at, -14.0)
    assert file.integrated_lufs == pytest.approx(-14.0)
    assert file.true_peak_dbtp <= PEAK_DBTP


def test_a_coder_that_answers_every_level_with_the_same_peak_gets_no_file():
    made = []

    def encode_at(lowered, cuts):
        made.append(lowered)
        return File("x", None, 1, -14.0, -0.5, lowered), {7: 0.5}

    assert settle(encode_at, -14.0) is None
    assert len(made) == ENCODES


def test_what_cannot_keep_its_peak_when_turned_up_goes_back_to_where_it_did():
    made = []

    def encode_at(lowered, cuts):
        made.append(lowered)
        peak = -2.0 if lowered >= 0.0 else -0.9
        return File("x", None, 1, -15.0, peak, lowered), {7: 0.1} if peak > -1.0 else {}

    assert settle(encode_at, -14.0).lowered_db == 0.0
    assert made[0] == made[-1] == 0.0
    assert len(made) <= ENCODES
