"""What stands in the queue, for pages and for the sweeper's log."""

from generation.work.models import Job
from generation.work.rules import OPEN


def has_open(subject: tuple[str, str], kinds: tuple[str, ...]) -> bool:
    """True while a job of `kinds` for `subject` waits or runs."""
    return Job.objects.filter(
        subject_kind=subject[0], subject_ref=subject[1], kind__in=kinds, state__in=OPEN
    ).exists()


def latest_job(subject: tuple[str, str], kind: str) -> Job | None:
    """The newest job of `kind` for `subject`, in whatever state, or None."""
    jobs = Job.objects.filter(subject_kind=subject[0], subject_ref=subject[1], kind=kind)
    return jobs.order_by("-created_at").first()
