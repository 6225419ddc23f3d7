"""The workings of a statement: every division behind its lines, for whoever wants to divide again.

Of each variation's sum: the pools that gave it, its sources, the rights, and the sheets on which
the payee stands. Nobody is named: stems and parties are numbered by the order in which a tie falls,
listeners not at all. Invariant: divided again by the same rules, all of it gives what was frozen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from licensing.attribution.models import AttributionLine
from licensing.attribution.rules import SESSION
from licensing.catalog.models import Share
from licensing.money import allocate
from licensing.royalties.explain import weights_of_session
from licensing.royalties.models import RateCard, Statement, StatementLine, VariationSum
from licensing.royalties.remaking import BooksDisagree
from licensing.statements.pools import EqualPools, pools_behind

WHOLE_PPM = 1_000_000
Weights = Sequence[tuple[str, int]]
NOBODY: Weights = [("", WHOLE_PPM)]
"""What waits for a sheet or a seal is not divided: one part is the whole."""


@dataclass(frozen=True, slots=True)
class WorkedPart:
    """One part of a division. `key` is the place a tie gives it, from 1; of a right its name.

    `remainder_micros` is 1 (-1 of a total below zero) where a micro-unit left over went to it.
    """

    key: int | str
    ppm: int
    amount_micros: int
    remainder_micros: int


@dataclass(frozen=True, slots=True)
class WorkedSheet:
    """One right of one source, divided by its sheet."""

    source: int
    right: str
    parts: tuple[WorkedPart, ...]


@dataclass(frozen=True, slots=True)
class Working:
    """One variation's sum (`number` from 1 within the statement) and its divisions.

    `rights` holds one division per source on which the payee stands, by the source's key.
    """

    number: int
    subject: tuple[str, str]
    sheets_from: datetime
    amount_micros: int
    pools: tuple[EqualPools, ...]
    sources: tuple[WorkedPart, ...]
    rights: Mapping[int, tuple[WorkedPart, ...]]
    sheets: tuple[WorkedSheet, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands in the workings: of which sum, of which source, which part of it."""

    working: int
    source: int
    share: int


@dataclass(frozen=True, slots=True)
class Workings:
    """Everything behind one statement, and the place of each line that plays paid, by its id."""

    sums: tuple[Working, ...] = ()
    places: Mapping[UUID, Place] | None = None

    def place_of(self, line_id: UUID) -> Place | None:
        """Its place, or None for a line that no division made."""
        return (self.places or {}).get(line_id)


def workings_of(statement_id: UUID) -> Workings:
    """The workings of a statement, in five queries and four per live session on it.

    Raises Statement.DoesNotExist, BooksDisagree.
    """
    statement = Statement.objects.select_related("period__rate_card").get(pk=statement_id)
    rows = statement.lines.filter(variation_sum__isnull=False)
    lines = list(rows.select_related("variation_sum__record").order_by("position"))
    by_sum: dict[int, list[StatementLine]] = {}
    for line in lines:
        by_sum.setdefault(line.variation_sum_id or 0, []).append(line)
    pools = pools_behind(by_sum)
    totals = [of_sum[0].variation_sum for of_sum in by_sum.values()]
    sources = _sources([one for one in totals if one], statement)
    shares = _shares({line.sheet_id for line in lines if line.sheet_id})
    sums, places = [], {}
    for number, (pk, of_sum) in enumerate(by_sum.items(), start=1):
        worked = _Sum(number, of_sum, sources[pk], statement.period.rate_card, shares)
        sums.append(worked.working(pools[pk]))
        places.update(worked.places)
    return Workings(tuple(sums), places)


def _sources(totals: Sequence[VariationSum], statement: Statement) -> dict[int, Weights]:
    """What each stem is of each sum; NOBODY where no stem is known to have sounded."""
    measured: dict[UUID, list[tuple[str, int]]] = {}
    rows = AttributionLine.objects.filter(record_id__in=[one.record_id for one in totals])
    for record, stem, ppm in rows.values_list("record_id", "stem_id", "ppm"):
        measured.setdefault(record, []).append((str(stem), ppm))
    return {
        one.pk: (
            weights_of_session(one, statement.period)
            if one.record.subject_kind == SESSION
            else measured.get(one.record_id)
        )
        or NOBODY
        for one in totals
    }


