"""The verbs of the queue: put, ring, claim, renew, finish, fail, cancel, sweep.

The row is the queue; the bell only says "look". Invariant: only the worker that holds the newest
attempt of a job can end it, so a job that was taken from a lost worker is never ended twice.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from celery import current_app
from celery.utils.nodenames import worker_direct
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError

from generation.work import rules
from generation.work.models import Job
from generation.work.rules import Priority, State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job to be put in the queue: what, about whom, how soon, and who had better do it."""

    kind: str
    subject: tuple[str, str]
    priority: Priority
    part: int = 0
    payload: dict[str, Any] = field(default_factory=dict)
    home: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: how many jobs went back, which failed for good, how many wait."""

    put_back: int
    failed: tuple[Job, ...]
    waiting: int


_PUT = """
INSERT INTO work_job (id, kind, subject_kind, subject_ref, part, payload, home, priority, due_at,
                      created_at, state, attempt, worker, error_code, error_sentence)
SELECT gen_random_uuid(), kind, subject_kind, subject_ref, part, payload::jsonb, home, priority,
       %(now)s, %(now)s, 'WAITING', 0, '', '', ''
  FROM unnest(%(kinds)s::text[], %(subject_kinds)s::text[], %(subject_refs)s::text[],
              %(parts)s::integer[], %(payloads)s::text[], %(homes)s::text[],
              %(priorities)s::smallint[])
       AS wanted (kind, subject_kind, subject_ref, part, payload, home, priority)
    ON CONFLICT DO NOTHING
