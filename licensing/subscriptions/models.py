"""Who subscribes to what, for how much, as the provider last had it.

It refuses to know cards, names and addresses: the provider has them. What was paid stands in
`receipts`. Invariant, kept by the database: a payer is one customer, an offer is never changed.
"""

import uuid

from django.db import models
from django.db.models import Q


class Offer(models.Model):
    """What a month of a product costs in a country ("" for all others) from a moment on, with tax.

    Personal data: none.
    """

    product = models.CharField(max_length=40)
    country = models.CharField(max_length=2, blank=True, default="")
    currency = models.CharField(max_length=3)
    price_minor = models.PositiveBigIntegerField()
    effective_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "country", "effective_from"], name="offer_once"
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="offer_costs_something"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.country or 'everywhere'}"


class Subscriber(models.Model):
    """A payer as the provider's customer, and the page that waits for their payment.

    `checkouts` counts those pages, so that two asked for at once are one. Personal data: the
    payer's reference, and their number at the provider.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    provider_id = models.CharField(max_length=100, unique=True)
    opened_at = models.DateTimeField()
    checkouts = models.PositiveIntegerField(default=0)
    checkout_id = models.CharField(max_length=100, blank=True, default="")
    checkout_url = models.TextField(blank=True, default="")
    checkout_until = models.DateTimeField(null=True, blank=True)
    checkout_country = models.CharField(max_length=2, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payer_kind", "payer_ref"], name="subscriber_once"),
            models.CheckConstraint(
                condition=~Q(payer_ref="") & ~Q(provider_id=""), name="subscriber_is_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payer_kind} {self.payer_ref}"


class Subscription(models.Model):
    """A subscription as the provider had it when we last looked; `status` is its word.

    Personal data: none beyond the payer's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, related_name="subscriptions")
    provider_id = models.CharField(max_length=100, unique=True)
    product = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    price_minor = models.PositiveBigIntegerField()
    status = models.CharField(max_length=30)
    until = models.DateTimeField()
    cancels_at_end = models.BooleanField(default=False)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.product}, {self.status}"
