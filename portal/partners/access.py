"""Who is calling, with which scopes, how often.

OAuth2 client credentials (RFC 6749 section 4.4), bearer tokens (RFC 6750). The limit is per client,
not per address; its numbers travel in RateLimit headers on every answer.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.partners.models import AccessToken, Client
from portal.partners.problems import Problem
from portal.partners.rules import digest_of

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Caller:
    """The client behind a token and what the token allows."""

    client: Client
    scopes: frozenset[str]
    is_authenticated: bool = True

    @property
    def requester(self) -> tuple[str, str]:
        """How the books name this caller."""
        return ("client", str(self.client.id))


class BearerAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer`; a missing token is nobody, a wrong one is 401."""

    def authenticate(self, request: Request) -> tuple[Caller, AccessToken] | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not text:
            return None
        token = (
            AccessToken.objects.select_related("client")
            .filter(
                digest=digest_of(text.strip()),
                expires_at__gt=timezone.now(),
                client__is_active=True,
            )
            .first()
        )
        if token is None:
            raise AuthenticationFailed("The token is unknown or has expired.", "bad_token")
        return Caller(token.client, frozenset(token.scopes)), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="stemma"'


def caller_of(request: Request) -> Caller:
    """The caller; 401 when nobody is named."""
    if not isinstance(request.user, Caller):
        raise Problem(401, "not_authenticated", "Send a bearer token from /api/v1/token.")
    return request.user


class HasScope(BasePermission):
    """The view's `scopes` maps HTTP methods to the scope that each needs."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.scopes.get(request.method or "")
        if needed is not None and needed not in caller_of(request).scopes:
            raise Problem(403, "missing_scope", f"This needs the scope {needed}.", scope=needed)
        caller_of(request)
        return True


@dataclass(frozen=True, slots=True)
class Quota:
    """The window's limit, what is left of it, and the seconds until it begins anew."""

    limit: int
    left: int
    resets_in_s: int

    def headers(self) -> dict[str, str]:
        """RateLimit header fields as the IETF draft writes them."""
        return {
            "RateLimit-Policy": f'"default";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"default";r={max(0, self.left)};t={self.resets_in_s}',
        }


def count_call(client: Client, now: datetime) -> Quota:
    """Count one call of `client` in the minute of `now`; `left` below 0 is one too many."""
    second = int(now.timestamp())
    window = second // WINDOW_S
    name = f"api-calls:{client.id}:{window}"
    cache.add(name, 0, timeout=2 * WINDOW_S)
    used = cache.incr(name)
    limit = client.calls_per_minute
    return Quota(limit, limit - used, (window + 1) * WINDOW_S - second)
