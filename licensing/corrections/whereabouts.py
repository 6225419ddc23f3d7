"""Where the money of one payer's pool of a closed month is now: divided, waiting, or moved on.

A close may have kept a part of it for held plays, and decisions may have let that go to a later
month. What goes back is taken of all places by what is left in each. Invariant: the places' amounts
sum to what was asked, and what waits is lowered in the same transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet, Sum

from licensing.deductions.rules.taxes import US
from licensing.ledger.months import share_month
from licensing.ledger.rules import AccountKey
from licensing.money import allocate
from licensing.receipts.models import PoolPart, Receipt
from licensing.receipts.rules import pool_account
from licensing.royalties.accounts import held_account
from licensing.royalties.models import HeldPart, HeldPool, Period


@dataclass(frozen=True, slots=True)
class Place:
    """So much of a pool: on `account`, where it waits, or else divided by the close of `period`:
    with what the payer paid for that month, or alone over plays of `of_month`.
    """

    period: Period
    micros: int
    account: AccountKey | None = None
    of_month: date | None = None


def take_from(row: Receipt, period: Period, rate: int, micros: int) -> Iterator[Place]:
    """The places that give `micros` of what a closed month had of this payer at a price; what
    waits there is lowered.
    """
    pool = held_pools(row, period).filter(rate_micros=rate).first()
    if pool is None:
        yield Place(period, micros)
        return
    parts = {str(part.pk).rjust(20, "0"): part for part in _moved_on(pool)}
    waits = pool.amount_micros
    moved = [(f"part {name}", part.amount_micros) for name, part in parts.items()]
    whole = _whole(row, period, rate) + micros
    divided = max(0, whole - waits - sum(amount for _, amount in moved))
    taken = allocate(micros, [("divided", divided), ("waits", waits), *moved])
    if taken["divided"]:
        yield Place(period, taken["divided"])
    if taken["waits"]:
        _lower(pool, taken["waits"], row)
        yield Place(period, taken["waits"], held_account(period.month, row.currency))
    for name, part in parts.items():
        if taken[f"part {name}"]:
            yield from _of_part(row, part, taken[f"part {name}"])


def held_pools(row: Receipt, period: Period) -> QuerySet[HeldPool]:
    """What a close kept of this payer's pools in the receipt's currency, locked."""
    rows = HeldPool.objects.select_for_update(of=("self",)).filter(
        period=period,
        payer_kind=row.payer_kind,
        payer_ref=row.payer_ref,
        currency=row.currency,
    )
    return rows.order_by("rate_micros")


def joined(part: HeldPart) -> Period | None:
    """The close that divided what joined a month; None while that is open, which it is kept."""
    month = part.joins_month
    if month is None:
        return None
    share_month(month)
    return Period.objects.select_related("rate_card").filter(month=month).first()


def _of_part(row: Receipt, part: HeldPart, micros: int) -> Iterator[Place]:
    month = part.joins_month
    if month is None:
        return
    period = joined(part)
    _lower(part, micros, row)
    if period is None:
        yield Place(part.pool.period, micros, pool_account(month, row.currency))
    elif part.is_own:
        yield Place(period, micros, of_month=part.pool.period.month)
    else:
        yield from take_from(row, period, part.pool.rate_micros, micros)


def _moved_on(pool: HeldPool) -> QuerySet[HeldPart]:
    rows = pool.parts.select_for_update(of=("self",)).filter(joins_month__isnull=False)
    return rows.select_related("pool__period").order_by("pk")


def _whole(row: Receipt, period: Period, rate: int) -> int:
    """What is left of all that this payer paid for the month at a price, and what joined it."""
    paid = PoolPart.objects.filter(
        month=period.month,
        rate_micros=rate,
        receipt__payer_kind=row.payer_kind,
        receipt__payer_ref=row.payer_ref,
        receipt__currency=row.currency,
    )
    came = HeldPart.objects.filter(
        joins_month=period.month,
        is_own=False,
        pool__payer_kind=row.payer_kind,
        pool__payer_ref=row.payer_ref,
        pool__rate_micros=rate,
        pool__currency=row.currency,
    )
    sums = [rows.aggregate(micros=Sum("amount_micros"))["micros"] or 0 for rows in (paid, came)]
    return int(sum(sums))


def _lower(waiting: HeldPool | HeldPart, micros: int, row: Receipt) -> None:
    waiting.amount_micros -= micros
    if row.country == US:
        waiting.us_micros = max(0, waiting.us_micros - micros)
    waiting.save(update_fields=["amount_micros", "us_micros"])
