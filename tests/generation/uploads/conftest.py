"""A party with a recording, for uploads to go to."""

from datetime import UTC, datetime

import pytest

from licensing.catalog import operations as catalog

ACTOR = ("user", "1")


@pytest.fixture
def now():
    return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def party(db, now):
    return catalog.create_party(name="Ada", actor=ACTOR, now=now)


@pytest.fixture
def recording(party, now):
    return catalog.create_recording(party_id=party.id, title="Song", actor=ACTOR, now=now)


@pytest.fixture
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR
