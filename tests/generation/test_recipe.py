"""The text of a recipe: canonical, strict, and readable whatever schema it was written in."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from generation.engine.memory import memory_of
from generation.engine.render import render
from generation.recipe import (
    SCHEMA,
    OutOfRange,
    RecipeError,
    UnknownSchema,
    from_json,
    processors,
    sha256_of,
    sha256_of_text,
    to_json,
)
from generation.schemas import UPGRADES
from tests.generation.engine.test_golden import KEPT_DB, snr_db
from tests.generation.recipes import material

FOLDER = Path(material.__file__).parent
# As the records keep it; the text beside it must never be written anew.
SHA256_OF_SCHEMA_1 = "7d95c6db141aed7cc88cec4232e6c9e96b3b80128f3329ca388b2b30b537462b"

SHA256_OF_SCHEMA_3 = "391abc0b9a94f031b5528bf99d58a701244e49d619e59c539e4a869e65238c2c"


def stored(schema):
    return (FOLDER / f"schema-{schema}.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def old():
    return from_json(stored(1))


def test_every_older_schema_has_an_upgrade_and_a_kept_recipe():
    assert sorted(UPGRADES) == list(range(1, SCHEMA))
    assert [json.loads(stored(schema))["schema"] for schema in UPGRADES] == sorted(UPGRADES)


@pytest.mark.parametrize("schema", sorted(UPGRADES))
def test_an_upgrade_leads_to_the_next_schema_and_leaves_its_argument_alone(schema):
    data = json.loads(stored(schema))
    before = copy.deepcopy(data)
    after = UPGRADES[schema](data)
    assert data == before
    assert after["schema"] == schema + 1
    assert after == UPGRADES[schema](data)


@pytest.mark.parametrize("schema", sorted(UPGRADES))
def test_an_upgraded_recipe_is_a_recipe_of_today(schema):
    recipe = from_json(stored(schema))
    assert recipe.schema == SCHEMA
    assert from_json(to_json(recipe)) == recipe
    assert json.loads(to_json(recipe))["schema"] == SCHEMA


def test_what_schema_1_left_unnamed_is_the_first_version(old):
    assert set(processors(old)) == {
        ("console", "console/1"),
        ("policy", "k-weighted-shapley/1"),
        ("clip", "slices/1"),
        ("clip", "vocoder/1"),
        ("compressor", "compressor/1"),
        ("reverb", "reverb/1"),
        ("limiter", "limiter/1"),
    }
    assert old.memory == 0 < memory_of(old)
    note = dict(source=0, start=0, length=9, slice_start=0, slice_end=9, semitones=0, gain_db=0)
    data = json.loads(stored(1)) | {"notes": [note | {"net": "n"}]}
    assert from_json(json.dumps(data)).notes[0].processor == "struck/1"


def test_a_recipe_of_schema_1_sounds_as_it_did_when_it_was_stored(old):
    stems, onsets = material.stems(), material.onsets()
    was = np.load(FOLDER / "schema-1.npy", allow_pickle=False)
    for stretch, then in zip(material.STRETCHES, was, strict=True):
        now = render(old, stems, onsets, *stretch, with_parts=False).audio
        assert np.abs(then).max() > 0.1
        assert snr_db(now, then) >= KEPT_DB


def test_a_note_of_schema_2_has_no_cents_no_loop_and_no_fades_of_its_own():
    (note,) = from_json(stored(2)).notes
    assert (note.processor, note.semitones, note.gain_db) == ("struck/1", -2, -4.5)
    assert (note.cents, note.loop, note.fade_in, note.fade_out) == (0, None, 0, 0)
    data = json.loads(stored(2))
    data["notes"][0]["cents"] = 4
    with pytest.raises(RecipeError, match="does not follow schema 2"):
        from_json(json.dumps(data))


def test_a_source_of_schema_3_names_no_onsets_and_keeps_its_place():
    written = json.loads(stored(3))
    recipe = from_json(stored(3))
    assert [(one.digest, one.role, one.length, one.onsets) for one in recipe.sources] == [
        (one["digest"], one["role"], one["length"], None) for one in written["sources"]
    ]
    assert sha256_of_text(stored(3)) == SHA256_OF_SCHEMA_3 != sha256_of(recipe)
    written["sources"][0]["onsets"] = None
    with pytest.raises(RecipeError, match="does not follow schema 3"):
        from_json(json.dumps(written))


def test_a_stored_text_keeps_its_hash_whatever_reading_makes_of_it(old):
    assert sha256_of_text(stored(1)) == SHA256_OF_SCHEMA_1
    assert sha256_of(old) != SHA256_OF_SCHEMA_1
    assert sha256_of(old) == sha256_of_text(to_json(old))


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, -1, 99, "2", True, None, 2.0])
def test_a_schema_that_is_not_known_is_refused(schema):
    with pytest.raises(UnknownSchema, match="this reads 1 to 4"):
        from_json(json.dumps(json.loads(stored(1)) | {"schema": schema}))


def test_a_recipe_of_schema_1_that_speaks_schema_2_is_refused():
    for more in (
        {"console": "console/9"},
        {"strips": 5},
        {"bus": None},
        {"notes": [{"processor": 1}]},
    ):
        with pytest.raises(RecipeError, match="does not follow schema 1"):
            from_json(json.dumps(json.loads(stored(1)) | more))


def test_a_text_that_is_no_recipe_is_refused(old):
    for text in ("", "x", "[]", "3", "[" * 100_000):
        with pytest.raises(RecipeError, match=r"is not (a )?JSON"):
            from_json(text)
    data = json.loads(to_json(old))
    for more in (
        {"key": 3},
        {"sources": {}},
        {"gain_db": "loud"},
        {"length": 48_000.5},
        {"grid": []},
    ):
        with pytest.raises(RecipeError, match="does not follow schema 4"):
            from_json(json.dumps(data | more))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_number_without_end_is_refused(old, number):
    text = to_json(old).replace('"gain_db":7.17', f'"gain_db":{number}')
    assert number in text
    with pytest.raises(OutOfRange, match="finite"):
        from_json(text)


def test_a_whole_number_is_a_real_one_and_never_the_other_way(old):
    data = json.loads(to_json(old))
    assert from_json(json.dumps(data | {"target_lufs": -14})) == from_json(
        json.dumps(data | {"target_lufs": -14.0})
    )
    with pytest.raises(RecipeError, match="seed"):
        from_json(json.dumps(data | {"seed": 5.0}))
