"""Deleted audio leaves the store a day later, when nothing that is being made needs it."""

import io
from datetime import timedelta

import pytest

from licensing.attribution import operations
from licensing.attribution.sweeping import sweep_deleted_audio
from licensing.catalog.models import AudioObject, Stem
from licensing.catalog.operations import attach_audio
from licensing.catalog.rules import CatalogRefused
from licensing.catalog.store import audio_store, put_once
from licensing.clearance.operations import clear_use
from tests.licensing import stage as on

LATER = on.NOON + timedelta(days=1)
NEXT_DAY = LATER + timedelta(days=1)


@pytest.fixture
def stored(db, settings, tmp_path):
    """A stage whose pad lies in a store of this test's own."""
    audio = settings.STORAGES["audio"] | {"OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = settings.STORAGES | {"audio": audio}
    stage = on.open_stage()
    audio = stage.pad.audio
    for name in (audio.archive_name, audio.original_name):
        put_once(name, io.BytesIO(b"sound"))
    return stage


def delete(stage, now=LATER):
    operations.delete_stem(stem_id=stage.pad.id, actor=on.ACTOR, now=now)


def test_deleted_audio_is_removed_a_day_later_and_its_row_stays(stored):
    delete(stored)
    assert sweep_deleted_audio(now=NEXT_DAY - timedelta(seconds=1)) == []
    assert sweep_deleted_audio(now=NEXT_DAY) == [stored.pad.audio_id]
    audio = AudioObject.objects.get(pk=stored.pad.audio_id)
    assert audio.removed_at == NEXT_DAY
    assert not audio_store().exists(audio.archive_name)
    assert sweep_deleted_audio(now=NEXT_DAY) == []


def open_record(stored):
    cleared = clear_use(
        use="REMIX",
        stems=[stored.pad.id],
        requester=("user", "1"),
        territory="DE",
        channel="SITE",
        now=LATER,
    )
    return operations.open_record(
        subject=("variation", "1"),
        clearance_id=cleared.id,
        recipe_sha256=on.digest_of("recipe"),
        sources=[(stored.pad.id, stored.pad.audio_id)],
        policy="k-weighted-shapley/1",
        now=LATER,
    )


def test_a_record_left_open_by_a_failure_keeps_no_audio(stored):
    open_record(stored)
    delete(stored)
    later = NEXT_DAY + timedelta(seconds=1)
    assert sweep_deleted_audio(now=later) == [stored.pad.audio_id]


def test_audio_stays_while_a_record_that_needs_it_is_open(stored):
    record = open_record(stored)
    delete(stored)
    assert sweep_deleted_audio(now=NEXT_DAY) == []
    operations.void_record(record_id=record.id, reason="withdrawn", now=NEXT_DAY)
    assert sweep_deleted_audio(now=NEXT_DAY) == [stored.pad.audio_id]


def test_live_stems_are_never_swept(stored):
    assert sweep_deleted_audio(now=NEXT_DAY + timedelta(days=999)) == []


def test_removed_audio_comes_back_only_with_its_objects(stored):
    delete(stored)
    sweep_deleted_audio(now=NEXT_DAY)
    audio = stored.pad.audio
    again = Stem.objects.create(
        recording=stored.drift, party=stored.cleo, label="Pad", position=9, created_at=NEXT_DAY
    )
    fields = {
        "stem_id": again.id,
        "digest": audio.digest,
        "frames": audio.frames,
        "original_sha256": audio.original_sha256,
        "original_bytes": audio.original_bytes,
        "archive_name": audio.archive_name,
        "original_name": audio.original_name,
        "now": NEXT_DAY,
    }
    with pytest.raises(CatalogRefused) as refused:
        attach_audio(**fields)
    assert refused.value.code == "store_again"
    for name in (audio.archive_name, audio.original_name):
        put_once(name, io.BytesIO(b"sound"))
    assert attach_audio(**fields).state == "READY"
    audio.refresh_from_db()
    assert audio.removed_at is None
