"""What stands between what was earned and what is payable: advances, reserves, disputes, tax forms.

Amounts stand in the ledger; these rows say why they are there and who decided it. It refuses to
know plays and statements. Invariants, kept by the database: a decision is made once, and by a
second person where money leaves us or changes hands; what a row began with never changes.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.catalog.models import Party, Recording, SplitSheet, Stem
from licensing.deductions.rules.taxes import ACCEPTED, FORMS, PENDING, REJECTED
from licensing.ledger.models import JournalEntry
from licensing.money import amount_text

PAYEE_KINDS = ("party", "society")
RIGHTS = ("", "MASTER", "PUBLISHING")


class Advance(models.Model):
    """Money paid to a payee ahead of earnings, under one agreement, and what recoups it.

    No `recordings` means all, no `right` both; `is_crossed`: earnings covered by other crossed
    agreements of the payee recoup it too. Personal data: which payee had what advance.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()
    agreement = models.CharField(max_length=100, unique=True)
    recoup_ppm = models.PositiveIntegerField()
    right = models.CharField(max_length=10, blank=True, default="")
    is_crossed = models.BooleanField(default=False)
    agreed_by = models.CharField(max_length=100)
    agreed_at = models.DateTimeField()
    paid_by = models.CharField(max_length=100, blank=True, default="")
    paid_at = models.DateTimeField(null=True, blank=True)
    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="advance"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_micros__gt=0, recoup_ppm__gt=0, recoup_ppm__lte=1_000_000)
                & Q(payee_kind__in=PAYEE_KINDS, right__in=RIGHTS)
                & ~Q(agreement="")
                & ~Q(agreed_by=""),
                name="advance_is_sound",
            ),
            models.CheckConstraint(
                condition=Q(paid_at__isnull=True, paid_by="", entry__isnull=True)
                | (
                    Q(paid_at__isnull=False, entry__isnull=False)
                    & ~Q(paid_by="")
                    & ~Q(paid_by=F("agreed_by"))
                ),
                name="advance_is_paid_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement}: {amount_text(self.amount_micros)} {self.currency}"


class AdvanceRecording(models.Model):
    """A recording whose earnings recoup an advance. Personal data: none."""

    advance = models.ForeignKey(Advance, models.PROTECT, related_name="recordings")
    recording = models.ForeignKey(Recording, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["advance", "recording"], name="advance_recording_once")
        ]

    def __str__(self) -> str:
        return f"{self.advance_id} {self.recording_id}"


class ReserveRule(models.Model):
    """So much of the earnings of a payee, of a recording, or of both, waits for so many days.

    Personal data: whose earnings wait and why, and who decided it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payee_kind = models.CharField(max_length=20, blank=True, default="")
    payee_ref = models.CharField(max_length=120, blank=True, default="")
    recording = models.ForeignKey(
        Recording, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ppm = models.PositiveIntegerField()
    days = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    placed_by = models.CharField(max_length=100)
    placed_at = models.DateTimeField()
    ended_by = models.CharField(max_length=100, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(~Q(payee_ref="") & Q(payee_kind__in=PAYEE_KINDS))
                | Q(payee_ref="", payee_kind="", recording__isnull=False),
                name="reserve_rule_is_about_something",
            ),
            models.CheckConstraint(
                condition=Q(ppm__gt=0, ppm__lte=1_000_000, days__gt=0)
                & ~Q(reason="")
                & ~Q(placed_by=""),
                name="reserve_rule_is_sound",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="reserve_rule_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ppm} ppm for {self.days} days"


class Reserve(models.Model):
    """An amount that waits on a payee's reserve account, until a day or a decision.

    `why` RULE: set aside at a close; DECISION: by a person; TAX_FORM: income of US source without a
    form in force, which ends with the form. `month` is the one that earned it, NULL where that is
    no one month. Personal data: whose money waits and why.
    """

    class Why(models.TextChoices):
        RULE = "RULE", "set aside at a close"
        DECISION = "DECISION", "held by a person"
        TAX_FORM = "TAX_FORM", "waits for a tax form"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    why = models.CharField(max_length=10, choices=Why.choices)
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()
    us_micros = models.BigIntegerField(default=0)
    month = models.DateField(null=True, blank=True)
    rule = models.ForeignKey(
        ReserveRule, models.PROTECT, null=True, blank=True, related_name="reserves"
    )
    reason = models.CharField(max_length=300)
    placed_by = models.CharField(max_length=100)
    placed_at = models.DateTimeField()
    release_at = models.DateTimeField(null=True, blank=True)
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="reserve")
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=100, blank=True, default="")
    release_entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="released_reserve"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_micros__gt=0, us_micros__gte=0)
                & Q(us_micros__lte=F("amount_micros"))
                & ~Q(reason=""),
                name="reserve_is_sound",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by="", release_entry__isnull=True)
                | (Q(released_at__isnull=False, release_entry__isnull=False) & ~Q(released_by="")),
                name="reserve_released_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["release_at"], condition=Q(released_at__isnull=True), name="reserve_waits"
            )
        ]

    def __str__(self) -> str:
        amount = f"{amount_text(self.amount_micros)} {self.currency}"
        return f"{amount} of {self.payee_kind} {self.payee_ref}"


class Dispute(models.Model):
    """A contested share: of a sheet's party, a stem, a recording or a source of one record.

    After `expires_at` nothing happens by itself; it is overdue and a decision is asked for. A
    decision is proposed by one person and confirmed by another. Personal data: who contests what.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sheet = models.ForeignKey(SplitSheet, models.PROTECT, null=True, blank=True, related_name="+")
    party = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="+")
    stem = models.ForeignKey(Stem, models.PROTECT, null=True, blank=True, related_name="+")
    recording = models.ForeignKey(
        Recording, models.PROTECT, null=True, blank=True, related_name="+"
    )
    record_ref = models.CharField(max_length=36, blank=True, default="")
    right = models.CharField(max_length=10, blank=True, default="")
    contested_ppm = models.PositiveIntegerField(default=1_000_000)
    claimant = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)
    opened_by = models.CharField(max_length=100)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decision = models.CharField(max_length=300, blank=True, default="")
    proposed_by = models.CharField(max_length=100, blank=True, default="")
    proposed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sheet__isnull=False, party__isnull=False)
                | Q(stem__isnull=False)
                | Q(recording__isnull=False),
                name="dispute_is_about_a_share",
            ),
            models.CheckConstraint(
                condition=Q(contested_ppm__gt=0, contested_ppm__lte=1_000_000, right__in=RIGHTS)
                & Q(opened_at__lt=F("expires_at"))
                & ~Q(claimant="")
                & ~Q(reason="")
                & ~Q(opened_by=""),
                name="dispute_is_sound",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by="")
                | (
                    Q(decided_at__isnull=False, proposed_at__isnull=False)
                    & ~Q(decision="")
                    & ~Q(decided_by="")
                    & ~Q(proposed_by="")
                    & ~Q(decided_by=F("proposed_by"))
                ),
                name="dispute_is_decided_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claimant}: {self.reason}"