def _shares(sheets: set[UUID]) -> dict[UUID, Weights]:
    found: dict[UUID, list[tuple[str, int]]] = {}
    rows = Share.objects.filter(sheet_id__in=sheets)
    for sheet, party, ppm in rows.values_list("sheet_id", "party_id", "share_ppm"):
        found.setdefault(sheet, []).append((str(party), ppm))
    return dict(found)


def _divided(total: int, weights: Weights) -> dict[str, WorkedPart]:
    """A division made again, the parts in the order of ties and keyed by it."""
    given, whole = allocate(total, weights), sum(weight for _, weight in weights)
    sign = -1 if total < 0 else 1
    return {
        ref: WorkedPart(
            key=key,
            ppm=ppm,
            amount_micros=given[ref],
            remainder_micros=given[ref] - sign * (abs(total) * ppm // whole),
        )
        for key, (ref, ppm) in enumerate(sorted(weights), start=1)
    }


class _Sum:
    """One variation's sum while it is divided again for the lines that stand on it."""

    def __init__(
        self,
        number: int,
        lines: Sequence[StatementLine],
        sources: Weights,
        card: RateCard,
        shares: Mapping[UUID, Weights],
    ) -> None:
        total = lines[0].variation_sum
        if total is None:
            raise BooksDisagree(f"line {lines[0].pk} has no sum")
        self.number, self.total, self.lines = number, total, lines
        self.card, self.shares = card, shares
        self.sources = _divided(total.amount_micros, sources)
        self.rights: dict[int, dict[str, WorkedPart]] = {}
        self.sheets: dict[tuple[int, str], dict[str, WorkedPart]] = {}
        self.places = {line.pk: self._place(line) for line in lines}

    def working(self, pools: Sequence[EqualPools]) -> Working:
        """As a value; raises BooksDisagree where the pools do not give the sum."""
        pooled = sum(one.amount_micros * one.count for one in pools)
        if pooled != self.total.amount_micros:
            raise BooksDisagree(f"pools give {pooled}, not {self.total.amount_micros}")
        record = self.total.record
        return Working(
            number=self.number,
            subject=(record.subject_kind, record.subject_ref),
            sheets_from=self.total.era_from,
            amount_micros=self.total.amount_micros,
            pools=tuple(pools),
            sources=tuple(self.sources.values()),
            rights={source: tuple(parts.values()) for source, parts in self.rights.items()},
            sheets=tuple(
                WorkedSheet(source, right, tuple(parts.values()))
                for (source, right), parts in self.sheets.items()
            ),
        )

    def _place(self, line: StatementLine) -> Place:
        source = _part(self.sources, str(line.stem_id or ""), line.source_micros)
        key = int(source.key)
        if key not in self.rights:
            self.rights[key] = self._rights_of(line, source.amount_micros)
        right = _part(self.rights[key], line.right, line.right_micros)
        if (key, line.right) not in self.sheets:
            weights = self.shares[line.sheet_id] if line.sheet_id else NOBODY
            self.sheets[key, line.right] = _divided(right.amount_micros, weights)
        share = _part(self.sheets[key, line.right], str(line.party_id or ""), line.amount_micros)
        return Place(self.number, key, int(share.key))

    def _rights_of(self, line: StatementLine, total: int) -> dict[str, WorkedPart]:
        card = self.card
        weights: Weights = [("MASTER", card.master_ppm), ("PUBLISHING", card.publishing_ppm)]
        parts = _divided(total, weights if line.stem_id else NOBODY)
        return {
            name: WorkedPart(name, one.ppm, one.amount_micros, one.remainder_micros)
            for name, one in parts.items()
        }


def _part(parts: Mapping[str, WorkedPart], ref: str, frozen: int) -> WorkedPart:
    """The part a line froze; raises BooksDisagree when it is not there or another."""
    part = parts.get(ref)
    if part is None or part.amount_micros != frozen:
        raise BooksDisagree(f"a division gives {part and part.amount_micros}, frozen is {frozen}")
    return part
