"""The sweep of the store: what a row names stays, what nobody names goes after a day."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from generation.variations.models import Segment
from generation.worker import sweeper
from generation.worker.orphans import shard_at, sweep_orphans
from licensing.catalog.models import AudioObject
from licensing.catalog.store import audio_store, list_shard
from tests.portal.listeners.made import granted_stage, sealed, store

NOW = timezone.now()
ACTOR = ("user", "7")


@pytest.fixture
def place(settings, tmp_path):
    audio = settings.STORAGES["audio"] | {"OPTIONS": {"location": str(tmp_path / "audio")}}
    settings.STORAGES = settings.STORAGES | {"audio": audio}
    return tmp_path / "audio"


def _all_shards():
    return [f"{number:02x}" for number in range(256)]


def _swept(now):
    return [name for shard in _all_shards() for name in sweep_orphans(shard=shard, now=now)]


def test_what_no_row_names_goes_after_a_day(db, place):
    row = sealed(ACTOR, granted_stage(), NOW)
    name, _ = store("segment", "flac", b"rendered by a worker that was killed")
    named = {
        *Segment.objects.values_list("name", flat=True),
        *row.files.values_list("name", flat=True),
    }
    later = timezone.now() + timedelta(days=1, minutes=5)
    assert _swept(NOW + timedelta(hours=23)) == []
    assert _swept(later) == [name]
    assert all(audio_store().exists(one) for one in named)
    assert _swept(later) == []


def test_audio_and_its_original_stay_while_their_row_is_there(db, place):
    archive, digest = store("archive", "flac", b"archive")
    original, _ = store("original", "wav", b"original")
    AudioObject.objects.create(
        digest=digest, frames=1, original_sha256=digest, original_bytes=1, archive_name=archive,
        original_name=original, created_at=NOW,
    )  # fmt: skip
    later = timezone.now() + timedelta(days=2)
    assert _swept(later) == []
    AudioObject.objects.update(removed_at=NOW)
    assert sorted(_swept(later)) == sorted([archive, original])


def test_every_part_of_the_store_has_its_turn(place):
    start = datetime(2026, 11, 1, tzinfo=UTC)
    turns = [shard_at(start + timedelta(minutes=one)) for one in range(256)]
    assert sorted(turns) == _all_shards()
    assert list_shard("00") == []


def test_a_store_that_is_away_never_stops_the_queue(db, monkeypatch):
    stop, passes = threading.Event(), []

    def away(clock):
        raise OSError("the store is away")

    def queue(clock):
        passes.append(1)
        if len(passes) == 3:
            stop.set()

    monkeypatch.setattr(sweeper, "CLEARING", {"orphans": away})
    monkeypatch.setattr(sweeper, "CLEARING_EVERY", 1)
    monkeypatch.setattr(sweeper, "_sweep_queue", queue)
    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    sweeper.sweep_forever(clock=timezone.now, stop=stop, every_s=0.0)
    assert len(passes) == 3


def test_what_rooms_above_want_done_is_done_in_turn_with_the_clearing(db, monkeypatch):
    stop, asked = threading.Event(), []

    def news(clock):
        asked.append(clock())
        stop.set()

    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    sweeper.sweep_forever(clock=timezone.now, stop=stop, every_s=0.0, beside={"news": news})
    assert len(asked) == 1
