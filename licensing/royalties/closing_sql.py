"""The three exact steps of a close as SQL over temporary tables; `rules.division` is their oracle.

Every amount is a whole micro-unit; divisions are numeric `div` and `mod`, so nothing is rounded on
the way and products beyond 64 bits are exact. Ties go to the smaller key, as in `money.allocate`:
UUIDs, moments and "C"-collated texts order as the oracle's strings do. Only step 0 reads usages.
"""


def apportion(*, source: str, total: str, weight: str, group: str, tie: str, part: str) -> str:
    """SELECT all columns of `source` and `part`: `total` over `weight` by largest remainder.

    `group`: columns that tell one division from another; `tie`: an order inside it.
    """
    whole = f"SELECT s.*, SUM({weight}) OVER (PARTITION BY {group}) AS whole FROM {source} s"
    quota = f"""
        SELECT w.*, div({total}::numeric * {weight}, whole)::bigint AS floored,
               mod({total}::numeric * {weight}, whole) AS fraction
        FROM ({whole}) w"""
    return f"""
        SELECT r.*, (floored + CASE WHEN place <= {total} - SUM(floored) OVER (PARTITION BY {group})
                                    THEN 1 ELSE 0 END)::bigint AS {part}
        FROM (SELECT q.*, ROW_NUMBER() OVER (
                  PARTITION BY {group} ORDER BY fraction DESC, {tie}) AS place
              FROM ({quota}) q) r"""


MINUTES = """
CREATE TEMP TABLE close_minutes ON COMMIT DROP AS
SELECT u.record_id, u.played_at, u.state, sealed.id AS sealed_id
FROM royalties_usage u
LEFT JOIN attribution_sealedminute sealed
     ON sealed.record_id = u.record_id AND sealed.minute = u.minute
    AND sealed.id <= %(last_minute)s
WHERE u.accrual_month = %(month)s AND u.minute IS NOT NULL
"""
"""Started minutes of live sessions, each with the minute as it was sealed, if it was by now."""

ERAS = """
CREATE TEMP TABLE close_eras ON COMMIT DROP AS
WITH played AS (
    SELECT DISTINCT record_id,
           date_trunc('month', played_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month_from
    FROM royalties_usage WHERE accrual_month = %(month)s
), first_played AS (
    SELECT record_id, MIN(month_from) AS since FROM played GROUP BY record_id
), stems AS (
    SELECT f.record_id, f.since, line.stem_id
    FROM first_played f
    JOIN attribution_attributionline line ON line.record_id = f.record_id
    WHERE NOT EXISTS (SELECT 1 FROM close_minutes m WHERE m.record_id = f.record_id)
    UNION ALL
    SELECT DISTINCT f.record_id, f.since, line.stem_id
    FROM close_minutes m
    JOIN attribution_minuteline line ON line.sealed_minute_id = m.sealed_id
    JOIN first_played f ON f.record_id = m.record_id
), moments AS (
    SELECT record_id, month_from AS era_from FROM played
    UNION
    SELECT s.record_id, sheet.effective_from
    FROM stems s
    JOIN catalog_stem stem ON stem.id = s.stem_id
    JOIN catalog_recording recording ON recording.id = stem.recording_id
    JOIN catalog_splitsheet sheet ON sheet.state = 'SIGNED' AND sheet.effective_from > s.since
         AND (sheet.stem_id = stem.id OR sheet.recording_id = recording.id
              OR sheet.work_id = recording.work_id)
)
SELECT record_id, era_from,
       COALESCE(LEAD(era_from) OVER (PARTITION BY record_id ORDER BY era_from), 'infinity')
           AS era_until
FROM moments
"""
"""Spans in which one set of sheets holds for a record; a month of plays always begins one."""

PLAYS = """
CREATE TEMP TABLE close_plays ON COMMIT DROP AS
SELECT u.payer_kind, u.payer_ref, u.record_id, e.era_from, u.state, COUNT(*)::bigint AS plays
FROM royalties_usage u
JOIN close_eras e ON e.record_id = u.record_id
     AND u.played_at >= e.era_from AND u.played_at < e.era_until
WHERE u.accrual_month = %(month)s
GROUP BY u.payer_kind, u.payer_ref, u.record_id, e.era_from, u.state
"""

POOLS = """
CREATE TEMP TABLE close_pools ON COMMIT DROP AS
SELECT receipt.payer_kind, receipt.payer_ref, receipt.currency,
       SUM(part.amount_micros)::bigint AS pool
FROM receipts_poolpart part JOIN receipts_receipt receipt ON receipt.id = part.receipt_id
WHERE part.month = %(month)s
GROUP BY receipt.payer_kind, receipt.payer_ref, receipt.currency
HAVING SUM(part.amount_micros) > 0
"""

