"""A chargeback that was won: the money comes again, in the parts in which it had gone.

What had been taken of open months is theirs again; what closed months had divided waits on the
row's own account until the room that knows their lines gives it back to them, in the same
transaction. Invariant: a chargeback won whole leaves every account as it was before it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.ledger.booking import book
from licensing.ledger.rules import KeyTaken
from licensing.money import allocate
from licensing.receipts import rules
from licensing.receipts.models import PoolPart, Receipt
from licensing.receipts.operations import hold_key
from licensing.receipts.refunding import accounts_of, paid_of

Actor = tuple[str, str]


@transaction.atomic
def record_won(
    *,
    key: str,
    chargeback_id: UUID,
    amount_micros: int,
    joins: Mapping[date, date],
    actor: Actor,
    now: datetime,
) -> Receipt:
    """Record that so much of a chargeback came back to us; the row is above zero.

    Tax, the house's part and pool come again by the weights by which they went. `joins`: months
    whose part is for another month, an open one. The same key again is the first row. Raises
    ReceiptRefused for more than was taken or for what is no chargeback, KeyTaken for other content
    under the key.
    """
    back = Receipt.objects.select_related("corrects").get(pk=chargeback_id)
    receipt = back.corrects
    if receipt is None or back.kind != "CHARGEBACK":
        raise rules.ReceiptRefused("only a chargeback is won")
    hold_key(f"refunds of {receipt.pk}")
    known = Receipt.objects.filter(key=key).first()
    if known is not None:
        # Won before rows said what they win: such a row stands as it is.
        if known.amount_micros != amount_micros or known.wins_id not in (back.pk, None):
            raise KeyTaken(f"{key} stands for something else already")
        return known
    taken = rules.Waterfall(-back.tax_micros, 0, -back.commission_micros, -back.pool_micros)
    won = rules.won_back(amount_micros, taken)
    parts = _by_part(back, won.pool_micros, joins)
    pools = accounts_of(key, receipt.currency, parts)
    lines = rules.lines_again(paid_of(receipt), won, pools)
    entry = book(
        key=f"receipt:{key}", kind="won back", lines=lines, now=now, memo=f"{back.key} was won"
    )
    row = _write(key, back, receipt, won, entry.pk, now)
    PoolPart.objects.bulk_create(
        PoolPart(receipt=row, month=month, rate_micros=rate, amount_micros=micros)
        for (month, rate), micros in sorted(parts.items())
    )
    record_fact(
        actor=actor,
        verb="record_won",
        object_kind="receipt",
        object_ref=row.pk,
        after={"wins": str(back.pk), "amount_micros": amount_micros},
        at=now,
    )
    return row


def _by_part(
    back: Receipt, pool_micros: int, joins: Mapping[date, date]
) -> Mapping[tuple[date, int], int]:
    """What comes again to each month's pool at each rate, by what was taken there."""
    taken = {
        f"{part.month.isoformat()} {part.rate_micros:020d}": part for part in back.pool_parts.all()
    }
    again = allocate(pool_micros, [(name, -part.amount_micros) for name, part in taken.items()])
    parts: dict[tuple[date, int], int] = {}
    for name, micros in again.items():
        month = taken[name].month
        where = (joins.get(month, month), taken[name].rate_micros)
        if micros:
            parts[where] = parts.get(where, 0) + micros
    return parts


def _write(
    key: str, back: Receipt, receipt: Receipt, won: rules.Waterfall, entry_id: int, now: datetime
) -> Receipt:
    return Receipt.objects.create(
        key=key,
        content_sha256=back.content_sha256,
        kind=rules.WON,
        payer_kind=receipt.payer_kind,
        payer_ref=receipt.payer_ref,
        product=receipt.product,
        country=receipt.country,
        currency=receipt.currency,
        amount_micros=won.tax_micros + won.commission_micros + won.pool_micros,
        tax_micros=won.tax_micros,
        fee_micros=0,
        commission_micros=won.commission_micros,
        pool_micros=won.pool_micros,
        covers_from=receipt.covers_from,
        covers_until=receipt.covers_until,
        received_at=now,
        entry_id=entry_id,
        corrects=receipt,
        wins=back,
    )
