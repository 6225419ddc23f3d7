"""What is kept of a listener's taste, and the prior that consenting listeners share.

One row per listener holds the belief; the others hold what it was moved by and what it chose. A
listener is a value (kind, ref), as everywhere below the faces. Invariants: one belief per
listener; one verdict, one play and one word per attribute on each thing heard; one decision per
key.
"""

from django.db import models
from django.db.models import Q


class TastePrior(models.Model):
    """What consenting listeners had in common on one night; the newest is in force.

    `inputs_sha256` is the digest of what it was fitted from; `listeners` 0 is the neutral prior.

    Personal data: none; a mean over at least 20 listeners, or over nobody.
    """

    schema = models.PositiveSmallIntegerField()
    mean = models.BinaryField()
    precision = models.BinaryField()
    listeners = models.PositiveIntegerField()
    inputs_sha256 = models.CharField(max_length=64)
    fitted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"prior {self.pk} of {self.listeners}"


class Taste(models.Model):
    """What is believed of one listener: mean and upper triangle of the precision, float32.

    The belief began with `prior` (none: the neutral one). `shares_prior`: whether it may be among
    the inputs of the next fit, since `consented_at`. `learns_plays`: whether plays teach it as
    well, since `plays_since`.

    Personal data: the listener's reference, what they like, what they agreed to. Exported by
    `queries.export_taste`, erased by `operations.erase_taste`; the pages are in portal.listeners.
    """

    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    schema = models.PositiveSmallIntegerField()
    mean = models.BinaryField()
    precision = models.BinaryField()
    prior = models.ForeignKey(TastePrior, on_delete=models.PROTECT, null=True, related_name="+")
    is_on = models.BooleanField(default=True)
    shares_prior = models.BooleanField(default=False)
    consented_at = models.DateTimeField(null=True, blank=True)
    learns_plays = models.BooleanField(default=False)
    plays_since = models.DateTimeField(null=True, blank=True)
    observations = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["listener_ref", "listener_kind"], name="taste_once"),
            models.CheckConstraint(
                condition=Q(shares_prior=False) | Q(consented_at__isnull=False),
                name="taste_shared_since",
            ),
            models.CheckConstraint(
                condition=Q(learns_plays=False) | Q(plays_since__isnull=False),
                name="taste_plays_since",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(shares_prior=True), name="taste_shared"),
        ]

    def __str__(self) -> str:
        return f"taste of {self.listener_kind} {self.listener_ref}"


class Said(models.TextChoices):
    """What a listener said of something heard."""

    LIKE = "LIKE", "liked"
    SKIP = "SKIP", "not for me"
    MORE = "MORE", "more"
    LESS = "LESS", "less"


class Feedback(models.Model):
    """What a listener said of one thing heard, and what was known of it; it can be taken back.

    Personal data: the listener's reference and what they said. Exported and erased as `Taste`.
    """

    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    subject_ref = models.CharField(max_length=80)
    said = models.CharField(max_length=4, choices=Said.choices)
    attribute = models.CharField(max_length=12, blank=True, default="")
    known = models.JSONField()
    context = models.CharField(max_length=20)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listener_ref", "listener_kind", "subject_ref", "attribute"],
                name="feedback_once",
            ),
            models.CheckConstraint(
                condition=Q(said__in=["LIKE", "SKIP"], attribute="")
                | (Q(said__in=["MORE", "LESS"]) & ~Q(attribute="")),
                name="feedback_says_what_of",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.said} {self.attribute}".strip()


class Ended(models.TextChoices):
    """How a play of something ended, as far as that says anything."""

    OUT = "OUT", "heard to its end"
    LEFT = "LEFT", "left for something else at once"


class PlayHeard(models.Model):
    """What the newest play of one thing said of its listener's taste, and what was known of it.

    `propensity`: the chance that taste had given to it, where taste chose it; so that a policy can
    be judged by plays as by verdicts.

    Personal data: the listener's reference and how they heard it. Exported and erased as `Taste`.
    """

    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    subject_ref = models.CharField(max_length=80)
    ended = models.CharField(max_length=4, choices=Ended.choices)
    known = models.JSONField()
    context = models.CharField(max_length=20)
    propensity = models.FloatField(null=True, blank=True)
    heard_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listener_ref", "listener_kind", "subject_ref"], name="play_heard_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ended} {self.subject_ref}"


class TasteImport(models.Model):
    """That a listening history was read in: its digest, not what stood in it.

    Personal data: the listener's reference. Exported and erased as `Taste`.
    """

    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    lines = models.PositiveIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listener_ref", "listener_kind", "sha256"], name="taste_import_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lines} lines"


class Decision(models.Model):
    """What taste chose, with everything needed to judge the policy later by what was said of it.

    The candidates are drawn again from `seed` and `bounds`; candidate `chosen` was taken with
    probability `propensity` under belief `belief_sha256` on prior number `prior_version`.
    `subject_ref` names what was made of it.

    Personal data: the listener's reference and what was chosen. Exported and erased as `Taste`.
    """

    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    key = models.CharField(max_length=120)
    context = models.CharField(max_length=20)
    bounds = models.JSONField()
    seed = models.PositiveBigIntegerField()
    candidates = models.PositiveSmallIntegerField()
    chosen = models.PositiveSmallIntegerField()
    propensity = models.FloatField()
    scale = models.FloatField()
    targets = models.JSONField()
    schema = models.PositiveSmallIntegerField()
    prior_version = models.PositiveBigIntegerField()
    belief_sha256 = models.CharField(max_length=64)
    subject_ref = models.CharField(max_length=80, blank=True, default="")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listener_ref", "listener_kind", "key"], name="decision_once"
            ),
            models.CheckConstraint(
                condition=Q(propensity__gt=0) & Q(propensity__lte=1),
                name="decision_propensity_is_one",
            ),
            models.CheckConstraint(
                condition=Q(chosen__lt=models.F("candidates")), name="decision_chose_a_candidate"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject_ref"], condition=~Q(subject_ref=""), name="decision_of_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.context} {self.chosen} of {self.candidates}"


class RecordingChoice(models.Model):
    """Which of several recordings taste took first for something, with all that were offered.

    `offered`: recordings with what was known of each, in the order in which they were judged;
    number `chosen` was taken with probability `propensity`. `subject_ref` names what it was for.

    Personal data: the listener's reference and what was chosen. Exported and erased as `Taste`.
    """

    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    subject_ref = models.CharField(max_length=80)
    context = models.CharField(max_length=20)
    offered = models.JSONField()
    seed = models.PositiveBigIntegerField()
    chosen = models.PositiveSmallIntegerField()
    propensity = models.FloatField()
    scale = models.FloatField()
    schema = models.PositiveSmallIntegerField()
    prior_version = models.PositiveBigIntegerField()
    belief_sha256 = models.CharField(max_length=64)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listener_ref", "listener_kind", "subject_ref"],
                name="recording_chosen_once",
            ),
            models.CheckConstraint(
                condition=Q(propensity__gt=0) & Q(propensity__lte=1),
                name="recording_choice_propensity_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.context} {self.chosen} of {len(self.offered)}"
