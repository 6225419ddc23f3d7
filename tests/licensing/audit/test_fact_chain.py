"""The chain over facts: one link after the other, late facts late, and the first change named."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.audit import chain
from licensing.audit.chain import latest_fact_link, link_facts
from licensing.audit.merkle import leaf_sha256, root_sha256
from licensing.audit.models import Fact, FactLink, LinkedFact
from licensing.audit.operations import record_fact
from licensing.audit.verifying import FactsBroken, verify_facts

AT = datetime(2026, 10, 3, 1, 2, 3, 4, tzinfo=UTC)


def happen(ref="1", **more):
    return record_fact(
        actor=("user", "Ana"), verb="grant", object_kind="stem", object_ref=ref, at=AT, **more
    )


def execute(statement, *given):
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


@pytest.fixture
def doctor(committed_db, database_server):
    """What a superuser may do, or whoever edits a backup."""
    with database_server.postgres.connect(database_server.name, "postgres") as session:
        session.autocommit = True
        session.execute("SET session_replication_role = replica")
        yield session.execute


def broken(**given):
    with pytest.raises(FactsBroken) as found:
        verify_facts(**given)
    return found.value.kind, found.value.number


def test_a_leaf_a_root_and_a_link_are_made_as_written_down(db):
    """By hand: what stands in the hash, byte for byte."""
    fact = happen(before={"b": 1, "a": [True, None]}, after={"text": 'A "quoted"\nline'})
    link = link_facts(now=AT)
    said = (
        f'[{fact.pk}, "user", "Ana", "grant", "stem", "1", {{"a": [true, null], "b": 1}}, '
        '{"text": "A \\"quoted\\"\\nline"}, "2026-10-03T01:02:03.000004Z"]'
    )
    leaf = leaf_sha256(said.encode())
    assert LinkedFact.objects.get().leaf_sha256 == leaf.hex()
    assert link.root_sha256 == root_sha256([leaf]).hex()
    facts = (
        "stemma facts, link",
        1,
        "0" * 64,
        link.root_sha256,
        1,
        "2026-10-03T01:02:03.000004+00:00",
    )
    assert link.sha256 == sha256("\n".join(map(str, facts)).encode()).hexdigest()


def test_each_link_stands_on_the_one_before_and_nothing_is_linked_twice(db):
    for ref in ("1", "2"):
        happen(ref)
    first = link_facts(now=AT)
    assert link_facts(now=AT) is None
    happen("3")
    second = link_facts(now=AT)
    assert (first.fact_count, second.fact_count) == (2, 1)
    assert second.previous_sha256 == first.sha256
    assert latest_fact_link() == second
    found = verify_facts(anchors=[(1, first.sha256)])
    assert (found.links, found.facts) == (2, 3)


def test_a_fact_that_commits_late_is_linked_late(committed_db):
    """A lower number comes to light after a higher one was linked."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            late = happen("late")
            pool.submit(_in_own_connection, lambda: (happen("early"), link_facts(now=AT))).result()
            assert not LinkedFact.objects.filter(fact=late).exists()
        assert link_facts(now=AT).number == 2
    assert LinkedFact.objects.get(fact=late).link_id == 2
    assert verify_facts().facts == 2


def _in_own_connection(job):
    try:
        return job()
    finally:
        connection.close()


def test_what_is_below_the_window_waits_for_the_night(doctor, monkeypatch):
    monkeypatch.setattr(chain, "WINDOW", 0)
    early = happen("early")
    happen("late")
    link = link_facts(now=AT)
    doctor("DELETE FROM audit_linkedfact WHERE fact_id = %s", [early.pk])
    assert link_facts(now=AT) is None
    assert link_facts(now=AT, everything=True).fact_count == 1
    assert link.fact_count == 2


CHANGES = {
    "UPDATE audit_fact SET after = '{\"n\": 2}' WHERE sequence = %s": "fact",
    "UPDATE audit_fact SET at = at + interval '1 microsecond' WHERE sequence = %s": "fact",
    "UPDATE audit_fact SET actor_kind = '', actor_ref = 'userAna' WHERE sequence = %s": "fact",
    "DELETE FROM audit_fact WHERE sequence = %s": "fact",
    "DELETE FROM audit_linkedfact WHERE fact_id = %s": "link",
    "DELETE FROM audit_factlink WHERE number = 2 AND %s > 0": "link",
    "UPDATE audit_factlink SET made_at = now() WHERE number = 2 AND %s > 0": "link",
}


@pytest.mark.parametrize(("statement", "kind"), CHANGES.items())
def test_the_first_thing_that_is_not_as_it_was_is_named(doctor, statement, kind):
    facts = []
    for ref in ("1", "2", "3"):
        facts.append(happen(ref, after={"n": 1}))
        link_facts(now=AT)
    doctor(statement, [facts[1].pk])
    assert broken() == (kind, facts[1].pk if kind == "fact" else 2)


def test_a_chain_made_anew_does_not_hold_against_a_head_that_was_kept(doctor):
    fact = happen(after={"n": 1})
    kept = link_facts(now=AT).sha256
    assert verify_facts(anchors=[(1, kept)]).links == 1
    doctor("DELETE FROM audit_linkedfact")
    doctor("DELETE FROM audit_factlink")
    doctor("UPDATE audit_fact SET after = '{\"n\": 2}' WHERE sequence = %s", [fact.pk])
    link_facts(now=AT)
    assert verify_facts().links == 1
    assert broken(anchors=[(1, kept)]) == ("link", 1)


@pytest.mark.parametrize("table", ["audit_factlink", "audit_linkedfact"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET link_id = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_links_are_never_changed(db, table, deed):
    happen()
    link_facts(now=AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        execute(deed.format(table))
    assert (FactLink.objects.count(), Fact.objects.count()) == (1, 1)
