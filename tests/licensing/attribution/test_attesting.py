"""A sealed record is held to the fact of its sealing: every column, row and moment of it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from licensing.attribution.attesting import (
    RecordChanged,
    attest_records,
    record_sha256,
    verify_records,
    waiting_records,
)
from licensing.attribution.live import seal_minute
from licensing.attribution.operations import seal_record, void_record
from licensing.audit.chain import link_facts
from licensing.audit.models import Fact
from licensing.audit.verifying import FactsBroken, verify_facts
from tests.licensing import stage as on
from tests.licensing.royalties import small_world as world

LATER = on.NOON + timedelta(days=1)
HASH = on.digest_of("windows")
CHANGES = (
    "UPDATE attribution_licencerecord SET use = 'MOOD'",
    "UPDATE attribution_licencerecord SET sealed_at = sealed_at + interval '1 microsecond'",
    "UPDATE attribution_licencerecord SET integrated_lufs = -14.2",
    "UPDATE attribution_licencerecord SET files = '[]'",
    "UPDATE attribution_licencesource SET digest = repeat('a', 64)",
    "UPDATE attribution_licencesource SET position = position + 7",
    "UPDATE attribution_attributionline SET ppm = CASE ppm WHEN 600000 THEN 1 ELSE 999999 END",
    "UPDATE attribution_sealedminute SET windows_sha256 = repeat('a', 64)",
    "UPDATE attribution_minuteline SET ppm = 999999",
    "DELETE FROM attribution_attributionline WHERE ppm = 600000",
    "DELETE FROM attribution_licencerecord",
)


def sealed():
    """A session of one minute, sealed whole."""
    first, second = world.recording(
        "Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6}, stems=2
    )
    record = world.session("s", [first, second])
    seal_minute(
        record_id=record.pk, minute=0, lines=[(first.pk, 10**6)], windows_sha256=HASH, now=LATER
    )
    seal_record(
        record_id=record.pk,
        lines=[(first.pk, 600_000), (second.pk, 400_000)],
        windows_sha256=HASH,
        measured=dict.fromkeys(
            ("target_lufs", "reached_lufs", "integrated_lufs", "true_peak_dbtp", "trim_db"), -14.1
        )
        | {"chroma_likeness": None, "onset_likeness": None},
        files=[{"kind": "flac", "digest": HASH}],
        now=LATER,
    )
    return record


def test_sealing_writes_the_digest_of_what_was_sealed(db):
    record = sealed()
    fact = Fact.objects.get(verb="seal_record")
    assert fact.after["content_sha256"] == record_sha256(record.pk)
    assert verify_records() == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Tokyo'")
    assert verify_records() == 1


def test_what_never_sounded_has_nothing_to_hold_it_to(db):
    record = world.session("s", world.recording("T", master={"A": 10**6}, publishing={"A": 10**6}))
    void_record(record_id=record.pk, reason="nobody came", now=LATER)
    assert verify_records() == 0


@pytest.mark.parametrize("statement", CHANGES)
def test_a_record_that_was_changed_is_named(committed_db, database_server, statement):
    with transaction.atomic():
        record = sealed()
    with database_server.postgres.connect(database_server.name, "postgres") as intruder:
        intruder.execute("SET session_replication_role = replica")
        assert intruder.execute(statement).rowcount
    with pytest.raises(RecordChanged, match=str(record.pk)):
        verify_records()


def test_whoever_changes_record_and_fact_alike_is_found_by_the_chain(committed_db, database_server):
    with transaction.atomic():
        record = sealed()
    link_facts(now=LATER)
    fact = Fact.objects.get(verb="seal_record")
    with database_server.postgres.connect(database_server.name, "postgres") as intruder:
        intruder.execute("SET session_replication_role = replica")
        intruder.execute("UPDATE attribution_licencerecord SET use = 'MOOD'")
        intruder.commit()
        after = fact.after | {"content_sha256": record_sha256(record.pk)}
        intruder.execute(
            "UPDATE audit_fact SET after = after || jsonb_build_object('content_sha256', %s::text)"
            " WHERE sequence = %s",
            [after["content_sha256"], fact.pk],
        )
    assert verify_records() == 1
    with pytest.raises(FactsBroken, match=f"fact {fact.pk} in link 1"):
        verify_facts()


BEFORE_DIGESTS = "UPDATE audit_fact SET after = after - 'content_sha256' WHERE verb = 'seal_record'"
MUCH_LATER = LATER + timedelta(days=400)


def as_superuser(database_server, *statements):
    with database_server.postgres.connect(database_server.name, "postgres") as intruder:
        intruder.execute("SET session_replication_role = replica")
        for statement in statements:
            assert intruder.execute(statement).rowcount


@pytest.fixture
def old(committed_db, database_server):
    """A record sealed when the fact of it held no digest yet."""
    with transaction.atomic():
        record = sealed()
    as_superuser(database_server, BEFORE_DIGESTS)
    return record


def test_a_record_sealed_before_there_were_digests_is_attested_once_and_says_so(old):
    assert (verify_records(), waiting_records()) == (0, (1, 0))
    assert attest_records(now=MUCH_LATER) == 1
    assert attest_records(now=MUCH_LATER) == 0
    assert (verify_records(), waiting_records()) == (1, (0, 0))
    fact = Fact.objects.get(verb="attest_record")
    assert (fact.object_ref, fact.at) == (str(old.pk), MUCH_LATER)
    assert fact.after == {
        "state": Fact.objects.get(verb="seal_record").after["state"],
        "sealed_at": LATER.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "attested_later": True,
        "content_sha256": record_sha256(old.pk),
    }


def test_records_with_a_digest_are_not_attested_again(db):
    sealed()
    assert (attest_records(now=MUCH_LATER), waiting_records()) == (0, (0, 0))


def test_records_are_attested_in_batches(committed_db, database_server):
    with transaction.atomic():
        sealed()
        (stem,) = world.recording("Lamp", master={"A": 10**6}, publishing={"A": 10**6})
        for name in "abc":
            record = world.session(name, [stem])
            seal_record(
                record_id=record.pk, lines=[(stem.pk, 10**6)], windows_sha256=HASH,
                measured={}, files=[], now=LATER,
            )  # fmt: skip
    as_superuser(database_server, BEFORE_DIGESTS)
    assert [attest_records(now=MUCH_LATER, most=3) for _ in range(3)] == [3, 1, 0]
    assert verify_records() == Fact.objects.filter(verb="attest_record").count() == 4


@pytest.mark.parametrize("statement", CHANGES[:-1])
def test_a_record_that_was_changed_after_it_was_attested_is_named(old, database_server, statement):
    attest_records(now=MUCH_LATER)
    as_superuser(database_server, statement)
    with pytest.raises(RecordChanged, match=str(old.pk)):
        verify_records()


def test_the_chain_finds_a_record_changed_together_with_its_attestation(old, database_server):
    attest_records(now=MUCH_LATER)
    link_facts(now=MUCH_LATER)
    as_superuser(database_server, "UPDATE attribution_licencerecord SET use = 'MOOD'")
    fact = Fact.objects.get(verb="attest_record")
    as_superuser(
        database_server,
        "UPDATE audit_fact SET after = after || jsonb_build_object('content_sha256', "
        f"'{record_sha256(old.pk)}'::text) WHERE sequence = {fact.pk}",
    )
    assert verify_records() == 1
    with pytest.raises(FactsBroken, match=f"fact {fact.pk} in link 1"):
        verify_facts()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE attribution_licencerecord SET windows_sha256 = repeat('a', 64)",
        "DELETE FROM audit_fact WHERE verb = 'seal_record'",
    ],
)
def test_what_the_log_does_not_bear_out_is_not_attested(old, database_server, statement, capsys):
    as_superuser(database_server, statement)
    assert waiting_records() == (0, 1)
    with pytest.raises(SystemExit):
        call_command("attest_records")
    said = capsys.readouterr().out
    assert "0 records were attested." in said
    assert f"the first is {old.pk}." in said
    assert not Fact.objects.filter(verb="attest_record").exists()


def test_the_command_attests_what_verifying_asks_for(old, capsys):
    call_command("verify_books")
    assert "1 sealed records have no digest in the log" in capsys.readouterr().out
    call_command("attest_records", "--dry-run")
    assert capsys.readouterr().out == "1 records would be attested.\n"
    call_command("attest_records")
    call_command("attest_records")
    assert capsys.readouterr().out == "1 records were attested.\n0 records were attested.\n"
    call_command("verify_books")
    said = capsys.readouterr().out
    assert "Licence records are as they were sealed: 1." in said
    assert "no digest" not in said
