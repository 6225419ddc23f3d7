"""What was played and who is owed for it: tokens, plays, usages, periods, statements.

It refuses to know listeners beyond a reference, and rows of the faces. Invariants, kept by the
database: a token makes one usage at most, a started minute of a live session one alone; a month is
closed once; a statement's closing balance is its opening balance plus its lines; what a close has
written is never changed.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.attribution.models import LicenceRecord
from licensing.catalog.models import Party, SplitSheet, Stem
from licensing.ledger.models import JournalEntry, Posting


class Model(models.TextChoices):
    """How the pools of a month reach what was played in it."""

    USER_CENTRIC = "USER_CENTRIC", "each listener's money goes to what that listener played"
    PRO_RATA = "PRO_RATA", "all money in one pot, divided by plays"


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


class Usage(models.Model):
    """A play that passed, or a started minute of a live session (`minute`, counted from 0).

    `accrual_month` is the month whose close counts it.
    Personal data: who heard what and when, by reference.
    """

    class State(models.TextChoices):
        COUNTED = "COUNTED", "accrues"
        SELF = "SELF", "by a member of a party on its sheets: kept, accrues nothing"
        UNFUNDED = "UNFUNDED", "no receipt covers it: kept, accrues nothing"
        PREVIEW = "PREVIEW", "of an artist's own preview: kept, accrues nothing"
        UNMATCHED = "UNMATCHED", "came more than 90 days late: a person decides"

    token = models.ForeignKey(PlaybackToken, models.PROTECT, related_name="usages", db_index=False)
    minute = models.PositiveIntegerField(null=True, blank=True)
    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="usages")
    listener_kind = models.CharField(max_length=20)
    listener_ref = models.CharField(max_length=100)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices)
    heard_ms = models.PositiveBigIntegerField()
    repeat_score = models.PositiveIntegerField(default=0)
    played_at = models.DateTimeField()
    received_at = models.DateTimeField()
    accrual_month = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "minute"], nulls_distinct=False, name="usage_once"
            ),
            models.UniqueConstraint(
                fields=["record", "minute"],
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
            models.Index(
                fields=["accrual_month", "record"],
                condition=Q(minute__isnull=False),
                name="usage_of_live_month",
            ),
            models.Index(
                fields=["listener_kind", "listener_ref", "record", "played_at"],
                name="usage_of_listener",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.played_at:%Y-%m-%d}"


class Period(models.Model):
    """A closed calendar month (its first day, UTC) with the rate card it was closed by.

    `last_minute` is the id of the newest sealed minute of a live session that this close saw: what
    is sealed later weighs nothing in it. Personal data: none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    month = models.DateField(unique=True)
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="periods")
    closed_at = models.DateTimeField()
    last_minute = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ListenerAllocation(models.Model):
    """Step 1 of a close, kept as evidence: what one pool gave to one variation under one set of
    sheets (`era_from`: the moment these sheets hold from, inside the month of the plays).

    `basis` OWN: a payer's pool over that payer's plays; FALLBACK: pools of payers who played
    nothing, over all plays; PRO_RATA: all pools over all plays. Personal data: a payer's reference.
    """

    period = models.ForeignKey(Period, models.PROTECT, related_name="allocations")
    basis = models.CharField(max_length=10)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="allocations")
    era_from = models.DateTimeField()
    plays = models.BigIntegerField()
    plays_of_pool = models.BigIntegerField()
    pool_micros = models.BigIntegerField()
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "payer_kind", "payer_ref", "currency", "record", "era_from"],
                name="allocation_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["period", "record", "era_from", "currency"], name="allocation_of_sum"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.basis} {self.amount_micros}"


class VariationSum(models.Model):
    """Step 2 of a close: everything that all pools gave to one variation under one set of sheets.

    Personal data: none.
    """

    period = models.ForeignKey(Period, models.PROTECT, related_name="sums")
    record = models.ForeignKey(LicenceRecord, models.PROTECT, related_name="sums")
    era_from = models.DateTimeField()
    currency = models.CharField(max_length=3)
    plays = models.BigIntegerField()
    amount_micros = models.BigIntegerField()
    entry = models.ForeignKey(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="variation_sums"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "record", "era_from", "currency"], name="variation_sum_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} {self.amount_micros} {self.currency}"


