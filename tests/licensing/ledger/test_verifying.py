"""Whatever somebody with every right changes in the books behind their back is found and named."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from licensing.audit.merkle import root_sha256
from licensing.ledger import chain_sql
from licensing.ledger.chain import latest_link, link_entries, link_sha256
from licensing.ledger.models import JournalEntry, Link, UnlinkedEntry
from licensing.ledger.operations import post, reverse_entry
from licensing.ledger.rules import AccountKey
from licensing.ledger.verifying import Anchor, BooksBroken, verify_chain

CASH = AccountKey("cash", "processor", "test", "EUR")
POOL = AccountKey("pool", "month", "2026-10", "EUR")
AT = datetime(2026, 10, 3, 4, 5, 6, tzinfo=UTC)
TABLES = ("ledger_posting", "ledger_linkedentry", "ledger_journalentry", "ledger_link")


def pay_in(key, now=AT):
    postings = [(CASH, "debit", 700, "in"), (POOL, "credit", 700, "“ü\n”")]
    return post(
        key=key, kind="receipt", postings=postings, effective_at=AT, now=now, memo="from \\ Ana"
    )


class Intruder:
    """The database's superuser, with every trigger and foreign key silenced."""

    def __init__(self, server) -> None:
        self.session = server.postgres.connect(server.name, "postgres")
        self.session.execute("SET session_replication_role = replica; CREATE SCHEMA kept")
        for table in TABLES:
            self.session.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")

    @contextmanager
    def edit(self, statement: str) -> Iterator[None]:
        """Run it, and put everything back as it was afterwards."""
        assert self.session.execute(statement).rowcount >= 1
        yield
        for table in TABLES:
            self.session.execute(f"DELETE FROM {table}")
        for table in TABLES:
            self.session.execute(f"INSERT INTO {table} SELECT * FROM kept.{table}")


@pytest.fixture
def intruder(committed_db, database_server):
    """Books of three links: k1 and k2, k3 and k4, and what reverses k3."""
    for keys in (("k1", "k2"), ("k3", "k4")):
        for key in keys:
            pay_in(key)
        link_entries(now=AT)
    undone = JournalEntry.objects.get(key="k3")
    reverse_entry(key="undone", entry_id=undone.pk, effective_at=AT, now=AT)
    link_entries(now=AT)
    who = Intruder(database_server)
    yield who
    who.session.close()


def broken(now=AT, **given):
    with pytest.raises(BooksBroken) as found:
        verify_chain(now=now, **given)
    return found.value.kind, found.value.name


def test_empty_books_are_sound(db):
    assert verify_chain(now=AT).head is None


_K4 = "(SELECT id FROM ledger_journalentry WHERE key = 'k4')"
OF_AN_ENTRY = (
    f"UPDATE ledger_posting SET amount_micros = 701 WHERE entry_id = {_K4} AND side = 'debit'",
    f"UPDATE ledger_posting SET amount_micros = amount_micros + 1 WHERE entry_id = {_K4}",
    f"UPDATE ledger_posting SET ref = 'im' WHERE entry_id = {_K4} AND ref = 'in'",
    f"UPDATE ledger_posting SET side = CASE side WHEN 'debit' THEN 'credit' ELSE 'debit' END"
    f" WHERE entry_id = {_K4}",
    f"UPDATE ledger_posting SET account_id = 0 WHERE entry_id = {_K4} AND side = 'debit'",
    f"DELETE FROM ledger_posting WHERE entry_id = {_K4} AND side = 'debit'",
    f"DELETE FROM ledger_posting WHERE entry_id = {_K4}",
    "INSERT INTO ledger_posting (entry_id, account_id, side, amount_micros, ref)"
    f" SELECT entry_id, account_id, side, 1, '' FROM ledger_posting WHERE entry_id = {_K4}",
    f"UPDATE ledger_journalentry SET kind = 'Receipt' WHERE id = {_K4}",
    f"UPDATE ledger_journalentry SET memo = 'from Ana' WHERE id = {_K4}",
    f"UPDATE ledger_journalentry SET effective_at = effective_at - interval '1 us'"
    f" WHERE id = {_K4}",
    f"UPDATE ledger_journalentry SET created_at = created_at - interval '1 us' WHERE id = {_K4}",
    f"UPDATE ledger_journalentry SET posting_count = 3 WHERE id = {_K4}",
    f"UPDATE ledger_journalentry SET reverses_id = 0 WHERE id = {_K4}",
    f"UPDATE ledger_journalentry SET content_sha256 = repeat('0', 64) WHERE id = {_K4}",
    f"UPDATE ledger_linkedentry SET leaf_sha256 = repeat('0', 64) WHERE entry_id = {_K4}",
)


