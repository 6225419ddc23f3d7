"""Money that came in, or went back to who paid; and the terms by which a price falls apart.

It refuses to know what was heard for it. Invariants, kept by the database: rows are only ever
added, and tax, fee, commission and pool sum to the amount.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.ledger.models import JournalEntry
from licensing.receipts.rules import GIVEN_BACK, KINDS, USAGE_UNITS, WON
from licensing.receipts.terms_models import ProposedTerms

__all__ = [
    "PoolPart",
    "ProductTerms",
    "ProposedTerms",
    "Receipt",
    "UsageAgreement",
    "UsagePrice",
]


class ProductTerms(models.Model):
    """What is taken from a product's price in a country ("" for all others) from a moment on.

    Personal data: none.
    """

    product = models.CharField(max_length=40)
    country = models.CharField(max_length=2, blank=True, default="")
    effective_from = models.DateTimeField()
    tax_ppm = models.PositiveIntegerField()
    commission_ppm = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "product terms"
        constraints = [
            models.UniqueConstraint(
                fields=["product", "country", "effective_from"], name="product_terms_once"
            ),
            models.CheckConstraint(
                condition=Q(commission_ppm__lte=1_000_000, tax_ppm__lte=1_000_000),
                name="product_terms_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.country or 'everywhere'}"


class Receipt(models.Model):
    """One amount that came in, for a half-open span of time, with its journal entry.

    A refund or chargeback is a row below zero that names the receipt it `corrects`; `ends_cover`
    says that with it everything was given back, so that nothing is covered from then on. A
    chargeback that was won is a row above zero that corrects the same receipt and says what it
    `wins` back; from then on the receipt covers again.
    Personal data: the payer's reference and what they paid.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=150, unique=True)
    content_sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=20)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    product = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()
    tax_micros = models.BigIntegerField()
    fee_micros = models.BigIntegerField()
    commission_micros = models.BigIntegerField()
    pool_micros = models.BigIntegerField()
    covers_from = models.DateTimeField()
    covers_until = models.DateTimeField()
    received_at = models.DateTimeField()
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="receipt")
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="given_back"
    )
    ends_cover = models.BooleanField(default=False)
    wins = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="won_by"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount_micros=F("tax_micros")
                    + F("fee_micros")
                    + F("commission_micros")
                    + F("pool_micros")
                ),
                name="receipt_parts_sum_up",
            ),
            models.CheckConstraint(
                condition=(
                    Q(amount_micros__gt=0, tax_micros__gte=0, fee_micros__gte=0)
                    & Q(commission_micros__gte=0, pool_micros__gte=0)
                    & Q(kind__in=KINDS, corrects__isnull=True, ends_cover=False)
                    & Q(wins__isnull=True)
                )
                | (
                    Q(amount_micros__gt=0, tax_micros__gte=0, fee_micros=0)
                    & Q(commission_micros__gte=0, pool_micros__gte=0, ends_cover=False)
                    & Q(kind=WON, corrects__isnull=False, wins__isnull=False)
                )
                | (
                    Q(amount_micros__lt=0, tax_micros__lte=0, fee_micros=0)
                    & Q(commission_micros__lte=0, pool_micros__lte=0)
                    & Q(kind__in=GIVEN_BACK, corrects__isnull=False, wins__isnull=True)
                ),
                name="receipt_is_money_in_or_back",
            ),
            models.CheckConstraint(
                condition=Q(covers_from__lt=F("covers_until")), name="receipt_covers_some_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["payer_kind", "payer_ref", "covers_until"], name="receipt_of_payer"
            ),
            models.Index(fields=["product", "country"], name="receipt_of_country"),
        ]

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.key}"


class UsageAgreement(models.Model):
    """That a payer is billed for what was used instead of paying ahead, from a moment on.

    The newest at a moment governs; one that `ends_it` says that nothing is billed any more. Prices
    are without tax. Personal data: the payer's reference (a company's).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    product = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    due_days = models.PositiveSmallIntegerField(default=30)
    billed_to = models.TextField(blank=True, default="")
    effective_from = models.DateTimeField()
    ends_it = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payer_kind", "payer_ref", "effective_from"], name="usage_agreement_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.payer_kind} {self.payer_ref} from {self.effective_from:%Y-%m-%d}"


class UsagePrice(models.Model):
    """What one play, or one started minute, of a use costs by an agreement; use "" is every other.

    Personal data: none.
    """

    agreement = models.ForeignKey(UsageAgreement, models.PROTECT, related_name="prices")
    use = models.CharField(max_length=20, blank=True, default="")
    unit = models.CharField(max_length=6)
    price_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "use", "unit"], name="usage_price_once"),
            models.CheckConstraint(
                condition=Q(unit__in=USAGE_UNITS, price_micros__gte=0), name="usage_price_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.use or 'every other use'}: {self.price_micros} per {self.unit.lower()}"


class PoolPart(models.Model):
    """What one receipt adds to the pool of one month (its first day, UTC), or takes from it.

    Of a month that was closed before, what a refund takes is reversed among the payees.
    `rate_micros`: the price of the plays that this part is for, where its payer was billed by use;
    0 for all that were billed at none. Personal data: none beyond its receipt.
    """

    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="pool_parts")
    month = models.DateField()
    amount_micros = models.BigIntegerField()
    rate_micros = models.BigIntegerField(db_default=0, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["receipt", "month", "rate_micros"], name="pool_part_once"
            ),
            models.CheckConstraint(
                condition=~Q(amount_micros=0) & Q(month__day=1, rate_micros__gte=0),
                name="pool_part_is_money",
            ),
        ]
        indexes = [models.Index(fields=["month"], name="pool_part_by_month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.amount_micros}"
