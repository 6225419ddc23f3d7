"""Closing a month: every road that money may take, and what stands afterwards."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.audit.models import Fact
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of, list_balances, trial_balance
from licensing.ledger.rules import AccountKey, MonthClosed
from licensing.receipts.rules import pool_account
from licensing.royalties.closing import CloseRefused, close_period
from licensing.royalties.models import PayerPool, Statement, StatementLine
from licensing.royalties.queries import open_month
from licensing.royalties.setting_cards import set_rate_card
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)


def payable(name, kind="party"):
    ref = name if kind == "society" else str(world.ref(name))
    return balance_of(AccountKey("payable", kind, ref, "EUR"))


def close(month=MONTH, now=world.AFTER_OCTOBER):
    period = close_period(month=month, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert trial_balance().differences() in ({}, {"EUR": 0})
    return period


def solo(name="solo", artist="Ana", **more):
    stems = world.recording(f"of {name}", master={artist: 10**6}, publishing={artist: 10**6})
    return world.record(name, [(stems[0], 1_000_000)], **more)


def test_two_subscribers_are_paid_as_published(db):
    pieces = {name: solo(name, artist=name) for name in "ABC"}
    for listener, plays in (("u1", {"A": 10}), ("u2", {"A": 10, "B": 80, "C": 10})):
        world.pay(listener, amount=700, kind="PROMOTION", tax=0)
        for name, times in plays.items():
            world.heard(listener, pieces[name], times)
    close()
    assert [payable(name) for name in "ABC"] == [770, 560, 70]
    other = StatementLine.objects.values_list(
        "statement__payee_name", "statement__other_model_micros"
    )
    assert dict(other.distinct()) == {"A": 255, "B": 1018, "C": 127}


def test_pro_rata_by_rate_card_pays_as_published(db):
    set_rate_card(
        product="listening",
        model="PRO_RATA",
        master_ppm=500_000,
        effective_from=world.LONG_AGO,
        actor=("user", "admin"),
        now=world.LONG_AGO,
    )
    pieces = {name: solo(name, artist=name) for name in "ABC"}
    for listener, plays in (("u1", {"A": 10}), ("u2", {"A": 10, "B": 80, "C": 10})):
        world.pay(listener, amount=700, kind="PROMOTION", tax=0)
        for name, times in plays.items():
            world.heard(listener, pieces[name], times)
    close()
    assert [payable(name) for name in "ABC"] == [255, 1018, 127]


def test_a_subscriber_without_plays_pays_what_everyone_played(db):
    first, second = solo("A", artist="A"), solo("B", artist="B")
    world.pay("l1", amount=100, kind="PROMOTION", tax=0)
    world.pay("idle", amount=60, kind="PROMOTION", tax=0)
    world.play("l1", first, 2)
    world.play("l1", second, 1, since=world.OCTOBER + timedelta(days=1))
    close()
    assert (payable("A"), payable("B")) == (67 + 40, 33 + 20)
    assert set(PayerPool.objects.values_list("basis", flat=True)) == {"OWN", "FALLBACK"}


def test_a_month_in_which_nobody_played_waits_unallocated(db):
    receipt = world.pay("l1")
    close()
    waiting = AccountKey("unallocated", "month", "2026-10", "EUR")
    assert balance_of(waiting) == receipt.pool_micros
    assert balance_of(pool_account(MONTH, "EUR")) == 0


def test_a_new_sheet_holds_from_its_moment_and_never_back(db):
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    piece = world.record("A", [(stem, 1_000_000)])
    change = datetime(2026, 10, 16, tzinfo=UTC)
    world.sheet("MASTER", {"Ben": 10**6}, since=change, version=2, recording=stem.recording)
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", piece, 3)
    world.play("l1", piece, 1, since=change)
    close()
    assert (payable("Ana"), payable("Ben")) == (750 + 125, 125)


def test_a_version_called_off_before_its_day_earns_nothing(db):
    """Ben's is to begin on the 16th; Cleo's, signed later, begins on the 10th and stays."""
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    tenth, day = datetime(2026, 10, 10, tzinfo=UTC), datetime(2026, 10, 16, tzinfo=UTC)
    world.sheet("MASTER", {"Ben": 10**6}, since=day, version=2, recording=stem.recording)
    world.sheet("MASTER", {"Cleo": 10**6}, since=tenth, version=3, recording=stem.recording)
    piece = world.record("A", [(stem, 1_000_000)])
    world.pay("l1", amount=1_200, kind="PROMOTION", tax=0)
    for since in (None, tenth, day):
        world.play("l1", piece, 1, **({"since": since} if since else {}))
    close()
    # Half of it is publishing's; of the master's 600 a third was played before the tenth.
    assert (payable("Ana"), payable("Ben"), payable("Cleo")) == (600 + 200, 0, 400)


def test_a_stems_own_sheet_goes_before_its_recordings(db):
    own, other = world.recording("T", master={"Ana": 10**6}, publishing={"Ana": 10**6}, stems=2)
    world.sheet("MASTER", {"Guest": 10**6}, stem=own)
    piece = world.record("A", [(own, 500_000), (other, 500_000)])
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", piece)
    close()
    assert (payable("Guest"), payable("Ana")) == (250, 750)


def test_a_societys_share_never_reaches_the_writer(db):
    (stem,) = world.recording(
        "T", master={"Ana": 10**6}, publishing={"Ana": 500_000, "Dov": (500_000, "GEMA")}
    )
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", world.record("A", [(stem, 1_000_000)]))
    close()
    assert (payable("GEMA", "society"), payable("Dov"), payable("Ana")) == (250, 0, 750)


def test_a_right_without_a_sheet_waits_unallocated(db):
    (stem,) = world.recording("T", master={"Ana": 10**6}, publishing=None)
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", world.record("A", [(stem, 1_000_000)]))
    close()
    assert payable("Ana") == 500
    assert balance_of(AccountKey("unallocated", "stem", str(stem.pk), "EUR")) == 500


def test_a_record_that_is_not_sealed_waits_unallocated(db):
    piece = solo(sealed=False)
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", piece)
    close()
    assert balance_of(AccountKey("unallocated", "record", str(piece.pk), "EUR")) == 1_000


def test_plays_that_accrue_nothing_stand_on_the_statement(db):
    piece = solo()
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", piece)
    world.play("unfunded", piece, 2)
    world.pay("member")
    world.play("member", piece, 3, listener_parties=[world.ref("Ana")])
    close()
    lines = StatementLine.objects.filter(variation_sum=None)
    kept = {line.kind: (line.plays, line.amount_micros) for line in lines}
    assert kept == {"UNFUNDED": (2, 0), "SELF": (3, 0)}


def test_a_zero_part_stands_on_the_statement_and_makes_no_posting(db):
    heard, silent = world.recording(
        "Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 500_000, "Dov": 500_000}, stems=2
    )
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", world.record("C", [(heard, 1_000_000), (silent, 0)]))
    close()
    assert StatementLine.objects.filter(stem=silent, amount_micros=0).count() == 3
    assert payable("Cleo") + payable("Dov") == 1_000


def test_each_currency_is_a_book_of_its_own(db):
    piece = solo()
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.pay("l1", amount=77, kind="PROMOTION", tax=0, currency="USD")
    world.play("l1", piece)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    paid = {a.currency: n for a, n in list_balances(kind="payable").items()}
    assert paid == {"EUR": 1_000, "USD": 77}
    assert trial_balance().differences() == {"EUR": 0, "USD": 0}


def test_lines_stand_on_the_statement_of_their_payee_and_currency(db):
    """Ana has a statement in euros too, of what nobody paid for; it comes before all others."""
    pieces = [solo("Arc", artist="Ana"), solo("Bay", artist="Ben")]
    world.pay("l1", amount=100, kind="PROMOTION", tax=0, currency="USD")
    for piece in pieces:
        world.heard("l1", piece)
    world.heard("l2", pieces[0], state="UNFUNDED")
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    said = {
        (statement.payee_name, statement.currency): [
            (line.position, line.kind, line.amount_micros) for line in statement.lines.all()
        ]
        for statement in Statement.objects.all()
    }
    halves = [(1, "EARNING", 25), (2, "EARNING", 25)]
    assert said == {
        ("Ana", "EUR"): [(1, "UNFUNDED", 0)],
        ("Ana", "USD"): halves,
        ("Ben", "USD"): halves,
    }


def test_a_late_play_is_an_adjustment_that_names_its_month(db):
    piece = solo()
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.pay("l1", amount=500, kind="PROMOTION", tax=0, month=world.NOVEMBER)
    world.play("l1", piece)
    close()
    later = world.OCTOBER + timedelta(days=1)
    world.play("l1", piece, since=later, received_at=world.AFTER_OCTOBER)
    world.play("l1", piece, since=world.NOVEMBER)
    close(date(2026, 11, 1), world.AFTER_NOVEMBER)
    lines = StatementLine.objects.filter(statement__period__month=date(2026, 11, 1), right="MASTER")
    by_kind = {line.kind: (line.played_month, line.amount_micros) for line in lines}
    assert by_kind == {
        "ADJUSTMENT": (MONTH, 125),
        "EARNING": (date(2026, 11, 1), 125),
    }
    assert payable("Ana") == 1_500


def test_the_next_month_opens_where_the_last_one_closed(db):
    piece = solo()
    for month, now in (
        (world.OCTOBER, world.AFTER_OCTOBER),
        (world.NOVEMBER, world.AFTER_NOVEMBER),
    ):
        world.pay("l1", amount=1_000, kind="PROMOTION", tax=0, month=month)
        world.play("l1", piece, since=month)
        close(month.date(), now)
    statements = [
        (s.opening_micros, s.lines_micros, s.closing_micros)
        for s in sorted(
            {line.statement for line in StatementLine.objects.all()}, key=lambda s: s.made_at
        )
    ]
    assert statements == [(0, 1_000, 1_000), (1_000, 1_000, 2_000)]


def test_a_house_that_closed_ahead_of_its_clock_goes_on(db):
    """A demo closes the running month as if it were over; what comes after is in the next one."""
    piece = solo()
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0)
    world.play("l1", piece)
    close()
    assert open_month(world.OCTOBER) == date(2026, 11, 1)
    world.pay("l2", amount=300, kind="PROMOTION", tax=0)
    (result,) = world.play("l2", piece)
    assert result.usage == "COUNTED"
    close(open_month(world.OCTOBER), world.AFTER_NOVEMBER)
    assert payable("Ana") == 1_300


def test_a_month_is_not_closed_early_or_before_its_elders(db):
    world.pay("l1", until=world.DECEMBER)
    with pytest.raises(CloseRefused, match="five days"):
        close_period(month=MONTH, now=datetime(2026, 11, 5, tzinfo=UTC))
    with pytest.raises(CloseRefused, match="2026-10"):
        close_period(month=date(2026, 11, 1), now=world.AFTER_NOVEMBER)
    close_period(month=date(2026, 10, 31), now=world.AFTER_OCTOBER)


def test_a_close_is_a_fact(db):
    period = close_period(month=MONTH, now=world.AFTER_OCTOBER, actor=("user", "admin"))
    fact = Fact.objects.get(verb="close_period")
    assert (fact.object_ref, fact.actor_ref) == (str(period.pk), "admin")


def test_nothing_is_posted_into_a_closed_month(db):
    close()
    lines = [
        (AccountKey("cash", "x", "x", "EUR"), "debit", 1),
        (pool_account(MONTH, "EUR"), "credit", 1),
    ]
    with pytest.raises(MonthClosed):
        post(key="k", kind="t", postings=lines, effective_at=world.OCTOBER, now=world.DECEMBER)


@pytest.mark.parametrize(
    "table", ["period", "variationsum", "statement", "statementline", "ratecard"]
)
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_a_close_has_written_stands(db, table, verb):
    world.pay("l1")
    world.play("l1", solo())
    close()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb.format(f"royalties_{table}"))
