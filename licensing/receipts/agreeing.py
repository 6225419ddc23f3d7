"""Agreeing with a partner that its use is billed by the month, at which prices, and ending it.

From then on its plays need no receipt ahead: they wait for the invoice's money and accrue with it.
Invariant: every unit has a price, so no use is free because nobody thought of it.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.money import check_currency
from licensing.receipts.models import UsageAgreement, UsagePrice
from licensing.receipts.operations import LISTENING
from licensing.receipts.rules import USAGE_UNITS, ReceiptRefused

MOST_DUE_DAYS = 90


@transaction.atomic
def agree_usage(
    *,
    payer: tuple[str, str],
    prices: Mapping[tuple[str, str], int],
    country: str,
    currency: str,
    due_days: int,
    billed_to: str,
    effective_from: datetime,
    actor: tuple[str, str],
    now: datetime,
    product: str = LISTENING,
) -> UsageAgreement:
    """Bill this payer for use from a moment on.

    prices: (use, unit) to micro-units without tax; use "" stands for every other use and must have
    a price for each unit (PLAY, MINUTE). Raises ReceiptRefused.
    """
    if any(("", unit) not in prices for unit in USAGE_UNITS):
        raise ReceiptRefused("a play and a minute of every other use need a price")
    if any(micros < 0 for micros in prices.values()) or not 0 < due_days <= MOST_DUE_DAYS:
        raise ReceiptRefused("prices are not negative, and an invoice is due within 90 days")
    agreement = UsageAgreement.objects.create(
        payer_kind=payer[0],
        payer_ref=str(payer[1]),
        product=product,
        country=country,
        currency=check_currency(currency),
        due_days=due_days,
        billed_to=billed_to,
        effective_from=effective_from,
    )
    UsagePrice.objects.bulk_create(
        UsagePrice(agreement=agreement, use=use, unit=unit, price_micros=micros)
        for (use, unit), micros in sorted(prices.items())
    )
    _tell(agreement, "agree_usage", actor, now)
    return agreement


@transaction.atomic
def end_usage_agreement(
    *, payer: tuple[str, str], at: datetime, actor: tuple[str, str], now: datetime
) -> UsageAgreement:
    """Bill nothing that is used from a moment on. Raises ReceiptRefused without an agreement."""
    rows = UsageAgreement.objects.filter(payer_kind=payer[0], payer_ref=str(payer[1]))
    last = rows.order_by("-effective_from").first()
    if last is None or last.ends_it or last.effective_from >= at:
        raise ReceiptRefused("there is no agreement that this would end")
    ending = UsageAgreement.objects.create(
        payer_kind=last.payer_kind,
        payer_ref=last.payer_ref,
        product=last.product,
        country=last.country,
        currency=last.currency,
        due_days=last.due_days,
        billed_to=last.billed_to,
        effective_from=at,
        ends_it=True,
    )
    _tell(ending, "end_usage_agreement", actor, now)
    return ending


def _tell(agreement: UsageAgreement, verb: str, actor: tuple[str, str], now: datetime) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="usage_agreement",
        object_ref=agreement.pk,
        after={
            "payer": [agreement.payer_kind, agreement.payer_ref],
            "from": agreement.effective_from.isoformat(),
            "prices": {f"{p.use}/{p.unit}": p.price_micros for p in agreement.prices.all()},
        },
        at=now,
    )
