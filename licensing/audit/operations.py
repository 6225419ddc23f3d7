"""Writing facts down: one verb, used by every operation of the house inside its transaction.

The fact stands or falls with what it tells of, because both are written in one transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from licensing.audit.models import Fact

ACTOR_KINDS = ("user", "party", "system", "client")


def record_fact(
    *,
    actor: tuple[str, str | UUID | int],
    verb: str,
    object_kind: str,
    object_ref: str | UUID | int,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    at: datetime,
) -> Fact:
    """Add one fact. `actor` is (kind, ref) with a kind of ACTOR_KINDS; `before`/`after` are JSON.

    Raises ValueError for an unknown kind of actor or a moment without a zone.
    """
    kind, ref = actor
    if kind not in ACTOR_KINDS:
        raise ValueError(f"unknown kind of actor: {kind}")
    if at.tzinfo is None:
        raise ValueError("a fact needs a moment with a zone")
    return Fact.objects.create(
        actor_kind=kind,
        actor_ref=str(ref),
        verb=verb,
        object_kind=object_kind,
        object_ref=str(object_ref),
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        at=at,
    )
