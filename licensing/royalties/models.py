"""What was played and who is owed for it: tokens, plays, usages, periods, statements.

It refuses to know listeners beyond a reference, and rows of the faces. Invariants, kept by the
database: a token makes one usage at most, a started minute of a live session one alone; a month is
closed once; a statement's closing balance is its opening balance plus its lines; what a close has
written is never changed.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from licensing.attribution.models import LicenceRecord
from licensing.ledger.models import JournalEntry
from licensing.royalties.anomaly_models import Anomaly, HeldPart, HeldPool
from licensing.royalties.card_models import ProposedCard
from licensing.royalties.pool_models import Model
from licensing.royalties.retired_models import RetiredAllocation, RetiredMonth
from licensing.royalties.statement_models import PAID, UNPAID, Statement, StatementLine
from licensing.royalties.waterfall_models import MonthPool, MonthReceipts

__all__ = [
    "PAID",
    "UNPAID",
    "Anomaly",
    "HeldPart",
    "HeldPool",
    "ListenerAllocation",
    "Model",
    "MonthPool",
    "MonthReceipts",
    "Payer",
    "PayerPool",
    "Period",
    "Play",
    "PlaybackToken",
    "ProposedCard",
    "RateCard",
    "RetiredAllocation",
    "RetiredMonth",
    "Statement",
    "StatementLine",
    "Usage",
    "VariationSum",
]


class RateCard(models.Model):
    """How a product's money is divided from a moment on: the model, and master against publishing.

    Personal data: none.
    """

    product = models.CharField(max_length=40)
    effective_from = models.DateTimeField()
    model = models.CharField(max_length=20, choices=Model.choices, default=Model.USER_CENTRIC)
    master_ppm = models.PositiveIntegerField(default=500_000)
    publishing_ppm = models.PositiveIntegerField(default=500_000)
    currency = models.CharField(max_length=3, default="EUR")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "effective_from"], name="rate_card_once"),
            models.CheckConstraint(
                condition=Q(publishing_ppm=1_000_000 - F("master_ppm")),
                name="rate_card_divides_the_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} from {self.effective_from:%Y-%m-%d}"


class PlaybackToken(models.Model):
    """Leave to play one subject, given to one listener; its signed text is what a player holds.

    Positions are in milliseconds of the subject. Personal data: who was given leave to hear what.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="tokens")
    subject_kind = models.CharField(max_length=20)
    subject_ref = models.CharField(max_length=100)
    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    listener_parties = models.JSONField(default=list, blank=True)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    client_key = models.CharField(max_length=100)
    duration_ms = models.PositiveBigIntegerField()
    is_preview = models.BooleanField(default=False)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    fetched_ms = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(issued_at__lt=F("expires_at")), name="token_lasts_some_time"
            ),
            models.CheckConstraint(
                condition=Q(fetched_ms__lte=F("duration_ms")), name="token_within_its_subject"
            ),
        ]
        indexes = [
            models.Index(fields=["record"], name="token_of_record"),
            models.Index(
                fields=["listener_kind", "listener_ref", "expires_at"], name="token_of_listener"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_ref}"


class Play(models.Model):
    """One span of sound that a client says it played under a token, taken or refused.

    Personal data: when a listener heard what, through the token.
    """

    token = models.ForeignKey(PlaybackToken, models.PROTECT, related_name="plays")
    client_id = models.CharField(max_length=100)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField()
    received_at = models.DateTimeField()
    accepted = models.BooleanField()
    reason = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "client_id"], name="play_once"),
            models.CheckConstraint(
                condition=Q(accepted=True, reason="") | (Q(accepted=False) & ~Q(reason="")),
                name="play_refused_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_ms}..{self.until_ms} ms"


class Payer(models.Model):
    """Whoever was to pay for a play once, at one price where it was billed, by a number;
    append-only.

    Personal data: a payer's reference.
    """

    number = models.AutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=100)
    rate_micros = models.BigIntegerField(db_default=0, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ref", "kind", "rate_micros"], name="payer_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class Usage(models.Model):
    """A play that passed, or a started minute of a live session (`minute`, counted from 0).

    `payer_number` and `record_number` say in four bytes each who pays and what was played, for a
    close that counts millions; the database alone fills them in. `accrual_month` is the month whose
    close counts it, and by which the table is partitioned; what is unique within a month is held
    unique across months by a trigger. `rate_micros` is the price at which it was billed, once that
    was paid: which part of its payer's money it draws on; without one, on what is for no price.
    `anomaly` stays once a play was held. Personal data: who
    heard what and when, by reference.
    """

    class State(models.TextChoices):
        COUNTED = "COUNTED", "accrues"
        SELF = "SELF", "by a member of a party on its sheets: kept, accrues nothing"
        UNFUNDED = "UNFUNDED", "no receipt covers it: kept, accrues nothing"
        METERED = "METERED", "billed to its payer: accrues when the invoice is paid"
        PREVIEW = "PREVIEW", "of an artist's own preview: kept, accrues nothing"
        UNMATCHED = "UNMATCHED", "came more than 90 days late: a person decides"
        REJECTED = "REJECTED", "came so late, and a person took none of it: accrues nothing"
        HELD = "HELD", "looks odd: a person decides"
        UPHELD = "UPHELD", "looked odd, and a person upheld it: kept, accrues nothing"

    token = models.ForeignKey(PlaybackToken, models.PROTECT, related_name="usages", db_index=False)
    minute = models.PositiveIntegerField(null=True, blank=True)
    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="usages", db_index=False)
    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    payer_number = models.IntegerField(db_default=0, editable=False)
    record_number = models.IntegerField(db_default=0, editable=False)
    state = models.CharField(max_length=10, choices=State.choices)
    heard_ms = models.PositiveBigIntegerField()
    repeat_score = models.PositiveIntegerField(default=0)
    played_at = models.DateTimeField()
    received_at = models.DateTimeField()
    accrual_month = models.DateField()
    rate_micros = models.BigIntegerField(null=True, blank=True)
    anomaly = models.ForeignKey(
        Anomaly, models.PROTECT, null=True, blank=True, related_name="usages", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "minute", "accrual_month"],
                nulls_distinct=False,
                name="usage_once",
            ),
            models.UniqueConstraint(
                fields=["record", "minute", "accrual_month"],
                condition=Q(minute__isnull=False),
                name="usage_minute_once",
            ),
            models.CheckConstraint(
                condition=Q(played_at__lte=F("received_at")), name="usage_not_from_the_future"
            ),
            models.CheckConstraint(
                condition=Q(accrual_month__day=1), name="usage_month_is_a_first"
            ),
        ]
        indexes = [
            models.Index(fields=["accrual_month", "state"], name="usage_of_month"),
            models.Index(fields=["record", "played_at"], name="usage_of_record"),
            models.Index(
                fields=["listener_kind", "listener_ref", "record", "played_at"],
                name="usage_of_listener",
            ),
            models.Index(
                fields=["anomaly"],
                condition=Q(anomaly__isnull=False),
                name="usage_of_anomaly",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state.lower()} {self.played_at:%Y-%m-%d}"


class Period(models.Model):
    """A closed calendar month (its first day, UTC) with the rate card it was closed by.

    `last_minute` is the id of the newest sealed minute of a live session that this close saw: what
    is sealed later weighs nothing in it. `has_waterfall`: whether it wrote down where its money
    came from; those before statements told that did not. Personal data: none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    month = models.DateField(unique=True)
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="periods")
    closed_at = models.DateTimeField()
    last_minute = models.PositiveBigIntegerField(default=0)
    has_waterfall = models.BooleanField(db_default=False, default=False)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class PayerPool(models.Model):
    """A pool that one close divided, numbered within it, and how many plays it was divided over.

    `rate_micros`: the price at which those plays were billed, 0 for none. `of_month`: what of that
    closed month's pool had waited for a decision, over those of its plays that were released.
    `basis` OWN: a payer's pool over that payer's plays; FALLBACK: pools of payers who played
    nothing, over all plays; PRO_RATA: all pools over all plays. Personal data: a payer's reference.
    """

    period = models.ForeignKey(
        Period, models.PROTECT, related_name="pools", db_constraint=False, db_index=False
    )
    number = models.PositiveIntegerField()
    basis = models.CharField(max_length=10)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    rate_micros = models.BigIntegerField(db_default=0, default=0)
    of_month = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    pool_micros = models.BigIntegerField()
    plays = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["period", "number"], name="payer_pool_once")]
        indexes = [models.Index(fields=["payer_ref", "payer_kind"], name="payer_pool_of_payer")]

    def __str__(self) -> str:
        return f"{self.basis} {self.pool_micros}"


class VariationSum(models.Model):
    """Step 2 of a close: everything that all pools gave to one variation under one set of sheets.

    `us_micros` of it are of United States source, as the close withheld by; of sums closed before
    it was kept, 0. What it names is looked up once per statement, not per row; none of it can ever
    be deleted. Of all pools that gave to it: what came off their price (tax, fee, commission), what
    of it they `received`, what was `kept` for held plays, and what they divided, with what had
    waited; NULL where a close did not reckon it yet. Personal data: none.
    """

    period = models.ForeignKey(Period, models.PROTECT, related_name="sums", db_constraint=False)
    record = models.ForeignKey(
        LicenceRecord, models.PROTECT, related_name="sums", db_constraint=False
    )
    era_from = models.DateTimeField()
    currency = models.CharField(max_length=3)
    plays = models.BigIntegerField()
    amount_micros = models.BigIntegerField()
    us_micros = models.BigIntegerField(default=0, db_default=0)
    entry = models.ForeignKey(
        JournalEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="variation_sums",
        db_constraint=False,
    )
    tax_micros = models.BigIntegerField(null=True, blank=True)
    fee_micros = models.BigIntegerField(null=True, blank=True)
    commission_micros = models.BigIntegerField(null=True, blank=True)
    received_micros = models.BigIntegerField(null=True, blank=True)
    kept_micros = models.BigIntegerField(null=True, blank=True)
    pools_micros = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "record", "era_from", "currency"], name="variation_sum_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} {self.amount_micros} {self.currency}"


class ListenerAllocation(models.Model):
    """Step 1 of a close, kept as evidence: what each pool gave to one variation's sum.

    Three lists of one length: numbers of pools of the period, plays here, micro-units given. They
    go thirteen months after the close (`retiring`), and are made again out of the plays when asked.
    Personal data: none; a pool's number leads to its payer.
    """

    variation_sum = models.OneToOneField(
        VariationSum,
        models.PROTECT,
        primary_key=True,
        related_name="allocation",
        db_constraint=False,
    )
    pools = ArrayField(models.IntegerField())
    plays = ArrayField(models.IntegerField())
    amounts_micros = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"{len(self.pools)} pools"
