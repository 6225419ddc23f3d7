"""Held plays decided after their month closed, and where their part goes; plays that came late."""

import pytest

from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from licensing.royalties.accounts import held_account
from licensing.royalties.deciding import release_plays, uphold_plays
from licensing.royalties.explain import explain_line
from licensing.royalties.models import Anomaly, HeldPool, StatementLine, Usage
from licensing.royalties.rules.anomalies import Bounds
from licensing.royalties.scoring import score_usages
from tests.bent import rewrite
from tests.licensing.royalties import small_world as world
from tests.licensing.royalties.test_held_plays import (
    NOVEMBER,
    OCTOBER,
    STAFF,
    close,
    hold,
    kinds,
    pay,
    payable,
    solo,
)


@pytest.fixture
def pieces(db):
    return {name: solo(name) for name in ("Ana", "Cleo")}


@pytest.fixture
def looped(pieces):
    """l1 plays Ana 30 times and Cleo 10; l2 plays Cleo 5. 1,000 micros each; l1's of Ana held."""
    pay("l1", 1_000)
    pay("l2", 1_000)
    world.heard("l1", pieces["Ana"], 30)
    world.heard("l1", pieces["Cleo"], 10)
    world.heard("l2", pieces["Cleo"], 5)
    rewrite(Usage.objects.filter(record=pieces["Ana"]), "repeat_score = 500")
    assert score_usages(month=OCTOBER, now=world.NOVEMBER, bounds=Bounds(repeats=400)) == 30
    return Anomaly.objects.get()


def release(anomaly, verb=release_plays, now=world.AFTER_OCTOBER, **more):
    verb(anomaly_id=anomaly.pk, reason="Looked.", actor=STAFF, now=now, **more)


