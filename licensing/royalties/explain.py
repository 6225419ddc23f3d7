"""One line of a statement, walked back to the plays it came from, number by number.

Posting -> share of the sheet -> right -> source -> the variation's sum -> pools -> usages, and what
was paid for those pools; of a live session, the sources come from its minutes. Pools and usages
carry a number in place of a listener. Invariant: each step is divided again by the same rules and
gives what was frozen, or the books are wrong and nothing is shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from licensing.attribution.models import AttributionLine
from licensing.attribution.rules import SESSION
from licensing.catalog.models import Share, SplitSheet, Stem
from licensing.ledger.models import Posting
from licensing.ledger.rules import month_end, month_of
from licensing.money import allocate
from licensing.royalties.collecting import (
    PaidDirectly,
    PaidTheParty,
    collectors_of,
    paid_directly,
)
from licensing.royalties.evidence import Given, Payer, Pool, pools_of
from licensing.royalties.live import StartedMinute, minutes_of, weights_of
from licensing.royalties.models import Period, StatementLine, Usage, VariationSum
from licensing.royalties.queries import LineView, line_view
from licensing.royalties.remaking import BooksDisagree
from licensing.royalties.waterfall import Behind, behind

SHOWN = 200
"""How many pools and usages are listed; counts and sums are always of all."""

Weights = Sequence[tuple[str, int]]
"""(stem, ppm), 1,000,000 in all."""
Usages = Sequence[tuple[Payer, "Heard"]]
"""Whose pool a usage draws on, and the usage; numbers of listeners follow."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a division; `remainder_micros` is 1 where a micro-unit left over went to it."""

    ref: str
    name: str
    weight_ppm: int
    amount_micros: int
    remainder_micros: int
    is_this_line: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """One counted usage, without its listener's reference. `minute`, of a live session, counts from
    0; `ppm` is what the line's stem was of it, None when nothing sounded or was sealed in time.
    """

    listener: int
    played_on: date
    heard_ms: int
    minute: int | None = None
    ppm: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole way of one line; empty beyond `line` for plays that accrue nothing.

    `behind`: what was paid for all of `pools`, in sums; None where the close did not write it down.
    `is_made_again`: what pools gave is no longer kept, and was made again out of the plays.
    """

    line: LineView
    month: date
    currency: str
    listeners: int = 0
    pools: tuple[Pool, ...] = ()
    pools_not_shown: int = 0
    behind: Behind | None = None
    variation_micros: int = 0
    sources: tuple[Part, ...] = ()
    rights: tuple[Part, ...] = ()
    shares: tuple[Part, ...] = ()
    paid_directly: PaidDirectly | None = None
    posting_id: int | None = None
    entry_key: str = ""
    usages: tuple[Heard, ...] = ()
    is_made_again: bool = False

    @property
    def remainder_micros(self) -> int:
        """Micro-units left over in the three divisions of step 3, each given to one part."""
        parts = (*self.sources, *self.rights, *self.shares)
        return sum(part.remainder_micros for part in parts)


def explain_line(line_id: UUID) -> Explanation:
    """Everything behind one line. Raises StatementLine.DoesNotExist, BooksDisagree."""
    line = StatementLine.objects.select_related(
        "record",
        "sheet",
        "party",
        "statement__period__rate_card",
        "variation_sum__entry",
        "variation_sum__record",
    ).get(pk=line_id)
    month, currency = line.statement.period.month, line.statement.currency
    total = line.variation_sum
    if total is None:
        return Explanation(line_view(line), month, currency)
    look = _minutes if total.record.subject_kind == SESSION else _plays
    weights, usages = look(line, total)
    given = pools_of(total, SHOWN, {payer for payer, _ in usages})
    if given.amount_micros != total.amount_micros:
        raise BooksDisagree(
            f"pools of {line_id} give {given.amount_micros}, not {total.amount_micros}"
        )
    posting, on_sheet = _posting(line, total), _on_sheet(line)
    return Explanation(
        line=line_view(line),
        month=month,
        currency=currency,
        listeners=given.listeners,
        pools=given.first,
        pools_not_shown=max(0, given.count - SHOWN),
        behind=_behind(total, given),
        variation_micros=total.amount_micros,
        sources=_sources(line, total, weights),
        rights=_rights(line),
        shares=_shares(line, on_sheet),
        paid_directly=_paid_directly(line, on_sheet),
        posting_id=posting.pk if posting else None,
        entry_key=total.entry.key if total.entry else "",
        usages=tuple(
            replace(heard, listener=given.number_of.get(payer, 0)) for payer, heard in usages
        ),
        is_made_again=given.is_made_again,
    )


def _behind(total: VariationSum, given: Given) -> Behind | None:
    """What was paid for the pools of a sum; where all are seen, they hold what was told."""
    paid, first = behind(total), sum(pool.pool_micros for pool in given.first)
    if paid and given.count <= SHOWN and first != paid.pools_micros:
        raise BooksDisagree(f"pools of {total.pk} hold {first}, {paid.pools_micros} were told")
    return paid


def _parts(
    total: int, weights: Weights, names: dict[str, str], mine: str, frozen: int
) -> tuple[Part, ...]:
    """One division made again; it must give this line what was frozen."""
    given = allocate(total, weights)
    if given.get(mine) != frozen:
        raise BooksDisagree(f"a division gives {given.get(mine)}, frozen is {frozen}")
    whole = sum(weight for _, weight in weights)
    return tuple(
        Part(
            ref=ref,
            name=names[ref],
            weight_ppm=weight,
            amount_micros=given[ref],
            remainder_micros=given[ref] - total * weight // whole,
            is_this_line=ref == mine,
        )
        for ref, weight in weights
    )


def _sources(line: StatementLine, total: VariationSum, weights: Weights) -> tuple[Part, ...]:
    if line.stem_id is None:
        return ()
    mine = str(line.stem_id)
    if dict(weights).get(mine) != line.source_ppm:
        raise BooksDisagree(f"a source is {dict(weights).get(mine)} ppm, not {line.source_ppm}")
    stems = Stem.objects.filter(pk__in=[ref for ref, _ in weights]).select_related("recording")
    names = {str(stem.pk): f"{stem.recording.title}, {stem.label}" for stem in stems}
    ordered = sorted(weights, key=lambda one: (-one[1], one[0]))
    return _parts(total.amount_micros, ordered, names, mine, line.source_micros)


def _rights(line: StatementLine) -> tuple[Part, ...]:
    if line.stem_id is None:
        return ()
    card = line.statement.period.rate_card
    weights = [("MASTER", card.master_ppm), ("PUBLISHING", card.publishing_ppm)]
    names = {"MASTER": "master", "PUBLISHING": "publishing"}
    return _parts(line.source_micros, weights, names, line.right, line.right_micros)


def _on_sheet(line: StatementLine) -> list[Share]:
    if line.sheet_id is None:
        return []
    rows = Share.objects.filter(sheet_id=line.sheet_id).order_by("-share_ppm", "party_id")
    return list(rows.select_related("party"))


def _shares(line: StatementLine, on_sheet: Sequence[Share]) -> tuple[Part, ...]:
    if not on_sheet:
        return ()
    names = {str(share.party_id): share.party.name for share in on_sheet}
    for party, collector in collectors_of(line, on_sheet).items():
        names[str(party)] += f" ({collector})" if collector else ""
    weights = [(str(share.party_id), share.share_ppm) for share in on_sheet]
    return _parts(line.right_micros, weights, names, str(line.party_id), line.amount_micros)


def _paid_directly(line: StatementLine, on_sheet: Sequence[Share]) -> PaidDirectly | None:
    try:
        return paid_directly(line, on_sheet)
    except PaidTheParty as error:
        raise BooksDisagree(str(error)) from error


def _posting(line: StatementLine, total: VariationSum) -> Posting | None:
    if total.entry_id is None or not line.amount_micros:
        return None
    ref = f"{line.right}:{line.stem_id or ''}"
    rows = Posting.objects.filter(entry_id=total.entry_id, ref=ref)
    payee = line.statement
    # All of them, a handful: with a LIMIT the planner may look for the first from the first posting
    # of the books on.
    found = rows.filter(account__owner_kind=payee.payee_kind, account__owner_ref=payee.payee_ref)
    return min(found, key=lambda one: one.pk, default=None)


def _era_until(total: VariationSum, stem_ids: Iterable[UUID]) -> datetime:
    """When other sheets or another month begin for the sources of a sum's record."""
    month_ends = month_end(month_of(total.era_from))
    stems = Stem.objects.filter(pk__in=list(stem_ids)).values_list(
        "pk", "recording_id", "recording__work_id"
    )
    of_stems, of_recordings, of_works = zip(*stems, strict=True) if stems else ((), (), ())
    following = SplitSheet.objects.filter(
        Q(stem__in=of_stems) | Q(recording__in=of_recordings) | Q(work__in=of_works),
        state=SplitSheet.State.SIGNED,
        effective_from__gt=total.era_from,
        effective_from__lt=month_ends,
    )
    first = following.order_by("effective_from").values_list("effective_from", flat=True).first()
    return first or month_ends


