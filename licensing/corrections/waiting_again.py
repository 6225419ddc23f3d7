"""Money that waited for decisions about plays when a chargeback took it, and comes again.

It goes on waiting where it waited. Once the plays were decided it goes where they took the rest:
to the month that is to divide it, or along the lines to which it was given.
"""

from licensing.corrections.whereabouts import held_pools, joined
from licensing.deductions.rules.taxes import US
from licensing.ledger.months import share_open_month
from licensing.ledger.rules import CREDIT, DEBIT, Line
from licensing.receipts.models import Receipt
from licensing.receipts.rules import pool_account
from licensing.royalties.accounts import held_account, payee_account
from licensing.royalties.along import Way, own_pool, way_of
from licensing.royalties.letting_go import count_again, held_by_payer
from licensing.royalties.models import HeldPart, HeldPool, Period
from licensing.royalties.movement_sql import CORRECTS
from licensing.royalties.rules.along import added


def wait_again(row: Receipt, period: Period, micros: int) -> list[Line]:
    """The postings that give `micros` to what a closed month had kept of this payer."""
    pool = held_pools(row, period)[0]
    payer = (pool.payer_kind, pool.payer_ref, pool.rate_micros)
    if payer in held_by_payer(period.month):
        _raise(pool, micros, row)
        return [Line(held_account(period.month, row.currency), CREDIT, micros)]
    last = pool.parts.select_for_update(of=("self",)).order_by("-pk").first()
    if last is None or last.joins_month is None:
        way = way_of(period, payer, row.currency)
        return lines_along(way, micros, row.currency)
    divided = joined(last)
    if divided is None:
        _raise(last, micros, row)
        return [Line(pool_account(last.joins_month, row.currency), CREDIT, micros)]
    of_month = period.month if last.is_own else None
    if own_pool(divided, payer, row.currency, of_month=of_month) is not None:
        way = way_of(divided, payer, row.currency, of_month=of_month)
        return lines_along(way, micros, row.currency)
    into = share_open_month(divided.month)
    if last.is_own:
        count_again(payer, period.month, divided.month, into)
    HeldPart.objects.create(
        pool=pool,
        amount_micros=micros,
        us_micros=micros if row.country == US else 0,
        joins_month=into,
        is_own=last.is_own,
    )
    return [Line(pool_account(into, row.currency), CREDIT, micros)]


def _raise(waiting: HeldPool | HeldPart, micros: int, row: Receipt) -> None:
    waiting.amount_micros += micros
    waiting.us_micros += micros if row.country == US else 0
    waiting.save(update_fields=["amount_micros", "us_micros"])


def lines_along(way: Way, micros: int, currency: str, *, before: int = 0) -> list[Line]:
    """The postings that give `micros` along the lines of a pool, each naming its line; before: what
    was divided along them already, where this is the rest of the same pool.
    """
    got = added(before, micros, way.pieces, way.lines, way.rights)
    lines = []
    for pk, amount in sorted(got.items()):
        statement = way.rows[pk].statement
        account = payee_account((statement.payee_kind, statement.payee_ref), currency)
        side = CREDIT if amount > 0 else DEBIT
        lines.append(Line(account, side, abs(amount), f"{CORRECTS}{pk}"))
    return lines
