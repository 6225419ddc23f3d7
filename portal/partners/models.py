"""Partner applications, their secrets and tokens, answers kept for repeats, and what they are told.

Secrets and tokens are kept as SHA-256 of random text of 256 bits; the text is shown once.
Invariant: one idempotency key of one client stands for one request and one answer.
"""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from licensing.clearance.models import Withdrawal


class Client(models.Model):
    """An application of a partner. `channel` is the condition that grants speak of.

    `contact` is mailed about withdrawals; empty, they are only read over the API.
    Personal data: the address of whoever the company names as its contact.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    channel = models.CharField(max_length=60)
    territory = models.CharField(max_length=2)
    contact = models.EmailField(blank=True, default="")
    scopes = ArrayField(models.CharField(max_length=40))
    calls_per_minute = models.PositiveIntegerField(default=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ClientSecret(models.Model):
    """One of a client's secrets; two may be live while it rotates. Personal data: none."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class AccessToken(models.Model):
    """A short-lived token from the client credentials grant. Personal data: none."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    expires_at = models.DateTimeField(db_index=True)


class KeptAnswer(models.Model):
    """What a call under an Idempotency-Key answered; without `status` it is still running.

    Personal data: none beyond what the partner's own request names by its references.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "key"], name="kept_answer_once")
        ]


class WithdrawalNotice(models.Model):
    """One partner is told of one withdrawal: which of its variations, and until when they may stay.

    Personal data: none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, models.PROTECT, related_name="withdrawal_notices")
    withdrawal = models.ForeignKey(Withdrawal, models.PROTECT, related_name="+")
    variations = ArrayField(models.UUIDField())
    deadline = models.DateTimeField()
    written_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "withdrawal"], name="notice_once"),
            models.CheckConstraint(
                condition=models.Q(variations__len__gt=0), name="notice_names_variations"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["client", "written_at", "id"], name="notice_of_client"),
            models.Index(
                fields=["deadline"],
                condition=models.Q(confirmed_at__isnull=True),
                name="notice_waiting",
            ),
            models.Index(
                fields=["client"],
                condition=models.Q(confirmed_at__isnull=True, mailed_at__isnull=True),
                name="notice_not_mailed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client}, by {self.deadline:%Y-%m-%d}"


class NewsCursor(models.Model):
    """How far the log of facts was read for one purpose. Personal data: none."""

    purpose = models.CharField(max_length=40, primary_key=True)
    cursor = models.CharField(max_length=60, default="")

    def __str__(self) -> str:
        return f"{self.purpose} at {self.cursor}"
