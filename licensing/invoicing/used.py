"""What a payer used in a closed month and is to be billed for: counted by the database.

The month is closed, so nothing is added to it any more; what was played in it and came later counts
in the month that was open then. Invariant: a play stands on one invoice at a time, that of the
month it waits in.
"""

from collections.abc import Sequence
from datetime import date

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
    agreements = list(
        UsageAgreement.objects.filter(payer_kind=payer[0], payer_ref=payer[1], ends_it=False)
        .prefetch_related("prices")
        .order_by("effective_from")
    )
    quantities: dict[tuple[str, str, int], int] = {}
    for governing, use, unit, quantity in _counted(payer, month, agreements):
        prices = {(one.use, one.unit): one.price_micros for one in governing.prices.all()}
        key = (use, unit, price_of(use, unit, prices))
        quantities[key] = quantities.get(key, 0) + quantity
    lines = [
        Used(use, unit, quantity, price)
        for (use, unit, price), quantity in sorted(quantities.items())
    ]
    return agreements[-1], lines


def take_up(payer: tuple[str, str], month: date, into: date) -> int:
    """Let what waited in a month count in another, which is open and held shared; how many."""
    return _waiting(payer, month).update(state=Usage.State.COUNTED, accrual_month=into)


def wait_on(payer: tuple[str, str], month: date, into: date) -> int:
    """Let what waited in a month wait in another, which is open and held shared; how many."""
    return _waiting(payer, month).update(accrual_month=into)


def _waiting(payer: tuple[str, str], month: date) -> QuerySet[Usage]:
    return Usage.objects.filter(
        payer_kind=payer[0], payer_ref=payer[1], accrual_month=month, state=Usage.State.METERED
    )


def _counted(
    payer: tuple[str, str], month: date, agreements: Sequence[UsageAgreement]
) -> list[tuple[UsageAgreement, str, str, int]]:
    """Quantities per agreement in force at the moment of play, use and unit."""
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
    return [(agreements[number], use, of, quantity) for number, use, of, quantity in rows]
