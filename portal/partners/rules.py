"""Scopes, secrets and keys of the partner API as pure rules; no rows, no clock."""

import hashlib
import json
import re
import secrets
from typing import Any

SCOPES = (
    *("catalog:read", "variations:write", "sessions:write", "taste:write"),
    *("licences:read", "usages:write", "royalties:read"),
    "invoices:read",
)
TOKEN_LIFE_S = 3600
KEPT_FOR_S = 24 * 3600

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def new_secret(prefix: str) -> str:
    """Random text of 256 bits after a prefix that says what it is (so that scanners find leaks)."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def digest_of(secret: str) -> str:
    """Hex SHA-256. Enough for random secrets: there is nothing to guess word by word."""
    return hashlib.sha256(secret.encode()).hexdigest()


def granted_scopes(asked: str, allowed: list[str]) -> list[str] | None:
    """The scopes of a new token: those asked for, all allowed ones if none; None for too much."""
    if not asked.strip():
        return list(allowed)
    wanted = asked.split()
    return wanted if set(wanted) <= set(allowed) else None


def read_key(header: str) -> str | None:
    """The Idempotency-Key out of its header, quoted (RFC 8941 string) or bare; None if unusable."""
    text = header.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text if _KEY.fullmatch(text) else None


def request_digest(method: str, path: str, body: Any) -> str:
    """Hex SHA-256 of what makes two calls the same call."""
    text = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
