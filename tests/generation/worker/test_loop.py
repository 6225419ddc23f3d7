"""How a job ends: done, tried again, failed with a sentence on its subject."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog
from django.utils import timezone

from generation.serving.models import StageTime
from generation.serving.operations import StageTaken
from generation.variations.models import Variation
from generation.variations.operations import request_variation
from generation.work import operations as work
from generation.work.models import Job
from generation.work.rules import Priority
from generation.worker.endings import ENDINGS
from generation.worker.handlers import HANDLERS
from generation.worker.loop import INTERNAL, JobForAnother, JobRefused, drain, step_aside
from generation.worker.sweeper import sweep_once
from generation.worker.timing import keep, write_down

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def variation(db):
    return request_variation(
        requester=("user", "7"),
        key="k",
        mode="mood",
        targets={},
        recordings=[],
        seed=1,
        territory="DE",
        channel="SITE",
        now=timezone.now(),
    )


def work_off(handler):
    return drain(
        worker="test", handlers={"compose": handler}, clock=timezone.now, stop=lambda: False
    )


def broken(job, clock):
    raise RuntimeError("this is our fault")


def refused(job, clock):
    raise JobRefused("not_cleared", "The artist permits no remix.")


def unknown(job, clock):
    raise JobForAnother("recipe_unknown", "Nobody here knows this.")


def test_every_kind_has_a_handler_and_an_ending():
    assert set(HANDLERS) == set(ENDINGS)


def test_done_job_is_done_once(variation):
    done = []
    assert work_off(lambda job, clock: done.append(job.id)) == 1
    assert Job.objects.get().state == "DONE"
    assert len(done) == 1


def test_broken_job_is_tried_three_times_then_its_subject_says_so(variation):
    work_off(broken)
    Job.objects.update(due_at=NOW)
    work_off(broken)
    job = Job.objects.get()
    assert (job.state, job.attempt, job.error_code) == ("FAILED", 3, INTERNAL[0])
    found = Variation.objects.get()
    assert (found.state, found.error_code, found.error_sentence) == ("FAILED", *INTERNAL)


def test_refused_job_is_not_tried_again(variation):
    work_off(refused)
    assert Job.objects.get().attempt == 1
    assert Variation.objects.get().error_sentence == "The artist permits no remix."


def test_a_job_for_another_worker_goes_back_and_loses_no_attempt(variation):
    for _ in range(5):
        Job.objects.update(due_at=NOW)
        assert work_off(unknown) == 1
        job = Job.objects.get()
        assert (job.state, job.attempt, job.error_code) == ("WAITING", 0, "")
        assert job.due_at > timezone.now()
    Job.objects.update(due_at=NOW)
    work_off(lambda job, clock: None)
    assert Job.objects.get().state == "DONE"


def test_a_job_for_another_worker_ends_with_a_reason_when_none_came_for_a_day(variation):
    Job.objects.update(created_at=timezone.now() - timedelta(days=1), due_at=NOW)
    work_off(unknown)
    assert (Job.objects.get().state, Job.objects.get().attempt) == ("FAILED", 1)
    found = Variation.objects.get()
    assert (found.state, found.error_code) == ("FAILED", "recipe_unknown")
    assert found.error_sentence == "Nobody here knows this."


def test_a_cancelled_job_for_another_worker_is_over(variation):
    def cancelled(job, clock):
        Job.objects.update(cancelled_at=timezone.now())
        unknown(job, clock)

    work_off(cancelled)
    assert Job.objects.get().state == "CANCELLED"


def test_sentence_appears_in_the_pass_that_gives_a_lost_job_up(variation):
    Job.objects.update(state="RUNNING", attempt=3, worker="gone", lease_until=NOW)
    assert len(sweep_once(now=timezone.now()).failed) == 1
    assert Variation.objects.get().error_code == "worker_lost"


def test_job_claimed_but_not_finished_is_put_back_by_a_pass(variation):
    Job.objects.update(state="RUNNING", attempt=1, worker="gone", lease_until=NOW)
    assert sweep_once(now=timezone.now()).put_back == 1
    assert work_off(lambda job, clock: None) == 1


def test_what_is_logged_during_a_job_names_it(variation):
    seen = []

    def curious(job, clock):
        seen.append(structlog.contextvars.get_contextvars())

    with structlog.testing.capture_logs() as lines:
        work_off(curious)
    job = Job.objects.get()
    assert (seen[0]["job"], seen[0]["kind"]) == (str(job.id), "compose")
    assert [(line["event"], line["end"]) for line in lines] == [("job", "done")]
    assert "job" not in structlog.contextvars.get_contextvars()


def test_a_long_job_steps_aside_for_what_goes_before_it_and_for_nothing_else(db):
    done = []

    def put(kind, priority):
        wanted = work.Wanted(kind, ("variation", kind), priority)
        work.put_jobs(wanted=[wanted], now=timezone.now())

    def long(job, clock):
        put("first", Priority.FIRST_PIECE)
        put("later", Priority.SEAL)
        step_aside()
        step_aside()
        done.append("long")

    def short(job, clock):
        step_aside()
        done.append(job.kind)

    put("long", Priority.SEAL)
    handlers = {"long": long, "first": short, "later": short}
    drain(worker="test", handlers=handlers, clock=timezone.now, stop=lambda: False)
    assert done == ["first", "long", "later"]
    assert set(Job.objects.values_list("state", flat=True)) == {"DONE"}


def test_outside_a_turn_nobody_steps_aside():
    step_aside()


def test_every_job_leaves_how_long_it_took_once_the_bell_is_over(variation):
    work_off(lambda job, clock: None)
    (row,) = StageTime.objects.all()
    assert (row.stage, row.worker, row.digest, row.batch) == ("job compose", "test", "", 1)
    assert row.duration_ms > 0


def test_what_a_job_stepped_aside_for_is_no_time_of_its_own(db, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("generation.worker.loop.perf_counter", lambda: now[0])

    def long(job, clock):
        wanted = work.Wanted("short", ("variation", "short"), Priority.FIRST_PIECE)
        work.put_jobs(wanted=[wanted], now=timezone.now())
        now[0] += 1.0
        step_aside()
        now[0] += 2.0

    def short(job, clock):
        now[0] += 60.0

    wanted = work.Wanted("long", ("variation", "long"), Priority.SEAL)
    work.put_jobs(wanted=[wanted], now=timezone.now())
    handlers = {"long": long, "short": short}
    drain(worker="test", handlers=handlers, clock=timezone.now, stop=lambda: False)
    took = dict(StageTime.objects.values_list("stage", "duration_ms"))
    assert took == {"job long": 3_000.0, "job short": 60_000.0}


def test_times_that_cannot_be_written_are_dropped_and_the_work_goes_on(variation):
    keep(StageTaken("lines", -1.0, NOW))
    assert work_off(lambda job, clock: None) == 1
    assert Job.objects.get().state == "DONE"
    assert not StageTime.objects.exists()
    write_down("test")
    assert not StageTime.objects.exists()
