"""Which checkpoints serve, from when on and by whose word; and how long each stage took.

It refuses to know weights and plans: a checkpoint is a digest. Invariants, kept by the database:
routes of a net are numbered without a fork and never change; the spans of one fill exactly a
thousand places.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from generation.serving.rules import Route, Span


class NetRoute(models.Model):
    """Over which checkpoints the keys of one net are spread, until the next row; append-only.

    `digests[n]` serves the next `places[n]` of a thousand places. `restores`: the number of the
    route that a roll-back laid again, 0 for what serves without any route. Personal data: the
    reference of the login that decided; it is kept with the log of facts.
    """

    net = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    digests = ArrayField(models.CharField(max_length=64))
    places = ArrayField(models.PositiveSmallIntegerField())
    restores = models.PositiveIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    actor_kind = models.CharField(max_length=20)
    actor_ref = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        permissions = [("route_nets", "may say which checkpoints of nets serve")]
        ordering = ["net", "number"]
        constraints = [
            models.UniqueConstraint(fields=["net", "number"], name="route_number_once"),
            models.CheckConstraint(
                condition=Q(digests__len__gt=0, places__len=F("digests__len")),
                name="route_span_has_places",
            ),
            models.CheckConstraint(
                condition=Q(restores__isnull=True) | Q(restores__lt=F("number")),
                name="route_restores_an_earlier",
            ),
            models.CheckConstraint(
                condition=Q(number__gt=0) & ~Q(reason=""), name="route_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.net} {self.number}"

    @property
    def route(self) -> Route:
        """The spans as a value."""
        return tuple(Span(*one) for one in zip(self.digests, self.places, strict=True))


class StageTime(models.Model):
    """How long one stage took once in one worker; kept for a week.

    `digest`: of the net's weights, empty where no net runs. `batch`: requests answered together.
    `at`: when it ended. Personal data: none.
    """

    stage = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, default="", blank=True)
    duration_ms = models.FloatField()
    batch = models.PositiveIntegerField(default=1)
    worker = models.CharField(max_length=120)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(duration_ms__gte=0, batch__gt=0), name="stage_time_is_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.duration_ms:.1f} ms"
