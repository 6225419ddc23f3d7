"""A refund or chargeback of money that closed months have divided already.

The receipt below zero stands in the open month; what it takes of closed months is reversed among
their payees by the weights of that payer's division, wherever the money of a line went, each
posting naming the line it corrects. A balance that falls below zero carries over; nobody is asked
for money. Refunds come one after the other, because each divides what the ones before it left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from licensing.corrections.dividing import Divided
from licensing.corrections.models import Reversal
from licensing.corrections.taking import posting, taken_of
from licensing.deductions.where import write_taken
from licensing.ledger.booking import book
from licensing.ledger.months import share_month
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.receipts.models import Receipt
from licensing.receipts.operations import hold_key
from licensing.receipts.refunding import record_refund
from licensing.receipts.rules import pool_account, reversal_account
from licensing.royalties.accounts import held_account, unplayed_account
from licensing.royalties.models import HeldPool, Period


@transaction.atomic
def refund_receipt(
    *,
    key: str,
    receipt_id: UUID,
    amount_micros: int,
    actor: tuple[str, str],
    now: datetime,
    kind: str = "REFUND",
) -> Receipt:
    """Record money that went back to who paid it, and take their part back from closed months.

    kind: REFUND or CHARGEBACK. The same key again is the first refund. Raises what
    `receipts.refunding.record_refund` raises.
    """
    hold_key("refunds")
    row = record_refund(
        key=key,
        receipt_id=receipt_id,
        kind=kind,
        amount_micros=amount_micros,
        actor=actor,
        now=now,
    )
    months: dict[date, dict[int, int]] = {}
    for part in row.pool_parts.all():
        months.setdefault(part.month, {})[part.rate_micros] = -part.amount_micros
    periods = Period.objects.filter(month__in=months).select_related("rate_card")
    for period in periods.order_by("month"):
        if not Reversal.objects.filter(receipt=row, period=period).exists():
            _reverse(row, period, months[period.month], now)
    return row


@dataclass(slots=True)
class _Back:
    """What a refund takes of one closed month: of pieces that closes divided, and of accounts where
    money still waits or was never played."""

    divided: Divided = field(default_factory=Divided)
    accounts: dict[AccountKey, int] = field(default_factory=dict)


def _reverse(row: Receipt, period: Period, parts: Mapping[int, int], now: datetime) -> None:
    """Move what is taken back from the payees of a closed month to the refund's own account.

    `parts`: what is taken of the money for plays billed at each price, 0 for none.
    """
    back = _back(row, period, parts)
    taken = taken_of(back.divided.lines())
    postings = [posting(one, pk) for pk, one in taken]
    postings += [Line(account, DEBIT, n) for account, n in sorted(back.accounts.items())]
    micros = sum(parts.values())
    postings.append(Line(reversal_account(row.key, row.currency), CREDIT, micros))
    entry = book(
        key=f"refund:{row.pk}:{period.month:%Y-%m}",
        kind="refund",
        lines=postings,
        now=now,
        memo=f"{row.kind.lower()} of a payment for {period.month:%Y-%m}",
    )
    write_taken([one for _, one in taken], entry.pk)
    reversal = Reversal.objects.create(
        receipt=row, period=period, amount_micros=micros, entry=entry
    )
    back.divided.write(reversal)


def _back(row: Receipt, period: Period, parts: Mapping[int, int]) -> _Back:
    """Of which pieces and accounts the parts are taken."""
    back = _Back()
    for rate, micros in sorted(parts.items()):
        close, waits_in = _where_it_is(row, period, rate, micros)
        payer = (row.payer_kind, row.payer_ref, rate)
        if waits_in or not back.divided.take(close, payer, row.currency, micros):
            account = waits_in or unplayed_account(close.month, row.currency)
            back.accounts[account] = back.accounts.get(account, 0) + micros
    return back


def _where_it_is(
    row: Receipt, period: Period, rate: int, micros: int
) -> tuple[Period, AccountKey | None]:
    """The close that divided this money, and the account where it still waits, if it does.

    A pool all of whose plays were held waits for a decision, then joins an open month.
    """
    pool = (
        HeldPool.objects.select_for_update()
        .filter(period=period, payer_kind=row.payer_kind, payer_ref=row.payer_ref)
        .filter(currency=row.currency, rate_micros=rate)
        .first()
    )
    if pool is None:
        return period, None
    account = held_account(period.month, row.currency)
    if pool.joins_month is not None:
        share_month(pool.joins_month)
        joined = Period.objects.select_related("rate_card").filter(month=pool.joins_month).first()
        if joined is not None:
            return _where_it_is(row, joined, rate, micros)
        account = pool_account(pool.joins_month, row.currency)
    pool.amount_micros -= micros
    pool.us_micros -= micros if row.country == "US" else 0
    pool.save(update_fields=["amount_micros", "us_micros"])
    return period, account