_WEIGHTS = """
(SELECT record_id, era_from, line.stem_id, SUM(line.ppm)::bigint AS weight
 FROM (SELECT m.*, e.era_from,
              bool_or(m.state = 'COUNTED') OVER (PARTITION BY e.record_id, e.era_from) AS accrues
       FROM close_minutes m JOIN close_eras e ON e.record_id = m.record_id
            AND m.played_at >= e.era_from AND m.played_at < e.era_until) started
 JOIN attribution_minuteline line ON line.sealed_minute_id = started.sealed_id
 WHERE started.state = 'COUNTED' OR NOT started.accrues
 GROUP BY record_id, era_from, line.stem_id)
"""
_MINUTE_SOURCES = apportion(
    source=_WEIGHTS,
    total="1000000",
    weight="weight",
    group="record_id, era_from",
    tie="stem_id",
    part="source_ppm",
)
SOURCES = f"""
CREATE TEMP TABLE close_sources ON COMMIT DROP AS
SELECT e.record_id, e.era_from, line.stem_id, line.ppm::bigint AS source_ppm
FROM close_eras e JOIN attribution_attributionline line ON line.record_id = e.record_id
WHERE NOT EXISTS (SELECT 1 FROM close_minutes m WHERE m.record_id = e.record_id)
UNION ALL
SELECT record_id, era_from, stem_id, source_ppm FROM ({_MINUTE_SOURCES}) live
"""
"""What each stem is of a record in each era: as sealed, or as the minutes that were started say."""

SHARES = """
CREATE TEMP TABLE close_shares ON COMMIT DROP AS
WITH stems AS (
    SELECT s.*, stem.recording_id,
           recording.work_id, recording.title AS recording_title, stem.label AS stem_label
    FROM close_sources s
    JOIN catalog_stem stem ON stem.id = s.stem_id
    JOIN catalog_recording recording ON recording.id = stem.recording_id
), rights AS (
    SELECT s.*, r.right_name, r.right_ppm
    FROM stems s CROSS JOIN (VALUES ('MASTER'::text, %(master_ppm)s::bigint),
                                    ('PUBLISHING', %(publishing_ppm)s)) AS r (right_name, right_ppm)
), sheets AS (
    SELECT r.*, sheet.id AS sheet_id
    FROM rights r LEFT JOIN LATERAL (
        SELECT c.id FROM catalog_splitsheet c
        WHERE c.state = 'SIGNED' AND c."right" = r.right_name AND c.effective_from <= r.era_from
          AND (c.stem_id = r.stem_id OR c.recording_id = r.recording_id OR c.work_id = r.work_id)
        ORDER BY (c.stem_id IS NOT NULL) DESC, c.version DESC LIMIT 1
    ) sheet ON true
)
SELECT s.record_id, s.era_from, s.stem_id, s.source_ppm, s.recording_title, s.stem_label,
       s.right_name, s.right_ppm, s.sheet_id, share.party_id,
       COALESCE(share.share_ppm, 1000000)::bigint AS share_ppm,
       CASE WHEN share.id IS NULL THEN 'stem'
            WHEN share.administered_by = 'SOCIETY' THEN 'society' ELSE 'party' END AS payee_kind,
       CASE WHEN share.id IS NULL THEN s.stem_id::text
            WHEN share.administered_by = 'SOCIETY' THEN share.administrator
            ELSE share.party_id::text END AS payee_ref
FROM sheets s LEFT JOIN catalog_share share ON share.sheet_id = s.sheet_id
UNION ALL
SELECT e.record_id, e.era_from, NULL, 1000000, '', '', '', 1000000, NULL, NULL, 1000000,
       'record', e.record_id::text
FROM close_eras e
WHERE NOT EXISTS (
    SELECT 1 FROM close_sources s WHERE s.record_id = e.record_id AND s.era_from = e.era_from)
"""
"""Who holds what of each record in each era. A stem without an effective sheet, and a record that
is not sealed, or none of whose minutes sounded, are payees of their own: their money waits in an
unallocated account."""

