"""Retiring the evidence of months closed long ago, once it has been made again out of the plays.

A month is one transaction: its lists are made again, the database compares their digests with what
stands there, keeps the digests and removes the lists, or removes nothing. The plays stay. See
docs/decisions/0179. Invariant: a line of a retired month opens to the same numbers as before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction

from licensing.audit.operations import record_fact
from licensing.ledger.array_copy import Column, with_lists, write
from licensing.ledger.months import hold_month
from licensing.ledger.runs import blocks
from licensing.royalties.models import ListenerAllocation, Period, RetiredAllocation, RetiredMonth
from licensing.royalties.remaking import Lists, NotMadeAgain, lists_of
from licensing.royalties.retired import digests_of
from licensing.royalties.rules.retiring import is_due

Actor = tuple[str, str]
HOUSE: Actor = ("system", "royalties")
_RETIRE = "SELECT royalties_retire_evidence(%s, %s::bigint[], %s::text[])"
_AT_A_TIME = 1 << 18
_COLUMNS = ("variation_sum_id", "pools", "plays", "amounts_micros")


class RetiringRefused(Exception):
    """The evidence stays as it is; `code` is not_closed, not_retired, too_young, differs or
    refused, where the database itself says no.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Retired:
    """What went: of which month, lists of so many sums, over so many pools."""

    month: date
    sums: int
    pools: int


def months_due(now: datetime) -> tuple[date, ...]:
    """Closed months whose evidence may go and has not gone, the oldest first."""
    rows = Period.objects.filter(retired__isnull=True).order_by("month")
    closed = rows.values_list("month", "closed_at")
    return tuple(month for month, closed_at in closed if is_due(month, closed_at, now))


@transaction.atomic
def retire_evidence(*, month: date, now: datetime, actor: Actor = HOUSE) -> Retired | None:
    """Remove the lists of a closed month, made again before; None where they are gone already.

    Of a month that was retired, what was put back goes. Set-based: ten million plays are read once,
    and take about a gigabyte meanwhile. Raises RetiringRefused, and then nothing has changed.
    """
    period = _closed(month)
    if RetiredMonth.objects.filter(period=period).exists():
        again = _remove(period, [], [])
        return Retired(period.month, again, 0) if again else None
    if not is_due(period.month, period.closed_at, now):
        raise RetiringRefused(
            "too_young", f"The evidence of {period.month:%Y-%m} is to be kept longer."
        )
    lists = _made_again(period)
    _remove(period, lists.sums.tolist(), list(digests_of(lists)))
    retired = RetiredMonth.objects.get(period=period)
    said = {"sums": retired.sum_count, "pools": len(lists.pools), "sha256": retired.sha256}
    _write_down("retire_evidence", period, said, actor, now)
    return Retired(period.month, retired.sum_count, len(lists.pools))


@transaction.atomic
def put_back_evidence(*, month: date, now: datetime, actor: Actor = HOUSE) -> Retired | None:
    """Write the lists of a retired month again, for a time in which many of its lines are opened,
    or before going back to a version that knows no other; None where they are there.

    Raises RetiringRefused where the month is not retired, or its plays give something else.
    """
    period = _closed(month)
    kept = RetiredAllocation.objects.filter(variation_sum__period=period)
    if not RetiredMonth.objects.filter(period=period).exists():
        raise RetiringRefused("not_retired", f"The evidence of {period.month:%Y-%m} is there.")
    if ListenerAllocation.objects.filter(variation_sum__period=period).exists():
        return None
    lists = _made_again(period)
    made = dict(zip(lists.sums.tolist(), digests_of(lists), strict=True))
    if made != dict(kept.values_list("variation_sum_id", "sha256")):
        raise _differs(period, "the digests differ")
    write("royalties_listenerallocation", _rows(lists), _COLUMNS)
    said = {"sums": len(lists.sums), "pools": len(lists.pools)}
    _write_down("put_back_evidence", period, said, actor, now)
    return Retired(period.month, len(lists.sums), len(lists.pools))


def _closed(month: date) -> Period:
    """The month, held until the transaction ends."""
    month = month.replace(day=1)
    hold_month(month)
    period = Period.objects.filter(month=month).first()
    if period is None:
        raise RetiringRefused("not_closed", f"{month:%Y-%m} is not closed.")
    return period


def _made_again(period: Period) -> Lists:
    try:
        return lists_of(period)
    except NotMadeAgain as error:
        raise _differs(period, str(error)) from error


def _differs(period: Period, why: str) -> RetiringRefused:
    said = f"The plays of {period.month:%Y-%m} do not give what its close divided: {why}."
    return RetiringRefused("differs", said)


def _remove(period: Period, sums: list[int], digests: list[str]) -> int:
    """How many lists went; the database asks once more whether they may."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_RETIRE, [period.pk, sums, digests])
            return int(cursor.fetchone()[0])
    except IntegrityError as error:
        said = str(error).splitlines()[0]
        raise RetiringRefused("refused", f"The books refuse: {said}.") from error


def _rows(lists: Lists) -> Iterator[bytes]:
    for run, of_run in blocks(lists.sizes, _AT_A_TIME):
        members: list[Column] = [lists.pools[of_run], lists.plays[of_run], lists.amounts[of_run]]
        yield with_lists([lists.sums[run]], lists.sizes[run], members)


def _write_down(
    verb: str, period: Period, said: Mapping[str, object], actor: Actor, now: datetime
) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="period",
        object_ref=period.pk,
        after={"month": f"{period.month:%Y-%m}", **said},
        at=now,
    )
