"""Verbs about partner applications: make one, add a secret, give out a token."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from portal.partners.models import AccessToken, Client, ClientSecret
from portal.partners.problems import Problem
from portal.partners.rules import (
    SCOPES,
    TOKEN_LIFE_S,
    digest_of,
    granted_scopes,
    new_secret,
)

LIVE_SECRETS = 2


@transaction.atomic
def create_client(
    *,
    name: str,
    channel: str,
    territory: str,
    scopes: tuple[str, ...],
    by: str,
    now: datetime,
    contact: str = "",
) -> tuple[Client, str]:
    """A new partner application and its first secret, which is shown this once."""
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise ValueError(f"There is no scope {sorted(unknown)[0]}.")
    client = Client.objects.create(
        name=name,
        channel=channel,
        territory=territory,
        scopes=list(scopes),
        contact=contact,
        created_at=now,
    )
    record_fact(
        actor=("user", by),
        verb="create_client",
        object_kind="client",
        object_ref=str(client.id),
        after={"name": name, "channel": channel, "scopes": list(scopes)},
        at=now,
    )
    return client, add_secret(client=client, by=by, now=now)


@transaction.atomic
def name_contact(*, client_id: UUID, contact: str, by: str, reason: str, now: datetime) -> Client:
    """Whom mails about withdrawals go to from now on; empty: nobody."""
    client = Client.objects.select_for_update().get(pk=client_id)
    client.contact = contact
    client.save(update_fields=["contact"])
    record_fact(
        actor=("user", by),
        verb="name_contact",
        object_kind="client",
        object_ref=str(client.pk),
        after={"is_named": bool(contact), "reason": reason},
        at=now,
    )
    return client


@transaction.atomic
def add_secret(*, client: Client, by: str, now: datetime) -> str:
    """Another secret for `client`; with two live ones the older is revoked. Shown this once."""
    Client.objects.select_for_update().get(id=client.id)
    live = client.secrets.filter(revoked_at__isnull=True).order_by("-created_at", "-id")
    for old in live[LIVE_SECRETS - 1 :]:
        old.revoked_at = now
        old.save(update_fields=["revoked_at"])
    secret = new_secret("stsec")
    ClientSecret.objects.create(client=client, digest=digest_of(secret), created_at=now)
    record_fact(
        actor=("user", by),
        verb="add_client_secret",
        object_kind="client",
        object_ref=str(client.id),
        at=now,
    )
    return secret


@transaction.atomic
def issue_access_token(
    *, client_id: str, secret: str, scope: str, now: datetime
) -> tuple[str, list[str]]:
    """A bearer token for the client credentials, and its scopes. Raises a problem otherwise.

    One answer for an unknown client and a wrong secret: it tells nobody which of them it was.
    """
    found = (
        ClientSecret.objects.select_related("client")
        .filter(digest=digest_of(secret), revoked_at__isnull=True, client__is_active=True)
        .first()
    )
    if found is None or str(found.client_id) != client_id:
        raise Problem(401, "invalid_client", "The client id and secret do not fit together.")
    scopes = granted_scopes(scope, found.client.scopes)
    if scopes is None:
        raise Problem(400, "invalid_scope", "This client may not have all of these scopes.")
    AccessToken.objects.filter(client=found.client, expires_at__lt=now).delete()
    text = new_secret("sttok")
    expires = now + timedelta(seconds=TOKEN_LIFE_S)
    AccessToken.objects.create(
        client=found.client, digest=digest_of(text), scopes=scopes, expires_at=expires
    )
    return text, scopes