RETURNING home
"""


def put_jobs(*, wanted: Iterable[Wanted], now: datetime, bells: int = 1) -> int:
    """Put jobs in the queue in one statement and ring on commit; returns how many rows are new.

    A job of the same kind for the same part of a subject that is still open is left as it is.
    `bells`: how many workers are rung for what has no home; a home is rung itself. 0: nobody is.
    """
    jobs = list(wanted)
    values: dict[str, Any] = {
        "kinds": [job.kind for job in jobs],
        "subject_kinds": [job.subject[0] for job in jobs],
        "subject_refs": [job.subject[1] for job in jobs],
        "parts": [job.part for job in jobs],
        "payloads": [json.dumps(job.payload) for job in jobs],
        "homes": [job.home for job in jobs],
        "priorities": [int(job.priority) for job in jobs],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUT, values)
        new = [home for (home,) in cursor.fetchall()]
    for home in set(new) if bells else ():
        ring(bells=1 if home else bells, home=home)
    return len(new)


def ring(*, bells: int = 1, home: str = "") -> None:
    """Once the transaction commits, wake `bells` workers, or the one that is meant. A lost or
    doubled ring is harmless.
    """
    transaction.on_commit(lambda: send_bells(bells, home))


def send_bells(bells: int, home: str = "") -> None:
    """Send the task by name, to whoever is free or to `home` (a worker's name). A broker that
    is away is logged; the sweeper rings again.
    """
    to = {"queue": worker_direct(rules.node_of(home))} if home else {}
    try:
        for _ in range(bells):
            current_app.send_task(
                rules.KICK, ignore_result=True, retry=False, expires=rules.BELL_LIFE_S, **to
            )
    except OperationalError:
        log.warning("the bell could not be rung; the sweeper will")


_ANY = 32_767
# A claim that a crash of the database forgets is made again, so nobody waits for the disk. What is
# not one's own stands behind all one's own that is live: see decision 0139.
_CLAIM = """
WITH soon AS (SELECT set_config('synchronous_commit', 'off', true)),
claimed AS (
    UPDATE work_job SET state = 'RUNNING', worker = %(worker)s, attempt = attempt + 1,
           lease_until = %(lease)s
     WHERE id = (SELECT id FROM work_job, soon
                  WHERE state = 'WAITING' AND due_at <= %(now)s AND kind = ANY(%(kinds)s)
                    AND priority < %(before)s
                    AND (home IN ('', %(worker)s) OR due_at <= %(late)s)
                  ORDER BY CASE WHEN home IN ('', %(worker)s) OR due_at <= %(gone)s THEN priority
                                ELSE greatest(priority, %(behind)s) END,
                           home NOT IN ('', %(worker)s) AND due_at > %(gone)s, due_at, part
                  LIMIT 1 FOR UPDATE OF work_job SKIP LOCKED)
    RETURNING *),
moved AS (
    UPDATE work_job SET home = %(worker)s
     WHERE id IN (SELECT job.id FROM work_job job JOIN claimed USING (subject_kind, subject_ref)
                   WHERE job.state = 'WAITING' AND job.id <> claimed.id
                     AND job.home = claimed.home AND job.home NOT IN ('', %(worker)s)
                     FOR UPDATE OF job SKIP LOCKED))
SELECT * FROM claimed
"""


def claim_next(
    *, worker: str, kinds: Sequence[str], now: datetime, before: int = _ANY
) -> Job | None:
    """Take the most urgent waiting job of `kinds`, or None. One statement, so two never take
    one. `before`: only what goes before that priority. What has its home elsewhere is taken only
    once it has waited HOME_FIRST for it, and behind all that is live until HOME_GONE; the rest of
    its subject moves with it.
    """
    values = {
        "worker": worker,
        "lease": rules.lease_until(now, settings.JOB_LEASE_SECONDS),
        "now": now,
        "late": now - rules.HOME_FIRST,
        "gone": now - rules.HOME_GONE,
        "behind": int(Priority.LIVE_AHEAD),
        "kinds": list(kinds),
        "before": before,
    }
    return next(iter(Job.objects.raw(_CLAIM, values)), None)


def _held(job: Job) -> Q:
    """The guard: still running, by this worker, in this attempt."""
    return Q(id=job.id, state=State.RUNNING, worker=job.worker, attempt=job.attempt)


def renew(*, job: Job, now: datetime) -> bool:
    """Keep the job for another lease. False: it was lost or cancelled, so stop working on it."""
    lease = rules.lease_until(now, settings.JOB_LEASE_SECONDS)
    held = Job.objects.filter(_held(job), cancelled_at__isnull=True)
    return held.update(lease_until=lease) == 1


# An end that a crash of the database forgets is a lost job: its lease runs out, it is done again.
_FINISH = """
WITH soon AS (SELECT set_config('synchronous_commit', {commit}, true))
UPDATE work_job SET state = CASE WHEN cancelled_at IS NULL THEN 'DONE' ELSE 'CANCELLED' END,
       lease_until = NULL, finished_at = %(now)s
  FROM soon
 WHERE id = %(id)s AND state = 'RUNNING' AND worker = %(worker)s AND attempt = %(attempt)s
RETURNING state
"""


def finish(*, job: Job, now: datetime) -> bool:
    """End the job as DONE (CANCELLED if it was cancelled meanwhile). False: it is no longer
    ours.
    """
    values: dict[str, Any] = {
        "id": job.id,
        "worker": job.worker,
        "attempt": job.attempt,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(unhurried(_FINISH), values)
        return bool(cursor.fetchone() == (State.DONE,))


def unhurried(statement: str) -> str:
    """A statement that a crash of the database may forget, with its `{commit}` filled in so that it
    does not wait for the disk. A setting holds for all of a transaction, so within one it waits.
    """
    in_all = "current_setting('synchronous_commit')"
    return statement.format(commit=in_all if connection.in_atomic_block else "'off'")


def postpone(*, job: Job, due_at: datetime) -> bool:
    """Put the job back until `due_at` without counting this attempt. False: no longer ours.

    The sweeper rings when it is due.
    """
    back = {"state": State.WAITING, "worker": "", "lease_until": None, "due_at": due_at}
    held = Job.objects.filter(_held(job), cancelled_at__isnull=True)
    return held.update(attempt=F("attempt") - 1, **back) == 1


@transaction.atomic
def fail(*, job: Job, code: str, sentence: str, now: datetime, final: bool = False) -> State | None:
    """End this attempt. Returns WAITING (tried again), FAILED or CANCELLED; None: no longer ours.

    `final` says that trying again cannot help.
    """
    row = Job.objects.select_for_update().filter(_held(job)).first()
    if row is None:
        return None
    return _end_attempt(row, code, sentence, now, final or rules.is_last_attempt(row.attempt))


def _end_attempt(row: Job, code: str, sentence: str, now: datetime, last: bool) -> State:
    row.worker, row.home, row.lease_until = "", "", None
    row.error_code, row.error_sentence = code, sentence
    if row.cancelled_at is not None:
        row.state, row.finished_at = State.CANCELLED, now
    elif last:
        row.state, row.finished_at = State.FAILED, now
    else:
        row.state, row.due_at = State.WAITING, rules.due_again(row.attempt, now)
        ring()
    row.save()
    return State(row.state)


@transaction.atomic
def cancel_jobs(*, subject: tuple[str, str], kinds: Sequence[str], now: datetime) -> int:
    """Cancel the open jobs of a subject: waiting ones end now, running ones at their next
    renewal.

    A row that is being ended at this moment is left to who ends it: they hold the job and wait for
    its subject, so waiting for them with the subject in hand would be for ever.
    """
    open_still = Job.objects.select_for_update(skip_locked=True).filter(
        subject_kind=subject[0], subject_ref=subject[1], kind__in=kinds, state__in=rules.OPEN
    )
    free = open_still.filter(cancelled_at__isnull=True).values_list("id", flat=True)
    mine = Job.objects.filter(id__in=list(free))
    ended = mine.filter(state=State.WAITING).update(
        state=State.CANCELLED, cancelled_at=now, finished_at=now
    )
    return ended + mine.filter(state=State.RUNNING).update(cancelled_at=now)


@transaction.atomic
def sweep(*, now: datetime) -> Swept:
    """Take jobs back from lost workers; ring when anything waits. To be run every second."""
    lost = Job.objects.select_for_update(skip_locked=True).filter(
        state=State.RUNNING, lease_until__lt=now
    )
    failed, put_back = [], 0
    for row in lost:
        last = rules.is_last_attempt(row.attempt)
        end = _end_attempt(row, rules.LOST_CODE, rules.LOST_SENTENCE, now, last)
        put_back += end == State.WAITING
        if end == State.FAILED:
            failed.append(row)
    waiting = Job.objects.filter(state=State.WAITING, due_at__lte=now).count()
    if waiting:
        ring()
    return Swept(put_back=put_back, failed=tuple(failed), waiting=waiting)
