"""What a decision gave along the lines of a closed pool after its close: the part of upheld plays.

A close keeps that part back, so neither its pools nor its sums have it; whoever divides what is
left of them counts it to both. Invariant: the parts of a pool's pieces sum to what was let go.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Sum

from licensing.corrections.rules.reversing import of_pieces
from licensing.royalties.along import own_pool
from licensing.royalties.evidence import plays_by_pool
from licensing.royalties.models import HeldPart, PayerPool, Period, VariationSum


def upheld_of(pool: PayerPool) -> int:
    """Micro-units that went along the lines of a pool since its close."""
    if pool.basis != "OWN" or pool.of_month is not None:
        return 0
    rows = HeldPart.objects.filter(
        joins_month__isnull=True,
        pool__period=pool.period,
        pool__currency=pool.currency,
        pool__payer_kind=pool.payer_kind,
        pool__payer_ref=pool.payer_ref,
        pool__rate_micros=pool.rate_micros,
    )
    return int(rows.aggregate(micros=Sum("amount_micros"))["micros"] or 0)


def upheld_by_sum(period: Period, sums: Iterable[VariationSum]) -> dict[int, int]:
    """What came to each of these sums, all of the period, that way; of most, nothing."""
    by_piece = {(row.currency, row.record_id, row.era_from): row.pk for row in sums}
    rows = HeldPart.objects.filter(joins_month__isnull=True, pool__period=period)
    whose = rows.values_list(
        "pool__payer_kind", "pool__payer_ref", "pool__rate_micros", "pool__currency"
    )
    found: dict[int, int] = defaultdict(int)
    for kind, ref, rate, currency in whose.distinct().order_by():
        pool = own_pool(period, (kind, ref, rate), currency)
        plays = plays_by_pool(period, (kind, ref, rate), currency) if pool else []
        named = {f"{n:09d}": (currency, record, era) for n, (record, era, _) in enumerate(plays)}
        weights = [(name, one[2]) for name, one in zip(named, plays, strict=True)]
        if pool is not None and by_piece.keys() & named.values():
            later = upheld_of(pool)
            for name, micros in of_pieces(pool.pool_micros + later, 0, later, weights).items():
                if named[name] in by_piece:
                    found[by_piece[named[name]]] += micros
    return found
