"""Recipes of other versions in the queue: an old one is made as ever, an unknown one is left."""

import hashlib
import json

import numpy as np
import pytest
from django.utils import timezone

from generation.engine.codecs import decode_flac, from_int24, to_int24
from generation.engine.memory import memory_of
from generation.engine.render import render
from generation.recipe import SCHEMA, from_json
from generation.variations.models import Variation
from generation.variations.operations import open_variation
from generation.variations.rules import State
from generation.work.models import Job
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from licensing.attribution.models import LicenceRecord
from licensing.catalog.store import audio_store
from licensing.clearance.models import Clearance
from tests.studio import ask_for


def work_off(*kinds):
    handlers = {kind: HANDLERS[kind] for kind in kinds or HANDLERS}
    return drain(worker="test", handlers=handlers, clock=timezone.now, stop=lambda: False)


def composed(studio, **more):
    variation = ask_for(studio, **more)
    work_off("compose")
    variation.refresh_from_db()
    assert variation.state == State.RENDERING, variation.error_sentence
    return variation


def in_schema_1(text):
    """The recipe as schema 1 wrote it."""
    data = json.loads(text)
    for owner in (*data["strips"], data["bus"]):
        if owner["compressor"] is not None:
            del owner["compressor"]["processor"]
    for note in data["notes"]:
        del note["processor"]
    for source in data["sources"]:
        del source["onsets"]
    del data["console"]
    data |= {"schema": 1, "memory": 0}
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def streamed(variation):
    parts = [audio_store().open(one.name).read() for one in variation.segments.order_by("index")]
    return np.concatenate([decode_flac(part) for part in parts], axis=1)


def rendered(text, material):
    """What the engine makes of a recipe, as 24-bit samples."""
    plan = from_json(text)
    stems = dict(zip(material.digests, material.audio, strict=True))
    onsets = {
        digest: (np.array(one.onsets, dtype=np.int64), np.array(one.onset_db))
        for digest, one in zip(material.digests, material.measures, strict=True)
    }
    whole = render(plan, stems, onsets, 0, plan.length, with_parts=False, with_windows=False)
    return from_int24(to_int24(whole.audio))


def test_a_composed_recipe_states_its_memory(studio):
    plan = from_json(composed(studio).recipe)
    assert plan.memory == memory_of(plan) > 0


def test_a_recipe_stored_in_schema_1_is_made_as_ever_and_keeps_its_text_and_hash(studio, material):
    today = composed(studio)
    Job.objects.all().delete()
    stored = in_schema_1(today.recipe)
    old = ask_for(studio, key="k2")
    Job.objects.filter(kind="compose").delete()
    open_variation(
        variation_id=old.id,
        recipe=stored,
        clearance_id=Clearance.objects.get().id,
        sources=list(today.record.sources.order_by("position").values_list("stem_id", "digest")),
        now=timezone.now(),
    )
    work_off()
    old.refresh_from_db()
    assert (old.state, old.error_sentence) == (State.READY, "")
    assert old.recipe == stored
    record = LicenceRecord.objects.get(id=old.record_id)
    assert record.state == "SEALED"
    assert record.recipe_sha256 == old.recipe_sha256 == sha256(stored)
    assert record.recipe_sha256 != today.recipe_sha256 == sha256(today.recipe)
    assert np.array_equal(streamed(old), rendered(today.recipe, material))


@pytest.mark.parametrize(
    "change", [{"schema": SCHEMA + 1}, {"console": "console/9"}, {"policy": "p/2"}]
)
def test_a_recipe_that_is_not_known_here_waits_for_a_worker_that_knows_it(studio, change):
    variation = composed(studio)
    known = variation.recipe
    unknown = json.dumps(json.loads(known) | change, sort_keys=True, separators=(",", ":"))
    Variation.objects.update(recipe=unknown)
    assert work_off() == variation.piece_count
    variation.refresh_from_db()
    assert (variation.state, variation.segments.count()) == (State.RENDERING, 0)
    assert set(Job.objects.filter(kind="piece").values_list("state", "attempt")) == {("WAITING", 0)}
    Variation.objects.update(recipe=known)
    Job.objects.update(due_at=timezone.now())
    work_off("piece")
    assert variation.segments.count() == variation.piece_count
    assert Job.objects.get(kind="seal").state == "WAITING"


def test_a_record_is_not_sealed_by_a_worker_that_does_not_know_its_recipe(studio):
    variation = composed(studio)
    work_off("piece")
    unknown = json.loads(variation.recipe) | {"policy": "other/1"}
    Variation.objects.update(recipe=json.dumps(unknown))
    assert work_off("seal") == 1
    assert Job.objects.get(kind="seal").state == "WAITING"
    assert LicenceRecord.objects.get().state == "OPEN"
