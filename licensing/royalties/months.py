"""A partition of usages for each month: opened ahead, so that plays find theirs.

Nothing is lost where that was forgotten: a month without a partition lies in the common one, counts
all the same, and moves when its own is opened. The application role opens months through one
function of the database and has no other right over tables.
"""

from datetime import datetime

from django.db import connection, transaction

from licensing.ledger.rules import month_after, month_of

AHEAD = 3
"""Months opened: that of the moment, and the ones that follow."""


@transaction.atomic
def open_usage_months(now: datetime) -> int:
    """Open the partitions of this month and the next two; how many were new.

    Whoever opens one keeps the common partition from readers and writers until the end of the
    transaction; call it in a short one of its own. Safe to run twice.
    """
    month, opened = month_of(now), 0
    with connection.cursor() as cursor:
        for _ in range(AHEAD):
            cursor.execute("SELECT royalties_open_usage_month(%s)", [month])
            opened += bool(cursor.fetchone()[0])
            month = month_after(month)
    return opened
