"""A large batch of postings lies in a table of its own, where no guard of the books is weaker."""

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.ledger import apart
from licensing.ledger.chain import link_posted
from licensing.ledger.models import Account, AttachedBatch, JournalEntry, Posting
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.verifying import verify_chain
from tests.licensing.ledger.test_batches import CASH, OWED, draft, posted

AT = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
POSTING = "(entry_id, account_id, side, amount_micros, ref, batch)"


@pytest.fixture
def small_batches_apart(monkeypatch):
    monkeypatch.setattr(apart, "APART_FROM", 2)


def commit_now():
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("SET CONSTRAINTS ALL DEFERRED")


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def opened(*, entries=1, sides=(("debit", 3), ("credit", 3)), posting_count=2, number=None):
    """A batch made by hand: raw entries that name it, with these postings each."""
    cash = Account.objects.get_or_create(**CASH._asdict(), defaults={"created_at": AT})[0]
    batch = apart.open_batch("ledger_posting", apart.APART_FROM)
    for place in range(entries):
        entry = raw_entry(f"raw {place}", batch=batch, posting_count=posting_count)
        for side, amount in sides:
            execute(
                f"INSERT INTO {apart.part_of('ledger_posting', batch)} {POSTING}"
                f" VALUES ({entry.pk}, {cash.pk}, '{side}', {amount}, '', {number or batch})"
            )
    return batch


def raw_entry(key, **more):
    return JournalEntry.objects.create(
        **{
            "key": key,
            "kind": "t",
            "content_sha256": "",
            "effective_at": AT,
            "created_at": AT,
            "posting_count": 2,
            **more,
        }
    )


def attach(batch):
    apart.attach_batch("ledger_posting", batch)


def test_a_batch_in_a_table_of_its_own_is_in_the_same_books(db, small_batches_apart):
    assert posted(draft("one"), draft("other", 7)) == 2
    commit_now()
    batch = AttachedBatch.objects.get()
    assert set(Posting.objects.values_list("batch", flat=True)) == {batch.number}
    assert (balance_of(OWED), balance_of(CASH)) == (12, 12)
    assert trial_balance().differences() == {"EUR": 0}
    assert link_posted(now=AT).entry_count == 2
    assert verify_chain(now=AT).entries == 2


def test_a_batch_posted_again_changes_nothing_and_opens_nothing(db, small_batches_apart):
    posted(draft("one"), draft("other", 7))
    assert posted(draft("other", 7), draft("one")) == 0
    assert (AttachedBatch.objects.count(), Posting.objects.count()) == (1, 4)


def test_few_postings_lie_among_the_others(db):
    posted(draft("one"))
    assert Posting.objects.filter(batch=0).count() == 2
    assert not AttachedBatch.objects.exists()


def test_a_batch_made_by_hand_is_taken_when_it_is_sound(db):
    attach(opened(entries=2))
    commit_now()
    assert Posting.objects.count() == 4


