"""What was wrong in a closed month, who said so, and what was done about it in the open one.

A closed month is never opened; a correction is an entry in the open month that names the lines it
corrects. Invariant, kept by the database: rows are only added, and a correction that moves money
between payees has two people under it.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.ledger.models import JournalEntry
from licensing.receipts.models import Receipt
from licensing.royalties.models import Period, Statement, StatementLine
from licensing.two_people import TwoPeople, four_eyes


class Reversal(models.Model):
    """What a refund or chargeback took back of one closed month, by the weights of that month; or,
    of a receipt that says what it wins back, what was given again along the first one's lines.

    Personal data: none beyond its receipt.
    """

    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="reversals")
    period = models.ForeignKey(Period, models.PROTECT, related_name="reversals")
    amount_micros = models.BigIntegerField()
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="reversal")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt", "period"], name="reversal_once"),
            models.CheckConstraint(
                condition=Q(amount_micros__gt=0), name="reversal_takes_something_back"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_micros} of {self.period}"


class ReversedIncome(models.Model):
    """Of what a refund took back, a payee's income of US source that was taxed or waited for it.

    `month` is the one that earned it. Personal data: a payee's income of one source.
    """

    reversal = models.ForeignKey(Reversal, models.PROTECT, related_name="us_income")
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    month = models.DateField()
    us_micros = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "reversed income"
        constraints = [
            models.UniqueConstraint(
                fields=["reversal", "payee_kind", "payee_ref", "month"],
                name="reversed_income_once",
            ),
            models.CheckConstraint(condition=Q(us_micros__gt=0), name="reversed_income_is_some"),
        ]

    def __str__(self) -> str:
        return f"{self.us_micros} of {self.payee_kind} {self.payee_ref}"


class Adjustment(models.Model):
    """A person's correction of lines of closed months, confirmed by another person.

    Personal data: the references of both, and why payees get more or less.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=100, unique=True)
    reason = models.CharField(max_length=300)
    proposed_by = models.CharField(max_length=100)
    confirmed_by = models.CharField(max_length=100)
    made_at = models.DateTimeField()
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="adjustment")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="")
                & ~Q(proposed_by="")
                & ~Q(confirmed_by="")
                & ~Q(confirmed_by=F("proposed_by")),
                name="adjustment_has_four_eyes",
            )
        ]

    def __str__(self) -> str:
        return self.reason


class AdjustedLine(models.Model):
    """How one line is corrected: more (positive) or less for its payee. Personal data: none."""

    adjustment = models.ForeignKey(Adjustment, models.PROTECT, related_name="lines")
    line = models.ForeignKey(
        StatementLine, models.PROTECT, related_name="adjustments", db_constraint=False
    )
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["adjustment", "line"], name="adjusted_line_once"),
            models.CheckConstraint(condition=~Q(amount_micros=0), name="adjusted_line_is_money"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_micros}"


class Proposal(TwoPeople):
    """A correction that one person asks for and another, with a second factor, carries out.

    ADJUST corrects the lines under it; RESTATE makes the next version of `statement`. Either is
    proposed at a statement. Decided once; `decision` says why one was dropped.
    Personal data: the references of both, and why payees get more or less.
    """

    class Kind(models.TextChoices):
        ADJUST = "ADJUST", "correct lines"
        RESTATE = "RESTATE", "restate the statement"

    class State(models.TextChoices):
        OPEN = "OPEN", "waits for a second person"
        CARRIED_OUT = "CARRIED_OUT", "carried out"
        DROPPED = "DROPPED", "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="proposals")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    decision = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        permissions = [
            ("decide_money", "may correct books, agree advances, decide disputes and reserves")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["statement"],
                condition=Q(kind="RESTATE", state="OPEN"),
                name="restatement_proposed_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["ADJUST", "RESTATE"]) & ~Q(reason="") & ~Q(proposed_by=""),
                name="proposal_is_sound",
            ),
            models.CheckConstraint(
                condition=four_eyes("CARRIED_OUT", why_dropped="decision"),
                name="proposal_has_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"


class ProposedLine(models.Model):
    """How a line is to be corrected: more (positive) or less for its payee. Personal data: none."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="lines")
    line = models.ForeignKey(
        StatementLine, models.PROTECT, related_name="proposed", db_constraint=False
    )
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "line"], name="proposed_line_once"),
            models.CheckConstraint(condition=~Q(amount_micros=0), name="proposed_line_is_money"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_micros}"
