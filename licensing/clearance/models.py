"""What holders permit, what blocks, and every decision that was taken on it.

It refuses to know listeners, recipes and money; a requester is a kind and a reference. Invariant:
grants, withdrawals and clearances only grow; a hold changes once, when it is released.
"""

import uuid
from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from licensing.catalog.given_rows import GivenRow
from licensing.catalog.models import Party, Recording, Stem
from licensing.clearance.effects import Effect

LONGEST_VOICE = timedelta(days=3_652)
"""Ten years from the permission on: no one permits a likeness of their voice for longer."""
EFFECTS = [
    (Effect.KEEP.value, "keep what is finished"),
    (Effect.SUNSET.value, "serve what is finished until a day"),
    (Effect.TAKE_DOWN.value, "take down what is finished"),
]


class Use(models.TextChoices):
    """What a stem may be used for."""

    REMIX = "REMIX", "remix"
    MOOD = "MOOD", "mood bed"
    FOCUS = "FOCUS", "focus session"
    AMBIENT = "AMBIENT", "ambient soundscape"
    COLLABORATION = "COLLABORATION", "collaboration of recordings"
    VOICE = "VOICE", "voice likeness"
    TRAINING = "TRAINING", "training of AI models"
    PREVIEW = "PREVIEW", "preview for the holders"


class Grant(GivenRow):
    """What one holder permits for one stem; append-only. Empty lists mean world and everywhere.

    `approval`: which variations wait for the holder's yes; empty, and none does. `royalty_terms`:
    the rate cards by which its uses were paid when it was given, by name and first day.

    Personal data: which login granted it, how and from where.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    stem = models.ForeignKey(Stem, models.PROTECT, related_name="grants")
    party = models.ForeignKey(Party, models.PROTECT, related_name="grants")
    uses = ArrayField(models.CharField(max_length=20, choices=Use.choices))
    limits = models.JSONField()
    territories = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    channels = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    terms_version = models.CharField(max_length=40)
    terms_sha256 = models.CharField(max_length=64)
    approval = models.JSONField(default=dict, blank=True)
    royalty_terms = ArrayField(models.CharField(max_length=60), null=True, blank=True)
    granted_at = models.DateTimeField()
    granted_by = models.CharField(max_length=100)

    class Meta:
        constraints = [
            *GivenRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(uses__len__gt=0)
                & Q(uses__contained_by=[u.value for u in Use if u is not Use.PREVIEW]),
                name="grant_names_known_uses",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="grant_period_runs_forward",
            ),
            models.CheckConstraint(
                condition=~Q(uses__contains=["VOICE"])
                | Q(
                    valid_until__isnull=False,
                    valid_until__lte=F("valid_from") + LONGEST_VOICE,
                    granted_at__gte=F("valid_until") - LONGEST_VOICE,
                ),
                name="grant_of_voice_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["stem", "party", "granted_at", "id"], name="grant_newest_first")
        ]

    def __str__(self) -> str:
        return ", ".join(self.uses).lower()


class Withdrawal(GivenRow):
    """A holder's no to some uses of a grant they gave; append-only, stops new uses at once.

    `effect`: what becomes of what was finished before; `served_until` is the end of a sunset.

    Personal data: which login withdrew it, how and from where.
    """

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="withdrawals")
    uses = ArrayField(models.CharField(max_length=20, choices=Use.choices))
    effect = models.CharField(max_length=10, choices=EFFECTS, default=Effect.TAKE_DOWN.value)
    served_until = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=100)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            *GivenRow.Meta.constraints,
            models.CheckConstraint(condition=Q(uses__len__gt=0), name="withdrawal_names_uses"),
            models.CheckConstraint(
                condition=Q(effect="SUNSET", served_until__isnull=False, served_until__gt=F("at"))
                | Q(effect__in=["KEEP", "TAKE_DOWN"], served_until__isnull=True),
                name="withdrawal_says_what_becomes",
            ),
        ]

    def __str__(self) -> str:
        return f"withdrawn at {self.at:%Y-%m-%d}"


class Hold(models.Model):
    """What blocks a stem, a recording or one licence record until somebody releases it.

    Personal data: which login placed and released it.
    """

    class TargetKind(models.TextChoices):
        STEM = "STEM", "stem"
        RECORDING = "RECORDING", "recording"
        RECORD = "RECORD", "licence record"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    target_kind = models.CharField(max_length=10, choices=TargetKind.choices)
    target_ref = models.CharField(max_length=100)
    reason = models.CharField(max_length=300)
    placed_by = models.CharField(max_length=100)
    placed_at = models.DateTimeField()
    released_by = models.CharField(max_length=100, blank=True, default="")
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(released_at__gte=F("placed_at")),
                name="hold_released_after_placed",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="hold_says_why"),
        ]
        indexes = [
            models.Index(
                fields=["target_kind", "target_ref"],
                condition=Q(released_at__isnull=True),
                name="hold_standing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.target_kind} held: {self.reason}"


class SocietyAgreement(GivenRow):
    """The operator's own agreement with a collecting society, for the uses and places it covers.

    Personal data: which login recorded it, how and from where.
    """

    society = models.CharField(max_length=100)
    reference = models.CharField(max_length=100)
    uses = ArrayField(models.CharField(max_length=20, choices=Use.choices))
    territories = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    recorded_by = models.CharField(max_length=100)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            *GivenRow.Meta.constraints,
            models.UniqueConstraint(fields=["society", "reference"], name="society_agreement_once"),
            models.CheckConstraint(condition=Q(uses__len__gt=0), name="society_agreement_has_uses"),
        ]

    def __str__(self) -> str:
        return f"{self.society} {self.reference}"


class Clearance(models.Model):
    """The recorded decision on one use of some stems, with reasons and the terms of that moment.

    `by_taste`: whether a listener's taste profile chose or shaped it; None where it was not asked.

    Personal data: an opaque reference to who asked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    use = models.CharField(max_length=20, choices=Use.choices)
    requester_kind = models.CharField(max_length=20)
    requester_ref = models.CharField(max_length=100)
    territory = models.CharField(max_length=2)
    channel = models.CharField(max_length=40)
    by_taste = models.BooleanField(null=True, blank=True)
    stems = models.JSONField()
    at = models.DateTimeField()
    allowed = models.BooleanField()
    reasons = models.JSONField()
    limits = models.JSONField()
    terms = models.JSONField()
    terms_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(allowed=True, reasons=[]) | (Q(allowed=False) & ~Q(reasons=[])),
                name="clearance_refused_says_why",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="clearance_by_moment")]

    def __str__(self) -> str:
        return f"{self.use} {'allowed' if self.allowed else 'refused'}"


