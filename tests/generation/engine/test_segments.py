"""Segments made alone, against one long encode: the same frames at every join, nothing moved."""

from functools import lru_cache

import av
import numpy as np
import pytest

from generation.engine import codecs, hls
from generation.engine.hls import AAC_FRAME, RENDITIONS, SEGMENT_SAMPLES
from generation.engine.segments import AAC_QUALITY, encode_segment
from tests.generation.engine import boxes
from tests.generation.engine.material import RATE, chord, hits, noise

AAC, FLAC = RENDITIONS["aac"], RENDITIONS["flac"]


def music(seed, seconds=9):
    """Notes with harmonics and struck noise at odd times, over a quiet bed."""
    rng = np.random.default_rng(seed)
    sound = 0.003 * rng.standard_normal((2, int(seconds * RATE)))
    for _ in range(int(seconds * 4)):
        length = 24_000
        start = int(rng.integers(0, sound.shape[1] - length))
        time = np.arange(length) / RATE
        hertz = 110.0 * 2.0 ** (rng.integers(0, 30) / 12.0)
        note = sum(np.sin(2 * np.pi * hertz * h * time) / h for h in (1, 2, 3, 4))
        note = note * np.exp(-4.0 * time) * np.minimum(1.0, time / 0.005)
        sound[:, start : start + length] += rng.uniform(0.02, 0.12, (2, 1)) * note
        struck = rng.standard_normal((2, 3_000)) * np.exp(-np.arange(3_000) / 300)
        sound[:, start : start + 3_000] += 0.2 * rng.random() * struck
    return (0.8 * sound / np.abs(sound).max()).astype(np.float32)


MATERIAL = {
    **{f"music {seed}": (lambda seed=seed: music(seed)) for seed in range(1, 6)},
    "chord": lambda: chord(9),
    "drums": lambda: hits(9)[0],
    "noise": lambda: noise(9),
    "quiet": lambda: 0.01 * music(9),
    "silence": lambda: np.zeros((2, 9 * RATE), np.float32),
}


def segments(rendition, audio):
    end = audio.shape[1]
    count = hls.count_ready(rendition, end, end)
    return [
        encode_segment(rendition, lambda start, stop: audio[:, start:stop], index, end)
        for index in range(count)
    ]


def long_encode(audio):
    """One FFmpeg encode of the whole at the same settings, in its own way of feeding frames."""
    coder = av.CodecContext.create("aac", "w")
    coder.sample_rate, coder.layout, coder.format = RATE, "stereo", "fltp"
    coder.flags |= 0x2 | 0x800000
    coder.options = {
        "aac_coder": "fast", "aac_pns": "0", "aac_is": "0", "cutoff": "20000",
        "global_quality": str(round(AAC_QUALITY * 118)),
    }  # fmt: skip
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts = RATE, 0
    return [bytes(one) for one in (*coder.encode(frame), *coder.encode(None))]


def decoded(frames):
    """What FFmpeg's decoder makes of coded frames; sample 0 is the first after the priming."""
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = hls.AAC_CONFIG
    sound = [one.to_ndarray() for data in frames for one in decoder.decode(av.Packet(data))]
    return np.concatenate(sound, axis=1)[:, AAC_FRAME:]


@lru_cache(maxsize=2)
def both(name):
    audio = MATERIAL[name]()
    joined = [data for one in segments(AAC, audio) for _, data in boxes.frames(one)]
    return audio, joined, long_encode(audio)


def residual_db(wrong, right):
    power = float(np.mean(right.astype(np.float64) ** 2))
    error = float(np.mean((wrong.astype(np.float64) - right) ** 2))
    return 10.0 * np.log10((error + 1e-20) / (power + 1e-10))


