"""Money that goes back: a refund or a chargeback as a receipt below zero in the open month.

What it takes from open months comes out of their pools; what belongs to closed months waits on the
refund's own account until the room that knows their lines reverses it, in the same transaction.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from licensing.audit.operations import record_fact
from licensing.ledger.booking import book
from licensing.ledger.months import is_closed, share_month
from licensing.ledger.rules import AccountKey, KeyTaken
from licensing.money import allocate
from licensing.receipts import rules
from licensing.receipts.models import PoolPart, Receipt
from licensing.receipts.operations import hold_key

Actor = tuple[str, str]


@transaction.atomic
def record_refund(
    *, key: str, receipt_id: UUID, kind: str, amount_micros: int, actor: Actor, now: datetime
) -> Receipt:
    """Record that so much of a receipt went back to who paid; the row is below zero.

    kind: REFUND or CHARGEBACK. The same key again is the first row. Raises ReceiptRefused for more
    than is left of the receipt or for a promotional one, KeyTaken for other content under the key.
    """
    hold_key(f"refunds of {receipt_id}")
    receipt = Receipt.objects.get(pk=receipt_id)
    known = Receipt.objects.filter(key=key).first()
    if known is not None:
        said = (known.corrects_id, known.kind, -known.amount_micros)
        if said != (receipt_id, kind, amount_micros):
            raise KeyTaken(f"{key} stands for something else already")
        return known
    if kind not in rules.GIVEN_BACK or receipt.kind not in ("SUBSCRIPTION", "PURCHASE", "PARTNER"):
        raise rules.ReceiptRefused("only what somebody paid goes back, as REFUND or CHARGEBACK")
    left = _left(receipt)
    back = rules.given_back(amount_micros, left)
    parts = _by_part(receipt, -back.pool_micros)
    pools = accounts_of(key, receipt.currency, parts)
    entry = book(
        key=f"receipt:{key}", kind="refund", lines=rules.lines_back(paid_of(receipt), back, pools),
        now=now, memo=f"{kind.lower()} of {receipt.key}",
    )  # fmt: skip
    row = _write(key, kind, receipt, back, entry.pk, now)
    PoolPart.objects.bulk_create(
        PoolPart(receipt=row, month=month, rate_micros=rate, amount_micros=-micros)
        for (month, rate), micros in sorted(parts.items())
    )
    record_fact(
        actor=actor,
        verb="record_refund",
        object_kind="receipt",
        object_ref=row.pk,
        after={"corrects": str(receipt.pk), "kind": kind, "amount_micros": row.amount_micros},
        at=now,
    )
    return row


def _write(
    key: str, kind: str, receipt: Receipt, back: rules.Waterfall, entry_id: int, now: datetime
) -> Receipt:
    amount = back.tax_micros + back.commission_micros + back.pool_micros
    whole = receipt.given_back.aggregate(micros=Sum("amount_micros"))["micros"] or 0
    return Receipt.objects.create(
        key=key,
        content_sha256=rules.content_sha256(paid_of(receipt)),
        kind=kind,
        payer_kind=receipt.payer_kind,
        payer_ref=receipt.payer_ref,
        product=receipt.product,
        country=receipt.country,
        currency=receipt.currency,
        amount_micros=amount,
        tax_micros=back.tax_micros,
        fee_micros=0,
        commission_micros=back.commission_micros,
        pool_micros=back.pool_micros,
        covers_from=receipt.covers_from,
        covers_until=receipt.covers_until,
        received_at=now,
        entry_id=entry_id,
        corrects=receipt,
        ends_cover=receipt.amount_micros + whole + amount == 0,
    )


def _left(receipt: Receipt) -> rules.Waterfall:
    """The parts of a receipt that did not go back yet; the house's share of a fee with the fee."""
    names = ("tax_micros", "commission_micros", "pool_micros")
    gone = receipt.given_back.aggregate(**{name: Sum(name) for name in names})
    tax, house, pool = (int(gone[name] or 0) for name in names)
    kept = receipt.commission_micros + receipt.fee_micros + house
    return rules.Waterfall(receipt.tax_micros + tax, 0, kept, receipt.pool_micros + pool)


def _by_part(receipt: Receipt, pool_micros: int) -> dict[tuple[date, int], int]:
    """What is taken of each month's pool at each rate, over what is left of the receipt there."""
    parts = PoolPart.objects.filter(receipt__in=[receipt, *receipt.given_back.all()])
    left = parts.values_list("month", "rate_micros").annotate(micros=Sum("amount_micros"))
    keys = {f"{month.isoformat()} {rate:020d}": (month, rate) for month, rate, _ in left}
    weights = [(f"{month.isoformat()} {rate:020d}", int(micros)) for month, rate, micros in left]
    taken = allocate(pool_micros, weights)
    return {keys[name]: micros for name, micros in taken.items() if micros}


def accounts_of(
    key: str, currency: str, parts: Mapping[tuple[date, int], int]
) -> dict[AccountKey, int]:
    """The accounts of these parts: pools of open months, held so; the row's own for closed ones."""
    taken: dict[AccountKey, int] = {}
    for (month, _), micros in sorted(parts.items()):
        share_month(month)
        closed = is_closed(month)
        account = (
            rules.reversal_account(key, currency) if closed else rules.pool_account(month, currency)
        )
        taken[account] = taken.get(account, 0) + micros
    return taken


def paid_of(receipt: Receipt) -> rules.Paid:
    """A receipt as it was said to be paid."""
    return rules.Paid(
        kind=receipt.kind,
        payer=(receipt.payer_kind, receipt.payer_ref),
        amount_micros=receipt.amount_micros,
        currency=receipt.currency,
        covers_from=receipt.covers_from,
        covers_until=receipt.covers_until,
        tax_micros=receipt.tax_micros,
        fee_micros=receipt.fee_micros,
        product=receipt.product,
        country=receipt.country,
    )
