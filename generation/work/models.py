"""The queue: one row is one job, and the row alone decides who does it.

It knows subjects by kind and reference and refuses to know what a job does. Invariant: a RUNNING
row names its worker and the end of its lease; there is one open job of a kind for a part of a
subject.
"""

import uuid

from django.db import models
from django.db.models import Q

from generation.work.rules import Priority, State


class Job(models.Model):
    """A unit of work. `home`: the worker that has at hand what it needs, "" where all are alike.

    Personal data: none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_ref = models.CharField(max_length=80)
    part = models.PositiveIntegerField(default=0)
    payload = models.JSONField(default=dict)
    priority = models.PositiveSmallIntegerField(default=int(Priority.PIECE))
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=State.WAITING.value)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=120, default="", blank=True)
    home = models.CharField(max_length=120, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, default="", blank=True)
    error_sentence = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in State]), name="job_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="RUNNING") | (~Q(worker="") & Q(lease_until__isnull=False)),
                name="job_running_is_leased",
            ),
            models.CheckConstraint(
                condition=~Q(state="FAILED") | (~Q(error_code="") & ~Q(error_sentence="")),
                name="job_failed_says_why",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_ref", "part"],
                condition=Q(state__in=["WAITING", "RUNNING"]),
                name="job_one_open_per_part",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "due_at"], condition=Q(state="WAITING"), name="job_waiting"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="RUNNING"), name="job_leased"),
            models.Index(fields=["subject_kind", "subject_ref"], name="job_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_ref}:{self.part} {self.state}"