REFUSED = {
    "does not balance in EUR": {"sides": (("debit", 3), ("credit", 2))},
    "has 2 postings, not 3": {"posting_count": 3},
    "only with its entry": {"sides": [("debit", 3), ("credit", 3)] * 2},
    "positive": {"sides": (("debit", -3), ("credit", -3))},
    "is_its_batch": {"number": 10**9},
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_batch_that_is_not_sound_is_refused(db, words):
    with pytest.raises(IntegrityError, match=words):
        attach(opened(**REFUSED[words]))


def test_a_batch_of_an_entry_without_postings_is_refused(db):
    batch = opened()
    raw_entry("empty", batch=batch)
    with pytest.raises(IntegrityError, match="0 postings, not 2"):
        attach(batch)


def test_a_batch_takes_no_posting_of_an_entry_that_names_another(db):
    batch = opened()
    other = raw_entry("elsewhere")
    cash = Account.objects.get()
    for side in ("debit", "credit"):
        execute(
            f"INSERT INTO ledger_posting_{batch} {POSTING}"
            f" VALUES ({other.pk}, {cash.pk}, '{side}', 1, '', {batch})"
        )
    with pytest.raises(IntegrityError, match="only with its entry"):
        attach(batch)


def test_a_batch_names_only_accounts_that_are_there(db):
    batch = opened()
    entry = raw_entry("stray", batch=batch)
    execute(
        f"INSERT INTO ledger_posting_{batch} {POSTING}"
        f" VALUES ({entry.pk}, -1, 'debit', 1, '', {batch}),"
        f" ({entry.pk}, -1, 'credit', 1, '', {batch})"
    )
    with pytest.raises(IntegrityError, match="an account that is not there"):
        attach(batch)


def test_an_entry_of_a_batch_that_is_never_attached_does_not_commit(db):
    opened()
    with pytest.raises(IntegrityError, match="was not attached with it"):
        commit_now()


def test_an_entry_comes_too_late_for_a_batch_that_is_attached(db):
    batch = opened()
    attach(batch)
    with pytest.raises(IntegrityError, match="takes no more entries"):
        raw_entry("late", batch=batch)


def test_an_entry_of_another_transaction_is_in_no_batch(committed_db):
    with transaction.atomic():
        batch = opened()
        attach(batch)
    with pytest.raises(IntegrityError), transaction.atomic():
        raw_entry("late", batch=batch)


def test_an_entry_numbered_before_its_batch_does_not_slip_past_it(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('ledger_journalentry', 'id'))")
        (early,) = cursor.fetchone()
    batch = opened()
    raw_entry("early", batch=batch, id=early)
    attach(batch)
    with pytest.raises(IntegrityError, match="was not attached with it"):
        commit_now()


def test_a_posting_comes_too_late_for_a_batch_that_is_attached(db):
    batch = opened()
    attach(batch)
    entry, cash = JournalEntry.objects.get(), Account.objects.get()
    sides = [
        Posting(entry=entry, account=cash, side=side, amount_micros=1, batch=batch)
        for side in ("debit", "credit")
    ]
    with pytest.raises(IntegrityError, match="only with its entry"):
        Posting.objects.bulk_create(sides)


def test_all_postings_of_an_entry_once_more_are_refused_at_once(db):
    """They balance and are as many as the entry says, and it was looked at before they came."""
    posted(draft("one"))
    commit_now()
    again = [
        Posting(entry_id=p.entry_id, account_id=p.account_id, side=p.side, amount_micros=5)
        for p in Posting.objects.all()
    ]
    with pytest.raises(IntegrityError, match="only with its entry"):
        Posting.objects.bulk_create(again)


def test_the_application_writes_no_number_of_a_posting(db):
    posted(draft("one"))
    with pytest.raises(DatabaseError, match="permission denied"):
        execute(
            "INSERT INTO ledger_posting (id, entry_id, account_id, side, amount_micros, ref)"
            " SELECT 5, entry_id, account_id, side, amount_micros, ref FROM ledger_posting"
        )


VERBS = (
    "UPDATE {0} SET amount_micros = 1",
    "DELETE FROM {0}",
    "TRUNCATE {0}",
    f"INSERT INTO {{0}} {POSTING} SELECT entry_id, account_id, side, amount_micros, ref, batch"
    " FROM ledger_posting WHERE batch = {1}",
)


@pytest.mark.parametrize("verb", VERBS)
def test_the_application_cannot_touch_a_part_of_the_books(db, verb):
    posted(draft("one"))
    batch = opened()
    attach(batch)
    for part, number in (("ledger_posting_single", 0), (f"ledger_posting_{batch}", batch)):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            execute(verb.format(part, number))


def test_the_owner_cannot_change_a_part_of_the_books_either(committed_db, database_server):
    with transaction.atomic():
        posted(draft("one"))
        batch = opened()
        attach(batch)
    owner = database_server.postgres.url(database_server.name, "stemma_owner")
    for part, number in (("ledger_posting_single", 0), (f"ledger_posting_{batch}", batch)):
        for verb in VERBS:
            refused = pytest.raises(psycopg.Error, match=r"append-only|only with its entry")
            with psycopg.connect(owner) as session, refused:
                session.execute(verb.format(part, number))


def test_only_the_database_says_that_a_batch_is_attached(db):
    with pytest.raises(DatabaseError, match="permission denied"):
        AttachedBatch.objects.create(number=5, transaction=0, first_entry=0)
