"""Who made what, and how they share it: parties, works, recordings, stems and split sheets.

It refuses to know grants, listeners, plays and money. Invariants, kept by the database: a sheet
that is proposed or signed shares exactly 1,000,000 ppm; a signed sheet and its shares never change;
one right stands on exactly one thing; signatures are append-only; a version that ends others is
signed by their parties too; equal audio is stored once.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from licensing.catalog.asked_models import EndedVersion, StandIn
from licensing.catalog.given_rows import Evidence, GivenRow

__all__ = [
    "AudioObject",
    "EndedVersion",
    "Evidence",
    "Party",
    "Recording",
    "Share",
    "Signature",
    "Society",
    "SplitSheet",
    "StandIn",
    "Stem",
    "Work",
]


class Party(models.Model):
    """A person or company that can hold rights or be paid.

    Personal data: the name and the public identifiers of a person.
    """

    class Kind(models.TextChoices):
        PERSON = "PERSON", "person"
        COMPANY = "COMPANY", "company"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    isni = models.CharField(max_length=16, blank=True, default="")
    ipi = models.CharField(max_length=11, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "parties"
        constraints = [
            models.UniqueConstraint(fields=["isni"], condition=~Q(isni=""), name="party_isni_once"),
            models.UniqueConstraint(fields=["ipi"], condition=~Q(ipi=""), name="party_ipi_once"),
            models.CheckConstraint(condition=~Q(name=""), name="party_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Work(models.Model):
    """The composition: melody and lyrics. Its writers stand on its PUBLISHING sheet.

    Personal data: none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    iswc = models.CharField(max_length=11, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["iswc"], condition=~Q(iswc=""), name="work_iswc_once"),
        ]

    def __str__(self) -> str:
        return self.title


