"""Terms of a product that somebody proposed; invariants as in `proposed`."""

from django.db import models
from django.db.models import Q

from licensing.receipts.proposed import Proposed


class ProposedTerms(Proposed):
    """The tax and commission that a country ("" for all others) is to have from a month on.

    `terms`: what it became. Personal data: the references of both people.
    """

    country = models.CharField(max_length=2, blank=True, default="")
    tax_ppm = models.PositiveIntegerField()
    commission_ppm = models.PositiveIntegerField()
    terms = models.OneToOneField(
        "receipts.ProductTerms", models.PROTECT, null=True, blank=True, related_name="proposal"
    )

    class Meta(Proposed.Meta):
        verbose_name_plural = "proposed terms"
        constraints = [
            *Proposed.Meta.constraints,
            models.UniqueConstraint(
                fields=["product", "country", "effective_from"],
                condition=Q(state="OPEN"),
                name="proposedterms_once",
            ),
            models.CheckConstraint(
                condition=Q(commission_ppm__lte=1_000_000, tax_ppm__lte=1_000_000),
                name="proposedterms_in_range",
            ),
            models.CheckConstraint(
                condition=Q(state="CARRIED_OUT", terms__isnull=False)
                | (~Q(state="CARRIED_OUT") & Q(terms__isnull=True)),
                name="proposedterms_became_terms",
            ),
        ]

    def __str__(self) -> str:
        where = self.country or "everywhere else"
        return f"{self.product}, {where}, from {self.effective_from:%Y-%m}"
