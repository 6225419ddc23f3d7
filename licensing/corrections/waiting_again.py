"""Money that waited for decisions about plays when a chargeback took it, and comes again.

It goes on waiting where it waited. Once the plays were decided it goes where they took the rest:
to the month that is to divide it, or along the lines to which it was given.
"""

from licensing.corrections.whereabouts import Place, held_pools, joined
from licensing.deductions.rules.taxes import US
from licensing.ledger.months import share_open_month
from licensing.receipts.models import Receipt
from licensing.receipts.rules import pool_account
from licensing.royalties.accounts import held_account
from licensing.royalties.along import own_pool
from licensing.royalties.letting_go import count_again, held_by_payer
from licensing.royalties.models import HeldPart, HeldPool, Period


def wait_again(row: Receipt, period: Period, micros: int) -> tuple[int, Place]:
    """The place to which `micros` come of what a closed month had kept of this payer, and the price
    of its plays; what waits there is raised.
    """
    pool = held_pools(row, period)[0]
    payer = (pool.payer_kind, pool.payer_ref, pool.rate_micros)
    if payer in held_by_payer(period.month):
        _raise(pool, micros, row)
        return pool.rate_micros, Place(period, micros, held_account(period.month, row.currency))
    last = pool.parts.select_for_update(of=("self",)).order_by("-pk").first()
    if last is None or last.joins_month is None:
        return pool.rate_micros, Place(period, micros)
    divided = joined(last)
    if divided is None:
        _raise(last, micros, row)
        return pool.rate_micros, Place(period, micros, pool_account(last.joins_month, row.currency))
    of_month = period.month if last.is_own else None
    if own_pool(divided, payer, row.currency, of_month=of_month) is not None:
        return pool.rate_micros, Place(divided, micros, of_month=of_month)
    into = share_open_month(divided.month)
    if last.is_own:
        count_again(payer, period.month, divided.month, into, row.received_at)
    HeldPart.objects.create(
        pool=pool,
        amount_micros=micros,
        us_micros=micros if row.country == US else 0,
        joins_month=into,
        is_own=last.is_own,
    )
    return pool.rate_micros, Place(period, micros, pool_account(into, row.currency))


def _raise(waiting: HeldPool | HeldPart, micros: int, row: Receipt) -> None:
    waiting.amount_micros += micros
    waiting.us_micros += micros if row.country == US else 0
    waiting.save(update_fields=["amount_micros", "us_micros"])
