"""Of which pieces and lines a refund of a closed month is taken, by what was left of them.

A chargeback that was won is a refund below zero, and goes to them again by the same words.
Invariant: what is taken of the lines sums to what is taken of the pieces, and that to the refund.
The caller keeps other refunds of closed months out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Sum

from licensing.corrections.models import Reversal, ReversedPiece
from licensing.corrections.rules.reversing import Given, of_lines, of_pieces
from licensing.corrections.upheld import upheld_by_sum, upheld_of
from licensing.royalties.along import own_pool
from licensing.royalties.evidence import Payer, plays_by_pool, plays_of_payer
from licensing.royalties.models import PAID, PayerPool, Period, StatementLine, VariationSum

Plays = tuple[UUID, datetime, int]
"""(record, its sheets hold from, how many)"""


class OfLine(NamedTuple):
    """What is taken of a line that a month's close gave; below zero where it is given again."""

    line: StatementLine
    month: date
    micros: int


@dataclass(slots=True)
class Divided:
    """What one reversal takes: by period and pool, of which sums."""

    taken: dict[tuple[Period, int], dict[int, int]] = field(default_factory=dict)
    sums: dict[int, VariationSum] = field(default_factory=dict)

    def take(
        self,
        period: Period,
        payer: Payer,
        currency: str,
        micros: int,
        *,
        of_month: date | None = None,
    ) -> bool:
        """Divide this over the pieces that the payer's pool went to; False where it went to none.

        A payer has one pool at a price in a month, and one of each month of which plays were held
        and released, `of_month`; those of idle payers are one together. Below zero it is given
        again.
        """
        plays = plays_by_pool(period, payer, currency, of_month=of_month)
        if plays:
            self._divide(pool_of(period, payer, currency, of_month), plays, micros)
        return bool(plays)

    def take_of_pool(self, pool: PayerPool, micros: int) -> None:
        """The same of a pool that is known to have gone to pieces."""
        whose = (pool.payer_kind, pool.payer_ref, pool.rate_micros)
        self._divide(
            pool, plays_by_pool(pool.period, whose, pool.currency, of_month=pool.of_month), micros
        )

    def give_to_plays(self, period: Period, payer: Payer, currency: str, micros: int) -> bool:
        """Give this over what a payer without a pool played, where everybody's pool reached all of
        it; False where that is nothing.
        """
        shared = PayerPool.objects.filter(period=period, currency=currency).exclude(basis="OWN")
        pool = shared.select_related("period__rate_card").first()
        plays = plays_of_payer(period, payer, currency) if pool else []
        if pool is None or not plays:
            return False
        self._divide(pool, plays, -micros)
        return True

    def _divide(self, pool: PayerPool, given: Sequence[Plays], micros: int) -> None:
        period, plays = pool.period, {(record, era): n for record, era, n in given}
        rows = VariationSum.objects.filter(
            period=period, currency=pool.currency, record__in={record for record, _ in plays}
        )
        sums = {_name(row): row for row in rows if (row.record_id, row.era_from) in plays}
        weights = [(name, plays[row.record_id, row.era_from]) for name, row in sums.items()]
        gone = _gone(ReversedPiece.objects.filter(period=period, pool=pool.number))
        before = self.taken.setdefault((period, pool.number), {})
        whole = pool.pool_micros + upheld_of(pool)
        for name, part in of_pieces(whole, gone + sum(before.values()), micros, weights).items():
            row = sums[name]
            self.sums[row.pk] = row
            before[row.pk] = before.get(row.pk, 0) + part

    def lines(self) -> list[OfLine]:
        """What is taken of every line, in the order of their keys."""
        found: list[OfLine] = []
        for period in {period.pk: period for period, _ in self.taken}.values():
            found += _lines(period, self._of(period), self.sums)
        return sorted(found, key=lambda one: one.line.pk)

    def _of(self, period: Period) -> dict[int, int]:
        whole: dict[int, int] = defaultdict(int)
        for (of, _), parts in self.taken.items():
            for pk, micros in parts.items() if of == period else ():
                whole[pk] += micros
        return whole

    def write(self, reversal: Reversal) -> None:
        """Keep what was taken of which pool's part of which piece."""
        ReversedPiece.objects.bulk_create(
            ReversedPiece(
                reversal=reversal,
                period=period,
                pool=number,
                variation_sum_id=pk,
                amount_micros=micros,
            )
            for (period, number), parts in self.taken.items()
            for pk, micros in sorted(parts.items())
            if micros
        )


def pool_of(period: Period, payer: Payer, currency: str, of_month: date | None = None) -> PayerPool:
    """The pool that a close divided of what a payer paid: the payer's own, or everybody's."""
    own = own_pool(period, payer, currency, of_month=of_month)
    pools = PayerPool.objects.filter(period=period, currency=currency).exclude(basis="OWN")
    return own or pools.select_related("period__rate_card").get()


def _lines(
    period: Period, taken: dict[int, int], sums: dict[int, VariationSum]
) -> Iterable[OfLine]:
    rows = StatementLine.objects.filter(
        statement__period=period,
        statement__version=1,
        kind__in=PAID,
        record__in={sums[pk].record_id for pk in taken},
        variation_sum__in=taken,
    ).select_related("statement", "stem")
    known = {str(row.pk): row for row in rows}
    lines: dict[int, list[Given]] = defaultdict(list)
    for key, row in known.items():
        lines[row.variation_sum_id or 0].append(_given(key, row))
    gone = dict(
        ReversedPiece.objects.filter(variation_sum__in=taken)
        .values_list("variation_sum")
        .annotate(Sum("amount_micros"))
    )
    rights, upheld = _rights(period), upheld_by_sum(period, [sums[pk] for pk in taken])
    for pk, micros in taken.items():
        whole = sums[pk].amount_micros + upheld.get(pk, 0)
        parts = of_lines(whole, int(gone.get(pk, 0)), micros, lines[pk], rights)
        yield from (OfLine(known[key], period.month, part) for key, part in parts.items())


def _rights(period: Period) -> Sequence[tuple[str, int]]:
    card = period.rate_card
    return [("MASTER", card.master_ppm), ("PUBLISHING", card.publishing_ppm)]


def _gone(rows: Iterable[ReversedPiece]) -> int:
    return sum(row.amount_micros for row in rows)


def _name(row: VariationSum) -> str:
    """A piece's key; orders like the record's id and the moment of its sheets."""
    return f"{row.record_id}|{row.era_from.astimezone(UTC).isoformat()}"


def _given(key: str, line: StatementLine) -> Given:
    return Given(
        line=key,
        stem=str(line.stem_id or ""),
        right=line.right,
        party=str(line.party_id or ""),
        source_ppm=line.source_ppm,
        share_ppm=line.share_ppm,
    )
