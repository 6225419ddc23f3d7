"""The attribution report of a month: every record that was sealed in it, source by source.

For societies and providers that ask for attribution by month: whose share of each output is how
large, by which method, and how sure that is. What was frozen at sealing is read from there; older
records are read from their rows, and say so. It refuses to know listeners and money. Invariants:
one row per source, records in the order of their sealing; the report of a month that is over says
the same whenever it is made, and its plays are those that the month's close counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from licensing.royalties.models import Period
from licensing.ulid import ulid_text

AT_A_TIME = 2_000
SEALED, ROWS = "sealing", "catalog"


class MonthNotOver(ValueError):
    """The month is not over, so records of it are still being sealed; the message says so."""


@dataclass(frozen=True, slots=True)
class Reported:
    """One source of one record. Shares are in ppm of what is heard.

    `ppm` is the line that is paid, 1,000,000 in all; `unattributed_ppm` of the whole rests on no
    stem, and `model_ppm` was made by nets. `codes_of`: "sealing" where ISRC and ISWC are those of
    that moment, "catalog" where the record is older than particulars and they are today's.
    `plays`: what the close of the month counted for the record, minutes of a live session; None
    before it.
    """

    record: UUID
    subject_kind: str
    subject: str
    title: str
    use: str
    territory: str
    channel: str
    state: str
    sealed_at: datetime
    method: str
    confidence: str
    model_ppm: int
    unattributed_ppm: int
    plays: int | None
    position: int
    stem_sha256: str
    isrc: str
    iswc: str
    ppm: int
    codes_of: str


def confidence_of(method: str) -> str:
    """How sure shares by a method are: "exact" where it is arithmetic on what was rendered.

    A method that nobody here knows is "not stated".
    """
    return "exact" if method.startswith("k-weighted-shapley/") else "not stated"


# The frozen sources of records that have particulars, and the rows of those that are older.
_REPORT = """
WITH sealed AS (
    SELECT r.* FROM attribution_licencerecord r
    WHERE r.state IN ('SEALED', 'WITHDRAWN')
      AND r.sealed_at >= %(since)s AND r.sealed_at < %(until)s),
told AS MATERIALIZED (
    SELECT p.record_id, p.text::jsonb AS value
    FROM attribution_recordparticulars p JOIN sealed ON sealed.id = p.record_id),
source AS (
    SELECT told.record_id, f.position, f.digest, coalesce(f.isrc, '') AS isrc,
           coalesce(f.iswc, '') AS iswc, f.ppm, told.value ->> 'title' AS title, TRUE AS frozen
    FROM told, jsonb_to_recordset(told.value -> 'sources')
        AS f(position int, digest text, isrc text, iswc text, ppm bigint)
    UNION ALL
    SELECT s.record_id, s.position, s.digest, recording.isrc, work.iswc, coalesce(l.ppm, 0),
           NULL, FALSE
    FROM sealed JOIN attribution_licencesource s ON s.record_id = sealed.id
    JOIN catalog_stem stem ON stem.id = s.stem_id
    JOIN catalog_recording recording ON recording.id = stem.recording_id
    JOIN catalog_work work ON work.id = recording.work_id
    LEFT JOIN attribution_attributionline l ON l.record_id = s.record_id AND l.stem_id = s.stem_id
    WHERE NOT EXISTS (SELECT 1 FROM told WHERE told.record_id = sealed.id)),
counted AS (
    SELECT sums.record_id, sum(sums.plays)::bigint AS plays FROM royalties_variationsum sums
    WHERE sums.period_id = %(period)s GROUP BY sums.record_id)
SELECT r.id, r.subject_kind, r.subject_ref, coalesce(source.title, ''), r.use, c.territory,
       c.channel, r.state, r.sealed_at, r.policy, r.model_ppm, r.unattributed_ppm,
       CASE WHEN %(period)s::uuid IS NULL THEN NULL ELSE coalesce(counted.plays, 0) END,
       source.position, source.digest, source.isrc, source.iswc, source.ppm, source.frozen
FROM sealed r
JOIN clearance_clearance c ON c.id = r.clearance_id
JOIN source ON source.record_id = r.id
LEFT JOIN counted ON counted.record_id = r.id
ORDER BY r.sealed_at, r.id, source.position
"""


def attribution_report(month: date, now: datetime) -> Iterator[Reported]:
    """The report of the month whose first day is `month`, streamed; one statement, one snapshot.

    Raises MonthNotOver before its end in UTC.
    """
    since, until = month_of(month)
    if now < until:
        raise MonthNotOver(f"{month:%Y-%m} is not over; its records are still being sealed.")
    period = Period.objects.filter(month=since.date()).values_list("pk", flat=True).first()
    return _rows({"since": since, "until": until, "period": period})


def month_of(month: date) -> tuple[datetime, datetime]:
    """Its first moment and the first one after it, in UTC."""
    since = datetime(month.year, month.month, 1, tzinfo=UTC)
    years, place = divmod(month.month, 12)
    return since, datetime(month.year + years, place + 1, 1, tzinfo=UTC)


def _rows(asked: dict[str, Any]) -> Iterator[Reported]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_REPORT, asked)
        while rows := cursor.fetchmany(AT_A_TIME):
            yield from map(_reported, rows)


def _reported(row: tuple[Any, ...]) -> Reported:
    (record, kind, ref, title, use, territory, channel, state, sealed_at), rest = row[:9], row[9:]
    method, model_ppm, unattributed_ppm, plays, position, digest, isrc, iswc, ppm, frozen = rest
    return Reported(
        record=record,
        subject_kind=kind,
        subject=_named(kind, ref),
        title=title,
        use=use,
        territory=territory,
        channel=channel,
        state=state,
        sealed_at=sealed_at,
        method=method,
        confidence=confidence_of(method),
        model_ppm=model_ppm,
        unattributed_ppm=unattributed_ppm,
        plays=plays,
        position=position,
        stem_sha256=digest,
        isrc=isrc,
        iswc=iswc,
        ppm=ppm,
        codes_of=SEALED if frozen else ROWS,
    )


def _named(kind: str, ref: str) -> str:
    """A variation goes by its ULID, anything else by the reference that the record has."""
    return ulid_text(UUID(ref)) if kind == "variation" else ref
