"""Step 0 of a close as SQL: who played what how often, in small numbers.

A piece is a record in one era: a span in which one set of sheets holds; a month of plays always
begins one. Pieces, payers and sources get numbers in the order of their keys, so that later steps
sort by numbers and ties fall as in the oracle. Only this step reads usages, and only `heard` reads
every one; what others ask of them stands in their indexes.
"""

from licensing.ledger.array_copy import packed
from licensing.ledger.scratch_sql import made
from licensing.royalties.waterfall_sql import RECEIVED

MONTHS = """
WITH RECURSIVE months AS (
    SELECT MIN(accrual_month) AS month FROM royalties_usage
    UNION ALL
    SELECT (SELECT MIN(accrual_month) FROM royalties_usage WHERE accrual_month > months.month)
    FROM months WHERE months.month IS NOT NULL
)
SELECT month FROM months WHERE month IS NOT NULL
"""
"""Months that count a usage, by skipping along the index instead of reading every usage."""

MINUTES = made(
    "close_minutes",
    """
SELECT u.record_id, u.played_at, u.state, sealed.id AS sealed_id
FROM royalties_usage u
LEFT JOIN attribution_sealedminute sealed
     ON sealed.record_id = u.record_id AND sealed.minute = u.minute
    AND sealed.id <= %(last_minute)s
WHERE u.accrual_month = %(month)s AND u.minute IS NOT NULL
""",
)
"""Started minutes of live sessions, each with the minute as it was sealed, if it was by now."""

PLAYED = made(
    "close_played",
    """
WITH RECURSIVE heard AS (
    (SELECT record_id, played_at FROM royalties_usage WHERE accrual_month = %(month)s
     ORDER BY record_id, played_at LIMIT 1)
    UNION ALL
    SELECT later.record_id, later.played_at FROM heard CROSS JOIN LATERAL (
        SELECT u.record_id, u.played_at FROM royalties_usage u
        WHERE u.accrual_month = %(month)s AND u.record_id > heard.record_id
        ORDER BY u.record_id, u.played_at LIMIT 1) later
)
SELECT record_id, date_trunc('month', played_at AT TIME ZONE 'UTC') AS first_month FROM heard
""",
)
"""Records played, and the month of their first play, by skipping along their index."""
# An array, because the planner takes it to have ten members, and a series to have a thousand.
PIECES = made(
    "close_pieces",
    """
WITH months AS (
    SELECT record_id, month AT TIME ZONE 'UTC' AS era_from
    FROM close_played CROSS JOIN LATERAL unnest(ARRAY(SELECT generate_series(
        first_month, GREATEST(first_month, %(month)s::timestamp), interval '1 month'))) month
), later AS MATERIALIZED (
    SELECT stem_id, recording_id, work_id, effective_from FROM catalog_splitsheet
    WHERE state = 'SIGNED' AND effective_from > (SELECT MIN(era_from) FROM months)
), changed AS (
    SELECT stem_id, effective_from FROM later WHERE stem_id IS NOT NULL
    UNION
    SELECT stem.id, effective_from FROM later JOIN catalog_stem stem USING (recording_id)
    UNION
    SELECT stem.id, effective_from FROM later JOIN catalog_recording recording USING (work_id)
    JOIN catalog_stem stem ON stem.recording_id = recording.id
), heard AS (
    SELECT line.record_id, line.stem_id, c.effective_from
    FROM changed c JOIN attribution_attributionline line ON line.stem_id = c.stem_id
    WHERE NOT EXISTS (SELECT 1 FROM close_minutes m WHERE m.record_id = line.record_id)
    UNION ALL
    SELECT m.record_id, line.stem_id, c.effective_from
    FROM close_minutes m
    JOIN attribution_minuteline line ON line.sealed_minute_id = m.sealed_id
    JOIN changed c ON c.stem_id = line.stem_id
), moments AS (
    SELECT record_id, era_from FROM months
    UNION
    SELECT h.record_id, h.effective_from FROM heard h JOIN close_played p
         ON p.record_id = h.record_id AND h.effective_from > p.first_month AT TIME ZONE 'UTC'
)
SELECT ROW_NUMBER() OVER (ORDER BY record_id, era_from)::int AS piece, record_id, era_from,
       COALESCE(LEAD(era_from) OVER (PARTITION BY record_id ORDER BY era_from), 'infinity')
           AS era_until,
       DENSE_RANK() OVER (ORDER BY era_from)::int AS era
FROM moments
""",
)

