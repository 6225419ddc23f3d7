"""Plays that looked odd, who decided about them, and the pools that wait for such a decision.

Nothing here is deleted: a decision stands beside what was found. Invariants, kept by the database:
one open question per listener, record and month; a decision has a person, a moment and a reason.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from licensing.attribution.models import LicenceRecord


class Anomaly(models.Model):
    """One listener's odd plays of one record in one month; `reasons` are codes of the rules.

    `plays` is how many were held in all. Personal data: who heard what how often, by reference.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "a person decides"
        RELEASED = "RELEASED", "its plays count"
        UPHELD = "UPHELD", "its plays accrue nothing"

    month = models.DateField()
    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="anomalies")
    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    score_ppm = models.PositiveIntegerField()
    reasons = ArrayField(models.CharField(max_length=12))
    plays = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decision = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name_plural = "anomalies"
        constraints = [
            models.UniqueConstraint(
                fields=["month", "listener_kind", "listener_ref", "record"],
                condition=Q(state="OPEN"),
                name="anomaly_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state="OPEN", decided_at__isnull=True, decided_by="", decision="")
                | (
                    ~Q(state="OPEN")
                    & Q(decided_at__isnull=False)
                    & ~Q(decided_by="")
                    & ~Q(decision="")
                ),
                name="anomaly_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(score_ppm__lte=1_000_000), name="anomaly_score_up_to_one"
            ),
        ]
        indexes = [
            models.Index(
                fields=["month", "listener_kind", "listener_ref", "record"],
                name="anomaly_of_listener",
            )
        ]

    def __str__(self) -> str:
        return f"{self.plays} plays of {self.month:%Y-%m}"


class HeldPool(models.Model):
    """What of a payer's pool a close kept for plays that were held: their part, by their number.

    `rate_micros`: the price at which those plays were billed, 0 for none. `us_micros` of it are of
    United States source. Amounts are what still waits; with each decision a part leaves it.
    Personal data: a payer's reference.
    """

    period = models.ForeignKey("royalties.Period", models.PROTECT, related_name="held_pools")
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    rate_micros = models.BigIntegerField(db_default=0, default=0)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()
    us_micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "payer_kind", "payer_ref", "rate_micros", "currency"],
                name="held_pool_once",
            ),
            models.CheckConstraint(
                condition=Q(amount_micros__gte=0), name="held_pool_not_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_micros} {self.currency}"


class HeldPart(models.Model):
    """A part of a held pool that a decision let go, and where it went.

    `joins_month`: the open month in which it is divided: where `is_own` over the released plays of
    the pool's month alone, else with what the payer paid for that month. NULL: it was given along
    the lines of the payer's other plays of the pool's month. A refund lowers what joined a month.
    Personal data: none beyond its pool.
    """

    pool = models.ForeignKey(HeldPool, models.PROTECT, related_name="parts")
    anomaly = models.ForeignKey(
        Anomaly, models.PROTECT, null=True, blank=True, related_name="held_parts"
    )
    amount_micros = models.BigIntegerField()
    us_micros = models.BigIntegerField(default=0)
    joins_month = models.DateField(null=True, blank=True)
    is_own = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_micros__gte=0), name="held_part_not_below_zero"
            ),
            models.CheckConstraint(
                condition=Q(joins_month__isnull=False) | Q(is_own=False),
                name="held_part_of_its_own_joins_a_month",
            ),
        ]
        indexes = [
            models.Index(
                fields=["joins_month"],
                condition=Q(joins_month__isnull=False),
                name="held_part_joins",
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount_micros} of {self.pool}"
