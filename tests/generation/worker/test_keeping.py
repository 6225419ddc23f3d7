"""What is not the song it was made from: refused before it is heard, or as soon as it is known."""

import hashlib
import io

import numpy as np
import pytest
from django.utils import timezone

from generation import recipe as recipes
from generation.analysis import likeness
from generation.engine.codecs import encode_flac
from generation.variations import operations, queries
from generation.variations.rules import AUDIBLE, NOT_THE_SONG, State
from generation.work.models import Job
from generation.worker.rendering import SEGMENT
from licensing.attribution.models import LicenceRecord
from licensing.attribution.queries import may_serve
from licensing.catalog.store import object_name, put_once
from tests.generation.worker.test_pipeline import work_off
from tests.studio import ask_for


def store_noise(variation, index, rng):
    """Store noise as a piece that a broken machine might have made, with its windows: a quarter of
    it as if a net had written it."""
    plan = recipes.from_json(variation.recipe)
    start, end = recipes.piece_range(plan, index)
    data = encode_flac((0.1 * rng.standard_normal((2, end - start))).astype(np.float32))
    digest = hashlib.sha256(data).hexdigest()
    windows = np.full((-(-(end - start) // recipes.WINDOW_SAMPLES), len(plan.sources)), 0.01)
    operations.store_segment(
        variation_id=variation.id,
        index=index,
        name=put_once(object_name(SEGMENT, digest, "flac"), io.BytesIO(data)),
        digest=digest,
        size=len(data),
        windows=windows.astype("<f8").tobytes(),
        generated=(0.25 * windows.sum(axis=1)).astype("<f8").tobytes(),
        now=timezone.now(),
    )


@pytest.fixture
def refused(studio):
    """A variation all of whose pieces came out as noise, sealed."""
    variation = ask_for(studio)
    work_off(kinds=["compose"])
    variation.refresh_from_db()
    rng = np.random.default_rng(1)
    for index in range(variation.piece_count):
        store_noise(variation, index, rng)
    work_off()
    variation.refresh_from_db()
    return variation


def test_what_would_not_keep_the_song_is_refused_before_anything_is_heard(studio, monkeypatch):
    monkeypatch.setattr(likeness, "CHROMA_AT_LEAST", 1.01)
    variation = ask_for(studio)
    work_off()
    variation.refresh_from_db()
    assert (variation.state, variation.error_code) == (State.FAILED, NOT_THE_SONG)
    assert variation.error_sentence.startswith("It does not keep the song: its notes")
    assert not LicenceRecord.objects.exists()
    assert not variation.segments.exists()
    assert queries.playlist(variation.id) == ()


def test_noise_in_the_place_of_the_song_fails_at_sealing_with_the_reason(refused):
    assert (refused.state, refused.error_code) == (State.FAILED, NOT_THE_SONG)
    assert refused.error_sentence.startswith("It does not keep the song")
    assert not refused.files.exists()
    assert refused.state not in AUDIBLE


def test_what_was_heard_of_it_is_sealed_so_that_it_is_paid(refused):
    record = LicenceRecord.objects.get()
    assert record.state == "SEALED"
    assert sum(record.lines.values_list("ppm", flat=True)) == 1_000_000
    assert record.notes == [refused.error_sentence]
    assert min(record.chroma_likeness, record.onset_likeness) < likeness.ONSETS_AT_LEAST
    assert record.files == []
    assert may_serve(record.id, timezone.now())


def test_what_nets_wrote_of_it_is_told_from_the_sound_and_stands_in_the_digest(refused):
    record = LicenceRecord.objects.get()
    assert record.model_ppm == 250_000
    rows = list(refused.segments.order_by("index"))
    table = b"".join(bytes(one.windows) for one in rows)
    notes = b"".join(bytes(one.generated) for one in rows)
    assert len(table) == len(notes) * len(recipes.from_json(refused.recipe).sources)
    assert record.windows_sha256 == hashlib.sha256(table + notes).hexdigest()


def test_asking_for_it_again_makes_nothing_and_waits_for_nothing(studio, refused):
    for key in ("k1", "k2"):
        assert ask_for(studio, key=key).id == refused.id
    operations.mend_variations(now=timezone.now())
    work_off()
    refused.refresh_from_db()
    assert refused.state == State.FAILED
    assert not Job.objects.filter(state__in=["WAITING", "RUNNING"]).exists()
