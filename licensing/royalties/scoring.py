"""Looking at a month's plays before they accrue: what looks odd is held until a person decides.

Set-based: usages never come to Python. Nothing is taken from anybody here and nothing deleted. A
month that is closed is not looked at again. Invariant: what was held, or released by a person, is
not scored a second time.
"""

from datetime import date, datetime

from django.db import connection, transaction

from licensing.audit.operations import record_fact
from licensing.ledger.months import is_closed, share_month
from licensing.ledger.rules import month_after, month_of
from licensing.royalties import pieces_sql, scoring_sql
from licensing.royalties.rules.anomalies import BOUNDS, Bounds

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@transaction.atomic
def score_usages(
    *,
    month: date,
    now: datetime,
    bounds: Bounds = BOUNDS,
    actor: tuple[str, str] = ("system", "royalties"),
) -> int:
    """Score what counts in a month (any of its days) and hold what looks odd; how many plays anew.

    Nothing in a month that is closed. Safe to run at any time, however often.
    """
    month = month.replace(day=1)
    share_month(month)
    if is_closed(month):
        return 0
    given = scoring_sql.given(month, bounds) | {"now": now}
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [f"score {month}"])
        for statement in scoring_sql.BEFORE:
            cursor.execute(statement, given if "%(" in statement else None)
        cursor.execute(scoring_sql.HOLD, given)
        held: int = cursor.rowcount
    if held:
        record_fact(
            actor=actor,
            verb="hold_plays",
            object_kind="month",
            object_ref=f"{month:%Y-%m}",
            after={"plays": held},
            at=now,
        )
    return held


def open_months(now: datetime) -> list[date]:
    """Months with usages that are still to be closed, up to that of now; oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(pieces_sql.MONTHS)
        months = {month for (month,) in cursor.fetchall()}
    return sorted(one for one in months if one < month_after(month_of(now)) and not is_closed(one))
