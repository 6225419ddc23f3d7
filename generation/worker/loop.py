"""Claim, work, report: the loop around every kind of job.

It knows jobs and refuses to know what is in them. Invariant: while a handler runs its lease is
renewed; whatever a handler raises ends in a sentence and a code on the job, never in a dead worker.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import structlog
from django.conf import settings
from django.db import connection, connections, transaction

from generation.serving.operations import StageTaken
from generation.work import operations as work
from generation.work import rules
from generation.work.models import Job
from generation.work.rules import State
from generation.worker.endings import ENDINGS
from generation.worker.spent import accounting, count, stand_aside
from generation.worker.timing import JOB, keep, write_down

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

INTERNAL = ("internal", "Something went wrong on our side; nothing was billed.")


class JobRefused(Exception):
    """A job that cannot be done, with a stable code and a sentence; trying again cannot help."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class JobNotYet(Exception):
    """A job that waits for another one; it goes back into the queue and loses no attempt."""


class JobForAnother(Exception):
    """A job that this worker does not know how to do and another version of it may.

    It goes back into the queue and loses no attempt; the code and the sentence are for its end,
    should nobody who knows it come in time.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


Handler = Callable[[Job, Clock], None]

_aside: ContextVar[Callable[[], None] | None] = ContextVar("aside", default=None)


def step_aside() -> None:
    """Between two steps of a long job: do one job that goes before it, if there is any.

    To be called outside a transaction, every second or two of work, so that nobody who waits for a
    first sound waits for the whole of something long.
    """
    turn = _aside.get()
    if turn is not None:
        turn()


# How soon a job that waits for another looks again.
LOOK_AGAIN = timedelta(milliseconds=300)


def drain(
    *, worker: str, handlers: Mapping[str, Handler], clock: Clock, stop: Callable[[], bool]
) -> int:
    """Do claimable jobs, most urgent first, until none is left or `stop()`; returns how many."""
    try:
        return _drain(worker, handlers, clock, stop)
    finally:
        write_down(worker)


def _drain(
    worker: str, handlers: Mapping[str, Handler], clock: Clock, stop: Callable[[], bool]
) -> int:
    done = 0
    kinds = tuple(handlers)
    while not stop():
        job = work.claim_next(worker=worker, kinds=kinds, now=clock())
        if job is None:
            return done
        turn = _aside.set(partial(_do_urgent, worker, handlers, clock, job.priority))
        try:
            do_job(job, handlers[job.kind], clock)
        finally:
            _aside.reset(turn)
        done += 1
    work.send_bells(1)
    work.send_bells(1, worker)
    return done


def _do_urgent(worker: str, handlers: Mapping[str, Handler], clock: Clock, before: int) -> None:
    """One job of a priority before `before`, which does not step aside itself."""
    kinds = tuple(handlers)
    job = work.claim_next(worker=worker, kinds=kinds, now=clock(), before=before)
    if job is None:
        return
    turn, began = _aside.set(None), perf_counter()
    try:
        do_job(job, handlers[job.kind], clock)
    finally:
        _aside.reset(turn)
        stand_aside(perf_counter() - began)
    work.send_bells(1)  # what this one put is not for who goes back to something long


def do_job(job: Job, handler: Handler, clock: Clock) -> None:
    """Run `handler` on `job` under a kept lease, and write down how it ended.

    Whatever is logged meanwhile carries the job's id and kind; how long it took, less what it
    stepped aside for, is kept as a stage, what it cost is logged.
    """
    began = perf_counter()
    names = {"job": str(job.id), "kind": job.kind}
    with structlog.contextvars.bound_contextvars(**names), accounting() as account:
        if job.home not in ("", job.worker):
            count("taken over")
        end = _do(job, handler, clock)
        spent_ms = 1_000 * (perf_counter() - began - account.aside)
        keep(StageTaken(JOB + job.kind, spent_ms, clock()))
        told = account.told()
        log.info("job", end=end, attempt=job.attempt, duration_ms=round(spent_ms), **told)


def _do(job: Job, handler: Handler, clock: Clock) -> str:
    """The work itself; how it ended in one word, or the code of a refusal."""
    try:
        with _kept(job, clock):
            handler(job, clock)
    except JobNotYet:
        now = clock()
        if not work.postpone(job=job, due_at=now + LOOK_AGAIN):
            work.finish(job=job, now=now)
        return "postponed"
    except JobForAnother as unknown:
        return _leave(job, unknown, clock())
    except JobRefused as refused:
        _report(job, refused.code, refused.sentence, clock(), final=True)
        return refused.code
    except Exception:
        log.exception("job failed")
        if not connection.is_usable():
            connection.close()
        _report(job, *INTERNAL, clock(), final=False)
        return "broken"
    return "done" if work.finish(job=job, now=clock()) else "no longer ours"


def _leave(job: Job, unknown: JobForAnother, now: datetime) -> str:
    """Put the job back for a worker that knows it, or end it when none came for too long."""
    log.warning("not known here", why=str(unknown.__cause__ or unknown))
    due_at = rules.due_elsewhere(job.created_at, now)
    if due_at is None:
        _report(job, unknown.code, unknown.sentence, now, final=True)
        return unknown.code
    if not work.postpone(job=job, due_at=due_at):
        work.finish(job=job, now=now)
    return "left for another"


def _report(job: Job, code: str, sentence: str, now: datetime, *, final: bool) -> None:
    with transaction.atomic():
        end = work.fail(job=job, code=code, sentence=sentence, now=now, final=final)
        if end is State.FAILED:
            job.refresh_from_db()
            ENDINGS[job.kind](job, now)


@contextmanager
def _kept(job: Job, clock: Clock) -> Iterator[None]:
    """Renew the lease of `job` three times a lease for as long as the block runs."""
    over = threading.Event()
    pause = settings.JOB_LEASE_SECONDS / 3

    def renew() -> None:
        try:
            while not over.wait(pause):
                if not work.renew(job=job, now=clock()):
                    return
        finally:
            connections.close_all()

    keeper = threading.Thread(target=renew, name=f"lease {job.id}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
