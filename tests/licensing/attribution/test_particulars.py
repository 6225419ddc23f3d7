"""Particulars: one text for one knowledge, written with the seal, held to the fact of it."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from licensing.attribution.attesting import RecordChanged
from licensing.attribution.keeping import kept_of, verify_particulars
from licensing.attribution.models import LicenceRecord, RecordParticulars
from licensing.attribution.operations import seal_record
from licensing.attribution.particulars import (
    ExternalKnown,
    NetUsed,
    OddParticulars,
    Origin,
    Oversight,
    RecordKnown,
    SourceKnown,
    disclosed,
    oversight_now,
    particulars_of,
    text_of,
)
from licensing.audit.chain import link_facts
from licensing.audit.models import Fact
from licensing.catalog.models import Recording, Work
from tests.licensing import stage as on
from tests.licensing.royalties import small_world as world

LATER = on.NOON + timedelta(days=1)
HASH = on.digest_of("windows")
KNOWN = RecordKnown(
    record="r",
    subject=("variation", "v"),
    state="SEALED",
    use="REMIX",
    territory="DE",
    channel="SITE",
    clearance="c",
    terms_sha256=HASH,
    recipe_sha256=HASH,
    windows_sha256=HASH,
    policy="k-weighted-shapley/1",
    opened_at=on.NOON,
    sealed_at=LATER,
    model_ppm=0,
    unattributed_ppm=0,
    chroma_likeness=0.93412345,
    onset_likeness=None,
    files=[{"format": "flac", "digest": HASH, "bytes": 9}],
)
ORIGIN = Origin(
    title="Tide, remix",
    request_ref="q",
    request_sha256=HASH,
    job_ref="j",
    attempt=1,
    seed=7,
    oversight=Oversight.GUIDED,
    nets=(NetUsed("mix", 2, "b" * 64), NetUsed("line", 1, "a" * 64)),
    recipe_schema=4,
    processors=("limiter/1", "console/1", "limiter/1"),
    likeness_thresholds="keeps-the-song/1",
)


def value(record=KNOWN, origin=ORIGIN, sources=(), external=()):
    return particulars_of(record, sources, external, (), origin)


def source(position, **more):
    return SourceKnown(position, f"s{position}", HASH, "rec", "", "w", "", 500_000, ("g",), **more)


def sealed(origin=ORIGIN, name="s", isrc="DEAB72600001"):
    """A session of two stems, sealed in the real transaction."""
    first, second = world.recording(
        f"Tide {name}", master={"Ana": 10**6}, publishing={"Ana": 10**6}, stems=2
    )
    if isrc:
        Recording.objects.filter(pk=first.recording_id).update(isrc=isrc)
    record = world.session(name, [first, second])
    seal_record(
        record_id=record.pk,
        lines=[(first.pk, 600_000), (second.pk, 400_000)],
        windows_sha256=HASH,
        measured={"model_ppm": 250_000},
        files=[],
        now=LATER,
        origin=origin,
    )
    return LicenceRecord.objects.get(pk=record.pk)


def test_the_same_knowledge_in_another_order_is_the_same_text():
    one = value(sources=[source(0), source(1)])
    other = value(
        sources=[source(1), source(0)],
        origin=replace(ORIGIN, nets=ORIGIN.nets[::-1], processors=ORIGIN.processors[::-1]),
    )
    assert text_of(one) == text_of(other)
    assert json.loads(text_of(one))["likeness"] == {
        "thresholds": "keeps-the-song/1",
        "chroma": 0.934123,
        "onsets": None,
    }


def test_what_nobody_said_is_null_and_marks_that_are_not_there_are_none():
    plain = value(origin=Origin())
    for name in ("title", "request", "job", "oversight", "likeness"):
        assert plain[name] is None
    assert plain["disclosure"]["nets"] is None
    assert plain["marks"] == []


@pytest.mark.parametrize(
    ("model", "outside", "said"),
    [(0, 0, "none"), (1, 0, "part"), (999_999, 0, "part"), (10**6, 0, "all"), (0, 5, "part")],
)
def test_disclosure_follows_the_measured_share(model, outside, said):
    known = replace(KNOWN, model_ppm=model, unattributed_ppm=outside)
    assert value(known)["disclosure"]["made_by_model"] == said


def test_a_net_without_any_share_is_named_all_the_same():
    found = value()["disclosure"]
    assert found["made_by_model"] == "none"
    assert [one["net"] for one in found["nets"]] == ["line", "mix"]


def test_an_external_net_is_named_with_its_weights_and_licence():
    heard = ExternalKnown(2, HASH, "tone_bed", "c" * 64, "Apache-2.0")
    (said,) = value(external=[heard])["disclosure"]["external"]
    assert (said["version"], said["licence"]) == ("c" * 64, "Apache-2.0")


def test_a_share_beyond_the_whole_is_refused():
    with pytest.raises(OddParticulars):
        disclosed(1_000_001)
    with pytest.raises(OddParticulars):
        text_of({"x": float("nan")})


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ([], "prompt_guided"),
        ([("a", "RELEASED")], "prompt_guided"),
        ([("a", "WAITING")], "prompt_guided"),
        ([("a", "APPROVED"), ("b", "WAITING")], "prompt_guided"),
        ([("a", "APPROVED"), ("b", "DECLINED")], "prompt_guided"),
        ([("a", "APPROVED"), ("b", "RELEASED")], "human_validated"),
    ],
)
def test_it_is_validated_once_every_holder_who_was_asked_said_yes(answers, level):
    assert oversight_now("prompt_guided", answers) == level


def test_sealing_writes_them_and_the_fact_of_it_names_their_digest(db):
    record = sealed()
    row = RecordParticulars.objects.get()
    fact = Fact.objects.get(verb="seal_record")
    assert fact.after["particulars_sha256"] == row.sha256
    assert row.sha256 == hashlib.sha256(row.text.encode()).hexdigest()
    assert verify_particulars() == 1
    kept = kept_of(record)
    assert kept.oversight == "prompt_guided"
    assert [one["ppm"] for one in kept.value["sources"]] == [600_000, 400_000]
    assert kept.value["disclosure"]["made_by_model"] == "part"


def test_codes_stay_as_they_were_when_it_was_sealed(db):
    record = sealed()
    Recording.objects.update(isrc="DEAB72699999")
    Work.objects.update(iswc="T0345246801")
    (first, _) = kept_of(record).value["sources"]
    assert (first["isrc"], first["iswc"]) == ("DEAB72600001", None)


def test_they_are_never_changed_and_never_written_later(db):
    record = sealed()
    for statement in (
        "UPDATE attribution_recordparticulars SET text = '{}'",
        "DELETE FROM attribution_recordparticulars",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    older = world.record("older", [(record.sources.first().stem, 10**6)])
    assert kept_of(older) is None
    text = "{}"
    with pytest.raises(DatabaseError, match="never later"), transaction.atomic():
        RecordParticulars.objects.create(
            record=older, text=text, sha256=hashlib.sha256(text.encode()).hexdigest()
        )
    assert verify_particulars() == 1


def settle_with(record, given):
    """Write particulars, and let the deferred constraints speak as a commit would."""
    RecordParticulars.objects.create(record=record, **given)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_an_open_record_has_none(db):
    stems = world.recording("T", master={"A": 10**6}, publishing={"A": 10**6})
    record = world.session("s", stems)
    empty = {"text": "{}", "sha256": hashlib.sha256(b"{}").hexdigest()}
    with pytest.raises(DatabaseError, match="was not sealed"), transaction.atomic():
        settle_with(record, empty)
    with pytest.raises(DatabaseError, match="another digest"), transaction.atomic():
        RecordParticulars.objects.create(record=record, text="{ }", sha256=empty["sha256"])


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE attribution_recordparticulars SET text = replace(text, 'DE', 'FR')", "do not say"),
        (
            "UPDATE attribution_recordparticulars SET text = '{}',"
            " sha256 = encode(sha256('{}'::bytea), 'hex')",
            "do not say",
        ),
        ("DELETE FROM attribution_recordparticulars", "are gone"),
        (
            "UPDATE audit_fact SET after = after - 'particulars_sha256' WHERE verb = 'seal_record'",
            "were not written at its sealing",
        ),
    ],
)
def test_whoever_changes_them_in_the_database_is_found(
    committed_db, database_server, statement, what
):
    with transaction.atomic():
        record = sealed()
    with database_server.postgres.connect(database_server.name, "postgres") as intruder:
        intruder.execute("SET session_replication_role = replica")
        assert intruder.execute(statement).rowcount
    with pytest.raises(RecordChanged, match=f"{record.pk} {what}"):
        verify_particulars()


def test_the_nightly_verification_counts_them(db):
    sealed()
    told = StringIO()
    link_facts(now=LATER)
    call_command("verify_books", stdout=told)
    assert "Their particulars are as they were sealed: 1." in told.getvalue()
