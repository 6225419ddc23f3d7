"""Reading what was earned: statements, months, recordings and stems, and the other model.

Everything here is read from frozen statements; nothing is reckoned again. An artist sees counts and
amounts, never a listener's reference. Invariant: what a page sums up is what the statement says.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from licensing.attribution.rules import SESSION
from licensing.catalog.holding_sql import STEMS_OF_PARTY
from licensing.ledger.models import ClosedMonth
from licensing.ledger.rules import month_after, month_of
from licensing.royalties.models import PAID, UNPAID, Statement, StatementLine, Usage

Payee = UUID | str | tuple[str, str]
"""A party's id, or (payee kind, ref): "party", "society", or an unallocated "stem" or "record"."""


@dataclass(frozen=True, slots=True)
class LineView:
    """A frozen line; amounts in micro-units of the statement's currency.

    `plays` of a live session are its minutes. A line that no plays made has no record (`subject`
    is then empty), unless it corrects one that has; its `note` says what it is for.
    """

    id: UUID
    position: int
    kind: str
    record_id: UUID | None
    subject: tuple[str, str]
    played_month: date
    stem_id: UUID | None
    recording_title: str
    stem_label: str
    right: str
    sheet_version: int | None
    party_id: UUID | None
    plays: int
    source_ppm: int
    share_ppm: int
    source_micros: int
    right_micros: int
    amount_micros: int
    note: str
    corrects: UUID | None

    @property
    def is_of_plays(self) -> bool:
        """Whether plays made it; every other line is what moved beside."""
        return self.kind in PAID + UNPAID

    @property
    def is_paid(self) -> bool:
        """Whether plays that accrue made it."""
        return self.kind in PAID

    @property
    def is_live(self) -> bool:
        """Whether it is of a live session and not of a variation."""
        return self.subject[0] == SESSION


@dataclass(frozen=True, slots=True)
class StatementView:
    """One payee's month in one currency: opening + lines = closing. `lines` is empty in lists.

    The lines are what was earned and what moved beside; a restated version names the one it
    supersedes and its reason.
    """

    id: UUID
    month: date
    payee: tuple[str, str]
    payee_name: str
    currency: str
    version: int
    opening_micros: int
    lines_micros: int
    moved_micros: int
    closing_micros: int
    supersedes: UUID | None
    reason: str
    model: str
    other_model: str
    other_model_micros: int
    made_at: datetime
    lines: tuple[LineView, ...] = ()

    @property
    def earned_micros(self) -> int:
        """What plays earned, without anything that moved beside."""
        return self.lines_micros - self.moved_micros


@dataclass(frozen=True, slots=True)
class MonthEarned:
    """A closed month of one payee; `plays` counts each variation's plays once."""

    month: date
    currency: str
    statement_id: UUID
    amount_micros: int
    other_model_micros: int
    plays: int


@dataclass(frozen=True, slots=True)
class RecordingEarned:
    """One recording in one closed month."""

    month: date
    currency: str
    recording_id: UUID
    title: str
    variations: int
    plays: int
    master_micros: int
    publishing_micros: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class StemEarned:
    """One stem over all closed months."""

    stem_id: UUID
    label: str
    recording_title: str
    currency: str
    variations: int
    plays: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Earnings:
    """Everything a payee has earned, as closed: newest month first, then by amount."""

    months: tuple[MonthEarned, ...]
    recordings: tuple[RecordingEarned, ...]
    stems: tuple[StemEarned, ...]


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """What a month paid by its model and would have paid by the other one, one currency."""

    month: date
    currency: str
    model: str
    paid_micros: int
    other_model: str
    other_micros: int

    @property
    def difference_micros(self) -> int:
        """What the other model would have paid more (or less, when negative)."""
        return self.other_micros - self.paid_micros


@dataclass(frozen=True, slots=True)
class UsageCount:
    """How often one subject was played in a state (a live session: for how many minutes), for one
    payer and month.
    """

    record_id: UUID
    subject: tuple[str, str]
    state: str
    plays: int
    heard_ms: int


