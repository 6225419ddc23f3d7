"""Partners' invoices with their lines, and the counter that numbers them.

It refuses to know who listened. Invariants, kept by the database: a payer has one standing invoice
per month, a number is given once and only to what was issued, lines and rounding make the net, and
who says that an invoice was paid is not who confirms it.
"""

import uuid

from django.db import models
from django.db.models import F, Q

from licensing.invoicing.rules import DRAFT, DROPPED, ISSUED, PAID, STANDING, STATES, VOIDED
from licensing.ledger.models import JournalEntry
from licensing.receipts.models import Receipt, UsageAgreement


class InvoiceCounter(models.Model):
    """The last number given in a year; whoever issues keeps it locked until they are done.

    Personal data: none.
    """

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Invoice(models.Model):
    """What a partner owes for what was used in a month (its first day, UTC).

    `claimed_by` says that it was paid and by which evidence; `settled_by` is who confirmed it, or
    the provider. Personal data: the references of the people at the desk.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(UsageAgreement, models.PROTECT, related_name="invoices")
    payer_kind = models.CharField(max_length=20)
    payer_ref = models.CharField(max_length=100)
    month = models.DateField()
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    tax_ppm = models.PositiveIntegerField()
    rounding_micros = models.BigIntegerField()
    net_micros = models.BigIntegerField()
    tax_micros = models.BigIntegerField()
    gross_micros = models.BigIntegerField()
    state = models.CharField(max_length=8, default=DRAFT)
    drafted_at = models.DateTimeField()
    number = models.CharField(max_length=20, null=True, blank=True, unique=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.CharField(max_length=100, blank=True, default="")
    due_on = models.DateField(null=True, blank=True)
    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="invoice"
    )
    provider_id = models.CharField(max_length=100, blank=True, default="")
    pay_url = models.TextField(blank=True, default="")
    claimed_by = models.CharField(max_length=100, blank=True, default="")
    claimed_at = models.DateTimeField(null=True, blank=True)
    evidence = models.CharField(max_length=300, blank=True, default="")
    settled_by = models.CharField(max_length=100, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)
    receipt = models.OneToOneField(
        Receipt, models.PROTECT, null=True, blank=True, related_name="invoice"
    )
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=STATES, gross_micros=F("net_micros") + F("tax_micros"))
                & Q(net_micros__gt=0, tax_micros__gte=0, rounding_micros__lte=0, month__day=1),
                name="invoice_adds_up",
            ),
            models.UniqueConstraint(
                fields=["payer_kind", "payer_ref", "month"],
                condition=Q(state__in=STANDING),
                name="invoice_of_month_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[DRAFT, DROPPED], number__isnull=True, entry__isnull=True)
                | Q(
                    state__in=[ISSUED, PAID, VOIDED],
                    number__isnull=False,
                    entry__isnull=False,
                    due_on__isnull=False,
                ),
                name="invoice_issued_has_its_number",
            ),
            models.CheckConstraint(
                condition=~Q(state=PAID) | (Q(receipt__isnull=False) & ~Q(settled_by="")),
                name="invoice_paid_has_its_receipt",
            ),
            models.CheckConstraint(
                condition=Q(settled_by="") | ~Q(settled_by=F("claimed_by")),
                name="invoice_paid_has_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[VOIDED, DROPPED]) | ~Q(reason=""),
                name="invoice_undone_says_why",
            ),
            models.UniqueConstraint(
                fields=["provider_id"],
                condition=~Q(provider_id=""),
                name="invoice_at_provider_once",
            ),
        ]
        indexes = [
            models.Index(fields=["payer_kind", "payer_ref", "drafted_at"], name="invoice_of_payer")
        ]

    def __str__(self) -> str:
        return f"{self.number or 'draft'} of {self.month:%Y-%m}"


class InvoiceLine(models.Model):
    """So many plays or started minutes of one use, at one price. Personal data: none."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    use = models.CharField(max_length=20)
    unit = models.CharField(max_length=6)
    quantity = models.PositiveBigIntegerField()
    price_micros = models.BigIntegerField()
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "use", "unit", "price_micros"], name="invoice_line_once"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, amount_micros=F("quantity") * F("price_micros")),
                name="invoice_line_multiplies",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.use} {self.unit}"
