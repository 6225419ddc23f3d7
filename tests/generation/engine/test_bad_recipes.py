"""One field of a good recipe turned to nonsense: a named refusal or clean sound, never else."""

import json
from functools import reduce

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.engine.checking import check
from generation.engine.render import render
from generation.recipe import RecipeError, from_json, to_json
from tests.generation.engine.material import busy

NONSENSE = (
    *(None, True, "", "x", "vocoder/1", "\ud800", [], {}, [1], [[0, 0]], {"a": 1}),
    *(0, 1, -1, 2, 3, 64, -64, 13, 4_096, 1 << 31, 1 << 62, -(1 << 62), 1 << 63, 1 << 200),
    *(0.5, -0.5, 1e-4, -300.0, 400.0, 1e9, -1e9, 1e17, 1e300, -1e300),
    *(float("nan"), float("inf"), -float("inf")),
)


def places(value, path=()):
    """The path of everything inside a JSON value."""
    if path:
        yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


RECIPE, STEMS, ONSETS = busy(5)
TEXT = to_json(RECIPE)
PLACES = sorted(places(json.loads(TEXT)), key=str)


def mutated(path, change):
    data = json.loads(TEXT)
    owner = reduce(lambda inside, key: inside[key], path[:-1], data)
    change(owner, path[-1])
    return json.dumps(data)


def sound_or_refusal(text):
    """Whether it was refused; what is not must be finite sound."""
    try:
        recipe = from_json(text)
        check(recipe, STEMS)
        start = min(40_000, recipe.length // 2)
        end = min(recipe.length, start + 3_000)
        heard = render(recipe, STEMS, ONSETS, start, end).audio
    except RecipeError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert not refusal or refusal.endswith(".")
    if refusal:
        return True
    assert np.isfinite(heard).all()
    return False


def test_the_recipe_that_is_spoilt_here_was_good():
    assert not sound_or_refusal(TEXT)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PLACES), value=st.sampled_from(NONSENSE))
def test_nonsense_in_one_field_is_refused_by_name_or_sounds(path, value):
    def put(owner, key):
        owner[key] = value

    sound_or_refusal(mutated(path, put))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from([path for path in PLACES if isinstance(path[-1], str)]))
def test_a_field_that_is_missing_is_refused(path):
    assert sound_or_refusal(mutated(path, lambda owner, key: owner.pop(key)))


@pytest.mark.parametrize(
    "owner", [(), ("bus",), ("clips", 0), ("strips", 0, "eq", 0), ("notes", 0)]
)
def test_a_field_that_nobody_knows_is_refused(owner):
    def add(inside, _key):
        inside["loudness"] = 1

    assert sound_or_refusal(mutated((*owner, ""), add))