def test_released_plays_have_their_part_though_their_listener_paid_nothing_since(looped, pieces):
    """l2's 1,000 of November are Cleo's; Ana's 750 of October are on her statement of November."""
    close()
    release(looped)
    pay("l2", 1_000, world.NOVEMBER)
    world.heard("l2", pieces["Cleo"], 1, since=world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert (payable("Ana"), payable("Cleo")) == (750, 2_250)
    assert kinds("Ana", NOVEMBER) == [("ADJUSTMENT", 30, 375, "")] * 2


def test_what_was_released_is_explained_by_the_pool_that_had_waited(looped, pieces):
    close()
    release(looped)
    pay("l1", 500, world.NOVEMBER)
    world.heard("l1", pieces["Ana"], 1, since=world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    lines = StatementLine.objects.filter(statement__period__month=NOVEMBER)
    told = {
        (line.kind, pool.pool_micros, pool.plays, pool.plays_of_pool, usage.listener)
        for line in lines
        for explained in [explain_line(line.pk)]
        for pool in explained.pools
        for usage in explained.usages
    }
    assert told == {("ADJUSTMENT", 750, 30, 30, 1), ("EARNING", 500, 1, 1, 1)}


def test_upheld_after_the_close_their_part_goes_to_what_else_the_listener_played(looped, pieces):
    """Cleo's two lines of October get 375 more each, named, and taxed and recouped as earned."""
    close()
    release(looped, uphold_plays)
    assert (payable("Ana"), payable("Cleo")) == (0, 2_000)
    assert balance_of(held_account(OCTOBER, "EUR")) == 0
    pay("l2", 100, world.NOVEMBER)
    world.heard("l2", pieces["Ana"], 1, since=world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    why = "plays of 2026-10 were kept out: their part goes to the others"
    assert kinds("Cleo", NOVEMBER) == [("CORRECTION", 0, 375, why)] * 2
    october = StatementLine.objects.filter(
        statement__period__month=OCTOBER, statement__payee_ref=str(world.ref("Cleo"))
    )
    assert {line.corrects_id for line in StatementLine.objects.filter(kind="CORRECTION")} == set(
        october.values_list("pk", flat=True)
    )


def test_questions_decided_apart_have_their_parts_apart(pieces):
    """1,001 over 30 held of Ana, 10 held of Dov and 3 of Cleo: 931 wait, 70 are hers. Ana's are
    released: 931 x 30 / 40 is 698; Dov's upheld: the 233 left go to Cleo, who then has what 303
    over her plays alone gives."""
    pieces["Dov"] = solo("Dov")
    pay("l1", 1_001)
    world.heard("l1", pieces["Ana"], 30)
    world.heard("l1", pieces["Dov"], 10)
    assert hold("l1") == 40
    world.heard("l1", pieces["Cleo"], 3)
    close()
    assert payable("Cleo") == 70
    by_piece = {one.record_id: one for one in Anomaly.objects.all()}
    release(by_piece[pieces["Ana"].pk])
    release(by_piece[pieces["Dov"].pk], uphold_plays)
    assert payable("Cleo") == 70 + 233
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert {name: payable(name) for name in ("Ana", "Dov", "Cleo")} == {
        "Ana": 698, "Dov": 0, "Cleo": 303,
    }  # fmt: skip


def test_a_part_upheld_while_the_others_wait_or_were_released_is_theirs(pieces):
    """All of l1's 1,000 waits. Cleo's 10 plays are upheld first: Ana's 30 have all of it."""
    pay("l1", 1_000)
    world.heard("l1", pieces["Ana"], 30)
    world.heard("l1", pieces["Cleo"], 10)
    assert hold("l1") == 40
    close()
    by_piece = {one.record_id: one for one in Anomaly.objects.all()}
    release(by_piece[pieces["Cleo"].pk], uphold_plays)
    assert balance_of(held_account(OCTOBER, "EUR")) == 1_000
    release(by_piece[pieces["Ana"].pk])
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert (payable("Ana"), payable("Cleo")) == (1_000, 0)


def test_income_of_us_source_stays_so_while_it_waits_and_after(pieces):
    """Promotional, billed in the United States: 750 wait as US income, 250 wait for Cleo's form;
    upheld, she has all 1,000 of them waiting."""
    world.pay("l1", amount=1_000, kind="PROMOTION", tax=0, country="US")
    world.heard("l1", pieces["Ana"], 30)
    assert hold("l1") == 30
    world.heard("l1", pieces["Cleo"], 10)
    close()
    assert HeldPool.objects.get().us_micros == 750
    waiting = AccountKey("reserve", "party", str(world.ref("Cleo")), "EUR")
    assert balance_of(waiting) == 250
    release(Anomaly.objects.get(), uphold_plays)
    assert (payable("Cleo"), balance_of(waiting)) == (0, 1_000)


LATE = "The money of that month was divided before this play arrived."


def test_a_late_play_whose_money_was_divided_has_a_line_of_nothing_that_says_why(looped, pieces):
    """l2 played Ana once in October; it is told in November, for which l2 paid nothing."""
    close()
    late_play = {"since": world.OCTOBER.replace(day=20), "received_at": world.AFTER_OCTOBER}
    (result,) = world.play("l2", pieces["Ana"], **late_play)
    assert result.accepted
    pay("l3", 1_000, world.NOVEMBER)
    world.heard("l3", pieces["Cleo"], 1, since=world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert kinds("Ana", NOVEMBER) == [("LATE", 1, 0, LATE)]
    (line,) = StatementLine.objects.filter(kind="LATE")
    assert line.played_month == OCTOBER
    assert explain_line(line.pk).line.note == LATE
    assert kinds("Cleo", NOVEMBER)[0][0] == "EARNING"


def test_a_late_play_draws_on_what_its_listener_pays_for_the_open_month(looped, pieces):
    close()
    world.play("l2", pieces["Ana"], since=world.OCTOBER.replace(day=20),
               received_at=world.AFTER_OCTOBER)  # fmt: skip
    pay("l2", 600, world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert kinds("Ana", NOVEMBER) == [("ADJUSTMENT", 1, 300, "")] * 2
