"""Minutes of live sessions: each is one usage when it starts, by the state that any play has."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from licensing.ledger.months import close_month
from licensing.royalties import operations
from licensing.royalties.models import Play, PlaybackToken, Usage
from licensing.royalties.operations import PlaybackRefused, start_minute
from tests.bent import remove
from tests.licensing.royalties import small_world as world

HOURS = 12 * 3_600_000


def make_session(name="live"):
    stems = world.recording(f"of {name}", master={"Ana": 10**6}, publishing={"Bea": 10**6})
    return world.session(name, stems)


@pytest.fixture
def session(db):
    return make_session()


def issue(session, listener="l1", **more):
    given = {"duration_ms": HOURS, "now": world.OCTOBER} | more
    return operations.issue_token(
        record_id=session.pk, listener=("user", listener), client_key="k", **given
    )[1]


def start(text, minute=0, after=0):
    return start_minute(
        token_text=text, minute=minute, now=world.OCTOBER + timedelta(seconds=after)
    )


def refused(text, minute=0, after=0):
    with pytest.raises(PlaybackRefused) as refusal:
        start(text, minute, after)
    return refusal.value.code


def test_a_started_minute_is_one_usage_and_the_next_is_another(session):
    world.pay("l1")
    text = issue(session)
    first = start(text)
    assert start(text, after=59) == first
    second = start(text, minute=1, after=60)
    assert (first.state, first.heard_ms, first.minute, first.repeat_score) == (
        "COUNTED",
        60_000,
        0,
        0,
    )
    assert (second.minute, second.repeat_score) == (1, 0)
    assert second.played_at == world.OCTOBER + timedelta(seconds=60)
    assert Usage.objects.count() == 2


def test_a_minute_counts_once_under_however_many_tokens(session):
    world.pay("l1")
    first = start(issue(session))
    assert start(issue(session)) == first
    assert Usage.objects.count() == 1


def test_a_minute_there_is_costs_one_select(session, django_assert_num_queries):
    world.pay("l1")
    text = issue(session)
    start(text)
    with django_assert_num_queries(1):
        start(text, after=30)


def test_a_minute_without_a_pool_is_refused(session):
    text = issue(session)
    assert refused(text) == "no_pool"
    world.pay("stranger")
    assert refused(text) == "no_pool"
    world.pay("l1")
    assert start(text).state == "COUNTED"


def test_a_pool_that_ends_stops_the_next_minute(session):
    world.pay("l1", kind="PURCHASE", until=world.OCTOBER + timedelta(minutes=1))
    text = issue(session)
    start(text)
    assert refused(text, minute=1, after=60) == "no_pool"


def test_an_artists_preview_needs_no_pool_and_is_kept_apart(db):
    stems = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    assert start(issue(world.session("p", stems, use="PREVIEW"))).state == "PREVIEW"


@pytest.mark.parametrize(("holder", "state"), [("Ana", "SELF"), ("Bea", "SELF"), ("C", "COUNTED")])
def test_holders_minutes_of_their_own_accrue_nothing(session, holder, state):
    world.pay("l1")
    assert start(issue(session, listener_parties=[world.ref(holder)])).state == state


def test_a_token_ends_with_its_time_and_its_length(session):
    world.pay("l1")
    text = issue(session, duration_ms=90_000)
    assert refused(text, after=-1) == "expired"
    assert start(text, minute=1).minute == 1
    assert refused(text, minute=2) == "expired"
    assert refused(text, minute=-1) == "expired"
    assert refused(text, after=12 * 3_600 + 90) == "expired"


def test_a_token_of_ours_for_a_live_session_it_must_be(session):
    world.pay("l1")
    text = issue(session)
    for wrong in ("", "x", text[:-1], text + "x"):
        assert refused(wrong) == "unknown_token"
    stems = world.recording("Lamp", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    assert refused(issue(world.record("A", [(stems[0], 10**6)]))) == "not_live"
    remove(PlaybackToken.objects.all())
    assert refused(text) == "unknown_token"


def test_a_report_on_a_live_session_counts_nothing(session):
    world.pay("l1")
    text = issue(session)
    operations.note_fetched(text, 60_000)
    start(text)
    told = operations.report_play(
        token_text=text,
        client_id="c",
        from_ms=0,
        until_ms=30_000,
        now=world.OCTOBER + timedelta(seconds=30),
    )
    assert (told.accepted, told.reason, told.usage) == (False, "live", "")
    assert (Play.objects.count(), Usage.objects.count()) == (0, 1)


def test_who_hears_a_live_session_may_still_play_a_variation(session):
    world.pay("l1")
    text = issue(session)
    for minute in range(5):
        start(text, minute, after=minute * 5)
    stems = world.recording("Lamp", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    (result,) = world.play("l1", world.record("A", [(stems[0], 10**6)]))
    assert (result.accepted, result.usage) == (True, "COUNTED")


def test_a_minute_of_a_closed_month_belongs_to_the_next_open_one(session):
    world.pay("l1")
    close_month(date(2026, 10, 1), now=world.AFTER_OCTOBER)
    usage = start(issue(session))
    assert (usage.state, usage.accrual_month) == ("COUNTED", date(2026, 11, 1))


@pytest.mark.parametrize("minute", [None, 4])
def test_the_database_takes_one_usage_per_token_and_minute(session, minute):
    world.heard("l1", session, minutes=[minute])
    usage = Usage.objects.get()
    usage.pk = None
    with pytest.raises(IntegrityError, match="usage_once"), transaction.atomic():
        usage.save(force_insert=True)


def test_two_starts_of_a_minute_at_once_are_one_usage(committed_db):
    with transaction.atomic():
        session = make_session()
    world.pay("l1")
    text = issue(session)
    gate = Barrier(4)

    def begin():
        try:
            gate.wait()
            return start(text).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        started = [pool.submit(begin) for _ in range(4)]
        assert len({future.result(timeout=60) for future in started}) == 1
    assert Usage.objects.count() == 1