class Statement(models.Model):
    """What one payee was owed before a month, for the month, and after it, in one currency.

    `moved_micros` of the lines are what moved on the payee's account beside what the month earned:
    deductions, payouts, corrections. `other_model_micros` is what the other model would have paid
    for the same plays. A restated version names the one it supersedes and why.
    Personal data: the payee's name and earnings.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.ForeignKey(Period, models.PROTECT, related_name="statements")
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    payee_name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    version = models.PositiveIntegerField(default=1)
    opening_micros = models.BigIntegerField()
    lines_micros = models.BigIntegerField()
    moved_micros = models.BigIntegerField(default=0)
    closing_micros = models.BigIntegerField()
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    reason = models.CharField(max_length=300, blank=True, default="")
    model = models.CharField(max_length=20, choices=Model.choices)
    other_model = models.CharField(max_length=20, choices=Model.choices)
    other_model_micros = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "payee_kind", "payee_ref", "currency", "version"],
                name="statement_once",
            ),
            models.CheckConstraint(
                condition=Q(closing_micros=F("opening_micros") + F("lines_micros")),
                name="statement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(version=1, supersedes__isnull=True, reason="")
                | (Q(version__gt=1, supersedes__isnull=False) & ~Q(reason="")),
                name="statement_restated_says_why",
            ),
        ]
        indexes = [models.Index(fields=["payee_kind", "payee_ref"], name="statement_of_payee")]

    def __str__(self) -> str:
        return f"{self.period} {self.currency} version {self.version}"


PAID, UNPAID = ["EARNING", "ADJUSTMENT"], ["SELF", "UNFUNDED"]
"""Kinds of lines that plays make; all others are what moved beside."""


class StatementLine(models.Model):
    """Step 3 of a close: one share of one right of one source of one variation, frozen.

    Titles are as they were at the close. A line of plays that accrue nothing has a kind of its own
    and amount zero. Whatever else moved on the payee's account in the month is a line by its type,
    with the `posting` behind it; a correction names the line it `corrects`.
    Personal data: what a person earned with what.
    """

    class Kind(models.TextChoices):
        EARNING = "EARNING", "earned in the month"
        ADJUSTMENT = "ADJUSTMENT", "of an earlier month, received after its close"
        SELF = "SELF", "own plays, which accrue nothing"
        UNFUNDED = "UNFUNDED", "plays that no receipt covers"
        DISPUTE = "DISPUTE", "contested, held until it is decided"
        DECISION = "DECISION", "a dispute was decided"
        RECOUPMENT = "RECOUPMENT", "recoups an advance"
        RESERVE = "RESERVE", "set aside, still the payee's"
        RELEASE = "RELEASE", "was set aside, payable again"
        WITHHOLDING = "WITHHOLDING", "tax kept back"
        CORRECTION = "CORRECTION", "corrects a line of a closed month"
        PAYOUT = "PAYOUT", "paid out"
        RETURNED = "RETURNED", "a payout that came back"
        EXCHANGE = "EXCHANGE", "converted for a payout"
        OTHER = "OTHER", "another entry of the books"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    variation_sum = models.ForeignKey(
        VariationSum, models.PROTECT, null=True, blank=True, related_name="lines"
    )
    record = models.ForeignKey(
        LicenceRecord, models.PROTECT, null=True, blank=True, related_name="statement_lines"
    )
    posting = models.ForeignKey(
        Posting, models.PROTECT, null=True, blank=True, related_name="statement_lines"
    )
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="corrections"
    )
    note = models.CharField(max_length=300, blank=True, default="")
    played_month = models.DateField()
    stem = models.ForeignKey(
        Stem, models.PROTECT, null=True, blank=True, related_name="statement_lines"
    )
    right = models.CharField(max_length=10, blank=True, default="")
    sheet = models.ForeignKey(
        SplitSheet, models.PROTECT, null=True, blank=True, related_name="statement_lines"
    )
    party = models.ForeignKey(
        Party, models.PROTECT, null=True, blank=True, related_name="statement_lines"
    )
    recording_title = models.CharField(max_length=200, blank=True, default="")
    stem_label = models.CharField(max_length=200, blank=True, default="")
    plays = models.BigIntegerField()
    source_ppm = models.PositiveIntegerField(default=0)
    share_ppm = models.PositiveIntegerField(default=0)
    source_micros = models.BigIntegerField(default=0)
    right_micros = models.BigIntegerField(default=0)
    amount_micros = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "position"], name="statement_line_position_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=PAID, variation_sum__isnull=False, record__isnull=False)
                | Q(kind__in=UNPAID, variation_sum__isnull=True, amount_micros=0)
                | (~Q(kind__in=PAID + UNPAID) & Q(posting__isnull=False)),
                name="statement_line_has_its_sum",
            ),
        ]
        indexes = [models.Index(fields=["record"], name="statement_line_of_record")]

    def __str__(self) -> str:
        return f"{self.kind} {self.recording_title} {self.amount_micros}"
