"""Posting what happens now: into the first open month from now on, under the caller's key."""

from collections.abc import Sequence
from datetime import datetime

from licensing.ledger.models import JournalEntry
from licensing.ledger.months import share_open_month
from licensing.ledger.operations import post
from licensing.ledger.rules import AccountKey, Line, month_of, month_start


def moment_of(now: datetime) -> datetime:
    """Now, or the start of the next open month where this one is closed already; held shared."""
    return max(now, month_start(share_open_month(month_of(now))))


def book(
    *,
    key: str,
    kind: str,
    lines: Sequence[Line],
    now: datetime,
    memo: str = "",
    floors: frozenset[AccountKey] = frozenset(),
) -> JournalEntry:
    """Post an entry of now. The same key again is the entry as it was first posted.

    `floors`: accounts that this entry may not draw below zero. Raises what `post` raises.
    """
    known = JournalEntry.objects.filter(key=key).first()
    at = known.effective_at if known else moment_of(now)
    return post(
        key=key, kind=kind, postings=lines, effective_at=at, now=now, memo=memo, floors=floors
    )
