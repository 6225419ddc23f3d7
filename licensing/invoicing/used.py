"""What a payer used in a closed month and is to be billed for: counted by the database.

The month is closed, so nothing is added to it any more; what was played in it and came later counts
in the month that was open then. Invariant: a play stands on one invoice at a time, that of the
month it waits in.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Q, QuerySet, Value, When

from licensing.invoicing.rules import Used, price_of
from licensing.receipts.models import UsageAgreement
from licensing.royalties.models import Usage

PLAY, MINUTE = "PLAY", "MINUTE"


def payers_of(month: date) -> list[tuple[str, str]]:
    """Who has use of that month to be billed, in order."""
    rows = Usage.objects.filter(accrual_month=month, state=Usage.State.METERED)
    pairs = rows.order_by().values_list("payer_kind", "payer_ref").distinct()
    return sorted((kind, ref) for kind, ref in pairs)


def used_in(payer: tuple[str, str], month: date) -> tuple[UsageAgreement, Sequence[Used]]:
    """The agreement that governed last, and what was used, each at the price of its own moment.

    Lines in the order of use, unit and price.
    """
    agreements = _agreements(payer)
    quantities: dict[tuple[str, str, int], int] = {}
    for governing, use, unit, quantity in _counted(payer, month, agreements):
        key = (use, unit, _price(agreements[governing], use, unit))
        quantities[key] = quantities.get(key, 0) + quantity
    lines = [
        Used(use, unit, quantity, price)
        for (use, unit, price), quantity in sorted(quantities.items())
    ]
    return agreements[-1], lines


_TAKE_UP = """
UPDATE royalties_usage u
SET state = 'COUNTED', accrual_month = %(into)s, rate_micros = NULLIF(billed.price, 0)
FROM attribution_licencerecord r,
     unnest(%(uses)s::text[], %(minutes)s::bool[], %(since)s::timestamptz[],
            %(until)s::timestamptz[], %(prices)s::bigint[])
         billed (use, is_minute, since, until, price)
WHERE u.accrual_month = %(month)s AND u.state = 'METERED'
  AND u.payer_kind = %(kind)s AND u.payer_ref = %(ref)s AND r.id = u.record_id
  AND r.use = billed.use AND (u.minute IS NOT NULL) = billed.is_minute
  AND u.played_at >= billed.since AND u.played_at < billed.until
"""


def take_up(payer: tuple[str, str], month: date, into: date) -> int:
    """Let what waited in a month count in another, which is open and held shared; how many.

    Each keeps the price at which it was billed, that of its own moment; what cost nothing has none.
    """
    agreements = _agreements(payer)
    groups = _counted(payer, month, agreements)
    spans = [(agreements[n], agreements[n + 1] if n + 1 < len(agreements) else None)
             for n, *_ in groups]  # fmt: skip
    given: dict[str, Any] = {
        "month": month,
        "into": into,
        "kind": payer[0],
        "ref": payer[1],
        "uses": [use for _, use, _, _ in groups],
        "minutes": [unit == MINUTE for _, _, unit, _ in groups],
        "since": [str(first.effective_from) if n else "-infinity"
                  for (n, *_), (first, _) in zip(groups, spans, strict=True)],
        "until": [str(after.effective_from) if after else "infinity" for _, after in spans],
        "prices": [_price(agreements[n], use, unit) for n, use, unit, _ in groups],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_UP, given)
        return int(cursor.rowcount)


def wait_on(payer: tuple[str, str], month: date, into: date) -> int:
    """Let what waited in a month wait in another, which is open and held shared; how many."""
    return _waiting(payer, month).update(accrual_month=into)


def _agreements(payer: tuple[str, str]) -> Sequence[UsageAgreement]:
    """Those that bill this payer, the oldest first."""
    rows = UsageAgreement.objects.filter(payer_kind=payer[0], payer_ref=payer[1], ends_it=False)
    return list(rows.prefetch_related("prices").order_by("effective_from"))


def _price(agreement: UsageAgreement, use: str, unit: str) -> int:
    prices = {(one.use, one.unit): one.price_micros for one in agreement.prices.all()}
    return price_of(use, unit, prices)


def _waiting(payer: tuple[str, str], month: date) -> QuerySet[Usage]:
    return Usage.objects.filter(
        payer_kind=payer[0], payer_ref=payer[1], accrual_month=month, state=Usage.State.METERED
    )


def _counted(
    payer: tuple[str, str], month: date, agreements: Sequence[UsageAgreement]
) -> list[tuple[int, str, str, int]]:
    """Quantities per agreement in force at the moment of play (its place), use and unit."""
    in_force = Case(
        *(
            When(Q(played_at__gte=one.effective_from), then=Value(number))
            for number, one in reversed(list(enumerate(agreements)))
        ),
        default=Value(0),
    )
    unit = Case(When(minute__isnull=True, then=Value(PLAY)), default=Value(MINUTE))
    rows = (
        _waiting(payer, month)
        .order_by()
        .annotate(governing=in_force, unit=unit)
        .values_list("governing", "record__use", "unit")
        .annotate(quantity=Count("pk"))
    )
    return list(rows)
