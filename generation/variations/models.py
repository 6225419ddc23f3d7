"""What was asked for, and the derivative recording that came out of it.

A recipe is text here: this room can keep and count one, never make or play one. Invariant: one
request has one variation, and a piece of it is stored once, under its digest.
"""

import uuid

from django.db import models
from django.db.models import Q

from generation.variations.rules import State
from licensing.ulid import new_ulid


class VariationRequest(models.Model):
    """What was asked, by whom, under which key of the asker's own.

    `by_taste`: a listener's taste profile chose some of the targets; None where it was not kept.

    Personal data: the requester's reference, and what they asked for.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester_kind = models.CharField(max_length=20)
    requester_ref = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    mode = models.CharField(max_length=20)
    targets = models.JSONField()
    recordings = models.JSONField(default=list)
    seed = models.PositiveBigIntegerField()
    territory = models.CharField(max_length=2)
    channel = models.CharField(max_length=40)
    without = models.JSONField(default=list, blank=True)
    by_taste = models.BooleanField(null=True, blank=True)
    request_sha256 = models.CharField(max_length=64)
    repeats = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["requester_kind", "requester_ref", "key"], name="request_key_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["requester_kind", "requester_ref", "request_sha256"], name="request_same"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.id}"


class Variation(models.Model):
    """The derivative recording of one request, from first thought to finished files.

    Its id is a ULID: a service that makes variations on request has too few ISRCs for them.
    `served_at`: when it was handed to somebody first after it was finished.

    Personal data: through its request only.
    """

    id = models.UUIDField(primary_key=True, default=new_ulid, editable=False)
    request = models.OneToOneField(
        VariationRequest, on_delete=models.PROTECT, related_name="variation"
    )
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=24, default=State.COMPOSING.value)
    attempt = models.PositiveSmallIntegerField(default=1)
    record = models.OneToOneField(
        "attribution.LicenceRecord",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    recipe = models.TextField(default="", blank=True)
    recipe_sha256 = models.CharField(max_length=64, default="", blank=True)
    length = models.PositiveIntegerField(default=0)
    piece_count = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=60, default="", blank=True)
    error_sentence = models.TextField(default="", blank=True)
    visibility = models.CharField(max_length=10, default="PRIVATE")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    served_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in State]), name="variation_state_known"
            ),
            models.CheckConstraint(
                condition=Q(visibility__in=["PRIVATE", "LINK", "CATALOG"]),
                name="variation_visibility_known",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[
                        *("RENDERING", "READY", "WITHDRAWN"),
                        *("WAITING_FOR_APPROVAL", "DECLINED"),
                    ]
                )
                | (Q(record__isnull=False) & Q(piece_count__gt=0) & ~Q(recipe="")),
                name="variation_sounds_under_a_record",
            ),
            models.CheckConstraint(
                condition=~Q(state="FAILED") | (~Q(error_code="") & ~Q(error_sentence="")),
                name="variation_failed_says_why",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="variation_state")]

    def __str__(self) -> str:
        return f"{self.title} {self.state}"

    def subject(self) -> tuple[str, str]:
        """How job rows and licence records name this variation."""
        return ("variation", str(self.id))


class Segment(models.Model):
    """A stored piece: [start, end) samples as 24-bit FLAC in the store under `name`.

    `windows` is the piece's table of 100 ms windows: little-endian float64, row by row, one column
    per stem of the recipe. `generated` holds a float64 per window: what notes of nets gave of it;
    `outside` one of what external nets' sounds gave beside it. Each is empty where there is none.

    Personal data: none.
    """

    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, related_name="segments")
    index = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField()
    windows = models.BinaryField()
    generated = models.BinaryField(default=b"")
    outside = models.BinaryField(default=b"")
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variation", "index"], name="segment_once"),
            models.CheckConstraint(condition=Q(end__gt=models.F("start")), name="segment_sounds"),
        ]
        ordering = ["index"]

    def __str__(self) -> str:
        return f"segment {self.index}"


class VariationFile(models.Model):
    """A finished file of a variation: `gain_db` is the constant that was laid on the streamed
    samples.

    Personal data: none.
    """

    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, related_name="files")
    format = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    gain_db = models.FloatField(default=0.0)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variation", "format"], name="variation_file_once"),
        ]

    def __str__(self) -> str:
        return self.format