def _plays(line: StatementLine, total: VariationSum) -> tuple[Weights, Usages]:
    """The measured sources of a variation, and the first of its counted plays."""
    measured = AttributionLine.objects.filter(record_id=total.record_id)
    shares = dict(measured.values_list("stem_id", "ppm"))
    rows = Usage.objects.filter(
        record_id=total.record_id,
        accrual_month=line.statement.period.month,
        state=Usage.State.COUNTED,
        played_at__gte=total.era_from,
        played_at__lt=_era_until(total, shares),
    ).order_by("played_at", "pk")
    asked = ("payer_kind", "payer_ref", "rate_micros", "played_at", "heard_ms")
    heard = [
        ((kind, ref, rate or 0), Heard(0, played_at.date(), heard_ms))
        for kind, ref, rate, played_at, heard_ms in rows.values_list(*asked)[:SHOWN]
    ]
    return [(str(stem), ppm) for stem, ppm in shares.items()], heard


def weights_of_session(total: VariationSum, period: Period) -> Weights:
    """The sources of a live session's sum, as the minutes that its close saw make them."""
    return weights_of(_minutes_of(total, period))


def _minutes_of(total: VariationSum, period: Period) -> list[StartedMinute]:
    every = minutes_of(total.record_id, period)
    until = _era_until(total, {UUID(stem) for one in every for stem in one.lines})
    return [one for one in every if total.era_from <= one.played_at < until]


def _minutes(line: StatementLine, total: VariationSum) -> tuple[Weights, Usages]:
    """The sources of a live session as its minutes make them, and those that were counted."""
    minutes = _minutes_of(total, line.statement.period)
    mine = str(line.stem_id)
    heard = [
        (
            one.payer,
            Heard(
                listener=0,
                played_on=one.played_at.date(),
                heard_ms=one.heard_ms,
                minute=one.minute,
                ppm=one.lines.get(mine, 0) if one.lines else None,
            ),
        )
        for one in minutes
        if one.accrues
    ]
    return weights_of(minutes), heard[:SHOWN]
