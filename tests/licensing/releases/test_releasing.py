"""A variation is released once, under a code that nobody else ever gets."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from stdnum import isrc as oracle

from licensing.audit.models import Fact
from licensing.catalog.models import Recording
from licensing.clearance.operations import place_hold
from licensing.releases.models import IsrcCounter, Release
from licensing.releases.operations import release_variation
from licensing.releases.rules import ReleaseRefused, isrc_of
from tests.licensing.releases.ready import make_ready
from tests.licensing.royalties import small_world as world

AT = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def piece(name, **more):
    stems = world.recording(f"Tide of {name}", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    make_ready()
    return world.record(name, [(stems[0], 1_000_000)], **more)


def release(record, prefix="DEXY7", now=AT, title="Tide, again"):
    return release_variation(
        record_id=record.pk,
        title=title,
        reason="The label asked.",
        prefix=prefix,
        actor=("user", "1"),
        now=now,
    )


def test_codes_count_up_and_begin_anew_each_year(db):
    made = [release(piece("a")), release(piece("b")), release(piece("c"), now=NEW_YEAR)]
    assert [one.isrc for one in made] == ["DEXY72600001", "DEXY72600002", "DEXY72700001"]
    assert all(oracle.is_valid(one.isrc) for one in made)


def test_released_twice_it_keeps_its_code(db):
    record = piece("a")
    assert release(record) == release(record, title="Another title", now=NEW_YEAR)
    assert IsrcCounter.objects.get().next_number == 2


def test_the_log_says_who_released_what_and_why(db):
    release(piece("a"))
    fact = Fact.objects.get(verb="release_variation")
    assert (fact.actor_ref, fact.after["isrc"], fact.after["reason"]) == (
        "1",
        "DEXY72600001",
        "The label asked.",
    )


def test_a_code_that_a_recording_brought_along_is_passed_over(db):
    record = piece("a")
    Recording.objects.update(isrc="DEXY72600001")
    assert release(record).isrc == "DEXY72600002"


def test_a_code_of_a_release_is_never_a_recordings(db):
    """In either order the database has the last word, raw SQL included."""
    given = release(piece("a"))
    recording = Recording.objects.first()
    with pytest.raises(IntegrityError, match="is given already"), transaction.atomic():
        Recording.objects.filter(pk=recording.pk).update(isrc=given.isrc)
    Recording.objects.filter(pk=recording.pk).update(isrc="DEXY72600002")
    with pytest.raises(IntegrityError, match="is given already"), transaction.atomic():
        Release.objects.create(record=piece("b"), isrc="DEXY72600002", title="Tide", released_at=AT)


def test_twenty_releases_at_once_get_twenty_codes(committed_db):
    with transaction.atomic():
        stems = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
        make_ready()
        records = [world.record(f"r{n}", [(stems[0], 1_000_000)]) for n in range(20)]
    gate = Barrier(len(records))

    def run(record):
        try:
            gate.wait()
            return release(record).isrc
        finally:
            connection.close()

    with ThreadPoolExecutor(len(records)) as pool:
        codes = list(pool.map(run, records))
    assert sorted(codes) == [isrc_of("DEXY7", 2026, n) for n in range(1, 21)]


@pytest.mark.parametrize(
    ("facts", "asked", "code"),
    [
        ({}, {"prefix": ""}, "no_prefix"),
        ({}, {"prefix": "DEXY"}, "bad_prefix"),
        ({}, {"title": "  "}, "no_title"),
        ({"sealed": False}, {}, "not_sealed"),
        ({"kind": "session"}, {}, "not_a_recording"),
        ({"use": "PREVIEW"}, {}, "not_a_recording"),
    ],
)
def test_what_cannot_be_released_is_refused_in_words(db, facts, asked, code):
    with pytest.raises(ReleaseRefused) as refusal:
        release(piece("a", **facts), **asked)
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")
    assert not Release.objects.exists()


def test_what_is_held_is_not_released(db):
    record = piece("a")
    place_hold(
        target_kind="RECORD",
        target_ref=str(record.pk),
        reason="claimed",
        actor=("user", "1"),
        now=AT,
    )
    with pytest.raises(ReleaseRefused) as refusal:
        release(record)
    assert refusal.value.code == "not_served"


def test_a_full_year_is_said_and_not_wrapped_around(db):
    IsrcCounter.objects.create(prefix="DEXY7", year=2026, next_number=100_000)
    with pytest.raises(ReleaseRefused) as refusal:
        release(piece("a"))
    assert refusal.value.code == "year_is_full"


@pytest.mark.parametrize(
    "change", ["UPDATE releases_release SET isrc = 'DEXY72699999'", "DELETE FROM releases_release"]
)
def test_a_release_stands_against_raw_sql(db, change):
    release(piece("a"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
