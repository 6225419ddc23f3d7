"""Where a closed month's money came from and where it went: sums that its close wrote down.

They know no payer: what was paid is summed by country, what became of it by who got it.
Invariants, kept by the database: rows are only ever added; what was paid is tax, fee, commission
and pool; what reached the pools is what left them.
"""

from django.db import models
from django.db.models import F, Q


class MonthReceipts(models.Model):
    """What was paid in one country for a month, and what came off before its pools.

    `kind` PAID: what listeners and partners paid, less what went back before the close; PROMOTION:
    what the house put in; GIVEN_BACK, below zero: what went back in the month of earlier months,
    which were closed, and was taken back from their payees, less what was won back of it.
    Personal data: none.
    """

    class Kind(models.TextChoices):
        PAID = "PAID", "paid"
        PROMOTION = "PROMOTION", "put in by the house"
        GIVEN_BACK = "GIVEN_BACK", "given back of closed months"

    period = models.ForeignKey("royalties.Period", models.PROTECT, related_name="receipts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2)
    paid_micros = models.BigIntegerField()
    tax_micros = models.BigIntegerField()
    fee_micros = models.BigIntegerField()
    commission_micros = models.BigIntegerField()
    pool_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "currency", "kind", "country"], name="month_receipts_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    paid_micros=F("tax_micros")
                    + F("fee_micros")
                    + F("commission_micros")
                    + F("pool_micros")
                ),
                name="month_receipts_sum_up",
            ),
        ]
        verbose_name_plural = "what was paid for it"

    def __str__(self) -> str:
        return f"{self.kind} {self.country} {self.paid_micros} {self.currency}"


class MonthPool(models.Model):
    """What became of all pools of a month in one currency.

    In: `received_micros` of its receipts, and `joined_micros` that earlier closes had left waiting.
    Out: to payees; to nobody who is known yet (no sheet, no seal); waiting because all plays of a
    payer are held; waiting because nobody played anything. Personal data: none.
    """

    period = models.ForeignKey("royalties.Period", models.PROTECT, related_name="month_pools")
    currency = models.CharField(max_length=3)
    received_micros = models.BigIntegerField()
    joined_micros = models.BigIntegerField()
    payees_micros = models.BigIntegerField()
    unallocated_micros = models.BigIntegerField()
    held_micros = models.BigIntegerField()
    unplayed_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "currency"], name="month_pool_once"),
            models.CheckConstraint(
                condition=Q(
                    payees_micros=F("received_micros")
                    + F("joined_micros")
                    - F("unallocated_micros")
                    - F("held_micros")
                    - F("unplayed_micros")
                ),
                name="month_pool_adds_up",
            ),
        ]
        verbose_name_plural = "what became of its pools"

    def __str__(self) -> str:
        return f"{self.received_micros + self.joined_micros} {self.currency}"
