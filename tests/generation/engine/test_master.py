"""Planned gain, finished files and codecs, read back by libebur128 and by PyAV."""

import numpy as np
import pytest

from generation.engine import codecs
from generation.engine.loudness import integrated_lufs
from generation.engine.master import choose_trim, finish
from generation.engine.plan import plan_gain, with_plan
from generation.engine.render import Cache, render
from generation.recipe import Clip, Limiter
from tests.generation.engine.material import RATE, busy, chord, hits, noise, plain_recipe
from tests.generation.engine.test_loudness import peer

TAGS = codecs.tags_for("Evening", "Ada", "https://stemma.example/r/1", "2026")


@pytest.fixture(scope="module")
def rendered():
    recipe, stems, onsets = busy()
    recipe = with_plan(recipe, plan_gain(recipe, stems, onsets))
    return recipe, render(recipe, stems, onsets, 0, recipe.length).audio


def test_a_stream_lands_within_a_unit_of_its_target(rendered):
    recipe, audio = rendered
    assert abs(peer(audio)[0] - recipe.reached_lufs) <= 1.0
    assert peer(audio)[2] <= -1.0


def test_files_hold_loudness_and_peak_as_libebur128_reads_them(rendered, tmp_path):
    recipe, audio = rendered
    pieces = np.array_split(audio, 5, axis=1)
    done = finish(
        lambda: pieces, reached_lufs=recipe.reached_lufs, folder=tmp_path, name="v", tags=TAGS
    )
    assert abs(done.trim_db) <= 0.5
    for file in done.files:
        sound = np.concatenate(list(codecs.read_chunks(file.path)), axis=1)
        read = peer(sound)
        assert read[2] <= -1.0
        near = 0.1 if file.format == "flac" else 0.5 + file.lowered_db
        assert abs(read[0] - recipe.reached_lufs) <= near
        assert file.frames == sound.shape[1] == recipe.length
        tags = codecs.read_tags(file.path)
        assert tags["title"] == "Evening"
        assert "AI-assisted" in tags["comment"]
        assert "https://stemma.example/r/1" in tags["comment"]


def test_segments_give_back_their_24_bit_numbers():
    audio = noise(0.5)
    assert np.array_equal(codecs.decode_flac(codecs.encode_flac(audio)), codecs.from_int24(
        codecs.to_int24(audio)))  # fmt: skip
    assert np.abs(codecs.from_int24(codecs.to_int24(audio)) - audio).max() <= 2**-24
    over = np.full((2, 4), 1.5, dtype=np.float32)
    assert codecs.to_int24(over).max() == 2**23 - 1


def test_joined_segments_are_the_whole(rendered):
    _, audio = rendered
    parts = [codecs.decode_flac(codecs.encode_flac(p)) for p in np.array_split(audio, 3, axis=1)]
    whole = codecs.decode_flac(codecs.encode_flac(audio))
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_material_that_would_be_crushed_gets_a_lower_target():
    drums, onsets = hits(8, every=24_000)
    length = 8 * RATE
    recipe = plain_recipe(
        length, {"a": drums}, [Clip(0, "slices/1", 0, length, ((0, 0),))], target_lufs=-6.0
    )
    planned = plan_gain(recipe, {"a": drums}, {"a": onsets})
    assert planned.reached_lufs < -6.0
    assert planned.remark is not None
    planned_recipe = with_plan(recipe, planned)
    assert planned_recipe.remarks == (planned.remark,)
    audio = render(planned_recipe, {"a": drums}, {"a": onsets}, 0, length, cache=Cache()).audio
    assert abs(integrated_lufs(audio) - planned.reached_lufs) <= 1.0


def test_silence_is_planned_at_no_gain():
    quiet = np.zeros((2, RATE), dtype=np.float32)
    clip = Clip(0, "vocoder/1", 0, RATE, ((0, 0),))
    recipe = plain_recipe(RATE, {"a": quiet}, [clip])
    assert plan_gain(recipe, {"a": quiet}).gain_db == 0.0


def test_a_trim_beyond_half_a_decibel_asks_for_another_render():
    from generation.engine.loudness import measured

    meter = measured([chord(3)])
    trim, correction = choose_trim(meter, meter.integrated_lufs() + 2.0)
    assert trim == 0.5
    assert correction == pytest.approx(1.5, abs=0.01)
    trim, correction = choose_trim(meter, meter.integrated_lufs() - 0.2)
    assert trim == pytest.approx(-0.2, abs=0.01)
    assert correction == 0.0


def test_limiter_defaults_leave_room_for_the_trim():
    assert Limiter().ceiling_dbtp + 0.5 <= -1.0
