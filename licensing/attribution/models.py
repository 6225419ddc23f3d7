"""The permanent case file of every derivative: what it rests on, and whose share is how large.

It refuses to know recipes, audio and listeners; the subject is a kind and a reference, and a recipe
is a hash. Invariants, kept by the database: one record per subject; a record changes only while it
is open; the lines of a sealed record sum to exactly 1,000,000 ppm.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.catalog.models import Stem
from licensing.clearance.models import Clearance, Grant


class LicenceRecord(models.Model):
    """One derivative's licence: opened before its first sound, sealed after its last.

    `ends_at` is set for previews, which are served for seven days. Personal data: none.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "open"
        SEALED = "SEALED", "sealed"
        WITHDRAWN = "WITHDRAWN", "sealed after a withdrawal"
        VOID = "VOID", "ended before any sound"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject_kind = models.CharField(max_length=20)
    subject_ref = models.CharField(max_length=100)
    clearance = models.ForeignKey(Clearance, models.PROTECT, related_name="records")
    use = models.CharField(max_length=20)
    recipe_sha256 = models.CharField(max_length=64)
    terms_sha256 = models.CharField(max_length=64)
    policy = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    sealed_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    target_lufs = models.FloatField(null=True, blank=True)
    reached_lufs = models.FloatField(null=True, blank=True)
    integrated_lufs = models.FloatField(null=True, blank=True)
    true_peak_dbtp = models.FloatField(null=True, blank=True)
    trim_db = models.FloatField(null=True, blank=True)
    chroma_likeness = models.FloatField(null=True, blank=True)
    onset_likeness = models.FloatField(null=True, blank=True)
    windows_sha256 = models.CharField(max_length=64, blank=True, default="")
    files = models.JSONField(default=list, blank=True)
    model_ppm = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_kind", "subject_ref"], name="record_once"),
            models.CheckConstraint(
                condition=Q(state="OPEN", sealed_at__isnull=True)
                | (~Q(state="OPEN") & Q(sealed_at__gte=F("opened_at"))),
                name="record_closed_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["SEALED", "WITHDRAWN"])
                | Q(windows_sha256__regex=r"^[0-9a-f]{64}$"),
                name="record_sealed_has_evidence",
            ),
            models.CheckConstraint(
                condition=Q(model_ppm__lte=1_000_000), name="record_model_share_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_ref}"


class LicenceSource(models.Model):
    """One stem that a record rests on, by the digest of the audio that was used; append-only.

    Personal data: none.
    """

    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="sources")
    stem = models.ForeignKey(Stem, models.PROTECT, related_name="licence_sources")
    digest = models.CharField(max_length=64)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["record", "stem"], name="source_stem_once"),
            models.UniqueConstraint(fields=["record", "position"], name="source_position_once"),
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="source_digest_is_hex"
            ),
        ]
        indexes = [models.Index(fields=["digest"], name="source_by_digest")]

    def __str__(self) -> str:
        return self.digest[:12]


class LicenceGrant(models.Model):
    """One grant that a record rests on: when it falls, the record is no longer served; append-only.

    Personal data: none.
    """

    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="resting_on")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="records")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "grant"], name="record_rests_once"),
        ]

    def __str__(self) -> str:
        return f"rests on {self.grant_id}"


class AttributionLine(models.Model):
    """One source's measured share of a record, in parts per million; append-only.

    Personal data: none.
    """

    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="lines")
    stem = models.ForeignKey(Stem, models.PROTECT, related_name="attribution_lines")
    ppm = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "stem"], name="line_stem_once"),
            models.CheckConstraint(condition=Q(ppm__lte=1_000_000), name="line_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.ppm} ppm"
