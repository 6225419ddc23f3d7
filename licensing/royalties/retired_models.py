"""What is left of a close's first step when its lists were retired: digests and common pools.

Both tables are written by one function of the database, in the transaction that removes the lists,
and by nobody else. Invariant: a digest here is of lists that stood among the evidence and had been
made again out of the plays, equal to the byte.
"""

from django.db import models


class RetiredMonth(models.Model):
    """A closed month whose lists of evidence were removed, having been made again before.

    `sha256` is of the digests of its sums, in the order of the sums; it stands in the log of facts
    too. Personal data: none.
    """

    period = models.OneToOneField(
        "royalties.Period", models.PROTECT, primary_key=True, related_name="retired"
    )
    retired_at = models.DateTimeField()
    sum_count = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.sum_count} sums"


class RetiredAllocation(models.Model):
    """What is kept of one sum's lists: how many pools gave to it, and SHA-256 over the three lists
    as PostgreSQL sends them, pools, plays, amounts.

    Of the one pool that is nobody's alone (FALLBACK, PRO_RATA), where it gave something: the plays
    it was divided by and what it gave, because making these again takes everybody's plays.
    Personal data: none.
    """

    variation_sum = models.OneToOneField(
        "royalties.VariationSum",
        models.PROTECT,
        primary_key=True,
        related_name="retired",
        db_constraint=False,
    )
    pool_count = models.IntegerField()
    shared_plays = models.IntegerField(null=True, blank=True)
    shared_micros = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.pool_count} pools"
