"""How invitations are made and when they still count. Pure: no rows, no clock, no randomness.

Invariant: the link itself is never kept; only its SHA-256 is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

INVITATION_LASTS = timedelta(days=14)
AGE_METHOD = "own statement at sign-up"


class InvitationSpent(ValueError):
    """The link can no longer be used; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class InvitationFacts:
    """What decides whether a link still counts."""

    expires_at: datetime
    used_at: datetime | None


def token_digest(token: str) -> str:
    """SHA-256 of a link's token, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def require_open(facts: InvitationFacts, now: datetime) -> None:
    """Raise InvitationSpent when the link was used or its 14 days are over."""
    if facts.used_at is not None:
        raise InvitationSpent("This invitation has been used. Each link works once.")
    if now >= facts.expires_at:
        raise InvitationSpent(
            "This invitation is older than 14 days. Ask whoever sent it for a new one."
        )
