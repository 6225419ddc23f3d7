"""A live session as rows: what was asked, how it was steered, what was planned and rendered.

A section's recipe is text here, as a variation's is. Invariants, kept by the database: one key of a
listener has one session; a section is written once, under the next number, and names the one it
follows by digest; a segment of one version is stored once.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from generation.sessions.rules import State


class LiveSession(models.Model):
    """An endless piece for one listener. Positions are samples of the session at 48 kHz.

    `handed`: sound up to there was handed out; `heard`: what the player said it played at that
    moment, `heard_at`, or where a client that says nothing is taken to be; `listed`: how far play
    lists named sound that they cannot take back; `planned`: the end of its sections; `sealed`: how
    many minutes are closed. `stems`: the material it was begun with; `home`: the worker that
    rendered its newest second, whose tapes reach up to it. `by_taste`: a listener's taste profile
    chose some of the targets; None where it was not kept. Personal data: who listens, and what they
    asked for.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester_kind = models.CharField(max_length=20)
    requester_ref = models.CharField(max_length=80)
    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    key = models.CharField(max_length=120)
    mode = models.CharField(max_length=20)
    artist = models.UUIDField(null=True, blank=True)
    recordings = models.JSONField(default=list, blank=True)
    targets = models.JSONField()
    by_taste = models.BooleanField(null=True, blank=True)
    seed = models.PositiveBigIntegerField()
    territory = models.CharField(max_length=2)
    channel = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, default=State.OPENING.value)
    record = models.OneToOneField(
        "attribution.LicenceRecord",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    stems = models.JSONField(default=list, blank=True)
    planned = models.PositiveBigIntegerField(default=0)
    handed = models.PositiveBigIntegerField(default=0)
    heard = models.PositiveBigIntegerField(null=True, blank=True)
    listed = models.PositiveBigIntegerField(default=0)
    sealed = models.PositiveIntegerField(default=0)
    home = models.CharField(max_length=120, default="", blank=True)
    end_code = models.CharField(max_length=60, default="", blank=True)
    end_sentence = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    heard_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["requester_kind", "requester_ref", "key"], name="session_key_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in State]), name="session_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="LIVE") | Q(record__isnull=False),
                name="session_sounds_under_a_record",
            ),
            models.CheckConstraint(
                condition=~Q(state="FAILED") | (~Q(end_code="") & ~Q(end_sentence="")),
                name="session_failed_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["heard_at"],
                condition=Q(state__in=["OPENING", "LIVE"]),
                name="session_under_way",
            ),
            models.Index(
                fields=["listener_kind", "listener_ref", "created_at"], name="session_of_listener"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.state}"

    def subject(self) -> tuple[str, str]:
        """How job rows, tokens and licence records name this session."""
        return ("session", str(self.id))


class ControlPoint(models.Model):
    """A change of targets. `targets` are all of them from then on; `said_at`: the sample that was
    being heard, where the player told it; `index` counts from 1, the session's own are 0.

    Personal data: what the listener wished for.
    """

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="controls")
    index = models.PositiveIntegerField()
    targets = models.JSONField()
    said_at = models.PositiveBigIntegerField(null=True, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["session", "index"], name="control_once"),
        ]

    def __str__(self) -> str:
        return f"control {self.index}"


class Section(models.Model):
    """A few bars, written once: [start, end) of the session unless a later one cuts it.

    `recipe` is canonical JSON in session time, `frame` what it does not say (beats, place, how much
    of it was heard lately). `digest` covers both and `follows`, the digest of the section it was
    planned after. `control`: the control point whose targets hold in it. `part`: the record's part
    that it rests on.
    `because`: "" as planned, "steered", "withdrawn" or "unlike" (what was there did not keep the
    song) where it cuts what was to come.

    Personal data: none.
    """

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="sections")
    index = models.PositiveIntegerField()
    start = models.PositiveBigIntegerField()
    end = models.PositiveBigIntegerField()
    recipe = models.TextField()
    recipe_sha256 = models.CharField(max_length=64)
    frame = models.JSONField()
    digest = models.CharField(max_length=64)
    follows = models.CharField(max_length=64, default="", blank=True)
    control = models.PositiveIntegerField(default=0)
    part = models.OneToOneField(
        "attribution.RecordPart", on_delete=models.PROTECT, related_name="+"
    )
    because = models.CharField(max_length=10, default="", blank=True)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["session", "index"], name="section_once"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="section_sounds"),
            models.CheckConstraint(
                condition=Q(index=0, follows="") | (Q(index__gt=0) & ~Q(follows="")),
                name="section_names_the_one_before",
            ),
        ]

    def __str__(self) -> str:
        return f"section {self.index}"


class LiveSegment(models.Model):
    """A second of sound as 24-bit FLAC in the store under `name`, and who is in it.

    `version`: the index of the section that decided it; a change makes another version of the same
    number. `windows`: little-endian float64 rows of 100 ms, one column per digest of `sources`.
    `generated`: a float64 per row, what notes of nets gave of it; empty where no net wrote any;
    `players`: digests of the sources that play such notes.

    Personal data: none.
    """

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="segments")
    number = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField()
    sources = models.JSONField()
    windows = models.BinaryField()
    generated = models.BinaryField(default=b"")
    players = models.JSONField(default=list, blank=True)
    stored_at = models.DateTimeField()

    class Meta:
        ordering = ["number", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "number", "version"], name="live_segment_once"
            ),
        ]

    def __str__(self) -> str:
        return f"segment {self.number}"
