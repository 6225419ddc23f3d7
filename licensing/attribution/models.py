"""The permanent case file of every derivative: what it rests on, and whose share is how large.

It refuses to know recipes, audio and listeners; the subject is a kind and a reference, and a recipe
is a hash. Invariants, kept by the database: one record per subject; a record changes only while it
is open; the lines of a sealed record, and of a minute that sounds, sum to exactly 1,000,000 ppm.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value

from licensing.catalog.models import Stem
from licensing.clearance.models import Clearance, Grant


class LicenceRecord(models.Model):
    """One derivative's licence: opened before its first sound, sealed after its last.

    `ends_at` is set for previews, which are served for seven days. `unattributed_ppm`: how much of
    what is heard rests on no stem; its lines, which sum to the whole, say who is paid. `number` is
    its key for those who hold millions of references: a quarter as long.

    Personal data: none.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "open"
        SEALED = "SEALED", "sealed"
        WITHDRAWN = "WITHDRAWN", "sealed after a withdrawal"
        VOID = "VOID", "ended before any sound"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.IntegerField(
        unique=True,
        editable=False,
        db_default=Func(Value("attribution_licencerecord_number"), function="nextval"),
    )
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
    unattributed_ppm = models.PositiveIntegerField(default=0, db_default=0)
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
            models.CheckConstraint(
                condition=Q(unattributed_ppm__lt=1_000_000), name="record_rests_on_stems"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_ref}"


class RecordParticulars(models.Model):
    """How a sealed record came about, as canonical JSON (see particulars.py); append-only.

    Written in the transaction that seals, and named there by its digest in the fact of it. Records
    that were sealed before there were particulars have none, and get none.

    Personal data: none; who asked stands in it as a digest of the request and an opaque reference.
    """

    record = models.OneToOneField(
        LicenceRecord, models.PROTECT, primary_key=True, related_name="particulars"
    )
    text = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "particulars"
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="particulars_digest_is_hex"
            ),
        ]

    def __str__(self) -> str:
        return f"particulars {self.sha256[:12]}"


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


class ExternalSource(models.Model):
    """A sound in a record that an external net made: whose weights, under which terms, asked how.

    `digest` is that of its audio, `position` its place among the recipe's sources; `version` names
    the weights. No stem is behind it and nobody is paid for it; append-only. Personal data: none.
    """

    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="external_sources")
    digest = models.CharField(max_length=64)
    position = models.PositiveIntegerField()
    net = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    version = models.CharField(max_length=64)
    licence = models.CharField(max_length=120)
    commercial_ok = models.BooleanField()
    training_data_note = models.CharField(max_length=300)
    task = models.CharField(max_length=20)
    words = models.JSONField()
    seed = models.PositiveBigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["record", "position"], name="external_position_once"),
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="external_digest_is_hex"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.digest[:12]}"


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


class RecordPart(models.Model):
    """One section of a live session's record: what it rests on, cleared when it began; append-only.

    A record that has parts is served part by part: what falls for one of them stops that one alone.
    Personal data: none.
    """

    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="parts", db_index=False)
    index = models.PositiveIntegerField()
    clearance = models.ForeignKey(Clearance, models.PROTECT, related_name="parts")
    recipe_sha256 = models.CharField(max_length=64)
    terms_sha256 = models.CharField(max_length=64)
    stems = ArrayField(models.UUIDField())
    digests = ArrayField(models.CharField(max_length=64))
    grants = ArrayField(models.UUIDField(), blank=True)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["record", "index"], name="part_once"),
            models.CheckConstraint(
                condition=Q(recipe_sha256__regex=r"^[0-9a-f]{64}$"), name="part_recipe_is_hex"
            ),
            models.CheckConstraint(
                condition=Q(stems__len__gt=0, digests__len=F("stems__len")),
                name="part_names_each_sound",
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.index}"


class SealedMinute(models.Model):
    """One minute of a live session as it was rendered, closed for good; append-only.

    `line_count` 0: nothing sounded. Personal data: none.
    """

    record = models.ForeignKey(
        LicenceRecord, models.PROTECT, related_name="minutes", db_index=False
    )
    minute = models.PositiveIntegerField()
    line_count = models.PositiveSmallIntegerField()
    windows_sha256 = models.CharField(max_length=64)
    model_ppm = models.PositiveIntegerField(default=0)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["minute"]
        constraints = [
            models.UniqueConstraint(fields=["record", "minute"], name="minute_once"),
            models.CheckConstraint(
                condition=Q(windows_sha256__regex=r"^[0-9a-f]{64}$"), name="minute_has_evidence"
            ),
            models.CheckConstraint(
                condition=Q(model_ppm__lte=1_000_000), name="minute_model_share_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"minute {self.minute}"


class MinuteLine(models.Model):
    """One source's measured share of a sealed minute, in parts per million; append-only.

    Personal data: none.
    """

    sealed_minute = models.ForeignKey(
        SealedMinute, models.PROTECT, related_name="lines", db_index=False
    )
    stem = models.ForeignKey(Stem, models.PROTECT, related_name="minute_lines")
    ppm = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sealed_minute", "stem"], name="minute_line_stem_once"),
            models.CheckConstraint(condition=Q(ppm__lte=1_000_000), name="minute_line_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.ppm} ppm"