@pytest.mark.parametrize("name", sorted(MATERIAL))
def test_joins_are_those_of_one_long_encode(name):
    audio, joined, whole = both(name)
    assert len(joined) == len(whole) == -(-audio.shape[1] // AAC_FRAME) + 1
    ours, theirs = decoded(joined), decoded(whole)
    for join in range(SEGMENT_SAMPLES, audio.shape[1] - 2 * AAC_FRAME, SEGMENT_SAMPLES):
        around = slice(join - AAC_FRAME, join + 2 * AAC_FRAME)
        assert residual_db(ours[:, around], theirs[:, around]) <= -60.0, join


@pytest.mark.parametrize("name", ["music 1", "chord"])
def test_decoded_segments_lie_where_the_sound_lay(name):
    audio, joined, _ = both(name)
    sound = decoded(joined)
    middle = slice(SEGMENT_SAMPLES - 20_000, SEGMENT_SAMPLES + 20_000)
    lags = range(-30, 31)
    matches = [
        float(sound[0, middle.start + lag : middle.stop + lag] @ audio[0, middle]) for lag in lags
    ]
    assert lags[int(np.argmax(matches))] == 0


def test_an_impulse_beside_a_join_stays_at_its_sample():
    audio = noise(5, 0.0005)
    places = [SEGMENT_SAMPLES - 1, SEGMENT_SAMPLES + 700, 2 * SEGMENT_SAMPLES]
    for place in places:
        audio[:, place] = 0.8
    joined = [data for one in segments(AAC, audio) for _, data in boxes.frames(one)]
    sound = decoded(joined)[0]
    for place in places:
        near = slice(place - 400, place + 400)
        assert int(np.argmax(np.abs(sound[near]))) == 400


def test_a_segment_is_the_same_whoever_makes_it_and_hears_no_more_than_it_says():
    audio = music(7, 7)
    end = audio.shape[1]
    for rendition in RENDITIONS.values():
        for index, whole in enumerate(segments(rendition, audio)):
            low, high = hls.heard_by(rendition, index, end)
            near = np.full_like(audio, np.nan)
            near[:, low:high] = audio[:, low:high]
            again = encode_segment(rendition, lambda a, b, at=near: at[:, a:b], index, end)
            assert again == whole


def test_flac_segments_joined_are_the_24_bit_numbers():
    audio = music(8, 5)[:, : 5 * RATE - 123]
    decoder = av.CodecContext.create("flac", "r")
    decoder.extradata = FLAC.entry[-34:]
    parts = []
    for one in segments(FLAC, audio):
        cut = boxes.frames(one)
        assert all(length == hls.FLAC_FRAME for length, _ in cut[:-1])
        parts += [frame for _, data in cut for frame in decoder.decode(av.Packet(data))]
    sound = np.concatenate([one.to_ndarray().reshape(-1, 2) for one in parts]) >> 8
    assert np.array_equal(sound, codecs.to_int24(audio))


@pytest.mark.parametrize("form", sorted(RENDITIONS))
@pytest.mark.parametrize("length", [1, 1_024, 98_303, 98_304, 98_305, 150_000])
def test_segments_last_exactly_as_long_as_the_sound(form, length):
    rendition = RENDITIONS[form]
    made = segments(rendition, noise(4)[:, :length])
    total = sum(duration for one in made for duration, _ in boxes.frames(one))
    assert total == length + rendition.priming


def test_segments_stay_under_the_rate_that_the_play_list_names():
    loud = (0.9 * np.random.default_rng(3).uniform(-1, 1, (2, SEGMENT_SAMPLES))).astype(np.float32)
    for rendition in RENDITIONS.values():
        for audio in (loud, music(2, 4)):
            sizes = [len(one) for one in segments(rendition, audio)]
            assert sizes[0] * 8 * RATE / SEGMENT_SAMPLES <= rendition.peak_bits_per_s


def test_there_is_no_segment_behind_the_end():
    for rendition in RENDITIONS.values():
        with pytest.raises(IndexError):
            encode_segment(rendition, lambda a, b: noise(1), 1, SEGMENT_SAMPLES)