_LINES = """
WITH mine AS (
    SELECT l.*, st.currency, p.month FROM royalties_statementline l
    JOIN royalties_statement st ON st.id = l.statement_id
    JOIN royalties_period p ON p.id = st.period_id
    WHERE st.payee_kind = %s AND st.payee_ref = %s AND st.version = 1
      AND l.variation_sum_id IS NOT NULL
)
"""
_MONTHS = (
    _LINES
    + """
SELECT p.month, st.currency, st.id, st.lines_micros - st.moved_micros, st.other_model_micros,
       COALESCE((SELECT SUM(v.plays) FROM royalties_variationsum v
                 WHERE v.id IN (SELECT variation_sum_id FROM mine WHERE statement_id = st.id)), 0
       )::bigint
FROM royalties_statement st JOIN royalties_period p ON p.id = st.period_id
WHERE st.payee_kind = %s AND st.payee_ref = %s AND st.version = 1
ORDER BY p.month DESC, st.currency
"""
)
_RECORDINGS = (
    _LINES
    + """
SELECT m.month, m.currency, r.id, MIN(m.recording_title), COUNT(DISTINCT m.record_id),
       (SELECT SUM(v.plays) FROM royalties_variationsum v
        WHERE v.id = ANY(array_agg(m.variation_sum_id)))::bigint,
       COALESCE(SUM(m.amount_micros) FILTER (WHERE m."right" = 'MASTER'), 0)::bigint,
       COALESCE(SUM(m.amount_micros) FILTER (WHERE m."right" = 'PUBLISHING'), 0)::bigint,
       SUM(m.amount_micros)::bigint AS amount
FROM mine m JOIN catalog_stem s ON s.id = m.stem_id
JOIN catalog_recording r ON r.id = s.recording_id
GROUP BY m.month, m.currency, r.id
ORDER BY m.month DESC, m.currency, amount DESC, r.id
"""
)
_STEMS = (
    _LINES
    + """
SELECT m.stem_id, MIN(m.stem_label), MIN(m.recording_title), m.currency,
       COUNT(DISTINCT m.record_id),
       (SELECT SUM(v.plays) FROM royalties_variationsum v
        WHERE v.id = ANY(array_agg(m.variation_sum_id)))::bigint,
       SUM(m.amount_micros)::bigint AS amount
FROM mine m WHERE m.stem_id IS NOT NULL
GROUP BY m.stem_id, m.currency
ORDER BY m.currency, amount DESC, m.stem_id
"""
)
_PLAYS_SO_FAR = f"""
WITH {STEMS_OF_PARTY}
SELECT COUNT(DISTINCT u.id) FROM mine
JOIN attribution_licencesource source ON source.stem_id = mine.stem_id
JOIN royalties_usage u ON u.record_id = source.record_id
    AND u.played_at >= mine.since AND u.played_at < mine.until
WHERE u.accrual_month = %s AND u.state = 'COUNTED'
"""


def statement_for(party: Payee, month: date, currency: str | None = None) -> StatementView | None:
    """A payee's statement of a month with its lines, latest version; the first currency if open."""
    rows = _statements(party).filter(period__month=month.replace(day=1))
    if currency:
        rows = rows.filter(currency=currency)
    statement = rows.order_by("currency", "-version").first()
    return _view(statement, with_lines=True) if statement else None


def get_statement(statement_id: UUID) -> StatementView:
    """One statement with its lines; raises Statement.DoesNotExist."""
    statement = Statement.objects.select_related("period").get(pk=statement_id)
    return _view(statement, with_lines=True)


def list_statements(party: Payee) -> tuple[StatementView, ...]:
    """All statements of a payee without their lines, newest month first."""
    rows = _statements(party).order_by("-period__month", "currency", "-version")
    return tuple(_view(statement, with_lines=False) for statement in rows)


def statement_of_line(line_id: UUID) -> StatementView:
    """The statement a line stands on, without lines; raises StatementLine.DoesNotExist."""
    line = StatementLine.objects.select_related("statement__period").get(pk=line_id)
    return _view(line.statement, with_lines=False)