_TOGETHER = """
(SELECT record_id, era_from, SUM(plays)::bigint AS plays FROM close_plays
 WHERE state = 'COUNTED' GROUP BY record_id, era_from)
"""
_OWN_PLAYS = """
(SELECT 'OWN'::text AS basis, pool.payer_kind, pool.payer_ref, pool.currency, pool.pool,
        play.record_id, play.era_from, play.plays
 FROM close_pools pool JOIN close_plays play
      ON play.payer_kind = pool.payer_kind AND play.payer_ref = pool.payer_ref
     AND play.state = 'COUNTED')
"""
_IDLE_PLAYS = f"""
(SELECT 'FALLBACK'::text AS basis, 'house'::text AS payer_kind, ''::text AS payer_ref,
        idle.currency, idle.pool, play.record_id, play.era_from, play.plays
 FROM (SELECT pool.currency, SUM(pool.pool)::bigint AS pool FROM close_pools pool
       WHERE NOT EXISTS (SELECT 1 FROM close_plays p WHERE p.payer_kind = pool.payer_kind
                         AND p.payer_ref = pool.payer_ref AND p.state = 'COUNTED')
       GROUP BY pool.currency) idle
 CROSS JOIN {_TOGETHER} play)
"""
_ALL_PLAYS = f"""
(SELECT 'PRO_RATA'::text AS basis, 'house'::text AS payer_kind, ''::text AS payer_ref,
        pot.currency, pot.pool, play.record_id, play.era_from, play.plays
 FROM (SELECT currency, SUM(pool)::bigint AS pool FROM close_pools GROUP BY currency) pot
 CROSS JOIN {_TOGETHER} play)
"""
_SOURCES = {
    "USER_CENTRIC": f"(SELECT * FROM {_OWN_PLAYS} o UNION ALL SELECT * FROM {_IDLE_PLAYS} i)",
    "PRO_RATA": _ALL_PLAYS,
}


def step_one(model: str, name: str) -> str:
    """Pools over plays, per listener or from one pot: close_<name>_allocations."""
    parts = apportion(
        source=_SOURCES[model],
        total="pool",
        weight="plays",
        group="basis, payer_kind, payer_ref, currency",
        tie="record_id, era_from",
        part="amount",
    )
    return f"CREATE TEMP TABLE close_{name}_allocations ON COMMIT DROP AS {parts}"


def step_two(name: str) -> str:
    """Sums per record, era and currency: close_<name>_sums."""
    return f"""
    CREATE TEMP TABLE close_{name}_sums ON COMMIT DROP AS
    SELECT record_id, era_from, currency, SUM(amount)::bigint AS total,
           COALESCE(SUM(plays) FILTER (WHERE basis <> 'FALLBACK'), 0)::bigint AS plays
    FROM close_{name}_allocations GROUP BY record_id, era_from, currency"""


def step_three(name: str) -> str:
    """Each sum over sources, rights and sheets: close_<name>_lines."""
    piece = "record_id, era_from, currency"
    sources = apportion(
        source=f"""(SELECT t.*, s.stem_id, s.source_ppm FROM close_{name}_sums t JOIN
            (SELECT DISTINCT record_id, era_from, stem_id, source_ppm FROM close_shares) s
            USING (record_id, era_from))""",
        total="total",
        weight="source_ppm",
        group=piece,
        tie="stem_id",
        part="source_micros",
    )
    rights = apportion(
        source=f"""(SELECT a.record_id, a.era_from, a.currency, a.plays, a.stem_id, a.source_micros,
            s.right_name, s.right_ppm FROM ({sources}) a JOIN
            (SELECT DISTINCT record_id, era_from, stem_id, right_name, right_ppm
             FROM close_shares) s
            ON s.record_id = a.record_id AND s.era_from = a.era_from
               AND s.stem_id IS NOT DISTINCT FROM a.stem_id)""",
        total="source_micros",
        weight="right_ppm",
        group=f"{piece}, stem_id",
        tie='right_name COLLATE "C"',
        part="right_micros",
    )
    parts = apportion(
        source=f"""(SELECT b.currency, b.plays, b.source_micros, b.right_micros, s.*
            FROM ({rights}) b JOIN close_shares s
            ON s.record_id = b.record_id AND s.era_from = b.era_from
               AND s.stem_id IS NOT DISTINCT FROM b.stem_id AND s.right_name = b.right_name)""",
        total="right_micros",
        weight="share_ppm",
        group=f"{piece}, stem_id, right_name",
        tie="party_id",
        part="amount",
    )
    return f"CREATE TEMP TABLE close_{name}_lines ON COMMIT DROP AS {parts}"


DRAFTS = """
SELECT record_id, currency, payee_kind, payee_ref, COALESCE(stem_id::text, ''), right_name,
       SUM(amount)::bigint
FROM close_own_lines
GROUP BY record_id, currency, payee_kind, payee_ref, stem_id, right_name
HAVING SUM(amount) > 0
ORDER BY record_id, currency, payee_kind, payee_ref, stem_id, right_name
"""
"""One row per posting: nothing below step 3 is posted, and no zero."""

NOT_PLAYED = """
SELECT currency, SUM(pool)::bigint FROM close_pools
WHERE NOT EXISTS (SELECT 1 FROM close_plays WHERE state = 'COUNTED')
GROUP BY currency ORDER BY currency
"""
"""Pools of a month in which nobody played anything: they wait in an unallocated account."""
