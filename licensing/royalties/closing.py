"""Closing a month: its pools reach everyone heard in it, in one transaction, once.

Set-based: no usage, entry or line ever is an object in Python; plays, pools and sums come to it as
arrays of numbers. The month is held alone, so what was reported before is in it and what comes
later is an adjustment of the next open month.
Invariant: afterwards the month's pool accounts stand at zero, to the micro-unit.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from licensing.attribution.models import SealedMinute
from licensing.audit.code import code_sha256
from licensing.audit.operations import record_fact
from licensing.deductions.closing import deduct
from licensing.ledger import rules as ledger
from licensing.ledger import scratch_sql
from licensing.ledger.apart import Filling, filling
from licensing.ledger.array_copy import rows_as_sent
from licensing.ledger.batches import post_batch
from licensing.ledger.chain import link_posted
from licensing.ledger.months import close_month, hold_month, is_closed
from licensing.ledger.queries import list_balances
from licensing.royalties import (
    closing_sql,
    holders_sql,
    movement_sql,
    pieces_sql,
    statement_sql,
    us_source_sql,
    waterfall_sql,
)
from licensing.royalties.dividing import (
    Divided,
    divide,
    keep_earned,
    keep_lines,
    plays_of_month,
)
from licensing.royalties.line_sql import COLUMNS, LINES
from licensing.royalties.lining import earned
from licensing.royalties.models import Model, Period, RateCard
from licensing.royalties.months import open_usage_months
from licensing.royalties.posting import draft
from licensing.royalties.rules.plays import may_close

LISTENING = "listening"
_TABLES = tuple(
    f"close_{name}"
    for steps in (
        pieces_sql,
        holders_sql,
        closing_sql,
        us_source_sql,
        statement_sql,
        waterfall_sql,
    )
    for name in steps.TABLES
)


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
    period = Period.objects.create(
        month=month, rate_card=card, closed_at=now, last_minute=newest, has_waterfall=True
    )
    given = _given(period, card, now)
    divided = _reckon(given)
    lines = earned(divided, given)
    with filling(LINES, COLUMNS, len(lines)) as batch:
        batch.write(lines.rows(batch.number))
        posted = _post(divided, given, now)
        plays = _counted()
        _write_statements(batch, given)
    _run([statement_sql.ANALYZE], given)
    close_month(month, now=now)
    link_posted(now=now)
    _run([scratch_sql.dropped(_TABLES)], given)
    transaction.on_commit(lambda: open_usage_months(now))
    record_fact(
        actor=actor,
        verb="close_period",
        object_kind="period",
        object_ref=period.pk,
        after={
            "month": f"{month:%Y-%m}",
            "model": card.model,
            "entries": posted,
            "plays": plays,
            "code": code_sha256(),
        },
        at=now,
    )
    return period


def _counted() -> int:
    """How many plays were divided over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(whole), 0) FROM close_plays WHERE payer = 0")
        return int(cursor.fetchone()[0])


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
    with connection.cursor() as cursor:
        cursor.execute(pieces_sql.MONTHS)
        played = {month for (month,) in cursor.fetchall()}
        cursor.execute(movement_sql.OPEN_MONTHS, [ledger.month_start(until)])
        moved = {month for (month,) in cursor.fetchall()}
    return sorted(filled | played | moved)


def _given(period: Period, card: RateCard, now: datetime) -> dict[str, Any]:
    other = Model.PRO_RATA if card.model == Model.USER_CENTRIC else Model.USER_CENTRIC
    return {
        "month": period.month,
        "period": period.pk,
        "last_minute": period.last_minute,
        "master_ppm": card.master_ppm,
        "publishing_ppm": card.publishing_ppm,
        "currency": card.currency,
        "model": card.model,
        "other_model": other.value,
        "month_from": ledger.month_start(period.month),
        "month_until": ledger.month_end(period.month),
        "month_ref": f"{period.month:%Y-%m}",
        "entry_prefix": f"close:{period.month:%Y-%m}:",
        "at": ledger.month_end(period.month) - timedelta(microseconds=1),
        "now": now,
    }


def _reckon(given: Mapping[str, Any]) -> Divided:
    """The three steps under the card's model, and under the other one for comparison."""
    _run([*scratch_sql.SETTINGS, scratch_sql.dropped(_TABLES), *pieces_sql.BEFORE], given)
    beside = (pieces_sql.KEPT, *holders_sql.STATEMENTS)
    month = plays_of_month(given, lambda: _run(beside, given))
    _run(pieces_sql.AFTER, given)
    for name, model in (("own", given["model"]), ("other", given["other_model"])):
        _run(closing_sql.pools(model, name), given)
    _run(closing_sql.STEPS, given)
    divided = divide(month, given, lambda: _run(statement_sql.BESIDE, given))
    keep_earned(divided)
    _run([*closing_sql.FILLED, *us_source_sql.STATEMENTS, *statement_sql.BEFORE], given)
    return divided


def _post(divided: Divided, given: Mapping[str, Any], now: datetime) -> int:
    """One entry per variation and currency, and what is deducted; how many entries."""
    posted = post_batch(draft(divided, given), now=now)
    with connection.cursor() as cursor:
        cursor.execute(us_source_sql.COUNT)
        has_us = cursor.fetchone()[0] > 0

    def earnings() -> str:
        keep_lines(divided)
        _run(["ANALYZE close_lines"], given)
        return us_source_sql.EARNED

    return posted + deduct(month=given["month"], earned=earnings, has_us_source=has_us, now=now)


def _write_statements(batch: Filling, given: Mapping[str, Any]) -> None:
    """Evidence, sums, where the money came from, and a statement for everyone, with its lines."""
    told = {**given, "batch": batch.number}
    _run(statement_sql.MOVED, told)
    for lines in (statement_sql.UNPAID_LINES, movement_sql.MOVEMENT_LINES):
        batch.write(rows_as_sent(lines, told))
    batch.finish()
    _run((*statement_sql.KEPT, *waterfall_sql.KEPT), told)
    batch.attach()


def _run(statements: Iterable[str], given: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, given if "%(" in statement else None)
