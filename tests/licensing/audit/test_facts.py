"""Facts are only ever added, and a reader by cursor misses none."""

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction

from licensing.audit.operations import record_fact
from licensing.audit.queries import facts_about, facts_after

AT = datetime(2026, 10, 3, 12, tzinfo=UTC)
INSERT = """
INSERT INTO audit_fact (actor_kind, actor_ref, verb, object_kind, object_ref, at)
VALUES ('user', 'u1', 'grant_use', 'stem', 'slow', %(at)s)
"""


def note(ref, **more):
    return record_fact(
        actor=("user", "u1"), verb="grant_use", object_kind="stem", object_ref=ref, at=AT, **more
    )


def test_a_fact_keeps_before_and_after(db):
    note("s1", before={"uses": []}, after={"uses": ["REMIX"]})
    note("s2")
    (fact,) = facts_about("stem", "s1")
    assert (fact.before, fact.after, fact.actor) == (
        {"uses": []},
        {"uses": ["REMIX"]},
        ("user", "u1"),
    )


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_fact SET verb = 'x'", "DELETE FROM audit_fact"]
)
def test_the_application_cannot_change_a_fact(db, statement):
    note("s1")
    with (
        pytest.raises((ProgrammingError, IntegrityError, InternalError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_an_unknown_actor_is_refused(db):
    with pytest.raises(ValueError, match="actor"):
        record_fact(actor=("robot", "1"), verb="v", object_kind="k", object_ref="r", at=AT)


def test_a_moment_without_zone_is_refused(db):
    with pytest.raises(ValueError, match="zone"):
        record_fact(
            actor=("user", "1"),
            verb="v",
            object_kind="k",
            object_ref="r",
            at=AT.replace(tzinfo=None),
        )


def once_all_are_read(count):
    """Facts wait for older transactions of the whole server, other workers' databases included."""
    for _ in range(200_000):
        seen = facts_after("", count)
        if len(seen) == count:
            return seen
    raise AssertionError("the facts did not come")


def test_cursor_walks_pages_without_overlap(committed_db):
    for n in range(5):
        note(f"s{n}")
    once_all_are_read(5)
    first = facts_after("", 3)
    rest = facts_after(first[-1].cursor, 3)
    assert [f.object_ref for f in (*first, *rest)] == ["s0", "s1", "s2", "s3", "s4"]
    assert facts_after(rest[-1].cursor, 3) == ()


def test_a_late_commit_is_not_stepped_over(committed_db):
    """The race that a cursor by sequence number loses: the lower number commits last."""
    params = connection.get_connection_params()
    login = {key: params[key] for key in ("dbname", "user", "host", "port") if params.get(key)}
    with psycopg.connect(**login) as slow:
        slow.execute(INSERT, {"at": AT})
        note("quick")
        seen = facts_after("", 10)
        slow.commit()
    once_all_are_read(2)
    cursor = seen[-1].cursor if seen else ""
    later = facts_after(cursor, 10)
    assert sorted(f.object_ref for f in (*seen, *later)) == ["quick", "slow"]


@pytest.mark.parametrize("cursor", ["x", "1", "1:", ":2", "1:-2"])
def test_a_made_up_cursor_is_refused(db, cursor):
    with pytest.raises(ValueError, match="cursor"):
        facts_after(cursor, 1)