class Recording(models.Model):
    """A fixed performance of a work. `party` keeps its page; who owns it stands on sheets.

    Personal data: none.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", "stems are still coming"
        COMPLETE = "COMPLETE", "all stems are in"
        HIDDEN = "HIDDEN", "hidden"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    party = models.ForeignKey(Party, models.PROTECT, related_name="recordings")
    work = models.ForeignKey(Work, models.PROTECT, related_name="recordings")
    isrc = models.CharField(max_length=12, blank=True, default="")
    explicit = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    stems_complete_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["isrc"], condition=~Q(isrc=""), name="recording_isrc_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="COMPLETE") | Q(stems_complete_at__isnull=False),
                name="recording_complete_says_when",
            ),
        ]
        indexes = [models.Index(fields=["party", "created_at"], name="recording_of_party")]

    def __str__(self) -> str:
        return self.title


class AudioObject(models.Model):
    """One audio, stored once: its digest is SHA-256 of its canonical PCM (48 kHz, stereo, int24).

    `frames` counts samples per channel at 48 kHz; names are ours, the client's name is on the stem.
    Personal data: none beyond what a person sang or played.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    frames = models.BigIntegerField()
    original_sha256 = models.CharField(max_length=64)
    original_bytes = models.BigIntegerField()
    archive_name = models.CharField(max_length=120)
    original_name = models.CharField(max_length=120)
    ingest_gain_db = models.FloatField(default=0.0)
    notes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$")
                & Q(original_sha256__regex=r"^[0-9a-f]{64}$"),
                name="audio_digests_are_hex",
            ),
            models.CheckConstraint(
                condition=Q(frames__gt=0) & Q(original_bytes__gt=0), name="audio_is_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.digest[:12]


class Stem(models.Model):
    """An isolated part of a recording, brought by `party`. `client_name` is text, never a path.

    Personal data: a file name as the artist typed it.
    """

    class State(models.TextChoices):
        UPLOADING = "UPLOADING", "uploading"
        CHECKING = "CHECKING", "being checked"
        READY = "READY", "ready"
        REFUSED = "REFUSED", "refused"
        REVIEW = "REVIEW", "under review"
        DELETED = "DELETED", "deleted"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, models.PROTECT, related_name="stems")
    party = models.ForeignKey(Party, models.PROTECT, related_name="stems")
    audio = models.ForeignKey(
        AudioObject, models.PROTECT, null=True, blank=True, related_name="stems"
    )
    label = models.CharField(max_length=200)
    client_name = models.CharField(max_length=255, blank=True, default="")
    role = models.CharField(max_length=20, blank=True, default="")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.UPLOADING)
    refusal = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["recording", "position"], name="stem_position_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["READY", "REVIEW"]) | Q(audio__isnull=False),
                name="stem_ready_has_audio",
            ),
            models.CheckConstraint(
                condition=~Q(state="REFUSED") | ~Q(refusal=""), name="stem_refused_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class SplitSheet(models.Model):
    """Agreed shares of one right; `text` is what the parties sign; a change is a new version.

    Personal data: names of the parties, inside the text they signed; why one of them declined.
    """

    class Right(models.TextChoices):
        MASTER = "MASTER", "master"
        PUBLISHING = "PUBLISHING", "publishing"

    class State(models.TextChoices):
        DRAFT = "DRAFT", "being drawn up"
        PROPOSED = "PROPOSED", "waiting for signatures"
        SIGNED = "SIGNED", "signed by everyone"
        REPLACED = "REPLACED", "replaced before it was signed"
        DECLINED = "DECLINED", "declined by somebody asked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    right = models.CharField(max_length=10, choices=Right.choices)
    recording = models.ForeignKey(
        Recording, models.PROTECT, null=True, blank=True, related_name="sheets"
    )
    stem = models.ForeignKey(Stem, models.PROTECT, null=True, blank=True, related_name="sheets")
    work = models.ForeignKey(Work, models.PROTECT, null=True, blank=True, related_name="sheets")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    effective_from = models.DateTimeField(null=True, blank=True)
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    proposed_by = models.CharField(max_length=100)
    proposed_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)
    declined_by = models.ForeignKey(
        Party, models.PROTECT, null=True, blank=True, related_name="declined_sheets"
    )
    declined_at = models.DateTimeField(null=True, blank=True)
    declined_because = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    right="MASTER",
                    work__isnull=True,
                    recording__isnull=False,
                    stem__isnull=True,
                )
                | Q(right="MASTER", work__isnull=True, recording__isnull=True, stem__isnull=False)
                | Q(
                    right="PUBLISHING",
                    work__isnull=False,
                    recording__isnull=True,
                    stem__isnull=True,
                ),
                name="sheet_stands_on_one_thing",
            ),
            models.UniqueConstraint(
                fields=["right", "recording", "stem", "work", "version"],
                nulls_distinct=False,
                name="sheet_version_once",
            ),
            models.UniqueConstraint(
                fields=["right", "recording", "stem", "work"],
                condition=Q(state__in=["DRAFT", "PROPOSED"]),
                nulls_distinct=False,
                name="sheet_one_open_proposal",
            ),
            models.CheckConstraint(
                condition=~Q(state="SIGNED")
                | Q(effective_from__gte=models.F("signed_at"), signed_at__isnull=False),
                name="sheet_never_retroactive",
            ),
            models.CheckConstraint(
                condition=Q(state="DECLINED", declined_by__isnull=False, declined_at__isnull=False)
                | (~Q(state="DECLINED") & Q(declined_by__isnull=True, declined_at__isnull=True)),
                name="sheet_declined_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        on = self.stem or self.recording or self.work
        return f"{self.right.lower()} sheet of {on}, version {self.version}"


class Society(models.Model):
    """A collecting society by its one name here: what shares, agreements and accounts say.

    `key` is the name in one form of letters, so that "gema" and "GEMA" are one society.
    Personal data: none.
    """

    name = models.CharField(max_length=100, unique=True)
    key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "societies"
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(key=""), name="society_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Share(models.Model):
    """One party's part of a sheet, in parts per million, and who collects it for them.

    Personal data: what part of a right a person holds.
    """

    class AdministeredBy(models.TextChoices):
        SELF = "SELF", "the party itself"
        PUBLISHER = "PUBLISHER", "a publisher"
        SOCIETY = "SOCIETY", "a society"

    sheet = models.ForeignKey(SplitSheet, models.PROTECT, related_name="shares")
    party = models.ForeignKey(Party, models.PROTECT, related_name="shares")
    share_ppm = models.PositiveIntegerField()
    administered_by = models.CharField(
        max_length=10, choices=AdministeredBy.choices, default=AdministeredBy.SELF
    )
    administrator = models.CharField(max_length=100, blank=True, default="")
    administrator_territories = ArrayField(models.CharField(max_length=2), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "party"], name="share_party_once"),
            models.CheckConstraint(
                condition=Q(share_ppm__gt=0, share_ppm__lte=1_000_000), name="share_in_range"
            ),
            models.CheckConstraint(
                condition=Q(administered_by="SELF", administrator="")
                | (~Q(administered_by="SELF") & ~Q(administrator="")),
                name="share_names_its_administrator",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.share_ppm} ppm"


class Signature(GivenRow):
    """A party's yes to one text of one sheet; append-only.

    Personal data: which login signed for a party, how and when.
    """

    sheet = models.ForeignKey(SplitSheet, models.PROTECT, related_name="signatures")
    party = models.ForeignKey(Party, models.PROTECT, related_name="signatures")
    user_ref = models.CharField(max_length=100)
    text_sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            *GivenRow.Meta.constraints,
            models.UniqueConstraint(fields=["sheet", "party"], name="signature_once_per_party"),
        ]

    def __str__(self) -> str:
        return f"signed at {self.signed_at:%Y-%m-%d}"
