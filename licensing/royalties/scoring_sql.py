"""The signs of odd plays as SQL over a month's usages; `rules.anomalies` is their oracle.

Evidence is what counts, is held or was upheld: the month's, and the days before it that a jump is
measured against. Judged is only what counts and no person has looked at. Held is what has points
enough, unless a person released the same listener's plays of the same record, this month, for the
same reasons.
"""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from licensing.ledger.rules import month_of, month_start
from licensing.royalties.rules.anomalies import HELD_FROM_PPM, MANY, REASONS, Bounds

PLAYS = """
CREATE TEMP TABLE score_plays ON COMMIT DROP AS
SELECT id, listener_kind, listener_ref, payer_kind, payer_ref, record_id, played_at,
       (played_at AT TIME ZONE 'UTC')::date AS day, heard_ms, repeat_score,
       accrual_month = %(month)s AND state = 'COUNTED' AND anomaly_id IS NULL AS is_judged
FROM royalties_usage
WHERE accrual_month BETWEEN %(month_before)s AND %(month)s
  AND (accrual_month = %(month)s OR played_at >= %(since)s)
  AND state IN ('COUNTED', 'HELD', 'UPHELD')
"""
SOURCES = """
CREATE TEMP TABLE score_sources ON COMMIT DROP AS
SELECT DISTINCT source.record_id, stem.recording_id, recording.party_id
FROM (SELECT DISTINCT record_id FROM score_plays) played
JOIN attribution_licencesource source USING (record_id)
JOIN catalog_stem stem ON stem.id = source.stem_id
JOIN catalog_recording recording ON recording.id = stem.recording_id
"""
_PERSONS = f"(SELECT * FROM score_plays WHERE listener_kind <> '{MANY}')"
_LISTENER = "listener_kind, listener_ref"
_SIGNS = {
    "REPEATS": f"SELECT id FROM {_PERSONS} p WHERE repeat_score >= %(repeats)s",
    "SOUND": f"""
        SELECT id FROM (SELECT id, SUM(heard_ms) OVER (PARTITION BY {_LISTENER}, day) AS sound
                        FROM {_PERSONS} p) d
        WHERE sound * interval '1 millisecond' > %(sound_of_day)s""",
    "CLOCK": f"""
        SELECT id FROM (
            SELECT id, MAX(played_at) OVER run - MIN(played_at) OVER run AS lasted
            FROM (SELECT *, COUNT(*) FILTER (WHERE is_first)
                                OVER (PARTITION BY {_LISTENER} ORDER BY played_at, id) AS number
                  FROM (SELECT *, played_at - LAG(played_at) OVER (
                                      PARTITION BY {_LISTENER} ORDER BY played_at, id)
                                  > %(pause)s AS is_first
                        FROM {_PERSONS} p) gaps) runs
            WINDOW run AS (PARTITION BY {_LISTENER}, number)) r
        WHERE lasted > %(without_pause)s""",
    "ONE_PARTY": f"""
        SELECT p.id FROM score_plays p JOIN (
            SELECT {_LISTENER}, day
            FROM (SELECT {_LISTENER}, day FROM {_PERSONS} p
                  GROUP BY {_LISTENER}, day HAVING COUNT(*) >= %(party_plays)s) many
            JOIN score_plays USING ({_LISTENER}, day) JOIN score_sources USING (record_id)
            GROUP BY {_LISTENER}, day HAVING COUNT(DISTINCT party_id) = 1
        ) one USING ({_LISTENER}, day)""",
    "CLUSTER": f"""
        SELECT p.id FROM score_plays p JOIN (
            SELECT payer_kind, payer_ref, {_LISTENER},
                   COUNT(*) OVER (PARTITION BY payer_kind, payer_ref, records) AS listeners
            FROM (SELECT payer_kind, payer_ref, {_LISTENER},
                         array_agg(record_id ORDER BY record_id)
                             FILTER (WHERE place <= %(cluster_top)s) AS records
                  FROM (SELECT payer_kind, payer_ref, {_LISTENER}, record_id, COUNT(*) AS plays,
                               ROW_NUMBER() OVER (
                                   PARTITION BY payer_kind, payer_ref, {_LISTENER}
                                   ORDER BY COUNT(*) DESC, record_id) AS place
                        FROM {_PERSONS} p
                        GROUP BY payer_kind, payer_ref, {_LISTENER}, record_id) counts
                  GROUP BY payer_kind, payer_ref, {_LISTENER}
                  HAVING SUM(plays) >= %(cluster_plays)s) lists
        ) alike USING (payer_kind, payer_ref, {_LISTENER})
        WHERE listeners >= %(cluster_listeners)s""",
    "JUMP": """
        SELECT p.id FROM score_plays p WHERE EXISTS (
            SELECT 1 FROM score_sources s JOIN (
                SELECT recording_id, day FROM (
                    SELECT recording_id, day, COUNT(*) AS plays,
                           COALESCE(SUM(COUNT(*)) OVER (
                               PARTITION BY recording_id ORDER BY day
                               RANGE BETWEEN make_interval(days => %(jump_days)s) PRECEDING
                                     AND interval '1 day' PRECEDING), 0) AS earlier
                    FROM (SELECT DISTINCT record_id, recording_id FROM score_sources) s
                    JOIN score_plays USING (record_id) GROUP BY recording_id, day) days
                WHERE plays >= %(jump_plays)s
                  AND plays * %(jump_days)s > %(jump_times)s * earlier
            ) jumped USING (recording_id)
            WHERE s.record_id = p.record_id AND jumped.day = p.day)""",
}
_FLAGS = " UNION ALL ".join(
    f"SELECT id, '{reason}' AS reason, {REASONS[reason].points_ppm} AS points FROM ({query}) s"
    for reason, query in _SIGNS.items()
)
ODD = f"""
CREATE TEMP TABLE score_odd ON COMMIT DROP AS
SELECT id, record_id, {_LISTENER}, LEAST(1000000, SUM(points))::int AS score_ppm,
       array_agg(reason) AS reasons
FROM ({_FLAGS}) flags JOIN score_plays USING (id)
WHERE is_judged GROUP BY id, record_id, {_LISTENER}
HAVING SUM(points) >= {HELD_FROM_PPM}
"""
GROUPS = f"""
CREATE TEMP TABLE score_groups ON COMMIT DROP AS
SELECT g.* FROM (
    SELECT record_id, {_LISTENER}, MAX(score_ppm) AS score_ppm, COUNT(DISTINCT id) AS plays,
           array_agg(DISTINCT reason::varchar ORDER BY reason::varchar) AS reasons
    FROM score_odd CROSS JOIN LATERAL unnest(reasons) reason GROUP BY record_id, {_LISTENER}) g
WHERE NOT EXISTS (
    SELECT 1 FROM royalties_anomaly a
    WHERE a.month = %(month)s AND a.state = 'RELEASED' AND a.record_id = g.record_id
      AND a.listener_kind = g.listener_kind AND a.listener_ref = g.listener_ref
      AND a.reasons @> g.reasons)
"""
ANOMALIES = f"""
INSERT INTO royalties_anomaly AS known
    (month, record_id, {_LISTENER}, score_ppm, reasons, plays, state, found_at, decided_by,
     decision)
SELECT %(month)s, record_id, {_LISTENER}, score_ppm, reasons, plays, 'OPEN', %(now)s, '', ''
FROM score_groups ORDER BY {_LISTENER}, record_id
ON CONFLICT (month, {_LISTENER}, record_id) WHERE state = 'OPEN' DO UPDATE SET
    score_ppm = GREATEST(known.score_ppm, excluded.score_ppm),
    plays = known.plays + excluded.plays,
    reasons = ARRAY(SELECT DISTINCT unnest(known.reasons || excluded.reasons) ORDER BY 1)
"""
HOLD = """
UPDATE royalties_usage u SET state = 'HELD', anomaly_id = a.id
FROM score_odd o JOIN score_groups USING (record_id, listener_kind, listener_ref)
JOIN royalties_anomaly a USING (record_id, listener_kind, listener_ref)
WHERE a.month = %(month)s AND a.state = 'OPEN' AND u.accrual_month = %(month)s AND u.id = o.id
  AND u.state = 'COUNTED'
"""
"""The last statement; its row count is how many plays are held anew."""

BEFORE = (
    "DROP TABLE IF EXISTS pg_temp.score_plays, pg_temp.score_sources, pg_temp.score_odd, "
    "pg_temp.score_groups",
    PLAYS,
    SOURCES,
    "ANALYZE score_plays",
    "ANALYZE score_sources",
    ODD,
    GROUPS,
    ANOMALIES,
)


def given(month: date, bounds: Bounds) -> dict[str, Any]:
    """What the statements ask for, but for `now`."""
    since = month_start(month) - timedelta(days=bounds.jump_days)
    return asdict(bounds) | {
        "month": month,
        "month_before": month_of(month_start(month) - timedelta(days=1)),
        "since": since,
    }
