"""A chargeback that was won: what it had taken of payees goes back to them, line by line.

Along the lines of the chargeback's own reversal, with the sign turned, in the open month; so nobody
gets any of it from whom nothing was taken. Invariant: a chargeback won whole leaves every payee
with what they had before it, as if it had never been.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from licensing.corrections.models import Reversal
from licensing.corrections.reversals import Back, reverse
from licensing.corrections.us_income import tax_again, tax_first
from licensing.corrections.waiting_again import wait_again
from licensing.corrections.whereabouts import Place
from licensing.ledger.models import Posting
from licensing.ledger.months import share_month, share_open_month
from licensing.ledger.rules import DEBIT, AccountKey
from licensing.money import allocate
from licensing.receipts.models import Receipt
from licensing.receipts.operations import hold_key
from licensing.receipts.winning import record_won
from licensing.royalties.accounts import unplayed_account
from licensing.royalties.along import own_pool, way_of_plays
from licensing.royalties.letting_go import count_again
from licensing.royalties.models import PayerPool, Period
from licensing.royalties.movement_sql import CORRECTS


@transaction.atomic
def win_back(
    *, key: str, chargeback_id: UUID, amount_micros: int, actor: tuple[str, str], now: datetime
) -> Receipt:
    """Record that so much of a chargeback came back, and give their part back to the payees.

    The same key again is the first row. Raises what `receipts.winning.record_won` raises.
    """
    hold_key("refunds")
    back = Receipt.objects.get(pk=chargeback_id)
    row = record_won(
        key=key,
        chargeback_id=chargeback_id,
        amount_micros=amount_micros,
        joins=_joins(back, now),
        actor=actor,
        now=now,
    )
    if row.wins is None:
        return row
    months: dict[date, dict[int, int]] = {}
    for part in row.pool_parts.all():
        months.setdefault(part.month, {})[part.rate_micros] = part.amount_micros
    for period in Period.objects.filter(month__in=months).order_by("month"):
        if not Reversal.objects.filter(receipt=row, period=period).exists():
            _give_again(row, period, months[period.month], now)
    return row


def _joins(back: Receipt, now: datetime) -> dict[date, date]:
    """Months of which the chargeback had taken all that there was before they closed, and the open
    one to which it comes now, with the plays that got nothing for it.
    """
    joins: dict[date, date] = {}
    for part in back.pool_parts.order_by("month", "rate_micros"):
        share_month(part.month)
        period = Period.objects.filter(month=part.month).first()
        payer = (back.payer_kind, back.payer_ref, part.rate_micros)
        if (
            period is not None
            and not Reversal.objects.filter(receipt=back, period=period).exists()
            and own_pool(period, payer, back.currency) is None
            and not way_of_plays(period, payer, back.currency).pieces
        ):
            joins[part.month] = share_open_month(part.month)
            count_again(payer, part.month, part.month, joins[part.month], now)
    return joins


def _give_again(row: Receipt, period: Period, parts: Mapping[int, int], now: datetime) -> None:
    """Move what was won of a closed month from the row's own account to where it had been taken."""
    first = Reversal.objects.filter(receipt=row.wins, period=period).first()
    back = Back(row)
    if first is None:
        _give_first(back, period, parts)
    else:
        _turn(back, first, parts)
    made, given = reverse(
        back,
        period,
        key=f"won:{row.pk}:{period.month:%Y-%m}",
        kind="won back",
        memo=f"chargeback of a payment for {period.month:%Y-%m}, won back",
        now=now,
    )
    if first is None:
        tax_first(made, given, now)
    else:
        tax_again(first, made, given, now)


def _give_first(back: Back, period: Period, parts: Mapping[int, int]) -> None:
    """What no close had: along the lines of the rest of the payer's pool, or of their plays."""
    row = back.row
    for rate, micros in sorted(parts.items()):
        payer = (row.payer_kind, row.payer_ref, rate)
        is_given = own_pool(period, payer, row.currency) is None and back.divided.give_to_plays(
            period, payer, row.currency, micros
        )
        if not is_given:
            back.take(rate, Place(period, -micros))


def _turn(back: Back, first: Reversal, parts: Mapping[int, int]) -> None:
    """Give again what the chargeback took, or a part of it: of each pool and each account."""
    pools = {f"pool {pool.pk:020d}": (pool, micros) for pool, micros in _pools_of(first)}
    accounts, of_lines = _accounts_of(first)
    named = {f"waits {key.kind} {key.owner_ref}": (key, n) for key, n in accounts.items()}
    weights = [(name, micros) for name, (_, micros) in (pools | named).items()]
    if not pools:
        weights.append(("lines", of_lines))
    given = allocate(sum(parts.values()), weights)
    for name, (pool, _) in pools.items():
        if given[name]:
            back.divided.take_of_pool(pool, -given[name])
    for name, (account, _) in named.items():
        if given[name]:
            _give_account(back, first, account, given[name])
    # Taken before rows said of which pools.
    rates = [(f"{rate:020d}", micros) for rate, micros in parts.items()]
    for rate, micros in allocate(given.get("lines", 0), rates).items():
        if micros:
            back.take(int(rate), Place(first.period, -micros))


def _pools_of(first: Reversal) -> Iterator[tuple[PayerPool, int]]:
    """Of which pools a reversal took how much."""
    rows = first.pieces.values_list("period", "pool").annotate(Sum("amount_micros")).order_by()
    for period, number, micros in rows:
        pools = PayerPool.objects.select_related("period__rate_card")
        yield pools.get(period=period, number=number), micros


def _accounts_of(first: Reversal) -> tuple[dict[AccountKey, int], int]:
    """Of which accounts, and how much of statements' lines."""
    found: dict[AccountKey, int] = {}
    of_lines = 0
    for one in Posting.objects.filter(entry=first.entry).select_related("account").order_by("pk"):
        if one.ref.startswith(CORRECTS):
            of_lines += one.amount_micros if one.side == DEBIT else -one.amount_micros
        elif one.side == DEBIT:
            of = one.account
            key = AccountKey(of.kind, of.owner_kind, of.owner_ref, of.currency)
            found[key] = found.get(key, 0) + one.amount_micros
    return found, of_lines


def _give_account(back: Back, first: Reversal, account: AccountKey, micros: int) -> None:
    """To what was never played in any month, or to what waited for a decision about plays."""
    period, row = first.period, back.row
    unplayed = unplayed_account(period.month, row.currency)
    if (account.kind, account.owner_kind) == (unplayed.kind, unplayed.owner_kind):
        back.take_of(account, -micros)
        return
    rate, place = wait_again(row, period, micros)
    back.take(rate, replace(place, micros=-micros))
