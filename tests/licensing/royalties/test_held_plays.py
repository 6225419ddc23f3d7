"""Held plays in the books: a close leaves them out, a decision brings them back, to the micro."""

from datetime import date

import pytest
from django.db import connection

from licensing.audit.models import Fact
from licensing.catalog.models import Recording
from licensing.ledger.queries import balance_of, list_balances, trial_balance
from licensing.ledger.rules import AccountKey
from licensing.receipts.rules import pool_account
from licensing.royalties.accounts import held_account
from licensing.royalties.closing import close_period
from licensing.royalties.deciding import (
    DecisionRefused,
    match_usage,
    reject_usage,
    release_plays,
    uphold_plays,
)
from licensing.royalties.held import held_plays_of
from licensing.royalties.models import Anomaly, HeldPool, StatementLine, Usage
from licensing.royalties.queries import plays_so_far
from licensing.royalties.rules.anomalies import Bounds
from licensing.royalties.scoring import score_usages
from licensing.royalties.setting_cards import set_rate_card
from tests.bent import rewrite
from tests.licensing.royalties import small_world as world

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
STAFF = ("user", "7")


def payable(name):
    return balance_of(AccountKey("payable", "party", str(world.ref(name)), "EUR"))


def solo(artist):
    stems = world.recording(f"of {artist}", master={artist: 10**6}, publishing={artist: 10**6})
    return world.record(artist, [(stems[0], 1_000_000)])


def pay(listener, amount, month=world.OCTOBER):
    world.pay(listener, amount=amount, kind="PROMOTION", tax=0, month=month)


def hold(listener=None):
    """Hold every play, or one listener's, as the repeats would."""
    rows = Usage.objects.filter(state="COUNTED")
    rows = rows.filter(listener_ref=listener) if listener else rows
    rewrite(rows, "repeat_score = 500")
    return score_usages(month=OCTOBER, now=world.NOVEMBER, bounds=Bounds(repeats=400))


