"""What a share earned in the last closed month: for whoever decides what waits or recoups from it.

Sums of frozen statement lines; it promises nothing about the months to come.
"""

from django.db.models import Q, Sum

from licensing.money import amount_text
from licensing.royalties.models import PAID, Period, StatementLine


def last_earned(which: Q, ppm: int = 1_000_000) -> str:
    """`ppm` of what the lines of `which` earned, like "12.340000 EUR in October 2026"."""
    period = Period.objects.order_by("-month").first()
    if period is None:
        return "nothing: no month is closed yet"
    lines = StatementLine.objects.filter(
        which, statement__period=period, statement__version=1, kind__in=PAID
    )
    sums = lines.values_list("statement__currency").annotate(Sum("amount_micros"))
    said = [
        f"{amount_text(micros * ppm // 1_000_000)} {code}"
        for code, micros in sums.order_by("statement__currency")
    ]
    return f"{', '.join(said) or 'nothing'} in {period.month:%B %Y}"