def test_every_edit_of_an_entry_or_its_postings_names_the_entry(intruder):
    for statement in OF_AN_ENTRY:
        with intruder.edit(statement):
            assert broken() == ("entry", "k4"), statement
    with intruder.edit("UPDATE ledger_journalentry SET key = 'K1' WHERE key = 'k1'"):
        assert broken() == ("entry", "K1")
    found = verify_chain(now=AT)
    assert (found.links, found.entries) == (3, 5)
    assert found.head == (3, Link.objects.get(number=3).sha256)


OF_A_LINK = (
    "UPDATE ledger_link SET made_at = made_at + interval '1 us' WHERE number = 2",
    "UPDATE ledger_link SET root_sha256 = repeat('0', 64) WHERE number = 2",
    "UPDATE ledger_link SET entry_count = 3 WHERE number = 2",
    "UPDATE ledger_link SET previous_sha256 = repeat('1', 64) WHERE number = 2",
    "UPDATE ledger_link SET sha256 = repeat('0', 64) WHERE number = 2",
    "UPDATE ledger_link SET number = 7 WHERE number = 2",
    "DELETE FROM ledger_link WHERE number = 2",
    f"DELETE FROM ledger_linkedentry WHERE entry_id = {_K4}",
    "DELETE FROM ledger_linkedentry WHERE link_id = 2",
    "UPDATE ledger_linkedentry SET link_id = 2 WHERE link_id = 3",
)


def test_every_edit_of_a_link_names_the_link(intruder):
    for statement in OF_A_LINK:
        with intruder.edit(statement):
            assert broken() == ("link", 2), statement
    with intruder.edit("DELETE FROM ledger_link WHERE number = 1"):
        assert broken() == ("link", 1)
    with intruder.edit("DELETE FROM ledger_link WHERE number = 3"):
        assert broken() == ("link", 3)


def test_an_entry_that_is_gone_is_named_by_its_id_and_a_posting_without_entry_by_its_own(intruder):
    k4 = JournalEntry.objects.get(key="k4").pk
    with intruder.edit("DELETE FROM ledger_journalentry WHERE key = 'k4'"):
        assert broken() == ("entry", f"id {k4}")
    with intruder.edit(
        "INSERT INTO ledger_posting (id, entry_id, account_id, side, amount_micros, ref)"
        " SELECT 99, 98, account_id, side, 1, '' FROM ledger_posting LIMIT 1"
    ):
        assert broken() == ("posting", 99)


RENAME_K4 = f"""
UPDATE ledger_journalentry SET key = 'k5' WHERE key = 'k4';
UPDATE ledger_linkedentry m SET leaf_sha256 = {chain_sql.LEAF}
FROM ledger_journalentry e WHERE e.id = m.entry_id AND e.key = 'k5'
"""


def forged(number, previous_sha256):
    """The statement that makes a link's root and own hash fit its entries, and its new hash."""
    link = Link.objects.get(number=number)
    rows = link.entries.order_by("entry__key").values_list("leaf_sha256", flat=True)
    facts = {
        "previous_sha256": previous_sha256,
        "root_sha256": root_sha256(map(bytes.fromhex, rows)).hex(),
    }
    own = link_sha256(number=number, entry_count=link.entry_count, made_at=link.made_at, **facts)
    values = ", ".join(f"{name} = '{value}'" for name, value in {**facts, "sha256": own}.items())
    return f"UPDATE ledger_link SET {values} WHERE number = {number}", own


def test_a_forger_must_make_every_later_link_again_and_then_the_anchor_tells(intruder):
    anchor = Anchor(3, latest_link().sha256)
    with intruder.edit(RENAME_K4):
        assert broken() == ("link", 2)
        statement, own = forged(2, Link.objects.get(number=1).sha256)
        intruder.session.execute(statement)
        assert broken() == ("link", 3)
        intruder.session.execute(forged(3, own)[0])
        assert verify_chain(now=AT).links == 3
        assert broken(anchors=[anchor]) == ("link", 3)
    assert verify_chain(now=AT, anchors=[anchor]).links == 3


def test_an_anchor_past_the_end_says_that_links_are_gone(intruder):
    assert broken(anchors=[Anchor(4, "0" * 64)]) == ("link", 4)


def test_an_entry_may_wait_for_a_minute_and_no_longer_whatever_moment_it_names(db):
    pay_in("of last month", now=AT)
    came_at = UnlinkedEntry.objects.get().came_at
    assert verify_chain(now=came_at + timedelta(seconds=60)).entries == 0
    assert broken(now=came_at + timedelta(seconds=61)) == ("entry", "of last month")
    link_entries(now=AT)
    assert verify_chain(now=came_at + timedelta(days=1)).entries == 1


def test_an_entry_that_the_linker_was_never_told_of_is_found_at_once(db):
    pay_in("forgotten", now=AT)
    UnlinkedEntry.objects.all().delete()
    assert broken(now=AT) == ("entry", "forgotten")