PAID = made(
    "close_paid",
    """
SELECT DENSE_RANK() OVER (ORDER BY payer_ref COLLATE "C", payer_kind COLLATE "C", rate_micros,
                                  of_month NULLS FIRST)::int AS payer,
       payer_kind, payer_ref, rate_micros, of_month, currency, pool
FROM (SELECT payer_kind, payer_ref, rate_micros, of_month, currency, SUM(micros)::bigint AS pool
      FROM (SELECT payer_kind, payer_ref, rate_micros, NULL::date AS of_month, currency,
                   pool AS micros
            FROM close_received
            UNION ALL
            SELECT h.payer_kind, h.payer_ref, h.rate_micros,
                   CASE WHEN part.is_own THEN period.month END, h.currency, part.amount_micros
            FROM royalties_heldpart part
            JOIN royalties_heldpool h ON h.id = part.pool_id
            JOIN royalties_period period ON period.id = h.period_id
            WHERE part.joins_month = %(month)s) parts
      GROUP BY payer_kind, payer_ref, rate_micros, of_month, currency
      HAVING SUM(micros) > 0) p
""",
)
"""The month's pools: the number of a payer at one rate, and what there is of it in each currency.
What waited for a decision about plays of another month that were released then is a pool of its
own, `of_month`, for the payer's plays of that month alone."""

PAYERS = made(
    "close_payers",
    """
SELECT DISTINCT payer, payer_kind, payer_ref, rate_micros, of_month FROM close_paid
""",
)
# Nearly every record has one piece. Said the other way round ("not before, not after"), because the
# planner takes a pair of comparisons to leave one row in nine.
_IN_ITS_ERA = """(u.played_at < p.era_from) IS NOT TRUE
           AND (u.played_at >= p.era_until) IS NOT TRUE"""


def heard(*, in_eras: bool) -> str:
    """SELECT counted plays, packed: payer and record in one number, as usages number them; in_eras:
    then the era that each was heard in. One value holds 130 million plays; more make PostgreSQL
    refuse.
    """
    columns = [packed("u.payer_number::bigint << 32 | u.record_number")]
    if in_eras:
        columns.append(packed(_ERA, 4))
    return f"""
SELECT {", ".join(columns)} FROM royalties_usage u
WHERE u.accrual_month = %(month)s AND u.state = 'COUNTED'
"""


_ERA = "width_bucket(u.played_at, ARRAY(SELECT DISTINCT era_from FROM close_pieces ORDER BY 1))"
PIECE_NUMBERS = f"""
SELECT {", ".join(map(packed, ("r.number::bigint << 32 | p.era", "r.number", "p.era", "p.piece")))}
FROM close_pieces p JOIN attribution_licencerecord r ON r.id = p.record_id
"""
"""Pieces by the number of their record on usages, and by that of the era they begin; and, first, by
both in one."""
PAYER_NUMBERS = f"""
SELECT {", ".join(map(packed, ("n.number", "y.payer")))}
FROM close_payers y JOIN royalties_payer n
     ON n.ref = y.payer_ref AND n.kind = y.payer_kind AND n.rate_micros = y.rate_micros
WHERE y.of_month IS NULL
"""
"""Payers by their number on usages; who never played has none."""
MONTH = "(EXTRACT(year FROM {0}) * 12 + EXTRACT(month FROM {0}))::int"
OWN_MONTHS = f"""
SELECT {", ".join(map(packed, ("n.number", MONTH.format("y.of_month"), "y.payer")))}
FROM close_payers y JOIN royalties_payer n
     ON n.ref = y.payer_ref AND n.kind = y.payer_kind AND n.rate_micros = y.rate_micros
WHERE y.of_month IS NOT NULL
"""
"""Payers with a pool for plays of one earlier month alone, by their number on usages and it."""
PIECE_MONTHS = f"""
SELECT {packed("piece")}, {packed(MONTH.format("(era_from AT TIME ZONE 'UTC')"))} FROM close_pieces
"""
PLAYS = """
CREATE UNLOGGED TABLE scratch.close_plays (payer int, whole bigint)
"""
"""How many plays each payer counts; payer 0 stands for everybody, where anybody played."""

