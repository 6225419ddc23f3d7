"""How long the evidence of a close's first step is kept, and when it may go; values only.

Thirteen months from the close, and as long from the end of its month, whichever is later: a year
and a month of statements open without waiting. The function of the database that removes evidence
counts the same way by its own clock. Invariant: what is due once stays due.
"""

from calendar import monthrange
from datetime import UTC, date, datetime

from licensing.ledger.rules import month_end

MONTHS_KEPT = 13


def kept_until(month: date, closed_at: datetime) -> datetime:
    """The moment from which the evidence of a closed month may go, UTC."""
    return max(_later(closed_at.astimezone(UTC)), _later(month_end(month)))


def is_due(month: date, closed_at: datetime, now: datetime) -> bool:
    """Whether the evidence of a closed month may go."""
    return now >= kept_until(month, closed_at)


def _later(moment: datetime) -> datetime:
    """The same day MONTHS_KEPT later, or the last one of a shorter month, as PostgreSQL counts."""
    months = moment.year * 12 + moment.month - 1 + MONTHS_KEPT
    year, month = months // 12, months % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
