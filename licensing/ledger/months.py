"""The months of the books: who writes into one holds it shared, who closes it holds it alone.

The locks are advisory and end with the transaction, so a close waits for every writer that began
before it, and no uncommitted row falls out of a balance. Invariant: what was written before the
close is in it, and what comes after sees that the month is closed.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import connection

from licensing.ledger.models import ClosedMonth
from licensing.ledger.rules import MonthClosed, month_after

_SHARE = "SELECT ledger_share_month(%s)"
_HOLD = "SELECT ledger_hold_month(%s)"


def share_month(month: date) -> None:
    """Keep `month` from being closed until this transaction ends; waits while one closes it."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARE, [month])


def hold_month(month: date) -> None:
    """Keep everyone else out of `month` until this transaction ends; waits for its writers."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [month])


def is_closed(month: date) -> bool:
    """Whether the month takes no more entries. Binding only while the month is shared or held."""
    return ClosedMonth.objects.filter(month=month).exists()


def share_open_month(month: date) -> date:
    """The first month from `month` on that is open, held shared until this transaction ends."""
    share_month(month)
    while is_closed(month):
        month = month_after(month)
        share_month(month)
    return month


def share_open_months(months: Iterable[date]) -> None:
    """Share all of these months, in order; raises MonthClosed when one takes no more entries."""
    ordered = sorted(months)
    for month in ordered:
        share_month(month)
    closed = ClosedMonth.objects.filter(month__in=ordered).order_by("month").first()
    if closed:
        raise MonthClosed(f"the books of {closed.month:%Y-%m} are closed")


def close_month(month: date, *, now: datetime) -> ClosedMonth:
    """Take no more entries for `month`, for good. IntegrityError when it was closed before."""
    return ClosedMonth.objects.create(month=month, closed_at=now)
