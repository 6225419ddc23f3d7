"""What was released under a code of its own, and how far the codes of each year are used up.

It refuses to know shops and deliveries. Invariants, kept by the database: a release never changes
and never goes; a code is given once, and a derivative is released once.
"""

import uuid

from django.db import models
from django.db.models import Q

from licensing.attribution.models import LicenceRecord


class IsrcCounter(models.Model):
    """The next number of one prefix in one year. Personal data: none."""

    prefix = models.CharField(max_length=5)
    year = models.PositiveSmallIntegerField()
    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prefix", "year"], name="isrc_counter_once"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix} {self.year}"


class Release(models.Model):
    """A derivative that left the house as a recording of its own; append-only.

    Personal data: none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.OneToOneField(LicenceRecord, models.PROTECT, related_name="release")
    isrc = models.CharField(max_length=12, unique=True)
    title = models.CharField(max_length=200)
    released_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(isrc__regex=r"^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$"),
                name="release_isrc_has_its_shape",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="release_has_a_title"),
        ]
        indexes = [models.Index(fields=["released_at"], name="release_in_order")]

    def __str__(self) -> str:
        return f"{self.isrc} {self.title}"
