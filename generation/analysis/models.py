"""What was measured, one row per stem and per recording, and what artists corrected in it.

It refuses to know how one measures. Invariants, kept by the database: one measure per stem and per
recording; corrections are append-only and each stands on exactly one thing; onsets are written once
under their digest, because recipes name them, and never leave.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Onsets(models.Model):
    """Onsets under the SHA-256 of their canonical bytes (`generation.onsets`); append-only.

    Personal data: none.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    data = models.BinaryField()
    kept_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "onsets"

    def __str__(self) -> str:
        return f"onsets {self.sha256[:12]}"


class FirstOnsets(models.Model):
    """The onsets that were measured first in an audio; append-only.

    Recipes that name no onsets (schema 3 and older) take these. Personal data: none.
    """

    audio = models.OneToOneField(
        "catalog.AudioObject", models.PROTECT, primary_key=True, related_name="+"
    )
    onsets = models.ForeignKey(Onsets, models.PROTECT, related_name="+")
    measured_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "first onsets"

    def __str__(self) -> str:
        return f"first onsets of {self.audio_id[:12]}"


class StemMeasure(models.Model):
    """A stem's analysis as plain data (values.stem_to_data); measuring again replaces it.

    `onsets`: those of the analysis, kept for the recipes that name them. Personal data: none.
    """

    stem = models.OneToOneField("catalog.Stem", models.PROTECT, primary_key=True, related_name="+")
    onsets = models.ForeignKey(Onsets, models.PROTECT, related_name="+")
    data = models.JSONField()
    version = models.PositiveIntegerField()
    measured_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"measure of stem {self.stem_id}"


class RecordingMeasure(models.Model):
    """A recording's analysis as plain data; `stems` are those measured, in the order of its Gram.

    Personal data: none.
    """

    recording = models.OneToOneField(
        "catalog.Recording", models.PROTECT, primary_key=True, related_name="+"
    )
    stems = ArrayField(models.UUIDField())
    data = models.JSONField()
    version = models.PositiveIntegerField()
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stems__len__gt=0), name="recording_measure_has_stems"
            )
        ]

    def __str__(self) -> str:
        return f"measure of recording {self.recording_id}"


class Correction(models.Model):
    """An artist's word against the measure: one field of one stem or recording; append-only.

    Personal data: which login made it.
    """

    stem = models.ForeignKey(
        "catalog.Stem", models.PROTECT, null=True, blank=True, related_name="+"
    )
    recording = models.ForeignKey(
        "catalog.Recording", models.PROTECT, null=True, blank=True, related_name="+"
    )
    field = models.CharField(max_length=20)
    value = models.JSONField(null=True)
    made_by = models.CharField(max_length=100)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    stem__isnull=False,
                    recording__isnull=True,
                    field__in=["role", "tempo_bpm", "key"],
                )
                | Q(
                    stem__isnull=True,
                    recording__isnull=False,
                    field__in=["tempo_bpm", "key", "beats_per_bar", "first_downbeat"],
                ),
                name="correction_stands_on_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} corrected"
