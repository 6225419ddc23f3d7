"""Partner applications, their secrets and tokens, and the answers kept for repeated calls.

Secrets and tokens are kept as SHA-256 of random text of 256 bits; the text is shown once.
Invariant: one idempotency key of one client stands for one request and one answer.
"""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Client(models.Model):
    """An application of a partner. `channel` is the condition that grants speak of.

    Personal data: none (a company's application; its people have logins of their own).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    channel = models.CharField(max_length=60)
    territory = models.CharField(max_length=2)
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
