"""What stands in the queue, for pages and for the sweeper's log."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from generation.work.models import Job
from generation.work.rules import OPEN, Priority, State


def has_open(subject: tuple[str, str], kinds: tuple[str, ...]) -> bool:
    """True while a job of `kinds` for `subject` waits or runs."""
    return Job.objects.filter(
        subject_kind=subject[0], subject_ref=subject[1], kind__in=kinds, state__in=OPEN
    ).exists()


def latest_job(subject: tuple[str, str], kind: str) -> Job | None:
    """The newest job of `kind` for `subject`, in whatever state, or None."""
    jobs = Job.objects.filter(subject_kind=subject[0], subject_ref=subject[1], kind=kind)
    return jobs.order_by("-created_at").first()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many jobs of a priority could be claimed now, and since when the first of them could."""

    priority: Priority
    count: int
    since: datetime


def list_waiting(now: datetime) -> tuple[Waiting, ...]:
    """What waits for a worker, the most urgent priority first."""
    due = Job.objects.filter(state=State.WAITING, due_at__lte=now)
    rows = due.values_list("priority").annotate(Count("id"), Min("due_at")).order_by("priority")
    return tuple(Waiting(Priority(one), count, since) for one, count, since in rows)


def list_running() -> tuple[Job, ...]:
    """What workers hold at this moment, by worker."""
    return tuple(Job.objects.filter(state=State.RUNNING).order_by("worker", "kind", "part"))
