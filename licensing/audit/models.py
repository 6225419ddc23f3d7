"""The log of facts: who did what to which thing, and how it stood before and after.

It refuses to know what its references point at: actors and objects are (kind, ref) values.
Invariant: rows are only ever added, a reader with a cursor misses none of them, and what was linked
into the hash chain (see chain.py) can be told from what was written later.
"""

from django.db import models
from django.db.models.functions import Cast


class TransactionId(models.Func):
    """The id of the running transaction, as PostgreSQL gives it out (64 bits, never reused)."""

    function = "pg_current_xact_id"
    output_field = models.TextField()


CURRENT_TRANSACTION = Cast(Cast(TransactionId(), models.TextField()), models.BigIntegerField())


class Fact(models.Model):
    """One thing that happened. `transaction` orders facts so that a late commit is not skipped.

    Personal data: references to logins that acted; no names, no addresses.
    """

    sequence = models.BigAutoField(primary_key=True)
    transaction = models.BigIntegerField(db_default=CURRENT_TRANSACTION, editable=False)
    actor_kind = models.CharField(max_length=20)
    actor_ref = models.CharField(max_length=100)
    verb = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_ref = models.CharField(max_length=100)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["object_kind", "object_ref", "sequence"], name="fact_of_object"),
            models.Index(fields=["transaction", "sequence"], name="fact_cursor"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(verb="") & ~models.Q(object_kind=""), name="fact_says_what"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_kind} {self.verb} {self.object_kind}"


class FactLink(models.Model):
    """A link of the chain over facts: the Merkle root over its facts, on the link before it.

    Hashes are SHA-256 in hexadecimal digits. Personal data: none.
    """

    number = models.BigIntegerField(primary_key=True)
    previous_sha256 = models.CharField(max_length=64, unique=True)
    root_sha256 = models.CharField(max_length=64)
    fact_count = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="fact_link_numbers_begin_at_one"
            ),
            models.CheckConstraint(
                condition=models.Q(fact_count__gte=1), name="fact_link_is_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"link {self.number} of facts"


class LinkedFact(models.Model):
    """In which link a fact stands, with the hash of its leaf. Personal data: none."""

    fact = models.OneToOneField(
        Fact, models.PROTECT, primary_key=True, related_name="linked", db_constraint=False
    )
    link = models.ForeignKey(FactLink, models.PROTECT, related_name="facts")
    leaf_sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"fact {self.fact_id} in link {self.link_id}"