def earnings_of(party: Payee) -> Earnings:
    """Months, recordings and stems of a payee over everything that is closed."""
    payee = _payee(party)
    return Earnings(
        months=tuple(MonthEarned(*row) for row in _rows(_MONTHS, [*payee, *payee])),
        recordings=tuple(RecordingEarned(*row) for row in _rows(_RECORDINGS, payee)),
        stems=tuple(StemEarned(*row) for row in _rows(_STEMS, payee)),
    )


def plays_so_far(party: UUID, month: date) -> int:
    """Counted plays, in an open month, of what had a source this party then held part of."""
    return int(_rows(_PLAYS_SO_FAR, [str(party), month.replace(day=1)])[0][0])


def model_comparison(party: Payee, month: date) -> tuple[ModelComparison, ...]:
    """What the other model would have paid for a closed month, per currency."""
    rows = _statements(party).filter(period__month=month.replace(day=1), version=1)
    return tuple(
        ModelComparison(
            month=row.period.month,
            currency=row.currency,
            model=row.model,
            paid_micros=row.lines_micros - row.moved_micros,
            other_model=row.other_model,
            other_micros=row.other_model_micros,
        )
        for row in rows.order_by("currency")
    )


def usages_of(payer: tuple[str, str], month: date) -> tuple[UsageCount, ...]:
    """What a payer's listeners played in a month (that counts it), per subject and state."""
    rows = (
        Usage.objects.filter(
            payer_kind=payer[0], payer_ref=str(payer[1]), accrual_month=month.replace(day=1)
        )
        .values("record_id", "record__subject_kind", "record__subject_ref", "state")
        .annotate(plays=Count("pk"), heard=Sum("heard_ms"))
        .order_by("-plays", "record_id", "state")
    )
    return tuple(
        UsageCount(
            record_id=row["record_id"],
            subject=(row["record__subject_kind"], row["record__subject_ref"]),
            state=row["state"],
            plays=row["plays"],
            heard_ms=int(row["heard"]),
        )
        for row in rows
    )


def open_month(at: datetime) -> date:
    """The month in whose close a play of this moment would be counted, as things stand."""
    closed = set(ClosedMonth.objects.values_list("month", flat=True))
    month = month_of(at)
    while month in closed:
        month = month_after(month)
    return month


def _payee(party: Payee) -> tuple[str, str]:
    return party if isinstance(party, tuple) else ("party", str(party))


def _statements(party: Payee) -> QuerySet[Statement]:
    kind, ref = _payee(party)
    rows = Statement.objects.filter(payee_kind=kind, payee_ref=ref)
    return rows.select_related("period")


def _rows(sql: str, given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(given))
        return list(cursor.fetchall())


def _view(statement: Statement, *, with_lines: bool) -> StatementView:
    lines = statement.lines.select_related("record", "sheet") if with_lines else ()
    return StatementView(
        id=statement.pk,
        month=statement.period.month,
        payee=(statement.payee_kind, statement.payee_ref),
        payee_name=statement.payee_name,
        currency=statement.currency,
        version=statement.version,
        opening_micros=statement.opening_micros,
        lines_micros=statement.lines_micros,
        moved_micros=statement.moved_micros,
        closing_micros=statement.closing_micros,
        supersedes=statement.supersedes_id,
        reason=statement.reason,
        model=statement.model,
        other_model=statement.other_model,
        other_model_micros=statement.other_model_micros,
        made_at=statement.made_at,
        lines=tuple(line_view(line) for line in lines),
    )


def line_view(line: StatementLine) -> LineView:
    """A line as read; its record and sheet are best loaded with it."""
    return LineView(
        id=line.pk,
        position=line.position,
        kind=line.kind,
        record_id=line.record_id,
        subject=(line.record.subject_kind, line.record.subject_ref) if line.record else ("", ""),
        played_month=line.played_month,
        stem_id=line.stem_id,
        recording_title=line.recording_title,
        stem_label=line.stem_label,
        right=line.right,
        sheet_version=line.sheet.version if line.sheet else None,
        party_id=line.party_id,
        plays=line.plays,
        source_ppm=line.source_ppm,
        share_ppm=line.share_ppm,
        source_micros=line.source_micros,
        right_micros=line.right_micros,
        amount_micros=line.amount_micros,
        note=line.note,
        corrects=line.corrects_id,
    )
