"""Closing a month: its pools reach everyone heard in it, in one transaction, once.

Set-based: usages are read by one statement and never come to Python. The month is held alone, so
what was reported before is in it and what comes later is an adjustment of the next open month.
Invariant: afterwards the month's pool accounts stand at zero, to the micro-unit.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from licensing.attribution.models import SealedMinute
from licensing.audit.operations import record_fact
from licensing.deductions.closing import deduct
from licensing.ledger import rules as ledger
from licensing.ledger.months import close_month, hold_month, is_closed
from licensing.ledger.operations import post_many
from licensing.ledger.queries import list_balances
from licensing.ledger.rules import AccountKey, EntryDraft, Line
from licensing.receipts.rules import pool_account
from licensing.royalties import closing_sql, movement_sql, statement_sql, us_source_sql
from licensing.royalties.models import Model, Period, RateCard, Usage
from licensing.royalties.rules.plays import may_close

LISTENING = "listening"
PAYABLE_KINDS = ("party", "society")
_BATCH = 2000


class CloseRefused(Exception):
    """The month cannot be closed; `code` is too_early, earlier_month_open or no_rate_card."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@transaction.atomic
def close_period(
    *,
    month: date,
    now: datetime,
    product: str = LISTENING,
    actor: tuple[str, str] = ("system", "royalties"),
) -> Period:
    """Close a calendar month (any of its days), post what everyone earned, make the statements.

    A month that is closed already is returned as it stands. Raises CloseRefused before five days
    after its end, while an earlier month still has something to close, or without a rate card.
    """
    month = month.replace(day=1)
    hold_month(month)
    closed = Period.objects.filter(month=month).first()
    if closed:
        return closed
    card = _card(month, now, product)
    newest = SealedMinute.objects.aggregate(id=Max("id"))["id"] or 0
    period = Period.objects.create(month=month, rate_card=card, closed_at=now, last_minute=newest)
    given = _given(period, card, now)
    _reckon(card.model, given)
    posted = _post(month, now)
    posted += deduct(month=month, earned=us_source_sql.EARNED, now=now)
    _write_down(given)
    close_month(month, now=now)
    record_fact(
        actor=actor,
        verb="close_period",
        object_kind="period",
        object_ref=period.pk,
        after={"month": f"{month:%Y-%m}", "model": card.model, "entries": posted},
        at=now,
    )
    return period


def _card(month: date, now: datetime, product: str) -> RateCard:
    if not may_close(month, now):
        raise CloseRefused("too_early", f"{month:%Y-%m} closes five days after its end")
    for waiting in _months_with_something(month):
        if waiting < month and not is_closed(waiting):
            raise CloseRefused("earlier_month_open", f"{waiting:%Y-%m} is to be closed first")
    cards = RateCard.objects.filter(product=product, effective_from__lte=ledger.month_start(month))
    card = cards.order_by("-effective_from").first()
    if card is None:
        raise CloseRefused("no_rate_card", f"no rate card for {product} in {month:%Y-%m}")
    return card


def _months_with_something(until: date) -> list[date]:
    """Months that hold a pool or a usage, or in which payees' accounts moved before `until`."""
    pools = list_balances(kind=ledger.POOL, owner_kind="month")
    filled = {date.fromisoformat(f"{a.owner_ref}-01") for a, micros in pools.items() if micros}
    played = Usage.objects.order_by().values_list("accrual_month", flat=True).distinct()
    with connection.cursor() as cursor:
        cursor.execute(movement_sql.OPEN_MONTHS, [ledger.month_start(until)])
        moved = {row[0] for row in cursor.fetchall()}
    return sorted(filled | set(played) | moved)


def _given(period: Period, card: RateCard, now: datetime) -> dict[str, Any]:
    other = Model.PRO_RATA if card.model == Model.USER_CENTRIC else Model.USER_CENTRIC
    return {
        "month": period.month,
        "month_from": ledger.month_start(period.month),
        "month_until": ledger.month_end(period.month),
        "period": period.pk,
        "last_minute": period.last_minute,
        "master_ppm": card.master_ppm,
        "publishing_ppm": card.publishing_ppm,
        "currency": card.currency,
        "model": card.model,
        "other_model": other.value,
        "entry_prefix": _entry_key(period.month, "", "")[:-1],
        "now": now,
    }


