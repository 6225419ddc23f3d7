"""Converting what a payee is owed into the currency they are paid in, at a stored rate.

A rate is a row with its source and moment; a conversion is a row with the rate and the spread that
were taken, so a statement can show both. Invariants: one key converts once, and never more than is
payable, however many convert or pay at once.
"""

from datetime import datetime, timedelta

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.ledger.booking import book
from licensing.money import amount_text, check_currency
from licensing.payouts.models import Conversion, ExchangeRate
from licensing.payouts.rules.exchange import NANO, Converted, exchanged
from licensing.payouts.rules.postings import payable_of
from licensing.payouts.rules.states import PayoutRefused

RATE_LASTS = timedelta(hours=24)
"""After this a rate is not taken any more: somebody stores a new one."""


@transaction.atomic
def store_rate(
    *,
    sold: str,
    bought: str,
    rate_nano: int,
    source: str,
    quoted_at: datetime,
    actor: tuple[str, str],
    now: datetime,
) -> ExchangeRate:
    """Keep what one unit of `sold` is in `bought`, in billionths, as `source` quoted it."""
    row = ExchangeRate.objects.create(
        sold=check_currency(sold),
        bought=check_currency(bought),
        rate_nano=rate_nano,
        source=source,
        quoted_at=quoted_at,
        stored_by=actor[1],
        stored_at=now,
    )
    record_fact(
        actor=actor,
        verb="store_rate",
        object_kind="exchange_rate",
        object_ref=row.pk,
        after={"pair": f"{sold}/{bought}", "rate_nano": rate_nano, "source": source},
        at=now,
    )
    return row


@transaction.atomic
def exchange_at(
    *,
    key: str,
    payee: tuple[str, str],
    rate: ExchangeRate,
    sold_micros: int,
    spread_ppm: int,
    came: Converted,
    now: datetime,
) -> Conversion:
    """Post what a rate makes of an amount; raises PayoutRefused("no_rate") for one older than a
    day, BalanceTooLow when less is payable."""
    if now - rate.quoted_at > RATE_LASTS:
        raise PayoutRefused(
            "no_rate", f"The rate of {rate.sold} to {rate.bought} is older than a day."
        )
    entry = book(
        key=f"exchange:{key}",
        kind="exchange",
        lines=exchanged(payee, (rate.sold, sold_micros), (rate.bought, came)),
        now=now,
        memo=exchange_text(rate, sold_micros, came.spread_micros),
        floors=frozenset({payable_of(payee, rate.sold)}),
    )
    return Conversion.objects.create(
        key=key,
        payee_kind=payee[0],
        payee_ref=payee[1],
        rate=rate,
        sold_micros=sold_micros,
        at_rate_micros=came.at_rate_micros,
        spread_ppm=spread_ppm,
        spread_micros=came.spread_micros,
        bought_micros=came.payable_micros,
        entry=entry,
        converted_at=now,
    )


def exchange_text(rate: ExchangeRate, sold_micros: int, spread_micros: int) -> str:
    """100.000000 EUR at 1.083700000 USD (ECB, 2026-11-20 11:00 UTC), spread 1.083700 USD."""
    units, nanos = divmod(rate.rate_nano, NANO)
    return (
        f"{amount_text(sold_micros)} {rate.sold} at {units}.{nanos:09d} {rate.bought} "
        f"({rate.source}, {rate.quoted_at:%Y-%m-%d %H:%M} UTC), "
        f"spread {amount_text(spread_micros)} {rate.bought}"
    )


def newest_rates(now: datetime) -> dict[tuple[str, str], ExchangeRate]:
    """The newest rate of each pair (sold, bought) that is not older than a day."""
    rows = ExchangeRate.objects.filter(quoted_at__lte=now, quoted_at__gte=now - RATE_LASTS)
    return {(row.sold, row.bought): row for row in rows.order_by("quoted_at", "pk")}
