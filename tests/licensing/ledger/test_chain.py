"""The linker: one chain without gaps over everything committed, whoever commits when."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from licensing.ledger.chain import latest_link, link_entries, link_posted
from licensing.ledger.models import JournalEntry, Link, LinkedEntry, UnlinkedEntry
from licensing.ledger.operations import post
from licensing.ledger.rules import AccountKey
from licensing.ledger.verifying import verify_chain
from tests.waiting import wait_until_somebody_waits

CASH = AccountKey("cash", "processor", "test", "EUR")
POOL = AccountKey("pool", "month", "2026-10", "EUR")
AT = datetime(2026, 10, 3, 4, 5, 6, 789, tzinfo=UTC)


def pay_in(key, amount=700):
    postings = [(CASH, "debit", amount), (POOL, "credit", amount)]
    return post(key=key, kind="receipt", postings=postings, effective_at=AT, now=AT)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def linked_keys(link):
    return set(link.entries.values_list("entry__key", flat=True))


def elsewhere(job, *given):
    """Run a job on a connection of its own; its future."""

    def run():
        try:
            return job(*given)
        finally:
            connection.close()

    with_one = ThreadPoolExecutor(1)
    future = with_one.submit(run)
    with_one.shutdown(wait=False)
    return future


def test_a_link_is_what_its_text_says_and_holds_the_one_before(db):
    first, second = pay_in("k1"), pay_in("k2")
    one = link_entries(now=AT)
    leaf, other = (
        hashlib.sha256(
            f"\0{entry.content_sha256}\n{entry.pk}\n2026-10-03T04:05:06.000789Z\n{entry.key}".encode()
        )
        for entry in (first, second)
    )
    root = hashlib.sha256(b"\1" + leaf.digest() + other.digest()).hexdigest()
    at = "2026-10-03T04:05:06.000789+00:00"
    assert one.root_sha256 == root
    assert one.sha256 == sha256(f"stemma books, link\n1\n{'0' * 64}\n{root}\n2\n{at}")
    third = pay_in("k3")
    two = link_entries(now=AT)
    (row,) = two.entries.all()
    assert (row.entry, row.leaf_sha256) == (third, two.root_sha256)
    assert two.sha256 == sha256(f"stemma books, link\n2\n{one.sha256}\n{two.root_sha256}\n1\n{at}")
    assert latest_link() == two


def test_leaves_stand_in_the_order_of_keys_by_code_point(db):
    for key in ("b", "a", "C", "ä", "a:1"):
        pay_in(key)
    link = link_entries(now=AT)
    assert verify_chain(now=AT).head == (1, link.sha256)
    by_key = dict(link.entries.values_list("entry__key", "leaf_sha256"))
    c, a, a1, b, ae = (bytes.fromhex(by_key[key]) for key in ("C", "a", "a:1", "b", "ä"))

    def node(left, right):
        return hashlib.sha256(b"\1" + left + right).digest()

    assert link.root_sha256 == node(node(node(c, a), node(a1, b)), ae).hex()


def test_nothing_new_makes_no_link(db):
    assert link_entries(now=AT) is None
    pay_in("k")
    assert link_entries(now=AT).number == 1
    assert link_entries(now=AT) is None
    pay_in("k")
    assert link_entries(now=AT) is None


def test_what_a_transaction_posted_is_one_link_and_the_rest_waits(committed_db):
    pay_in("before")
    with transaction.atomic():
        pay_in("own 1")
        pay_in("own 2")
        link = link_posted(now=AT)
    assert linked_keys(link) == {"own 1", "own 2"}
    assert linked_keys(link_entries(now=AT)) == {"before"}


def test_a_transaction_rolled_back_leaves_no_link(committed_db):
    with transaction.atomic():
        pay_in("k")
        assert link_posted(now=AT).number == 1
        transaction.set_rollback(True)
    assert latest_link() is None
    assert not LinkedEntry.objects.exists()
    pay_in("k")
    assert link_entries(now=AT).number == 1


def test_an_entry_with_a_lower_id_that_commits_late_is_linked_afterwards(committed_db):
    pay_in("opens the accounts")
    link_entries(now=AT)
    written, go = Event(), Event()

    def late():
        with transaction.atomic():
            entry = pay_in("late")
            written.set()
            assert go.wait(30)
            return entry.pk

    writer = elsewhere(late)
    assert written.wait(30)
    early = pay_in("early")
    assert linked_keys(link_entries(now=AT)) == {"early"}
    go.set()
    assert writer.result(timeout=30) < early.pk
    assert linked_keys(link_entries(now=AT)) == {"late"}
    assert verify_chain(now=AT).entries == 3


def test_linkers_at_once_make_one_chain(committed_db):
    gate = Barrier(4)

    def work(number):
        gate.wait()
        for turn in range(5):
            pay_in(f"{number}:{turn}")
            link_entries(now=AT)

    for worker in [elsewhere(work, number) for number in range(4)]:
        worker.result(timeout=60)
    link_entries(now=AT)
    assert not UnlinkedEntry.objects.exists()
    numbers = list(Link.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert verify_chain(now=AT).entries == JournalEntry.objects.count() == 20


def test_a_close_waits_for_a_linker_and_a_linker_for_nobody(committed_db):
    pay_in("k")

    def close():
        with transaction.atomic():
            pay_in("closing")
            return link_posted(now=AT).number

    with transaction.atomic():
        assert link_entries(now=AT).number == 1
        pay_in("meanwhile")
        closing = elsewhere(close)
        wait_until_somebody_waits()
        assert elsewhere(lambda: link_entries(now=AT)).result(timeout=30) is None
    assert closing.result(timeout=30) == 2
    assert linked_keys(link_entries(now=AT)) == {"meanwhile"}


def test_two_links_on_one_are_refused_by_the_database(db):
    pay_in("k")
    link = link_entries(now=AT)
    twin = Link(
        number=2,
        previous_sha256=link.previous_sha256,
        root_sha256=link.root_sha256,
        entry_count=1,
        made_at=AT + timedelta(1),
        sha256="0" * 64,
    )
    with pytest.raises(DatabaseError, match="previous_sha256"), transaction.atomic():
        twin.save(force_insert=True)


CHANGES = ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE")
TABLES = {"ledger_link": "number", "ledger_linkedentry": "link_id"}


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("table", TABLES)
def test_the_application_cannot_change_the_chain(db, table, statement):
    pay_in("k")
    link_entries(now=AT)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table, TABLES[table]))


def test_the_owner_cannot_change_the_chain_either(committed_db, database_server):
    pay_in("k")
    link_entries(now=AT)
    owner = database_server.postgres.url(database_server.name, "stemma_owner")
    for table, column in TABLES.items():
        for statement in CHANGES:
            with psycopg.connect(owner) as session, pytest.raises(psycopg.Error, match="append"):
                session.execute(statement.format(table, column))
