"""The row is the queue: order, guards, leases, cancelling, sweeping."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction

from generation.work import operations as work
from generation.work.models import Job
from generation.work.rules import HOME_FIRST, HOME_GONE, Priority

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=11)
KINDS = ("piece", "ingest")


def wanted(part=0, kind="piece", priority=Priority.PIECE, home=""):
    subject = ("variation", "v")
    return work.Wanted(kind=kind, subject=subject, part=part, priority=priority, home=home)


def put(*jobs, now=NOW):
    return work.put_jobs(wanted=jobs, now=now)


def claim(worker="a", now=NOW, kinds=KINDS):
    return work.claim_next(worker=worker, kinds=kinds, now=now)


def test_jobs_are_claimed_by_priority_then_due_time_then_part(db):
    put(wanted(3), wanted(2), now=NOW - timedelta(seconds=1))
    put(wanted(9, kind="ingest", priority=Priority.INGEST), now=NOW - timedelta(seconds=9))
    put(wanted(1, priority=Priority.FIRST_PIECE))
    assert [claim().part for _ in range(4)] == [1, 2, 3, 9]
    assert claim() is None


def test_job_due_later_or_of_another_kind_is_left(db):
    put(wanted(), now=LATER)
    assert claim() is None
    assert claim(now=LATER, kinds=("ingest",)) is None


def test_a_job_is_left_to_its_home_for_a_moment_and_then_to_whoever_looks(db):
    put(wanted(1, home="a"), wanted(2, home="b"))
    assert claim("b").part == 2
    assert claim("b") is None
    assert claim("b", now=NOW + HOME_FIRST).part == 1


def test_own_jobs_go_before_what_another_is_late_with_until_that_one_counts_as_gone(db):
    put(wanted(1, home="a"), wanted(2, home="a"))
    put(wanted(3, home="b"), wanted(4, home="b"), now=NOW + timedelta(seconds=1))
    assert claim("b", now=NOW + timedelta(seconds=2)).part == 3
    assert claim("b", now=NOW + HOME_GONE).part == 1
    assert claim("b", now=NOW + timedelta(seconds=2)).part == 2
    assert claim("b", now=NOW + timedelta(seconds=2)).part == 4


def of_session(name, part, priority, home):
    subject = ("session", name)
    return work.Wanted("live", subject=subject, part=part, priority=priority, home=home)


def test_what_is_live_of_ones_own_goes_before_what_is_more_urgent_and_another_ones(db):
    put(
        of_session("theirs", 1, Priority.LIVE, "a"), of_session("mine", 2, Priority.LIVE_AHEAD, "b")
    )
    put(wanted(3))
    kinds, late = ("live", "piece"), NOW + HOME_FIRST
    claimed = [claim("b", now=late, kinds=kinds).part for _ in range(3)]
    assert claimed == [2, 1, 3]


def test_whoever_takes_a_job_from_its_home_takes_the_rest_of_its_subject(db):
    theirs = [of_session("theirs", part, Priority.LIVE_AHEAD, "a") for part in (1, 2)]
    put(*theirs, of_session("others", 3, Priority.LIVE_AHEAD, "a"))
    late = NOW + HOME_FIRST
    assert claim("b", now=late, kinds=("live",)).part == 1
    assert claim("a", now=late, kinds=("live",)).part == 3
    assert claim("b", now=NOW, kinds=("live",)).part == 2


def test_a_job_whose_home_was_lost_has_none_any_more(db):
    put(wanted(home="a"))
    claim("a")
    work.sweep(now=LATER)
    assert claim("b", now=LATER).home == ""


def test_same_open_job_is_put_once_and_again_after_it_ended(db):
    assert put(wanted(1)) == 1
    assert put(wanted(1), wanted(2)) == 1
    work.finish(job=claim(), now=NOW)
    assert put(wanted(1)) == 1


def test_only_the_holder_of_the_newest_attempt_ends_a_job(db):
    put(wanted())
    first = claim("a")
    work.sweep(now=LATER)
    second = claim("b", now=LATER)
    assert (second.id, second.attempt) == (first.id, 2)
    assert not work.finish(job=first, now=LATER)
    assert not work.renew(job=first, now=LATER)
    assert work.fail(job=first, code="x", sentence="X.", now=LATER) is None
    assert work.finish(job=second, now=LATER)
    assert Job.objects.get().state == "DONE"


def test_renewed_lease_is_not_swept(db):
    put(wanted())
    job = claim()
    assert work.renew(job=job, now=NOW + timedelta(seconds=5))
    assert work.sweep(now=LATER).put_back == 0
    assert work.sweep(now=LATER + timedelta(seconds=5)).put_back == 1


def test_third_failure_is_final_with_code_and_sentence(db):
    put(wanted())
    ends = []
    for seconds in (0, 5, 10):
        now = NOW + timedelta(seconds=seconds)
        ends.append(work.fail(job=claim(now=now), code="broken", sentence="It broke.", now=now))
    assert ends == ["WAITING", "WAITING", "FAILED"]
    job = Job.objects.get()
    assert (job.error_code, job.error_sentence) == ("broken", "It broke.")


def test_worker_lost_three_times_fails_the_job(db):
    put(wanted())
    for seconds in (0, 20, 40):
        claim(now=NOW + timedelta(seconds=seconds))
        swept = work.sweep(now=NOW + timedelta(seconds=seconds + 11))
    assert [job.error_code for job in swept.failed] == ["worker_lost"]


def test_cancelled_job_ends_now_when_waiting_and_at_the_next_step_when_running(db):
    put(wanted(1), wanted(2))
    running = claim()
    assert work.cancel_jobs(subject=("variation", "v"), kinds=("piece",), now=NOW) == 2
    assert not work.renew(job=running, now=NOW)
    assert not work.finish(job=running, now=NOW)
    assert set(Job.objects.values_list("state", flat=True)) == {"CANCELLED"}


def test_stranger_subject_is_not_cancelled(db):
    put(wanted(1))
    assert work.cancel_jobs(subject=("variation", "w"), kinds=("piece",), now=NOW) == 0


def test_failed_row_without_a_sentence_is_refused_by_the_database(db):
    put(wanted())
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.update(state="FAILED")


def test_eight_threads_never_claim_one_job_twice(committed_db):
    put(*(wanted(part) for part in range(40)))
    taken: list[int] = []

    def work_off(name):
        while (job := claim(name)) is not None:
            taken.append(job.part)
        connections.close_all()

    threads = [threading.Thread(target=work_off, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(40))


def test_ring_without_a_broker_is_logged_and_harmless(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as rung:
        put(wanted())
    assert len(rung) == 1


def test_job_that_waits_for_another_goes_back_and_loses_no_attempt(db):
    put(wanted())
    job = claim()
    assert work.postpone(job=job, due_at=LATER)
    assert claim() is None
    again = claim(now=LATER)
    assert (again.id, again.attempt) == (job.id, 1)


def test_cancelled_job_is_not_postponed(db):
    put(wanted())
    job = claim()
    work.cancel_jobs(subject=("variation", "v"), kinds=KINDS, now=NOW)
    assert not work.postpone(job=job, due_at=LATER)


def test_cancelling_never_waits_for_who_ends_a_job(committed_db):
    put(wanted(1), wanted(2))
    ending, held, done = claim("a"), threading.Event(), threading.Event()

    def end():
        with transaction.atomic():
            work.fail(job=ending, code="x", sentence="X.", now=NOW, final=True)
            held.set()
            done.wait(30)
        connections.close_all()

    other = threading.Thread(target=end)
    other.start()
    assert held.wait(30)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            assert work.cancel_jobs(subject=("variation", "v"), kinds=KINDS, now=NOW) == 1
    finally:
        done.set()
        other.join()
    states = dict(Job.objects.values_list("part", "state"))
    assert states == {ending.part: "FAILED", 3 - ending.part: "CANCELLED"}
