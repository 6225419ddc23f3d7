"""Statements and their frozen lines: what a payee was owed before a month, for it, and after it.

Invariants, kept by the database: the closing balance is the opening balance plus the lines; what a
close has written is never changed; a restated statement is a further version that says why.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.attribution.models import LicenceRecord
from licensing.catalog.models import Party, SplitSheet, Stem
from licensing.ledger.models import Posting
from licensing.royalties.pool_models import Model


class Statement(models.Model):
    """What one payee was owed before a month, for the month, and after it, in one currency.

    `moved_micros` of the lines are what moved on the payee's account beside what the month earned:
    deductions, payouts, corrections. `other_model_micros` is what the other model would have paid
    for the same plays. A restated version names the one it supersedes and why. `batch` says where
    its lines lie. Personal data: the payee's name and earnings.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.ForeignKey("royalties.Period", models.PROTECT, related_name="statements")
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
    batch = models.BigIntegerField(default=0, db_default=0, editable=False)

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


PAID, UNPAID = ["EARNING", "ADJUSTMENT"], ["SELF", "UNFUNDED", "HELD", "UPHELD", "LATE"]
"""Kinds of lines that plays make; all others are what moved beside."""


class StatementLine(models.Model):
    """Step 3 of a close: one share of one right of one source of one variation, frozen.

    Titles are as they were at the close. A line of plays that accrue nothing has a kind of its own
    and amount zero. Whatever else moved on the payee's account in the month is a line by its type,
    with the `posting` behind it; a correction names the line it `corrects`. What a line names is
    looked up once per statement, not per row; none of it can ever be deleted. `other_micros`: what
    the same plays would have given by the other model, NULL where no plays made the line. Its key
    is the statement's with the position in the last twelve digits. Lines of a large `batch` lie in
    a partition of their own, all others in that of batch 0.
    Personal data: what a person earned with what.
    """

    class Kind(models.TextChoices):
        EARNING = "EARNING", "earned in the month"
        ADJUSTMENT = "ADJUSTMENT", "of an earlier month, received after its close"
        SELF = "SELF", "own plays, which accrue nothing"
        UNFUNDED = "UNFUNDED", "plays that no receipt covers"
        HELD = "HELD", "plays that look odd, until a person decides"
        UPHELD = "UPHELD", "plays that looked odd, and a person upheld it"
        LATE = "LATE", "plays that came when the money of their month was divided"
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
    statement = models.ForeignKey(
        Statement, models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    variation_sum = models.ForeignKey(
        "royalties.VariationSum",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lines",
        db_constraint=False,
        db_index=False,
    )
    record = models.ForeignKey(
        LicenceRecord,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="statement_lines",
        db_constraint=False,
        db_index=False,
    )
    posting = models.ForeignKey(
        Posting,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="statement_lines",
        db_constraint=False,
        db_index=False,
    )
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="corrections",
        db_constraint=False,
        db_index=False,
    )
    note = models.CharField(max_length=300, blank=True, default="")
    played_month = models.DateField()
    stem = models.ForeignKey(
        Stem,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="statement_lines",
        db_constraint=False,
        db_index=False,
    )
    right = models.CharField(max_length=10, blank=True, default="")
    sheet = models.ForeignKey(
        SplitSheet,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="statement_lines",
        db_constraint=False,
        db_index=False,
    )
    party = models.ForeignKey(
        Party,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="statement_lines",
        db_constraint=False,
        db_index=False,
    )
    recording_title = models.CharField(max_length=200, blank=True, default="")
    stem_label = models.CharField(max_length=200, blank=True, default="")
    plays = models.BigIntegerField()
    source_ppm = models.PositiveIntegerField(default=0)
    share_ppm = models.PositiveIntegerField(default=0)
    source_micros = models.BigIntegerField(default=0)
    right_micros = models.BigIntegerField(default=0)
    amount_micros = models.BigIntegerField(default=0)
    other_micros = models.BigIntegerField(null=True, blank=True)
    batch = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "position", "batch"], name="statement_line_position_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=PAID, variation_sum__isnull=False, record__isnull=False)
                | Q(kind__in=UNPAID, variation_sum__isnull=True, amount_micros=0)
                | (~Q(kind__in=PAID + UNPAID) & Q(posting__isnull=False)),
                name="statement_line_has_its_sum",
            ),
        ]
        indexes = [
            models.Index(fields=["record"], name="statement_line_of_record"),
            models.Index(
                fields=["corrects"],
                condition=Q(corrects__isnull=False),
                name="statement_line_corrected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.recording_title} {self.amount_micros}"
