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
from licensing.payouts.rules.exchange import NANO, convert, exchanged
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
def convert_balance(
    *,
    key: str,
    payee: tuple[str, str],
    sold: str,
    bought: str,
    amount_micros: int,
    spread_ppm: int,
    now: datetime,
) -> Conversion:
    """Turn so much of a payee's balance into another currency, at the newest rate of the pair.

    The same key again is the first conversion. Raises PayoutRefused("no_rate") without a rate
    quoted within a day, BalanceTooLow when less is payable.
    """
    known = Conversion.objects.filter(key=key).first()
    if known is not None:
        return known
    rate = _rate(sold, bought, now)
    came = convert(amount_micros, rate.rate_nano, spread_ppm)
    units, nanos = divmod(rate.rate_nano, NANO)
    memo = (
        f"{amount_text(amount_micros)} {sold} at {units}.{nanos:09d} {bought} ({rate.source}, "
        f"{rate.quoted_at:%Y-%m-%d %H:%M} UTC), spread {amount_text(came.spread_micros)} {bought}"
    )
    entry = book(
        key=f"exchange:{key}",
        kind="exchange",
        lines=exchanged(payee, (sold, amount_micros), (bought, came)),
        now=now,
        memo=memo,
        floors=frozenset({payable_of(payee, sold)}),
    )
    return Conversion.objects.create(
        key=key,
        payee_kind=payee[0],
        payee_ref=payee[1],
        rate=rate,
        sold_micros=amount_micros,
        at_rate_micros=came.at_rate_micros,
        spread_ppm=spread_ppm,
        spread_micros=came.spread_micros,
        bought_micros=came.payable_micros,
        entry=entry,
        converted_at=now,
    )


def _rate(sold: str, bought: str, now: datetime) -> ExchangeRate:
    rows = ExchangeRate.objects.filter(
        sold=sold, bought=bought, quoted_at__lte=now, quoted_at__gte=now - RATE_LASTS
    )
    rate = rows.order_by("-quoted_at", "-pk").first()
    if rate is None:
        raise PayoutRefused("no_rate", f"No rate of {sold} to {bought} is younger than a day.")
    return rate
