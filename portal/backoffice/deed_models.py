"""What one person at the desk asks for and another does; invariants as in `licensing.two_people`.

What was asked for never changes and is decided once; the database keeps that.
"""

import uuid

from django.db import models
from django.db.models import Q

from licensing.two_people import TwoPeople, four_eyes


class ProposedDeed(TwoPeople):
    """A deed of the desk, as its form was filled in, that waits for a second person.

    `deed`: its name in `deeds_of_two`; `subject_ref`: the row it is done on, "" where on none.
    Personal data: the references of both people, and what the form says of somebody.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "waits for a second person"
        CARRIED_OUT = "CARRIED_OUT", "done"
        DROPPED = "DROPPED", "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    deed = models.CharField(max_length=40)
    title = models.CharField(max_length=100)
    subject_ref = models.CharField(max_length=100, blank=True, default="")
    given = models.JSONField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    decision = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(deed="") & ~Q(reason="") & ~Q(proposed_by=""),
                name="proposed_deed_is_sound",
            ),
            models.CheckConstraint(
                condition=four_eyes("CARRIED_OUT", why_dropped="decision"),
                name="proposed_deed_has_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return self.title
