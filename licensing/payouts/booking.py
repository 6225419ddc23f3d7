"""Posting for payouts: into the first open month from now on, under a key of the payout's own."""

from collections.abc import Sequence
from datetime import datetime

from licensing.ledger.models import JournalEntry
from licensing.ledger.months import share_open_month
from licensing.ledger.operations import post
from licensing.ledger.rules import Line, month_of, month_start


def book(*, key: str, kind: str, lines: Sequence[Line], now: datetime) -> JournalEntry:
    """Post an entry of now; where this month is closed already, at the start of the next open one.

    Raises what `ledger.operations.post` raises.
    """
    month = share_open_month(month_of(now))
    return post(
        key=key, kind=kind, postings=lines, effective_at=max(now, month_start(month)), now=now
    )
