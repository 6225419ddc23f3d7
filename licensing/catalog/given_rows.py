"""The columns in which every row of consent keeps how it was given, whatever it consents to.

It refuses to know what is consented to. Invariant: a column says what was recorded at that moment
or is empty; the tables that carry them only grow.
"""

from django.db import models
from django.db.models import Q

from licensing.given import STRENGTHS, Given, Strength

DIGEST_OR_NONE = r"^([0-9a-f]{64})?$"


class GivenRow(models.Model):
    """How it was given, as `licensing.given.Given` names it; empty is not recorded.

    Personal data: how a login was confirmed, and a keyed digest of the address it came from.
    """

    method = models.CharField(max_length=40, blank=True, default="")
    strength = models.CharField(max_length=12, choices=STRENGTHS, blank=True, default="")
    locale = models.CharField(max_length=20, blank=True, default="")
    source_hmac = models.CharField(max_length=64, blank=True, default="")
    evidence_sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(strength__in=[one.value for one in Strength])
                & Q(source_hmac__regex=DIGEST_OR_NONE)
                & Q(evidence_sha256__regex=DIGEST_OR_NONE),
                name="%(class)s_given_as_known",
            )
        ]

    def given(self) -> Given:
        """The columns as one value."""
        return Given(
            method=self.method,
            strength=Strength(self.strength),
            locale=self.locale,
            source_hmac=self.source_hmac,
            evidence_sha256=self.evidence_sha256,
        )


class Evidence(models.Model):
    """A document that consents rest on, by its SHA-256; the bytes are in the store; append-only.

    Personal data: what the document says, and who handed it in.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    title = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    kept_by = models.CharField(max_length=100)
    kept_at = models.DateTimeField()

    class Meta:
        verbose_name = "document"
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$")
                & Q(size__gt=0)
                & ~Q(kept_by="")
                & ~Q(title=""),
                name="evidence_is_of_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.digest[:12]})"
