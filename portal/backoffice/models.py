"""The backoffice's own tables: what ran at night and how it ended, and deeds that two people do.

It refuses to know what the duties do. Invariant: a duty runs once a night, and again only after an
attempt that failed or was lost.
"""

from django.db import models
from django.db.models import Q

from portal.backoffice.deed_models import ProposedDeed

__all__ = ["NightlyRun", "ProposedDeed"]


class NightlyRun(models.Model):
    """One duty of one night: when it last began and ended, and what it said.

    Personal data: none.
    """

    class State(models.TextChoices):
        RUNNING = "RUNNING", "running"
        DONE = "DONE", "done"
        FAILED = "FAILED", "failed"

    duty = models.CharField(max_length=40)
    night = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices)
    attempt = models.PositiveSmallIntegerField(default=1)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    said = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["duty", "night"], name="nightly_run_once"),
            models.CheckConstraint(
                condition=Q(state="RUNNING", ended_at__isnull=True)
                | Q(state__in=["DONE", "FAILED"], ended_at__isnull=False),
                name="nightly_run_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duty} of {self.night:%Y-%m-%d}: {self.get_state_display()}"
