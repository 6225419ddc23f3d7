"""Reading facts: all about one thing, or everything after a cursor.

A cursor is opaque text. It orders by transaction first and stops before the oldest transaction that
still runs: sequence numbers are given out before commits, so a reader that went by them alone would
step over a fact whose transaction ends later than its neighbour's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from licensing.audit.models import Fact

_AFTER = """
SELECT * FROM audit_fact
WHERE (transaction, sequence) > (%s, %s)
  AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY transaction, sequence LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact as read; `cursor` continues after it."""

    sequence: int
    cursor: str
    actor: tuple[str, str]
    verb: str
    object_kind: str
    object_ref: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    at: datetime


def facts_after(cursor: str, limit: int) -> tuple[FactView, ...]:
    """Up to `limit` committed facts after `cursor` ("" for the beginning), oldest first.

    Facts of a transaction appear once every older one on the server has ended.
    Raises ValueError for a cursor that is none of ours.
    """
    transaction, sequence = _parts(cursor)
    return tuple(_view(fact) for fact in Fact.objects.raw(_AFTER, [transaction, sequence, limit]))


def facts_about(kind: str, ref: str | UUID | int) -> tuple[FactView, ...]:
    """Every fact about one object, oldest first."""
    rows = Fact.objects.filter(object_kind=kind, object_ref=str(ref)).order_by("sequence")
    return tuple(_view(fact) for fact in rows)


def _parts(cursor: str) -> tuple[int, int]:
    if not cursor:
        return 0, 0
    transaction, mark, sequence = cursor.partition(":")
    if not (mark and transaction.isdecimal() and sequence.isdecimal()):
        raise ValueError(f"not a cursor: {cursor!r}")
    return int(transaction), int(sequence)


def _view(fact: Fact) -> FactView:
    return FactView(
        sequence=fact.sequence,
        cursor=f"{fact.transaction}:{fact.sequence}",
        actor=(fact.actor_kind, fact.actor_ref),
        verb=fact.verb,
        object_kind=fact.object_kind,
        object_ref=fact.object_ref,
        before=fact.before,
        after=fact.after,
        at=fact.at,
    )