def _reckon(model: str, given: Mapping[str, Any]) -> None:
    """The three steps under the card's model, and under the other one for comparison."""
    tables = ["minutes", "eras", "plays", "pools", "sources", "shares", "unpaid", "payees"]
    tables += ["us", "movements"]
    steps = [f"{name}_{step}" for name in ("own", "other") for step in _STEPS]
    statements = [f"DROP TABLE IF EXISTS pg_temp.close_{name}" for name in (*tables, *steps)]
    statements += [closing_sql.MINUTES, closing_sql.ERAS, closing_sql.PLAYS, closing_sql.POOLS]
    statements += [closing_sql.SOURCES, closing_sql.SHARES]
    for name, by in (("own", model), ("other", given["other_model"])):
        statements.append(closing_sql.step_one(by, name))
        statements += [closing_sql.step_two(name), closing_sql.step_three(name)]
    statements += [us_source_sql.US_SOURCE, statement_sql.UNPAID]
    _run(statements, given)


_STEPS = ("allocations", "sums", "lines")


def _post(month: date, now: datetime) -> int:
    """One entry per variation and currency, one posting per (payee, right, source) above zero."""
    at = ledger.month_end(month) - timedelta(microseconds=1)
    with connection.cursor() as cursor:
        cursor.execute(closing_sql.DRAFTS)
        rows = cursor.fetchall()
        cursor.execute(closing_sql.NOT_PLAYED)
        unplayed = cursor.fetchall()
    drafts = [
        _draft(month, at, record, currency, list(parts))
        for (record, currency), parts in groupby(rows, key=lambda row: (row[0], row[1]))
    ]
    drafts += [_unplayed(month, at, currency, amount) for currency, amount in unplayed]
    for start in range(0, len(drafts), _BATCH):
        post_many(drafts=drafts[start : start + _BATCH], now=now)
    return len(drafts)


def _draft(
    month: date, at: datetime, record: UUID, currency: str, parts: list[tuple[Any, ...]]
) -> EntryDraft:
    total = sum(part[-1] for part in parts)
    lines = [Line(pool_account(month, currency), ledger.DEBIT, total)]
    for _, _, payee_kind, payee_ref, stem, right, amount in parts:
        account = payee_account((payee_kind, payee_ref), currency)
        lines.append(Line(account, ledger.CREDIT, amount, f"{right}:{stem}"))
    key = _entry_key(month, str(record), currency)
    return EntryDraft(key, "royalties", lines, at, memo=f"record {record}")


def payee_account(payee: tuple[str, str], currency: str) -> AccountKey:
    """Where a payee's earnings go: payable, or unallocated where nobody is known to be paid."""
    kind = ledger.PAYABLE if payee[0] in PAYABLE_KINDS else ledger.UNALLOCATED
    return AccountKey(kind, *payee, currency)


def unplayed_account(month: date, currency: str) -> AccountKey:
    """Where the pools of a month wait in which nobody played anything."""
    return AccountKey(ledger.UNALLOCATED, "month", f"{month:%Y-%m}", currency)


def _unplayed(month: date, at: datetime, currency: str, amount: int) -> EntryDraft:
    lines = [
        Line(pool_account(month, currency), ledger.DEBIT, amount),
        Line(unplayed_account(month, currency), ledger.CREDIT, amount),
    ]
    return EntryDraft(_entry_key(month, "nothing-played", currency), "royalties", lines, at)


def _entry_key(month: date, record: str, currency: str) -> str:
    return f"close:{month:%Y-%m}:{record}:{currency}"


def _write_down(given: Mapping[str, Any]) -> None:
    statements = [
        movement_sql.MOVEMENTS,
        statement_sql.PAYEES,
        statement_sql.KEEP_ALLOCATIONS,
        statement_sql.KEEP_SUMS,
        statement_sql.STATEMENTS,
        statement_sql.LINES,
        movement_sql.MOVEMENT_LINES,
    ]
    _run(statements, given)


def _run(statements: list[str], given: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, given if "%(" in statement else None)