def close(month=OCTOBER, now=world.AFTER_OCTOBER):
    period = close_period(month=month, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert trial_balance().differences() in ({}, {"EUR": 0})
    assert balance_of(pool_account(month, "EUR")) == 0
    return period


def kinds(artist, month):
    rows = StatementLine.objects.filter(
        statement__payee_ref=str(world.ref(artist)), statement__period__month=month
    )
    return [(line.kind, line.plays, line.amount_micros, line.note) for line in rows]


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


def test_what_is_held_keeps_its_part_of_a_pool_and_the_rest_goes_over_the_others(looped):
    """Of l1's 1,000, 30 of 40 plays keep 750 and Cleo has 250; l2's is untouched by it. Ana sees
    what waits and why."""
    close()
    assert (payable("Ana"), payable("Cleo")) == (0, 1_250)
    assert balance_of(held_account(OCTOBER, "EUR")) == HeldPool.objects.get().amount_micros == 750
    assert kinds("Ana", OCTOBER) == [("HELD", 30, 0, "the same piece over and over")]
    assert [kind for kind, *_ in kinds("Cleo", OCTOBER)] == ["EARNING"] * 2


def test_released_before_the_close_they_count_as_if_nothing_had_been(looped):
    """1,000 over 30 : 10 is 750 and 250; and 1,000 of l2 to Cleo."""
    assert release_plays(anomaly_id=looped.pk, reason="A fan.", actor=STAFF, now=world.NOVEMBER)
    close()
    assert (payable("Ana"), payable("Cleo")) == (750, 1_250)
    assert [kind for kind, *_ in kinds("Ana", OCTOBER)] == ["EARNING"] * 2


def test_released_after_the_close_they_are_an_adjustment_that_names_its_month(looped, pieces):
    """November: l1 pays 1,000 again and plays Cleo 10 times: 30 of October beside them."""
    close()
    release_plays(anomaly_id=looped.pk, reason="A fan.", actor=STAFF, now=world.AFTER_OCTOBER)
    assert set(Usage.objects.filter(anomaly=looped).values_list("state", "accrual_month")) == {
        ("COUNTED", NOVEMBER)
    }
    pay("l1", 1_000, world.NOVEMBER)
    world.heard("l1", pieces["Cleo"], 10, since=world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert (payable("Ana"), payable("Cleo")) == (750, 2_250)
    assert kinds("Ana", NOVEMBER) == [("ADJUSTMENT", 30, 375, "")] * 2
    lines = StatementLine.objects.filter(kind="ADJUSTMENT")
    assert {line.played_month for line in lines} == {OCTOBER}


def test_what_a_person_released_is_not_held_again_for_the_same_reason(looped, pieces):
    release_plays(anomaly_id=looped.pk, reason="A fan.", actor=STAFF, now=world.NOVEMBER)
    world.heard("l1", pieces["Ana"], 5, since=world.OCTOBER.replace(day=20))
    assert hold("l1") == 10
    assert set(Usage.objects.filter(state="HELD").values_list("record", flat=True)) == {
        pieces["Cleo"].pk
    }


def test_upheld_before_the_close_they_stand_on_the_statement_and_accrue_nothing(looped):
    uphold_plays(anomaly_id=looped.pk, reason="A script.", actor=STAFF, now=world.NOVEMBER)
    close()
    assert payable("Ana") == 0
    assert kinds("Ana", OCTOBER) == [("UPHELD", 30, 0, "the same piece over and over")]


def test_upheld_after_the_close_they_stand_on_the_next_statement(looped, pieces):
    close()
    uphold_plays(anomaly_id=looped.pk, reason="A script.", actor=STAFF, now=world.AFTER_OCTOBER)
    pay("l2", 100, world.NOVEMBER)
    world.heard("l2", pieces["Cleo"], 1, since=world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert kinds("Ana", NOVEMBER) == [("UPHELD", 30, 0, "the same piece over and over")]


def test_a_pool_all_of_whose_plays_are_held_waits_and_reaches_nobody_else(pieces):
    """l1's 1,000 waits; l3 played nothing: its 600 go by what all others played, to Cleo."""
    for listener, amount in (("l1", 1_000), ("l2", 500), ("l3", 600)):
        pay(listener, amount)
    world.heard("l1", pieces["Ana"], 30)
    world.heard("l2", pieces["Cleo"], 5)
    assert hold("l1") == 30
    close()
    assert (payable("Ana"), payable("Cleo")) == (0, 1_100)
    assert balance_of(held_account(OCTOBER, "EUR")) == 1_000
    assert HeldPool.objects.get().amount_micros == 1_000


@pytest.mark.parametrize(("decide", "ana", "cleo"), [(release_plays, 1_000, 1_500), (uphold_plays,
                                                     0, 2_500)])  # fmt: skip
def test_a_pool_that_waited_joins_the_open_month_with_the_decision(pieces, decide, ana, cleo):
    """November: l1 pays 200 and plays Cleo 10 times. Released: the 1,000 are Ana's alone, the 200
    Cleo's; upheld: all 1,200 over what l1 plays. Cleo has 500 + 800 of l2 beside.
    """
    pay("l1", 1_000)
    pay("l2", 500)
    world.heard("l1", pieces["Ana"], 30)
    world.heard("l2", pieces["Cleo"], 5)
    hold("l1")
    close()
    question = Anomaly.objects.get()
    decide(anomaly_id=question.pk, reason="Looked.", actor=STAFF, now=world.AFTER_OCTOBER)
    assert balance_of(held_account(OCTOBER, "EUR")) == 0
    pay("l1", 200, world.NOVEMBER)
    pay("l2", 800, world.NOVEMBER)
    world.heard("l1", pieces["Cleo"], 10, since=world.NOVEMBER)
    world.heard("l2", pieces["Cleo"], 5, since=world.NOVEMBER)
    close(NOVEMBER, world.AFTER_NOVEMBER)
    assert (payable("Ana"), payable("Cleo")) == (ana, cleo)
    assert sum(list_balances(kind="payable").values()) == 2_500


def test_under_pro_rata_the_pot_goes_over_what_counts(pieces):
    set_rate_card(
        product="listening", model="PRO_RATA", master_ppm=500_000, effective_from=world.LONG_AGO,
        actor=STAFF, now=world.LONG_AGO,
    )  # fmt: skip
    pay("l1", 1_000)
    pay("l2", 500)
    world.heard("l1", pieces["Ana"], 30)
    world.heard("l2", pieces["Cleo"], 5)
    hold("l1")
    close()
    assert (payable("Ana"), payable("Cleo")) == (0, 1_500)


def test_where_every_play_is_held_every_pool_waits(pieces):
    pay("l1", 1_000)
    world.heard("l1", pieces["Ana"], 3)
    hold()
    close()
    assert list_balances(kind="unallocated") == {held_account(OCTOBER, "EUR"): 1_000}


def test_a_decision_is_made_once_with_a_reason_and_stands_in_the_log(looped):
    with pytest.raises(DecisionRefused, match="reason"):
        release_plays(anomaly_id=looped.pk, reason=" ", actor=STAFF, now=world.NOVEMBER)
    uphold_plays(anomaly_id=looped.pk, reason="A script.", actor=STAFF, now=world.NOVEMBER)
    with pytest.raises(DecisionRefused, match="already"):
        release_plays(anomaly_id=looped.pk, reason="No.", actor=STAFF, now=world.NOVEMBER)
    fact = Fact.objects.get(verb="uphold_plays")
    assert (fact.actor_ref, fact.after["reason"], fact.after["plays"]) == ("7", "A script.", 30)
    looped.refresh_from_db()
    assert (looped.state, looped.decided_by) == ("UPHELD", "user:7")


def test_one_decision_may_be_about_everything_of_a_listener(pieces):
    world.heard("l1", pieces["Ana"], 3)
    world.heard("l1", pieces["Cleo"], 2)
    world.heard("l2", pieces["Cleo"], 4)
    assert hold() == 9
    first = Anomaly.objects.filter(listener_ref="l1").first()
    decided = uphold_plays(
        anomaly_id=first.pk, reason="A script.", actor=STAFF, now=world.NOVEMBER,
        of_whole_listener=True,
    )  # fmt: skip
    assert decided == 5
    assert Usage.objects.filter(state="HELD").count() == 4


def test_an_artist_is_told_counts_and_words_and_a_stranger_nothing(looped):
    (told,) = held_plays_of(world.ref("Ana"))
    assert (told.title, told.plays, told.reasons) == ("of Ana", 30, "the same piece over and over")
    assert held_plays_of(world.ref("Cleo")) == ()


def test_who_held_a_share_no_longer_when_it_was_heard_is_told_nothing(looped):
    """All of it is Eve's from the first of October, so every play there was heard under her."""
    of_ana = Recording.objects.get(title="of Ana")
    world.sheet("MASTER", {"Eve": 10**6}, since=world.OCTOBER, version=2, recording=of_ana)
    world.sheet("PUBLISHING", {"Eve": 10**6}, since=world.OCTOBER, version=2, work=of_ana.work)
    assert held_plays_of(world.ref("Ana")) == ()
    assert [one.plays for one in held_plays_of(world.ref("Eve"))] == [30]
    released = {"anomaly_id": looped.pk, "reason": "A fan.", "actor": STAFF, "now": world.NOVEMBER}
    assert release_plays(**released)
    counted = {name: plays_so_far(world.ref(name), OCTOBER) for name in ("Ana", "Eve", "Cleo")}
    assert counted == {"Ana": 0, "Eve": 30, "Cleo": 15}


def late(piece, **more):
    """A play of July that came in November, while October is open."""
    july = world.OCTOBER.replace(month=7)
    world.pay("l9", month=july)
    world.play("l9", piece, since=july, received_at=world.NOVEMBER, **more)
    usage = Usage.objects.get(listener_ref="l9")
    assert (usage.state, usage.accrual_month) == ("UNMATCHED", date(2026, 7, 1))
    return usage


def test_a_usage_that_came_too_late_is_matched_to_its_month_or_the_first_open_one(pieces):
    usage = late(pieces["Ana"])
    for month in (7, 8, 9):
        close(date(2026, month, 1), world.AFTER_OCTOBER)
    match_usage(usage_id=usage.pk, reason="The partner's file.", actor=STAFF, now=world.NOVEMBER)
    usage.refresh_from_db()
    assert (usage.state, usage.accrual_month) == ("COUNTED", OCTOBER)
    pay("l9", 100)
    close()
    assert kinds("Ana", OCTOBER) == [("ADJUSTMENT", 1, 50, "")] * 2
    assert Fact.objects.filter(verb="match_usage").exists()


def test_a_matched_play_of_ones_own_accrues_nothing(pieces):
    usage = late(pieces["Ana"], listener_parties=[world.ref("Ana")])
    match_usage(usage_id=usage.pk, reason="In time.", actor=STAFF, now=world.NOVEMBER)
    assert Usage.objects.get().state == "SELF"


def test_a_rejected_usage_stays_and_accrues_nothing(pieces):
    usage = late(pieces["Ana"])
    reject_usage(usage_id=usage.pk, reason="No proof.", actor=STAFF, now=world.NOVEMBER)
    assert Usage.objects.get().state == "REJECTED"
    with pytest.raises(DecisionRefused, match="wait"):
        match_usage(usage_id=usage.pk, reason="Yet.", actor=STAFF, now=world.NOVEMBER)
