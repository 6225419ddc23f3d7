"""Rows under which two people stand: one proposes, another decides with a second factor.

It refuses to know what is proposed. Invariant, kept by the database through `four_eyes`: a row is
open, dropped by somebody who says why, or done by another person than who proposed it, whose proof
was fresh.
"""

from datetime import datetime
from typing import TypeVar

from django.db import models
from django.db.models import F, Q

from licensing.four_eyes import PROOF_LASTS, SECOND_FACTORS, SecondFactor

OPEN, DROPPED = "OPEN", "DROPPED"


class TwoPeople(models.Model):
    """Who proposed something and who decided it, under which proof. A model names its own states.

    Personal data: the references of both people.
    """

    state = models.CharField(max_length=12, default=OPEN)
    proposed_by = models.CharField(max_length=100)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    proof_method = models.CharField(max_length=20, blank=True, default="")
    proved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def four_eyes(done: str, *, why_dropped: str, when_done: Q | None = None) -> Q:
    """What a check constraint asks of TwoPeople whose `state` is OPEN, DROPPED or `done`.

    `why_dropped`: the column that says why nothing comes of it; `when_done`: what else then holds.
    """
    is_done = (
        Q(state=done, proof_method__in=sorted(SECOND_FACTORS))
        & ~Q(decided_by="")
        & ~Q(decided_by=F("proposed_by"))
        & Q(proved_at__lte=F("decided_at"))
        & Q(proved_at__gte=F("decided_at") - PROOF_LASTS)
    )
    return (
        Q(state=OPEN, decided_at__isnull=True, decided_by="")
        | (Q(state=DROPPED, decided_at__isnull=False) & ~Q(decided_by="") & ~Q(**{why_dropped: ""}))
        | (is_done if when_done is None else is_done & when_done)
    )


Row = TypeVar("Row", bound=TwoPeople)


def decide(
    row: Row, *, state: str, by: str, now: datetime, proved: SecondFactor | None = None
) -> Row:
    """Write down how it was decided, by whom, and under which proof."""
    row.state, row.decided_by, row.decided_at = state, by, now
    if proved is not None:
        row.proof_method, row.proved_at = proved.method, proved.at
    row.save()
    return row
