"""A usage carries the numbers of its payer and its record, whoever writes it."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from licensing.royalties.models import Payer, Usage
from tests.licensing.royalties import small_world as world

AGAIN = """
INSERT INTO royalties_usage (token_id, minute, record_id, listener_kind, listener_ref, payer_kind,
    payer_ref, payer_number, record_number, state, heard_ms, repeat_score, played_at, received_at,
    accrual_month)
SELECT token_id, 7, record_id, listener_kind, listener_ref, 'client', payer_ref, 4711, 4712, state,
       heard_ms, repeat_score, played_at, received_at, accrual_month FROM royalties_usage
"""


@pytest.fixture
def piece(db):
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    return world.record("A", [(stem, 1_000_000)])


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def told():
    """Of each usage, in order: what it says in numbers, and what these stand for."""
    rows = Usage.objects.order_by("pk").select_related("record")
    payers = {one.number: (one.kind, one.ref) for one in Payer.objects.all()}
    assert all(row.record_number == row.record.number for row in rows)
    return [payers[row.payer_number] for row in rows]


def test_whatever_writes_a_usage_it_says_its_numbers(piece):
    world.pay("l1")
    world.play("l1", piece)
    world.heard("l2", piece, 2)
    assert told() == [("user", "l1"), ("user", "l2"), ("user", "l2")]


def test_numbers_given_by_a_writer_are_not_believed(piece):
    world.heard("l1", piece)
    execute(AGAIN)
    assert told() == [("user", "l1"), ("client", "l1")]


@pytest.mark.parametrize("change", [{"payer_number": 4711}, {"payer_ref": "l2"}, {"heard_ms": 1}])
def test_nobody_says_afterwards_who_paid_or_what_was_heard(piece, change):
    world.heard("l1", piece)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Usage.objects.update(**change)
    assert told() == [("user", "l1")]


def test_numbers_stand_for_the_same_for_ever(piece):
    world.heard("l1", piece)
    refused = {
        "UPDATE royalties_payer SET ref = 'l9'": "permission denied",
        "DELETE FROM royalties_payer": "permission denied",
        "UPDATE attribution_licencerecord SET number = number + 1": "number of a licence record",
    }
    for change, words in refused.items():
        with pytest.raises(DatabaseError, match=words), transaction.atomic():
            execute(change)


def test_the_owner_cannot_give_a_payers_number_to_another(committed_db, database_server):
    with transaction.atomic():
        (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
        world.heard("l1", world.record("A", [(stem, 1_000_000)]))
    owner = database_server.postgres.url(database_server.name, "stemma_owner")
    for change in ("UPDATE royalties_payer SET ref = 'l9'", "DELETE FROM royalties_payer"):
        refused = pytest.raises(psycopg.Error, match="append-only")
        with refused, psycopg.connect(owner) as connected:
            connected.execute(change)
