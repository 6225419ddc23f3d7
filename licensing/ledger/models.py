"""The books: accounts, journal entries and postings, double entry, append-only.

They know no music: an account's owner is a kind and a reference. The database has the last word:
an entry that is complete balances, every entry is complete at commit, postings enter only with
their entry, nothing is ever changed, no entry falls into a month that is closed, and each waits to
be linked into the hash chain (see the migrations).
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from licensing.ledger.rules import ACCOUNT_KINDS


class Account(models.Model):
    """A place where amounts of one currency add up, for one owner.

    Personal data: an owner's reference; no name.
    """

    kind = models.CharField(max_length=20)
    owner_kind = models.CharField(max_length=20)
    owner_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "owner_kind", "owner_ref", "currency"], name="account_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ACCOUNT_KINDS), name="account_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="account_currency_is_iso4217"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.owner_kind} in {self.currency}"


class JournalEntry(models.Model):
    """Postings that belong together and sum to zero per currency, under the caller's key.

    `transaction` and `posting_count` let the database refuse a posting that comes later; `batch`
    says where its postings lie. Personal data: none.
    """

    key = models.CharField(max_length=200, unique=True)
    content_sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    memo = models.CharField(max_length=300, blank=True, default="")
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField()
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    posting_count = models.PositiveIntegerField()
    batch = models.BigIntegerField(default=0, db_default=0, editable=False)
    transaction = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name_plural = "journal entries"
        constraints = [
            models.CheckConstraint(condition=Q(posting_count__gte=2), name="entry_has_two_sides"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(kind=""), name="entry_says_what"),
        ]
        indexes = [models.Index(fields=["effective_at"], name="entry_by_moment")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Posting(models.Model):
    """An amount on one side of one account; `ref` names upward what it is for.

    Its entry and account are looked up once per statement, not per row, by the trigger that lets it
    in; nothing can take them away later. Postings of a large `batch` lie in a partition of their
    own, all others in that of batch 0. Personal data: none.
    """

    entry = models.ForeignKey(
        JournalEntry, models.PROTECT, related_name="postings", db_constraint=False
    )
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="postings", db_constraint=False, db_index=False
    )
    side = models.CharField(max_length=6)
    amount_micros = models.BigIntegerField()
    ref = models.CharField(max_length=120, blank=True, default="")
    batch = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_micros__gt=0), name="posting_amount_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(side__in=["debit", "credit"]), name="posting_has_a_side"
            ),
        ]
        indexes = [
            models.Index(
                fields=["account"], include=["side", "amount_micros"], name="posting_balance"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.amount_micros}"


class AttachedBatch(models.Model):
    """A large batch of postings, in a partition of their own, and its first entry.

    Written by the database alone, when it has checked every entry of the batch.
    Personal data: none.
    """

    number = models.BigIntegerField(primary_key=True)
    transaction = models.BigIntegerField(editable=False)
    first_entry = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "attached batches"

    def __str__(self) -> str:
        return f"batch {self.number}"


class ClosedMonth(models.Model):
    """A calendar month (UTC) that takes no more entries. Personal data: none."""

    month = models.DateField(primary_key=True)
    closed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="closed_month_is_a_first"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class Link(models.Model):
    """A link of the hash chain: the Merkle root over its entries, on the link before it.

    Hashes are SHA-256 in hexadecimal digits. Personal data: none.
    """

    number = models.BigIntegerField(primary_key=True)
    previous_sha256 = models.CharField(max_length=64, unique=True)
    root_sha256 = models.CharField(max_length=64)
    entry_count = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="link_numbers_begin_at_one"),
            models.CheckConstraint(condition=Q(entry_count__gte=1), name="link_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"link {self.number}"


class LinkedEntry(models.Model):
    """In which link an entry stands, with the hash of its leaf. Personal data: none."""

    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, primary_key=True, related_name="linked", db_constraint=False
    )
    link = models.ForeignKey(Link, models.PROTECT, related_name="entries")
    leaf_sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "linked entries"

    def __str__(self) -> str:
        return f"entry {self.entry_id} in link {self.link_id}"


class UnlinkedEntry(models.Model):
    """An entry that waits for the linker; put here by a trigger with it.

    `came_at` is read from the server's clock, whatever moment the entry says it was made at.
    Personal data: none.
    """

    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, primary_key=True, related_name="unlinked", db_constraint=False
    )
    came_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "unlinked entries"

    def __str__(self) -> str:
        return f"entry {self.entry_id}"
