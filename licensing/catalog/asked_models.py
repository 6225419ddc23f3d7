"""Whom a split sheet asks beside its own parties, and who decided in a party's place.

Rows of `licensing/catalog/models.py`, apart for their length. Invariants, kept by the database:
what a proposal ends is said in its draft and never changes; a decision in a party's place is taken
by two people, once.
"""

from django.db import models
from django.db.models import Q

from licensing.catalog.given_rows import DIGEST_OR_NONE
from licensing.two_people import TwoPeople, four_eyes


class EndedVersion(models.Model):
    """A signed version that a proposal ends, written with it; its parties are asked to sign too.

    Personal data: none.
    """

    sheet = models.ForeignKey("catalog.SplitSheet", models.PROTECT, related_name="ended_versions")
    ended = models.ForeignKey("catalog.SplitSheet", models.PROTECT, related_name="ended_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "ended"], name="version_ended_once"),
        ]

    def __str__(self) -> str:
        return str(self.ended)


class StandIn(TwoPeople):
    """Two people's decision, on a document, that counts as the yes of a party not to be reached.

    Only for a party of a version that the sheet ends; decided once, and then it stands.
    `evidence_sha256`: the document as a file, where it was handed in.
    Personal data: the references of both, and what the document says of a person.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "waits for a second person"
        DECIDED = "DECIDED", "decided"
        DROPPED = "DROPPED", "dropped"

    sheet = models.ForeignKey("catalog.SplitSheet", models.PROTECT, related_name="stand_ins")
    party = models.ForeignKey("catalog.Party", models.PROTECT, related_name="stood_in_for")
    document = models.TextField()
    evidence_sha256 = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    dropped_because = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        permissions = [
            ("decide_rights", "may place holds, decide on claims, stand in, agree with societies")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "party"], condition=~Q(state="DROPPED"), name="stand_in_once"
            ),
            models.CheckConstraint(
                condition=~Q(document="") & ~Q(proposed_by=""), name="stand_in_has_a_document"
            ),
            models.CheckConstraint(
                condition=Q(evidence_sha256__regex=DIGEST_OR_NONE), name="stand_in_evidence_digest"
            ),
            models.CheckConstraint(
                condition=four_eyes("DECIDED", why_dropped="dropped_because"),
                name="stand_in_has_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"for {self.party}"
