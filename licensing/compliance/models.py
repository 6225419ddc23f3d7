"""Notices from outside that something here is theirs or should not be here, and what came of them.

It refuses to know logins, pages and money: a dispute about money is opened beside it. Invariants,
kept by the database: what was said never changes; a notice goes its way step by step and is decided
once; claimants' names, addresses and words go when their time is over, and nothing else does.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.catalog.models import Party
from licensing.clearance.models import Hold
from licensing.compliance import rules

_STATES = [
    (rules.State.RECEIVED.value, "nobody has looked yet"),
    (rules.State.ASKED.value, "holders asked, plays on"),
    (rules.State.ACTING.value, "blocked while it is looked into"),
    (rules.State.UPHELD.value, "upheld: stays blocked"),
    (rules.State.REJECTED.value, "rejected"),
    (rules.State.WITHDRAWN.value, "withdrawn by its claimant"),
]
_GROUNDS = [
    (rules.Ground.RECORDING.value, "my recording"),
    (rules.Ground.COMPOSITION.value, "my composition"),
    (rules.Ground.LIKENESS.value, "my performance or voice"),
    (rules.Ground.OTHER.value, "another right"),
]
_OVER = Q(decided_at__isnull=False) & ~Q(decided_by="")


class Takedown(models.Model):
    """One notice: what it is about, on which ground, what was said, by when, and the decision.

    `decide_by` is the day the claimant was told; `answer_until` what the holders were told.
    `reasons` are told to both sides. `hold` blocks while it is looked into, and after if upheld.

    Personal data: the claimant's name, mail address and words, erased three years after the end
    (`forgotten_at`); which login decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=12, unique=True)
    target_kind = models.CharField(max_length=10, choices=Hold.TargetKind.choices)
    target_ref = models.CharField(max_length=100)
    ground = models.CharField(max_length=12, choices=_GROUNDS)
    claimant_name = models.CharField(max_length=rules.LONGEST_NAME, blank=True)
    claimant_mail = models.CharField(max_length=254, blank=True)
    statement = models.TextField(blank=True)
    good_faith = models.BooleanField()
    state = models.CharField(max_length=10, choices=_STATES, default=rules.State.RECEIVED.value)
    received_at = models.DateTimeField()
    decide_by = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    answer_until = models.DateTimeField(null=True, blank=True)
    hold = models.OneToOneField(
        Hold, models.PROTECT, null=True, blank=True, related_name="takedown"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=100, blank=True, default="")
    reasons = models.TextField(blank=True, default="")
    forgotten_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(good_faith=True), name="takedown_declared_in_good_faith"
            ),
            models.CheckConstraint(
                condition=Q(decide_by__gt=F("received_at")), name="takedown_due_after_received"
            ),
            models.CheckConstraint(
                condition=(Q(forgotten_at__isnull=True) & ~Q(claimant_name="") & ~Q(statement=""))
                & ~Q(claimant_mail="")
                | Q(forgotten_at__isnull=False, claimant_name="", claimant_mail="", statement=""),
                name="takedown_says_who_and_what",
            ),
            models.CheckConstraint(
                condition=Q(asked_at__isnull=True, answer_until__isnull=True)
                | Q(answer_until__gt=F("asked_at")),
                name="takedown_asked_until_a_day",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="RECEIVED",
                    asked_at__isnull=True,
                    hold__isnull=True,
                    decided_at__isnull=True,
                )
                | Q(
                    state="ASKED",
                    asked_at__isnull=False,
                    hold__isnull=True,
                    decided_at__isnull=True,
                )
                | Q(
                    state="ACTING",
                    asked_at__isnull=False,
                    hold__isnull=False,
                    decided_at__isnull=True,
                )
                | (
                    Q(state="UPHELD", asked_at__isnull=False, hold__isnull=False)
                    & _OVER
                    & ~Q(reasons="")
                )
                | (Q(state="REJECTED") & _OVER & ~Q(reasons=""))
                | (Q(state="WITHDRAWN") & _OVER),
                name="takedown_stands_where_it_is",
            ),
        ]
        indexes = [
            models.Index(
                fields=["decide_by"],
                condition=Q(decided_at__isnull=True),
                name="takedown_undecided",
            ),
            models.Index(fields=["target_kind", "target_ref"], name="takedown_target"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.get_ground_display()}"


class CounterStatement(models.Model):
    """What one holder answered to a notice, once; append-only.

    Personal data: which login answered, and whatever the answer says.
    """

    takedown = models.ForeignKey(Takedown, models.PROTECT, related_name="answers")
    party = models.ForeignKey(Party, models.PROTECT, related_name="counter_statements")
    statement = models.TextField()
    answered_by = models.CharField(max_length=100)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["takedown", "party"], name="counter_statement_once"),
            models.CheckConstraint(condition=~Q(statement=""), name="counter_statement_says_it"),
        ]

    def __str__(self) -> str:
        return f"answered at {self.answered_at:%Y-%m-%d}"


class Appeal(models.Model):
    """A holder's wish that somebody else looks at an upheld notice again, and what came of it.

    One for a notice. `outcome`: the decision stands, or it is changed and the hold is gone.

    Personal data: which login asked and which decided, and whatever the words say.
    """

    class Outcome(models.TextChoices):
        OPEN = "OPEN", "waits for somebody else than who decided"
        STANDS = "STANDS", "the decision stands"
        CHANGED = "CHANGED", "changed: it plays again"

    takedown = models.OneToOneField(Takedown, models.PROTECT, related_name="appeal")
    party = models.ForeignKey(Party, models.PROTECT, related_name="appeals")
    statement = models.TextField()
    asked_by = models.CharField(max_length=100)
    asked_at = models.DateTimeField()
    decide_by = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.OPEN)
    reasons = models.TextField(blank=True, default="")
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(statement=""), name="appeal_says_why"),
            models.CheckConstraint(
                condition=Q(outcome="OPEN", decided_at__isnull=True, decided_by="", reasons="")
                | (Q(outcome__in=["STANDS", "CHANGED"]) & _OVER & ~Q(reasons="")),
                name="appeal_decided_with_reasons",
            ),
        ]

    def __str__(self) -> str:
        return f"look again at {self.takedown}"
