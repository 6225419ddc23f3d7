"""Recipes that cannot be rendered are refused by name before any sound is made."""

from dataclasses import replace

import numpy as np
import pytest

from generation.engine.render import check, render
from generation.recipe import (
    Clip,
    Grid,
    Limiter,
    OutOfRange,
    Reverb,
    Strip,
    UnknownProcessor,
    UnknownSchema,
    UnknownSource,
)
from tests.generation.engine.material import RATE, busy, noise, plain_recipe

STEMS = {"a": noise(1)}
GOOD = plain_recipe(RATE, STEMS, [Clip(0, "vocoder/1", 0, RATE, ((0, 0), (RATE, RATE)))])


def clip(**changes):
    return replace(GOOD, clips=(replace(GOOD.clips[0], **changes),))


def test_a_good_recipe_passes():
    check(GOOD, STEMS)
    recipe, stems, _ = busy()
    check(recipe, stems)


@pytest.mark.parametrize(
    ("recipe", "error"),
    [
        (replace(GOOD, schema=9), UnknownSchema),
        (replace(GOOD, policy="other/1"), UnknownProcessor),
        (clip(processor="vocoder/9"), UnknownProcessor),
        (clip(source=3), UnknownSource),
        (clip(end=RATE + 1), OutOfRange),
        (clip(start=-1), OutOfRange),
        (clip(anchors=((0, 0), (RATE, 2 * RATE))), OutOfRange),
        (clip(anchors=((0, 0), (RATE, 100))), OutOfRange),
        (clip(anchors=()), OutOfRange),
        (clip(semitones=13), OutOfRange),
        (clip(window=1_000), OutOfRange),
        (clip(processor="granular/1"), OutOfRange),
        (clip(fade_in=RATE, fade_out=RATE), OutOfRange),
        (replace(GOOD, gain_db=float("nan")), OutOfRange),
        (replace(GOOD, grid=Grid(100_000.0, 4)), OutOfRange),
        (replace(GOOD, strips=(Strip(4, 0, 0.0),)), UnknownSource),
        (replace(GOOD, strips=(Strip(0, 5, 0.0),)), OutOfRange),
        (
            replace(GOOD, bus=replace(GOOD.bus, reverb=Reverb("hall/7", 1.0, 0.0, 4e3, 0.0, 1))),
            UnknownProcessor,
        ),
        (replace(GOOD, bus=replace(GOOD.bus, limiter=Limiter("limiter/8"))), UnknownProcessor),
    ],
)
def test_a_bad_recipe_is_refused_by_name(recipe, error):
    with pytest.raises(error):
        render(recipe, STEMS, {}, 0, 10)


def test_a_stem_of_another_length_is_refused():
    with pytest.raises(OutOfRange):
        check(GOOD, {"a": STEMS["a"][:, :-1]})


def test_a_missing_stem_is_refused():
    with pytest.raises(UnknownSource):
        check(GOOD, {"b": STEMS["a"]})


def test_a_mapped_stem_renders_like_one_in_memory(tmp_path):
    mapped = np.lib.format.open_memmap(
        tmp_path / "a.npy", mode="w+", dtype=np.float32, shape=STEMS["a"].shape
    )
    mapped[:] = STEMS["a"]
    stretched = clip(anchors=((0, 0), (RATE, RATE - 4_000)), semitones=2)
    read_only = np.load(tmp_path / "a.npy", mmap_mode="r")
    one = render(stretched, {"a": read_only}, {}, 0, RATE).audio
    assert np.array_equal(one, render(stretched, STEMS, {}, 0, RATE).audio)
