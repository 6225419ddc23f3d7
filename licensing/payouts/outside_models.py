"""What was paid past the provider: a society's money, wired by hand, on a document.

Rows of `licensing/payouts/models.py`, apart for their length. Invariants, kept by the database: two
people stand under what was posted, the second with a fresh proof; it is decided once.
"""

import uuid

from django.db import models
from django.db.models import Q

from licensing.ledger.models import JournalEntry
from licensing.money import minor_text
from licensing.two_people import TwoPeople, four_eyes


class OutsidePayment(TwoPeople):
    """One payment to a society from the house's bank. `document`: the bank's or society's number.

    Personal data: the references of both people.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "waits for a second person"
        POSTED = "POSTED", "posted"
        DROPPED = "DROPPED", "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payee_kind = models.CharField(max_length=20, default="society")
    payee_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    document = models.CharField(max_length=100)
    paid_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    dropped_because = models.CharField(max_length=300, blank=True, default="")
    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="outside_payment"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payee_kind", "payee_ref", "document"],
                condition=~Q(state="DROPPED"),
                name="outside_payment_once",
            ),
            models.CheckConstraint(
                condition=Q(payee_kind="society", amount_minor__gt=0)
                & ~Q(payee_ref="")
                & ~Q(document="")
                & ~Q(proposed_by=""),
                name="outside_payment_is_sound",
            ),
            models.CheckConstraint(
                condition=four_eyes("POSTED", why_dropped="dropped_because"),
                name="outside_payment_has_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(state="POSTED", entry__isnull=False)
                | (~Q(state="POSTED") & Q(entry__isnull=True)),
                name="outside_payment_became_an_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{minor_text(self.amount_minor, self.currency)} {self.currency} to {self.payee_ref}"
