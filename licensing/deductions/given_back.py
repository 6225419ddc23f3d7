"""Income of United States source that went back: its tax goes back to the payee, or waits no more.

Told by a refund how much of a month's US income a payee lost. What still waits of that month comes
off first, because no tax was kept of it, what waits for a form before what a rule set aside; then
what was taxed, at the rate at which it was. What recouped an advance was never taxed and gives
nothing back. Invariant: the rows of tax of a payee sum to the tax on the income that is left,
however many refunds came.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from django.db import connection, models
from django.db.models import F, Q, Sum

from licensing.deductions.accounts import (
    SYSTEM,
    Payee,
    move,
    payable_of,
    reserve_of,
    withholding_for,
)
from licensing.deductions.flowing import in_words
from licensing.deductions.models import Reserve, Withheld
from licensing.deductions.rules.taxes import US, withheld
from licensing.ledger.booking import book

_Row = TypeVar("_Row", bound=models.Model)
_HOLD = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_MONTH_FIRST = (F("month").asc(nulls_last=True),)
"""Rows of the month itself come before those of no one month."""


class Lost(NamedTuple):
    """So much income of US source of one month went back from a payee, above zero."""

    payee: Payee
    currency: str
    month: date
    us_micros: int


def give_tax_back(losses: Iterable[Lost], *, key: str, why: str, now: datetime) -> dict[Lost, int]:
    """Give back what was kept of this income; how much of each loss waited or was taxed.

    key: the occasion, once; `why`: as statements say it, e.g. "a refund". Entries are of now, in
    the open month. To be called in the refund's own transaction.
    """
    return {one: _give_back(one, key, why, now) for one in sorted(losses)}


def _give_back(lost: Lost, key: str, why: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [f"US income of {':'.join((*lost.payee, lost.currency))}"])
    left = lost.us_micros
    waiting = Reserve.objects.filter(released_at__isnull=True)
    for reserve in _of_month(waiting, lost).order_by(*_MONTH_FIRST, "-why", "pk"):
        left -= _take_out(reserve, min(left, reserve.us_micros), why, now)
    taxed = Withheld.objects.filter(corrects__isnull=True)
    for tax in _of_month(taxed, lost).order_by(*_MONTH_FIRST, "pk"):
        left -= _untax(tax, left, key, why, now)
    return lost.us_micros - left


def _of_month(rows: models.QuerySet[_Row], lost: Lost) -> models.QuerySet[_Row]:
    """Those of the payee with US income of the month, or of no one month."""
    return rows.filter(
        Q(month=lost.month) | Q(month__isnull=True),
        payee_kind=lost.payee[0],
        payee_ref=lost.payee[1],
        currency=lost.currency,
        us_micros__gt=0,
    )


def _take_out(row: Reserve, micros: int, why: str, now: datetime) -> int:
    """Make a part of what waits payable again, to meet what was taken; the rest goes on waiting."""
    if not micros:
        return 0
    payee, currency = (row.payee_kind, row.payee_ref), row.currency
    waits, payable = reserve_of(payee, currency), payable_of(payee, currency)
    row.release_entry = book(
        key=f"release:{row.pk}",
        kind="reserve release",
        lines=move(waits, payable, row.amount_micros, f"reserve:{row.pk}"),
        now=now,
        memo=f"met by {why}: {row.reason}"[:300],
    )
    row.released_at, row.released_by = now, SYSTEM[1]
    row.save(update_fields=["release_entry", "released_at", "released_by"])
    if row.amount_micros > micros:
        _wait_on(row, micros, why, now)
    return micros


def _wait_on(row: Reserve, micros: int, why: str, now: datetime) -> None:
    """Let what `micros` leave of a reserve wait as it did, in a row of its own."""
    payee, currency = (row.payee_kind, row.payee_ref), row.currency
    rest = Reserve(
        why=row.why,
        payee_kind=row.payee_kind,
        payee_ref=row.payee_ref,
        currency=currency,
        amount_micros=row.amount_micros - micros,
        us_micros=row.us_micros - micros,
        month=row.month,
        rule=row.rule,
        reason=row.reason,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
        release_at=row.release_at,
    )
    payable, waits = payable_of(payee, currency), reserve_of(payee, currency)
    rest.entry = book(
        key=f"hold:{rest.pk}",
        kind="reserve",
        lines=move(payable, waits, rest.amount_micros, f"reserve:{rest.pk}"),
        now=now,
        memo=f"what {why} left of it: {row.reason}"[:300],
    )
    rest.save(force_insert=True)


def _untax(row: Withheld, micros: int, key: str, why: str, now: datetime) -> int:
    """Give back the tax on up to so much of what a row taxed; on how much."""
    gone = row.given_back.aggregate(us=Sum("us_micros"), tax=Sum("amount_micros"))
    us_left, tax_left = (row.us_micros + (gone["us"] or 0), row.amount_micros + (gone["tax"] or 0))
    us = min(micros, us_left)
    if not us:
        return 0
    tax = tax_left - withheld(us_left - us, row.rate_ppm)
    payee, currency = (row.payee_kind, row.payee_ref), row.currency
    entry = None
    if tax:
        entry = book(
            key=f"withholding:{key}:{row.pk}",
            kind="withholding",
            lines=move(withholding_for(US, currency), payable_of(payee, currency), tax),
            now=now,
            memo=f"{in_words(row.rate_ppm, us)}, given back with {why}",
        )
    Withheld.objects.create(
        payee_kind=row.payee_kind,
        payee_ref=row.payee_ref,
        currency=currency,
        us_micros=-us,
        rate_ppm=row.rate_ppm,
        amount_micros=-tax,
        profile=row.profile,
        month=row.month,
        corrects=row,
        at=now,
        entry=entry,
    )
    return us
