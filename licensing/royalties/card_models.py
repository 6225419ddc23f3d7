"""Rate cards that somebody proposed; invariants as in `licensing.receipts.proposed`."""

from django.db import models
from django.db.models import Q

from licensing.receipts.proposed import Proposed
from licensing.royalties.pool_models import Model


class ProposedCard(Proposed):
    """How a product's money is to be divided from a month on.

    `card`: what it became. Personal data: the references of both people.
    """

    model = models.CharField(max_length=20, choices=Model.choices)
    master_ppm = models.PositiveIntegerField()
    card = models.OneToOneField(
        "royalties.RateCard", models.PROTECT, null=True, blank=True, related_name="proposal"
    )

    class Meta(Proposed.Meta):
        constraints = [
            *Proposed.Meta.constraints,
            models.UniqueConstraint(
                fields=["product", "effective_from"],
                condition=Q(state="OPEN"),
                name="proposedcard_once",
            ),
            models.CheckConstraint(
                condition=Q(master_ppm__lte=1_000_000), name="proposedcard_in_range"
            ),
            models.CheckConstraint(
                condition=Q(state="CARRIED_OUT", card__isnull=False)
                | (~Q(state="CARRIED_OUT") & Q(card__isnull=True)),
                name="proposedcard_became_a_card",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} from {self.effective_from:%Y-%m}"
