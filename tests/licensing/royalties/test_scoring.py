"""Scoring a month in the database: the SQL holds what the rules hold, and nothing twice."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.royalties.models import Anomaly, PlaybackToken, Usage
from licensing.royalties.rules.anomalies import Bounds, Evidence, is_held, score_of, signs_of
from licensing.royalties.scoring import open_months, score_usages
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)
SMALL = Bounds(
    repeats=3,
    sound_of_day=timedelta(minutes=4),
    pause=timedelta(hours=2),
    without_pause=timedelta(hours=5),
    party_plays=4,
    cluster_listeners=2,
    cluster_plays=3,
    cluster_top=2,
    jump_plays=3,
    jump_times=3,
    jump_days=2,
)
PARTIES = {"A": {"Ana"}, "B": {"Ana", "Cleo"}, "C": {"Cleo"}}
RECORDINGS = {"A": {"Tide"}, "B": {"Tide", "Lamp"}, "C": {"Lamp"}}
STATES = ["COUNTED", "COUNTED", "COUNTED", "SELF", "UPHELD"]
PLAYS = st.lists(
    st.tuples(
        st.sampled_from([("user", "l1"), ("user", "l2"), ("user", "l3"), ("client", "p")]),
        st.sampled_from(["house", "other"]),
        st.sampled_from("ABC"),
        st.integers(-30, 40),
        st.sampled_from([30_000, 100_000]),
        st.integers(0, 4),
        st.sampled_from(STATES),
    ),
    max_size=40,
)


@pytest.fixture
def pieces(db):
    (tide,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    (lamp,) = world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    return {
        "A": world.record("A", [(tide, 1_000_000)]),
        "B": world.record("B", [(tide, 500_000), (lamp, 500_000)]),
        "C": world.record("C", [(lamp, 1_000_000)]),
    }


def lay(pieces, plays):
    """These plays as rows; hours count from the beginning of October."""
    made = {}
    for (kind, who), payer, name, hour, heard_ms, repeats, state in plays:
        at = world.OCTOBER + timedelta(hours=hour)
        people = {"listener_kind": kind, "listener_ref": who, "payer_kind": "user"}
        people["payer_ref"] = payer
        token = PlaybackToken.objects.create(
            record=pieces[name], subject_kind="variation", subject_ref="x", client_key="test",
            duration_ms=180_000, issued_at=at, expires_at=at + timedelta(days=1), **people,
        )  # fmt: skip
        usage = Usage.objects.create(
            token=token, record=pieces[name], state=state, heard_ms=heard_ms,
            repeat_score=repeats, played_at=at, received_at=at,
            accrual_month=at.date().replace(day=1), **people,
        )  # fmt: skip
        if state != "SELF":
            made[usage.pk] = (state, name, evidence(usage, name))
    return made


def evidence(usage, name):
    return Evidence(
        id=usage.pk,
        listener=(usage.listener_kind, usage.listener_ref),
        payer=(usage.payer_kind, usage.payer_ref),
        record=str(usage.record_id),
        parties=frozenset(PARTIES[name]),
        recordings=frozenset(RECORDINGS[name]),
        played_at=usage.played_at,
        heard_ms=usage.heard_ms,
        repeats=usage.repeat_score,
    )


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(PLAYS)
def test_sql_holds_what_the_rules_hold(pieces, plays):
    savepoint = transaction.savepoint()
    made = lay(pieces, plays)
    signs = signs_of([seen for _, _, seen in made.values()], SMALL)
    expected = {
        pk: reasons
        for pk, reasons in signs.items()
        if is_held(reasons) and made[pk][0] == "COUNTED" and made[pk][2].played_at >= world.OCTOBER
    }
    assert score_usages(month=MONTH, now=world.NOVEMBER, bounds=SMALL) == len(expected)
    held = Usage.objects.filter(state="HELD").select_related("anomaly")
    assert {usage.pk for usage in held} == set(expected)
    for usage in held:
        of_group = [
            reasons
            for pk, reasons in expected.items()
            if made[pk][2].listener == (usage.listener_kind, usage.listener_ref)
            and made[pk][2].record == str(usage.record_id)
        ]
        assert usage.anomaly.reasons == sorted(set().union(*of_group))
        assert usage.anomaly.score_ppm == max(score_of(reasons) for reasons in of_group)
        assert usage.anomaly.plays == len(of_group)
    transaction.savepoint_rollback(savepoint)


def loop(pieces, times=6, first=0):
    return lay(
        pieces,
        [(("user", "l1"), "house", "A", 3 * n, 30_000, n, "COUNTED")
         for n in range(first, times)],
    )  # fmt: skip


BOUND = Bounds(repeats=4)


def test_only_the_plays_beyond_the_bound_are_held_and_only_once(pieces):
    loop(pieces)
    assert score_usages(month=MONTH, now=world.NOVEMBER, bounds=BOUND) == 2
    assert score_usages(month=MONTH, now=world.NOVEMBER, bounds=BOUND) == 0
    question = Anomaly.objects.get()
    assert (question.reasons, question.score_ppm, question.plays) == (["REPEATS"], 800_000, 2)
    assert Usage.objects.filter(state="COUNTED").count() == 4


def test_later_plays_join_the_open_question(pieces):
    loop(pieces)
    score_usages(month=MONTH, now=world.NOVEMBER, bounds=BOUND)
    loop(pieces, times=8, first=6)
    assert score_usages(month=MONTH, now=world.NOVEMBER, bounds=BOUND) == 2
    assert Anomaly.objects.get().plays == 4


def test_ordinary_listening_is_not_held(pieces):
    world.pay("l1")
    for piece in pieces.values():
        world.heard("l1", piece, 30)
    assert score_usages(month=MONTH, now=world.NOVEMBER) == 0


def test_months_with_plays_are_scored_until_they_are_closed(pieces):
    loop(pieces)
    assert open_months(world.AFTER_OCTOBER) == [MONTH]