class Award(models.Model):
    """How much of what a dispute holds a payee gets, as proposed and then decided.

    The awards of a dispute are all of it together, or there are none: then it goes back to those
    who earned it. A later proposal replaces them; once decided they stand.
    Personal data: to whom contested money was given.
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="awards")
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    share_ppm = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "payee_kind", "payee_ref"], name="award_once_a_payee"
            ),
            models.CheckConstraint(
                condition=Q(share_ppm__gt=0, share_ppm__lte=1_000_000, payee_kind__in=PAYEE_KINDS),
                name="award_is_sound",
            ),
        ]
        indexes = [models.Index(fields=["payee_kind", "payee_ref"], name="award_of_payee")]

    def __str__(self) -> str:
        return f"{self.share_ppm} ppm to {self.payee_kind} {self.payee_ref}"


class ContestedLine(models.Model):
    """What a dispute holds of one line of one month, on the dispute's suspense account.

    Only added to: a further row with a negative amount says what left it again.
    Personal data: whose earnings are contested.
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="lines")
    month = models.DateField()
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    record_ref = models.CharField(max_length=36)
    stem = models.ForeignKey(Stem, models.PROTECT, related_name="+")
    right = models.CharField(max_length=10)
    sheet = models.ForeignKey(SplitSheet, models.PROTECT, null=True, blank=True, related_name="+")
    party = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="+")
    amount_micros = models.BigIntegerField()
    us_micros = models.BigIntegerField(default=0)
    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="contested_lines")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount_micros=0) & Q(month__day=1), name="contested_line_is_money"
            )
        ]
        indexes = [models.Index(fields=["dispute", "stem"], name="contested_line_of_dispute")]

    def __str__(self) -> str:
        return f"{amount_text(self.amount_micros)} {self.currency}"


class TaxProfile(models.Model):
    """A payee's tax form, as signed, and what a person decided of it; the newest accepted counts.

    It holds no tax number: the form itself stays with whoever collects it (`form_ref`).
    Personal data: which form a payee signed and when, and the treaty rate claimed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    form = models.CharField(max_length=10)
    form_ref = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    treaty_ppm = models.PositiveIntegerField(null=True, blank=True)
    signed_at = models.DateTimeField()
    expires_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, default=PENDING)
    reviewed_by = models.CharField(max_length=100, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(form__in=FORMS, status__in=[PENDING, ACCEPTED, REJECTED])
                & Q(payee_kind__in=PAYEE_KINDS)
                & (Q(treaty_ppm__isnull=True) | Q(treaty_ppm__lte=300_000))
                & (Q(form="W-9", expires_on__isnull=True) | Q(expires_on__isnull=False)),
                name="tax_profile_is_sound",
            ),
            models.CheckConstraint(
                condition=Q(status=PENDING, reviewed_at__isnull=True, reviewed_by="")
                | (~Q(status=PENDING) & Q(reviewed_at__isnull=False) & ~Q(reviewed_by="")),
                name="tax_profile_reviewed_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["payee_kind", "payee_ref"], name="tax_profile_of_payee")]

    def __str__(self) -> str:
        return f"{self.form} of {self.payee_kind} {self.payee_ref}"


class Withheld(models.Model):
    """Tax kept back from income of US source, for the yearly report to the payee and the state.

    A row below zero says what was given back of the row it `corrects`, because that income went
    back; all rows together are what was earned and kept. `month` is the one that earned it, NULL
    where that is no one month. Personal data: a payee's income of one source and the tax on it.
    """

    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    us_micros = models.BigIntegerField()
    rate_ppm = models.PositiveIntegerField()
    amount_micros = models.BigIntegerField()
    profile = models.ForeignKey(TaxProfile, models.PROTECT, related_name="withheld")
    month = models.DateField(null=True, blank=True)
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="given_back"
    )
    at = models.DateTimeField()
    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="withheld"
    )

    class Meta:
        verbose_name_plural = "withheld"
        constraints = [
            models.CheckConstraint(
                condition=Q(corrects__isnull=True, us_micros__gt=0, amount_micros__gte=0)
                & Q(amount_micros__lte=F("us_micros"))
                | Q(corrects__isnull=False, us_micros__lt=0, amount_micros__lte=0)
                & Q(amount_micros__gte=F("us_micros")),
                name="withheld_is_part_of_income",
            )
        ]

    def __str__(self) -> str:
        return f"{amount_text(self.amount_micros)} of {amount_text(self.us_micros)} {self.currency}"