_LATE = """
SELECT p.piece, 'LATE', COUNT(*)::bigint, NULL::bigint[]
FROM close_pieces p
JOIN royalties_usage u ON u.record_id = p.record_id
     AND u.played_at >= p.era_from AND u.played_at < p.era_until
WHERE %(model)s = 'USER_CENTRIC' AND p.era_from < %(month_from)s
  AND u.accrual_month = %(month)s AND u.state = 'COUNTED' AND u.rate_micros IS NULL
  AND NOT EXISTS (
      SELECT 1 FROM close_payers y
      WHERE y.payer_ref = u.payer_ref AND y.payer_kind = u.payer_kind AND y.rate_micros = 0
        AND COALESCE(y.of_month, (date_trunc('month', p.era_from AT TIME ZONE 'UTC'))::date)
            = (date_trunc('month', p.era_from AT TIME ZONE 'UTC'))::date)
GROUP BY p.piece
"""
KEPT = made(
    "close_kept",
    f"""
SELECT p.piece, u.state, COUNT(*)::bigint AS plays,
       array_agg(DISTINCT u.anomaly_id) FILTER (WHERE u.anomaly_id IS NOT NULL) AS anomalies
FROM royalties_usage u
JOIN close_pieces p ON p.record_id = u.record_id
     AND {_IN_ITS_ERA}
WHERE u.accrual_month = %(month)s AND u.state IN ('SELF', 'UNFUNDED', 'HELD', 'UPHELD')
GROUP BY p.piece, u.state
UNION ALL
{_LATE}
""",
)
"""Plays that accrue nothing and still stand on statements; those that count and came late, of whom
nobody has paid for this month, among them."""

WAITING = made(
    "close_waiting",
    """
SELECT * FROM (
    SELECT p.*, CASE WHEN y.whole IS NULL THEN p.pool
                ELSE div(p.pool::numeric * h.plays, h.plays + y.whole)::bigint END AS kept
    FROM close_paid p
    JOIN (SELECT payer_kind, payer_ref, COALESCE(rate_micros, 0) AS rate_micros, COUNT(*) AS plays
          FROM royalties_usage WHERE accrual_month = %(month)s AND state = 'HELD'
          GROUP BY 1, 2, 3) h USING (payer_kind, payer_ref, rate_micros)
    LEFT JOIN close_plays y ON y.payer = p.payer
    WHERE p.of_month IS NULL
      AND (%(model)s = 'USER_CENTRIC' OR NOT EXISTS (SELECT 1 FROM close_plays))) w
WHERE kept > 0
""",
)
"""What of a payer's `pool` is `kept` for plays that are held, by their number, rounded down; nobody
else is given it before the decision."""
NOT_WAITING = """
UPDATE close_paid p SET pool = p.pool - w.kept FROM close_waiting w
WHERE w.payer = p.payer AND w.currency = p.currency
"""
NOTHING_LEFT = """
DELETE FROM close_paid WHERE pool = 0
"""

BEFORE = (
    MINUTES,
    PLAYED,
    PIECES,
    "ANALYZE close_pieces",
    RECEIVED,
    "ANALYZE close_received",
    PAID,
    "ANALYZE close_paid",
    PAYERS,
    "ANALYZE close_payers",
    PLAYS,
)
"""To be run before plays are `heard` and PLAYS filled out of them; KEPT then, at any time."""
AFTER = ("ANALYZE close_plays", WAITING, NOT_WAITING, NOTHING_LEFT)
TABLES = ("minutes", "played", "pieces", "paid", "payers", "plays", "kept", "waiting")