class Approval(GivenRow):
    """What one holder is asked of the variation that a clearance was for; settled, never removed.

    One for each of the holder's recordings in it. `reasons`: codes of why it waits. `shares`: per
    stem the largest measured share in ppm that passes without a yes. Until it has passed the
    variation is served to nobody.

    Personal data: which login decided, how and from where.
    """

    class State(models.TextChoices):
        MEASURING = "MEASURING", "waits for the measured shares"
        WAITING = "WAITING", "waits for a yes"
        APPROVED = "APPROVED", "approved"
        DECLINED = "DECLINED", "declined"
        RELEASED = "RELEASED", "passed by itself"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clearance = models.ForeignKey(
        Clearance, models.PROTECT, related_name="approvals", db_index=False
    )
    party = models.ForeignKey(Party, models.PROTECT, related_name="approvals", db_index=False)
    recording = models.ForeignKey(
        Recording, models.PROTECT, related_name="approvals", db_index=False
    )
    state = models.CharField(max_length=10, choices=State.choices)
    reasons = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    shares = models.JSONField(default=dict, blank=True)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=100, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clearance", "party", "recording"], name="approval_asked_once"
            ),
            *GivenRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(state__in=["APPROVED", "DECLINED"])
                | Q(method="", strength="", locale="", source_hmac="", evidence_sha256=""),
                name="approval_given_with_its_answer",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["MEASURING", "WAITING", "RELEASED"],
                    decided_at__isnull=True,
                    decided_by="",
                )
                | (
                    Q(state__in=["APPROVED", "DECLINED"], decided_at__isnull=False)
                    & ~Q(decided_by="")
                ),
                name="approval_decided_says_by_whom",
            ),
        ]
        indexes = [
            models.Index(
                fields=["party", "recording"],
                condition=Q(state="APPROVED"),
                name="approval_given",
            ),
            models.Index(
                fields=["party", "asked_at"],
                condition=Q(state="WAITING"),
                name="approval_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} {self.state}"


class ConsentAgreement(models.Model):
    """How many holders of a recording must grant a use: as proposed, and since when it counts.

    The newest that counts governs. `basis`: on which document one party speaks for all. Append-only
    but for the moment from which it counts, which is set once.

    Personal data: names inside the text; which login recorded it.
    """

    class Kind(models.TextChoices):
        ALL = "ALL", "everybody on the split sheets"
        MAJORITY = "MAJORITY", "more than half of each right"
        AUTHORITY = "AUTHORITY", "one party for all"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(
        Recording, models.PROTECT, related_name="consent_agreements", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    authority = models.ForeignKey(
        Party, models.PROTECT, null=True, blank=True, related_name="speaks_for"
    )
    basis = models.TextField(blank=True, default="")
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    recorded_by = models.CharField(max_length=100)
    recorded_at = models.DateTimeField()
    counts_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="AUTHORITY", authority__isnull=False)
                | (~Q(kind="AUTHORITY") & Q(authority__isnull=True)),
                name="agreement_names_its_authority",
            ),
            models.CheckConstraint(
                condition=~Q(kind="AUTHORITY") | ~Q(basis=""), name="agreement_has_a_basis"
            ),
            models.CheckConstraint(
                condition=Q(counts_from__isnull=True) | Q(counts_from__gte=F("recorded_at")),
                name="agreement_never_retroactive",
            ),
        ]
        indexes = [
            models.Index(
                fields=["recording", "counts_from"],
                condition=Q(counts_from__isnull=False),
                name="agreement_that_counts",
            ),
            models.Index(fields=["recording", "recorded_at"], name="agreement_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} since {self.counts_from}"


class ConsentSignature(GivenRow):
    """A holder's yes to the text of an agreement on consent; append-only.

    Personal data: which login signed for a party, how and when.
    """

    agreement = models.ForeignKey(ConsentAgreement, models.PROTECT, related_name="signatures")
    party = models.ForeignKey(Party, models.PROTECT, related_name="consent_signatures")
    user_ref = models.CharField(max_length=100)
    text_sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            *GivenRow.Meta.constraints,
            models.UniqueConstraint(fields=["agreement", "party"], name="consent_signature_once"),
        ]

    def __str__(self) -> str:
        return f"signed at {self.signed_at:%Y-%m-%d}"
