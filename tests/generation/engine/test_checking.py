"""Recipes that cannot be rendered are refused by name before any sound is made."""

from dataclasses import replace

import numpy as np
import pytest

from generation.engine.checking import KNOWN, check, check_known
from generation.engine.memory import memory_of
from generation.engine.render import render
from generation.onsets import onsets_sha256
from generation.recipe import (
    Band,
    Clip,
    Compressor,
    DigestMismatch,
    Grains,
    Grid,
    Limiter,
    Note,
    OnsetsMismatch,
    OutOfRange,
    Reverb,
    Section,
    Strip,
    UnknownProcessor,
    UnknownSchema,
    UnknownSource,
    processors,
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
        (replace(GOOD, strips=(Strip(0, 0, float("nan")),)), OutOfRange),
        (replace(GOOD, strips=(Strip(0, 0, -1e300),)), OutOfRange),
        (
            replace(GOOD, strips=(Strip(0, 0, 0.0, eq=(Band("peak", 900.0, 3.0, 1e-9),)),)),
            OutOfRange,
        ),
        (replace(GOOD, sections=(Section("A", 0, 1 << 60, 0.5),)), OutOfRange),
        (replace(GOOD, notes=(Note(0, 1 << 60, 10, 0, 100, 0, 0.0, ""),)), OutOfRange),
        (replace(GOOD, fade_in=-1), OutOfRange),
        (replace(GOOD, fade_out=-1), OutOfRange),
        (replace(GOOD, seed=-1), OutOfRange),
        (replace(GOOD, memory=-1), OutOfRange),
        (clip(grains=Grains(100.0, 10.0, 10.0, 0.5, -1)), OutOfRange),
        (clip(anchors=((0, 0), (1 << 60, RATE))), OutOfRange),
    ],
)
def test_a_bad_recipe_is_refused_by_name(recipe, error):
    with pytest.raises(error):
        render(recipe, STEMS, {}, 0, 10)


SQUEEZE = Compressor(-20.0, 2.0, 10.0, 100.0, processor="squash/4")
OTHERS = {
    "policy": replace(GOOD, policy="other/1"),
    "console": replace(GOOD, console="console/7"),
    "clip": clip(processor="vocoder/9"),
    "note": replace(GOOD, notes=(Note(0, 0, 10, 0, 100, 0, 0.0, "", processor="bowed/1"),)),
    "compressor": replace(GOOD, bus=replace(GOOD.bus, compressor=SQUEEZE)),
    "compressor of a strip": replace(GOOD, strips=(Strip(0, 0, 0.0, compressor=SQUEEZE),)),
    "reverb": replace(GOOD, bus=replace(GOOD.bus, reverb=Reverb("hall/7", 1.0, 0.0, 4e3, 0.0, 1))),
    "limiter": replace(GOOD, bus=replace(GOOD.bus, limiter=Limiter("limiter/8"))),
}


@pytest.mark.parametrize("place", OTHERS)
def test_a_version_that_is_not_here_is_refused_by_its_place_and_name(place):
    with pytest.raises(UnknownProcessor, match=rf"^The {place.split()[0]} '\w+/\d' is not known"):
        check_known(OTHERS[place])
    with pytest.raises(UnknownProcessor):
        render(OTHERS[place], STEMS, {}, 0, 10)


def test_everything_that_sounds_has_a_version_and_every_place_is_asked():
    recipe, _, _ = busy()
    assert {place for place, _ in processors(recipe)} == set(KNOWN)
    assert {place.split()[0] for place in OTHERS} == set(KNOWN)


def test_a_memory_that_is_too_short_is_refused_and_none_is_allowed():
    needed = memory_of(GOOD)
    check(replace(GOOD, memory=needed), STEMS)
    check(replace(GOOD, memory=0), STEMS)
    with pytest.raises(OutOfRange, match=f"it needs {needed}"):
        check(replace(GOOD, memory=needed - 1), STEMS)


def test_a_stem_of_another_length_is_refused():
    with pytest.raises(DigestMismatch):
        check(GOOD, {"a": STEMS["a"][:, :-1]})


def test_a_missing_stem_is_refused():
    with pytest.raises(UnknownSource):
        check(GOOD, {"b": STEMS["a"]})


def test_only_the_onsets_that_the_recipe_names_are_rendered_with():
    places, rises = np.array([4_800, 24_000]), np.array([12.0, 9.5])
    named = onsets_sha256(places.tolist(), rises.tolist())
    recipe = replace(GOOD, sources=(replace(GOOD.sources[0], onsets=named),))
    assert render(recipe, STEMS, {"a": (places, rises)}, 0, 4_800).audio.any()
    for other in ({}, {"a": (places + 1, rises)}, {"a": (places, -rises)}, {"b": (places, rises)}):
        with pytest.raises(OnsetsMismatch, match="stem a"):
            render(recipe, STEMS, other, 0, 4_800)


def test_a_mapped_stem_renders_like_one_in_memory(tmp_path):
    mapped = np.lib.format.open_memmap(
        tmp_path / "a.npy", mode="w+", dtype=np.float32, shape=STEMS["a"].shape
    )
    mapped[:] = STEMS["a"]
    stretched = clip(anchors=((0, 0), (RATE, RATE - 4_000)), semitones=2)
    read_only = np.load(tmp_path / "a.npy", mmap_mode="r")
    one = render(stretched, {"a": read_only}, {}, 0, RATE).audio
    assert np.array_equal(one, render(stretched, STEMS, {}, 0, RATE).audio)
