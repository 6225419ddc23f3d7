"""Uploads under way: which parts have come, and what became of the file.

It knows bytes and refuses to know sound. Invariant: part `index` of an upload is stored once; what
is stored beside it under another digest was replaced and is gone.
"""

import uuid

from django.db import models
from django.db.models import Q

from generation.uploads.rules import PART_BYTES, State


class Upload(models.Model):
    """One file on its way to become one stem.

    Personal data: `client_name`, the name of the file on its sender's machine.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    party = models.ForeignKey("catalog.Party", on_delete=models.PROTECT, related_name="+")
    stem = models.ForeignKey("catalog.Stem", on_delete=models.PROTECT, related_name="+")
    client_name = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    part_bytes = models.PositiveIntegerField(default=PART_BYTES)
    sha256 = models.CharField(max_length=64, default="", blank=True)
    state = models.CharField(max_length=10, default=State.OPEN.value)
    refusal_code = models.CharField(max_length=60, default="", blank=True)
    refusal = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in State]), name="upload_state_known"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="upload_has_bytes"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="OPEN"), name="upload_open"),
            models.Index(fields=["stem"], name="upload_stem"),
        ]

    def __str__(self) -> str:
        return f"{self.client_name} {self.state}"


class UploadPart(models.Model):
    """A part that has come; its bytes lie in the folder of the upload.

    Personal data: none.
    """

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    index = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "index"], name="upload_part_once"),
        ]
        ordering = ["index"]

    def __str__(self) -> str:
        return f"part {self.index}"
