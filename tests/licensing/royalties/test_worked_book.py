"""The worked book: 9.99 EUR from a listener in Germany to everyone who is in what she played.

Every amount was reckoned by hand: 1,595,042 VAT, 2,518,487 commission, 5,876,471 to the variation;
sources 400,000 + 400,000 (Ana's recording) + 200,000 ppm (Cleo's); half master, half publishing.
"""

from datetime import date

import pytest
from django.db import connection

from licensing.ledger.queries import balance_of, list_balances, list_postings, trial_balance
from licensing.ledger.rules import AccountKey
from licensing.receipts.rules import pool_account
from licensing.royalties.closing import close_period
from licensing.royalties.models import Statement, StatementLine
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)


@pytest.fixture
def story(db):
    tide = world.recording(
        "Tide", master={"Ana": 700_000, "Ben": 300_000}, publishing={"Ana": 1_000_000}, stems=2
    )
    (lamp,) = world.recording(
        "Lamp", master={"Cleo": 1_000_000}, publishing={"Cleo": 600_000, "Dov": (400_000, "GEMA")}
    )
    piece = world.record("7QK2", [(tide[0], 400_000), (tide[1], 400_000), (lamp, 200_000)])
    world.pay("l1")
    world.heard("l1", piece, 60)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    return piece


def payable(kind, ref):
    return balance_of(AccountKey("payable", kind, str(ref), "EUR"))


def test_every_micro_of_the_story(story):
    """By hand. 5,876,471 over 4 : 4 : 2 is 2,350,588.4 twice and 1,175,294.2; the one left over
    goes to the first of the equal largest fractions: 2,350,589, 2,350,588, 1,175,294.

    Stem one: halves 1,175,295 master (a tie goes to MASTER) and 1,175,294 publishing; 70 : 30 of
    the master is 822,706.5 and 352,588.5, a tie that goes to Ana's smaller id: 822,707, 352,588.
    Stem two: halves 1,175,294; 70 : 30 is 822,705.8 and 352,588.2: 822,706, 352,588.
    Stem three: halves 587,647; the master is Cleo's; 60 : 40 is 352,588.2 and 235,058.8: 352,588
    to Cleo and 235,059 to Dov's society.
    """
    assert str(world.ref("Ana")) < str(world.ref("Ben"))
    assert str(world.ref("Tide 0")) < str(world.ref("Tide 1"))
    assert payable("party", world.ref("Ana")) == 822_707 + 1_175_294 + 822_706 + 1_175_294
    assert payable("party", world.ref("Ben")) == 352_588 + 352_588
    assert payable("party", world.ref("Cleo")) == 587_647 + 352_588
    assert payable("society", "GEMA") == 235_059
    assert payable("party", world.ref("Dov")) == 0


def test_the_pool_is_empty_and_the_books_balance(story):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert balance_of(pool_account(MONTH, "EUR")) == 0
    assert trial_balance().differences() == {"EUR": 0}
    assert sum(list_balances(kind="payable").values()) == 5_876_471


def test_one_posting_per_party_right_and_source(story):
    account = AccountKey("payable", "party", str(world.ref("Ana")), "EUR")
    refs = [posting.ref for posting in list_postings(account)]
    stems = [str(world.ref(f"Tide {n}")) for n in range(2)]
    rights = ("MASTER", "PUBLISHING")
    assert sorted(refs) == sorted(f"{r}:{s}" for r in rights for s in stems)


def test_statements_add_up(story):
    for statement in Statement.objects.all():
        lines = sum(line.amount_micros for line in statement.lines.all())
        assert statement.opening_micros + lines == statement.closing_micros
    assert sum(line.amount_micros for line in StatementLine.objects.all()) == 5_876_471


def test_closing_again_changes_nothing(story):
    before = (StatementLine.objects.count(), list_balances(kind="payable"))
    close_period(month=MONTH, now=world.DECEMBER)
    assert (StatementLine.objects.count(), list_balances(kind="payable")) == before
