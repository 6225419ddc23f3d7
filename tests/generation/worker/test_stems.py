"""The onsets a worker renders with are the recipe's own, whatever is measured later."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from generation.analysis.models import Onsets
from generation.analysis.operations import store_stem_measure
from generation.analysis.queries import stem_analysis
from generation.engine.render import render
from generation.onsets import onsets_bytes, onsets_sha256
from generation.recipe import OnsetsMismatch, from_json
from generation.variations.rules import State
from generation.worker import stems as at_hand
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from tests.studio import ask_for


@pytest.fixture(autouse=True)
def new_process():
    """A worker that has loaded nothing yet, before and after."""
    forget()
    yield
    forget()


def forget():
    at_hand._named.cache_clear()
    at_hand._first.cache_clear()


def work_off(*kinds):
    handlers = {kind: HANDLERS[kind] for kind in kinds}
    drain(worker="test", handlers=handlers, clock=timezone.now, stop=lambda: False)


def composed(studio):
    variation = ask_for(studio)
    work_off("compose")
    variation.refresh_from_db()
    assert variation.state == State.RENDERING, variation.error_sentence
    return from_json(variation.recipe)


def measured_anew(stem, now):
    """As a later version might: half of the attacks, two milliseconds later, softer."""
    known = stem_analysis(stem.id)
    places = tuple(place + 96 for place in known.onsets[::2])
    rises = tuple(rise - 4.0 for rise in known.onset_db[::2])
    other = replace(known, onsets=places, onset_db=rises)
    store_stem_measure(stem_id=stem.id, analysis=other, now=now)
    return other


def sound_of(plan):
    stems = at_hand.load_stems(one.digest for one in plan.sources)
    return render(plan, stems, at_hand.load_onsets(plan), 0, 192_000, with_parts=False).audio


def test_a_recipe_sounds_the_same_after_its_stems_were_measured_anew(studio):
    plan = composed(studio)
    before = sound_of(plan)
    drums = next(one for one in studio.stems if one.role == "drums")
    digest = next(one.digest for one in plan.sources if one.role == "drums")
    other = measured_anew(drums, timezone.now())
    assert stem_analysis(drums.id).onsets == other.onsets
    forget()
    assert np.array_equal(sound_of(plan), before)
    # The new ones would have been heard: the recipe alone keeps them out.
    named = tuple(
        replace(one, onsets=onsets_sha256(other.onsets, other.onset_db))
        if one.digest == digest
        else one
        for one in plan.sources
    )
    assert not np.array_equal(sound_of(replace(plan, sources=named)), before)


def test_a_recipe_names_the_onsets_that_were_measured_and_they_are_kept(studio):
    plan = composed(studio)
    assert plan.sources
    for one in plan.sources:
        stem = next(stem for stem in studio.stems if stem.audio_id == one.digest)
        known = stem_analysis(stem.id)
        assert one.onsets == onsets_sha256(known.onsets, known.onset_db)
        assert bytes(Onsets.objects.get(sha256=one.onsets).data) == onsets_bytes(
            known.onsets, known.onset_db
        )


def test_a_recipe_of_schema_3_takes_the_onsets_that_were_measured_first(studio):
    plan = composed(studio)
    drums = next(one for one in studio.stems if one.role == "drums")
    first = stem_analysis(drums.id)
    for later in (1, 2):
        measured_anew(drums, timezone.now() + timedelta(minutes=later))
    old = replace(plan, sources=tuple(replace(one, onsets=None) for one in plan.sources))
    places, rises = at_hand.load_onsets(old)[drums.audio_id]
    assert places.tolist() == list(first.onsets)
    assert rises.tolist() == list(first.onset_db)
    assert np.array_equal(sound_of(old), sound_of(plan))


def test_onsets_that_are_missing_or_other_than_named_are_refused(studio):
    plan = composed(studio)
    Onsets.objects.create(sha256="f" * 64, data=onsets_bytes([7], [9.0]), kept_at=timezone.now())
    for name in ("0" * 64, "f" * 64):
        sources = (replace(plan.sources[0], onsets=name), *plan.sources[1:])
        with pytest.raises(OnsetsMismatch, match=name[:12]):
            at_hand.load_onsets(replace(plan, sources=sources))


def test_an_external_sound_has_no_onsets(studio):
    plan = composed(studio)
    outside = replace(plan.sources[0], digest="e" * 64, role="external", onsets=None)
    loaded = at_hand.load_onsets(replace(plan, sources=(*plan.sources, outside)))
    assert set(loaded) == {one.digest for one in plan.sources}
