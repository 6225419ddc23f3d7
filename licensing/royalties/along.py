"""The lines that one payer's pool of a closed month gave to, read with the weights that made them.

What to do with them is the callers' to say. A pool of plays that were held and then released is one
of its own, `of_month` that of those plays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from licensing.royalties.evidence import Payer, plays_by_pool, plays_of_payer
from licensing.royalties.models import PAID, PayerPool, Period, StatementLine
from licensing.royalties.rules.along import Given


@dataclass(frozen=True, slots=True)
class Way:
    """How a pool was divided: pieces with plays, each piece's lines, rights; and the lines by id.

    Nothing where nobody played anything in that month.
    """

    pieces: Sequence[tuple[str, int]]
    lines: Mapping[str, Sequence[Given]]
    rights: Sequence[tuple[str, int]]
    rows: Mapping[str, StatementLine]


def way_of(period: Period, payer: Payer, currency: str, *, of_month: date | None = None) -> Way:
    """How the close divided a payer's pool, over own plays or with others' over all of them."""
    return _way(period, currency, plays_by_pool(period, payer, currency, of_month=of_month))


def way_of_plays(period: Period, payer: Payer, currency: str) -> Way:
    """How the close would have divided a payer's pool that came later, where all of what they
    played stands on its lines because of everybody's pool; else nothing.
    """
    shared = PayerPool.objects.filter(period=period, currency=currency).exclude(basis="OWN")
    plays = plays_of_payer(period, payer, currency) if shared.exists() else []
    return _way(period, currency, plays)


def _way(period: Period, currency: str, given: Sequence[tuple[UUID, datetime, int]]) -> Way:
    pieces = {(record, era_from): plays for record, era_from, plays in given}
    rows = StatementLine.objects.filter(
        statement__period=period,
        statement__version=1,
        kind__in=PAID,
        variation_sum__currency=currency,
        variation_sum__record__in={record for record, _ in pieces},
    ).select_related("statement", "variation_sum", "stem")
    lines: dict[str, list[Given]] = {_name(*piece): [] for piece in pieces}
    known: dict[str, StatementLine] = {}
    for line in rows if pieces else ():
        of = line.variation_sum
        if of is not None and (of.record_id, of.era_from) in pieces:
            lines[_name(of.record_id, of.era_from)].append(_given(line))
            known[str(line.pk)] = line
    card = period.rate_card
    rights = [("MASTER", card.master_ppm), ("PUBLISHING", card.publishing_ppm)]
    return Way([(_name(*piece), plays) for piece, plays in pieces.items()], lines, rights, known)


def own_pool(
    period: Period, payer: Payer, currency: str, *, of_month: date | None = None
) -> PayerPool | None:
    """What the close divided of a payer's pool over the payer's own plays; None where over none."""
    kind, ref, rate = payer
    rows = PayerPool.objects.filter(period=period, basis="OWN", currency=currency)
    mine = rows.filter(payer_kind=kind, payer_ref=ref, rate_micros=rate)
    of = mine.filter(of_month=of_month) if of_month else mine.filter(of_month__isnull=True)
    return of.first()


def _name(record: UUID, era_from: datetime) -> str:
    """A piece's key; orders like the record's id and the moment of its sheets."""
    return f"{record}|{era_from.astimezone(UTC).isoformat()}"


def _given(line: StatementLine) -> Given:
    return Given(
        line=str(line.pk),
        stem=str(line.stem_id or ""),
        right=line.right,
        party=str(line.party_id or ""),
        source_ppm=line.source_ppm,
        share_ppm=line.share_ppm,
    )
