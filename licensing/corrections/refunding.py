"""A refund or chargeback of money that closed months have divided already.

The receipt below zero stands in the open month; what it takes of closed months is reversed among
their payees by the weights of that payer's division, wherever the money of a line went, each
posting naming the line it corrects. A balance that falls below zero carries over; nobody is asked
for money. Refunds come one after the other, because each divides what the ones before it left.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from licensing.corrections.models import Reversal
from licensing.corrections.reversals import Back, reverse
from licensing.corrections.us_income import take_tax_back
from licensing.corrections.whereabouts import take_from
from licensing.receipts.models import Receipt
from licensing.receipts.operations import hold_key
from licensing.receipts.refunding import record_refund
from licensing.royalties.models import Period


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


def _reverse(row: Receipt, period: Period, parts: Mapping[int, int], now: datetime) -> None:
    """Move what is taken back from the payees of a closed month to the refund's own account.

    `parts`: what is taken of the money for plays billed at each price, 0 for none.
    """
    back = Back(row)
    for rate, micros in sorted(parts.items()):
        for place in take_from(row, period, rate, micros):
            back.take(rate, place)
    made, taken = reverse(
        back,
        period,
        key=f"refund:{row.pk}:{period.month:%Y-%m}",
        kind="refund",
        memo=f"{row.kind.lower()} of a payment for {period.month:%Y-%m}",
        now=now,
    )
    take_tax_back(made, taken, now)
