"""What decides whose a stem is cannot be moved under the sheets, by whoever has the database."""

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.catalog.models import Recording, Stem
from tests.licensing import stage as on


@pytest.fixture
def stem(db):
    return on.stem(on.recording(on.party("Ana"), "Tide"), "Drums", "drums")


def _refused(words, query, *given):
    with (
        pytest.raises(DatabaseError, match=words),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(query, given)


def test_a_stem_never_moves_to_another_recording(stem):
    other = on.recording(on.party("Ben"), "Ebb")
    query = "UPDATE catalog_stem SET recording_id = %s WHERE id = %s"
    _refused("never moves", query, other.id, stem.id)
    assert Stem.objects.get(pk=stem.id).recording_id == stem.recording_id


def test_a_recording_never_moves_to_another_work(stem):
    other = on.recording(on.party("Ben"), "Ebb")
    query = "UPDATE catalog_recording SET work_id = %s WHERE id = %s"
    _refused("never moves", query, other.work_id, stem.recording_id)
    assert Recording.objects.get(pk=stem.recording_id).work_id == stem.recording.work_id


def test_a_stem_keeps_the_audio_it_once_had(stem):
    other = on.stem(on.recording(on.party("Ben"), "Ebb"), "Bass", "bass", digest="b" * 64)
    query = "UPDATE catalog_stem SET audio_id = %s WHERE id = %s"
    _refused("other audio", query, other.audio_id, stem.id)
    assert Stem.objects.get(pk=stem.id).audio_id == stem.audio_id
