"""Plays that nobody had paid for, funded by the house afterwards: a promotional receipt and them.

Who listens without a receipt is heard and accrues nothing; the house may pay for it while the month
is open. Invariant: what a close has looked at stays as it was; a receipt funds plays of its own
payer and span alone.
"""

from datetime import datetime

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.ledger.months import is_closed, share_month
from licensing.receipts.models import Receipt
from licensing.receipts.operations import LISTENING, record_receipt
from licensing.royalties.models import Usage

KIND = "PROMOTION"


@transaction.atomic
def record_promotion(
    *,
    key: str,
    payer: tuple[str, str],
    amount_micros: int,
    currency: str,
    covers_from: datetime,
    covers_until: datetime,
    country: str,
    actor: tuple[str, str],
    now: datetime,
    product: str = LISTENING,
) -> tuple[Receipt, int]:
    """Fund a payer's listening by the house, what was played already included.

    All of it goes into the pool. Plays in the span that no receipt covered count from now on, in
    months that are open; those of a closed month stand on its statements as unfunded for good.
    Returns the receipt and how many plays it took up. Raises ReceiptRefused, KeyTaken.
    """
    receipt = record_receipt(
        key=key,
        kind=KIND,
        payer=payer,
        amount_micros=amount_micros,
        currency=currency,
        covers_from=covers_from,
        covers_until=covers_until,
        tax_micros=0,
        product=product,
        country=country,
        actor=actor,
        now=now,
    )
    funded = _take_up(receipt)
    if funded:
        record_fact(
            actor=actor,
            verb="fund_plays",
            object_kind="receipt",
            object_ref=receipt.pk,
            after={"plays": funded},
            at=now,
        )
    return receipt, funded


def _take_up(receipt: Receipt) -> int:
    """Let plays count whose month has a part of this receipt and is open; held so until the end."""
    months = []
    for part in receipt.pool_parts.order_by("month"):
        share_month(part.month)
        if not is_closed(part.month):
            months.append(part.month)
    return Usage.objects.filter(
        payer_kind=receipt.payer_kind,
        payer_ref=receipt.payer_ref,
        state=Usage.State.UNFUNDED,
        accrual_month__in=months,
        played_at__gte=receipt.covers_from,
        played_at__lt=receipt.covers_until,
    ).update(state=Usage.State.COUNTED)
