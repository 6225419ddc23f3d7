"""Who holds what of each piece, as SQL: its sources, the division of each, and the payees.

A division is one stem under the sheets of one era, in one place; many pieces share it, so sheets
are looked up once for all. The place is the territory of the licence where a society's share of
the stem names it, and '' for all others, which are alike; who is paid is `rules.payees` in SQL. A
stem without an effective sheet, and a record that is not sealed, or none of whose minutes sounded,
are payees of their own: their money waits in an unallocated account. Sources, divisions and holders
are numbered in the order in which ties fall.
"""

from licensing.ledger.scratch_sql import made
from licensing.royalties.rules.payees import NOT_COLLECTED

_WEIGHTS = """
SELECT piece, line.stem_id, SUM(line.ppm)::bigint AS weight
FROM (SELECT m.*, p.piece, bool_or(m.state = 'COUNTED') OVER (PARTITION BY p.piece) AS accrues
      FROM close_minutes m JOIN close_pieces p ON p.record_id = m.record_id
           AND m.played_at >= p.era_from AND m.played_at < p.era_until) started
JOIN attribution_minuteline line ON line.sealed_minute_id = started.sealed_id
WHERE started.state = 'COUNTED' OR NOT started.accrues
GROUP BY piece, line.stem_id
"""
# 1,000,000 ppm over the weights by largest remainder, as `rules.division.sources_of_minutes` says.
_MINUTE_SOURCES = f"""
SELECT piece, stem_id,
       floored + CASE WHEN place <= 1000000 - taken THEN 1 ELSE 0 END AS source_ppm
FROM (SELECT q.*, (SUM(floored) OVER (PARTITION BY piece))::bigint AS taken,
             ROW_NUMBER() OVER (PARTITION BY piece ORDER BY fraction DESC, stem_id) AS place
      FROM (SELECT piece, stem_id, 1000000 * weight / whole AS floored,
                   mod(1000000 * weight, whole) AS fraction
            FROM (SELECT w.*, (SUM(weight) OVER (PARTITION BY piece))::bigint AS whole
                  FROM ({_WEIGHTS}) w) weighed) q) ranked
"""
_SOURCES = f"""
SELECT p.piece, p.era_from, line.stem_id, line.ppm::bigint AS source_ppm
FROM close_pieces p JOIN attribution_attributionline line ON line.record_id = p.record_id
WHERE NOT EXISTS (SELECT 1 FROM close_minutes m WHERE m.record_id = p.record_id)
UNION ALL
SELECT piece, p.era_from, stem_id, source_ppm
FROM ({_MINUTE_SOURCES}) live JOIN close_pieces p USING (piece)
"""
NAMED = made(
    "close_named",
    """
WITH named AS (
    SELECT DISTINCT sheet.stem_id, sheet.recording_id, sheet.work_id,
           unnest(share.administrator_territories) AS territory
    FROM catalog_share share JOIN catalog_splitsheet sheet ON sheet.id = share.sheet_id
    WHERE share.administered_by = 'SOCIETY' AND share.administrator_territories <> '{}'
      AND sheet.state = 'SIGNED'
)
SELECT stem_id, territory FROM named WHERE stem_id IS NOT NULL
UNION
SELECT stem.id, territory FROM named JOIN catalog_stem stem USING (recording_id)
UNION
SELECT stem.id, territory FROM named JOIN catalog_recording recording USING (work_id)
JOIN catalog_stem stem ON stem.recording_id = recording.id
""",
)
"""Territories in which a society collects a share of a stem, and not in all others; by any of its
sheets, because one that is not in force makes a division more and moves nothing."""
LICENSED = made(
    "close_licensed",
    """
SELECT p.piece, clearance.territory
FROM close_pieces p
JOIN attribution_licencerecord record ON record.id = p.record_id
JOIN clearance_clearance clearance ON clearance.id = record.clearance_id
WHERE EXISTS (SELECT 1 FROM close_named)
  AND clearance.territory IN (SELECT territory FROM close_named)
""",
)
"""For which of these territories a piece was licensed; nothing is read where no sheet names one."""
SOURCES = made(
    "close_sources",
    f"""
SELECT ROW_NUMBER() OVER (ORDER BY piece, stem_id)::int AS source, piece,
       DENSE_RANK() OVER (ORDER BY stem_id, era_from, place COLLATE "C", lonely)::int AS division,
       DENSE_RANK() OVER (ORDER BY stem_id)::int AS stem, stem_id, era_from, place, source_ppm,
       lonely
FROM (SELECT s.*, COALESCE(named.territory, '') AS place, 0 AS lonely
      FROM ({_SOURCES}) s LEFT JOIN close_licensed licensed USING (piece)
      LEFT JOIN close_named named
           ON named.stem_id = s.stem_id AND named.territory = licensed.territory
      UNION ALL
      SELECT p.piece, p.era_from, NULL, 1000000, '', p.piece FROM close_pieces p
      WHERE NOT EXISTS (SELECT 1 FROM ({_SOURCES}) s WHERE s.piece = p.piece)) all_sources
""",
)
"""What each stem is of a piece: as sealed, or as the minutes that were started say. A piece without
sources has one, of no stem (`lonely`: its number)."""

DIVISIONS = made(
    "close_divisions",
    """
SELECT d.division, d.stem_id, d.era_from, d.place, p.record_id, stem.recording_id,
       recording.work_id,
       COALESCE(recording.title, '') AS title, COALESCE(stem.label, '') AS label
FROM (SELECT DISTINCT division, stem_id, era_from, place, lonely FROM close_sources) d
LEFT JOIN close_pieces p ON p.piece = d.lonely
LEFT JOIN catalog_stem stem ON stem.id = d.stem_id
LEFT JOIN catalog_recording recording ON recording.id = stem.recording_id
""",
)
_SHEETS = """
SELECT d.*, r.right_number, r.right_name, r.right_ppm, sheet.id AS sheet_id
FROM close_divisions d
CROSS JOIN (VALUES (1, 'MASTER'::text, %(master_ppm)s::bigint),
                   (2, 'PUBLISHING', %(publishing_ppm)s)) AS r (right_number, right_name, right_ppm)
LEFT JOIN LATERAL (
    SELECT c.id FROM catalog_splitsheet c
    WHERE c.state = 'SIGNED' AND c."right" = r.right_name AND c.effective_from <= d.era_from
      AND (c.stem_id = d.stem_id OR c.recording_id = d.recording_id OR c.work_id = d.work_id)
    ORDER BY (c.stem_id IS NOT NULL) DESC, c.version DESC LIMIT 1
) sheet ON true
WHERE d.stem_id IS NOT NULL
"""
_BY_SOCIETY = "share.administered_by = 'SOCIETY'"
_COLLECTED = f"""{_BY_SOCIETY} AND (share.administrator_territories = '{{}}'
                                OR s.place = ANY(share.administrator_territories))"""
HOLDERS = made(
    "close_holders",
    f"""
SELECT ROW_NUMBER() OVER (ORDER BY division, right_number, party_id)::int AS holder,
       DENSE_RANK() OVER (ORDER BY payee_kind COLLATE "C", payee_ref COLLATE "C")::int AS payee,
       h.*
FROM (SELECT s.division, s.right_number, s.right_name, s.right_ppm, s.sheet_id, share.party_id,
             COALESCE(share.share_ppm, 1000000)::bigint AS share_ppm,
             CASE WHEN share.id IS NULL THEN 'stem'
                  WHEN {_COLLECTED} THEN 'society' ELSE 'party' END
                 AS payee_kind,
             CASE WHEN share.id IS NULL THEN s.stem_id::text
                  WHEN {_COLLECTED} THEN share.administrator
                  ELSE share.party_id::text END AS payee_ref,
             CASE WHEN {_BY_SOCIETY} AND NOT ({_COLLECTED})
                  THEN share.administrator || ' {NOT_COLLECTED}' ELSE '' END AS note
      FROM ({_SHEETS}) s LEFT JOIN catalog_share share ON share.sheet_id = s.sheet_id
      UNION ALL
      SELECT division, 0, '', 1000000, NULL, NULL, 1000000, 'record', record_id::text, ''
      FROM close_divisions WHERE stem_id IS NULL) h
""",
)
PAYEES = made(
    "close_payees",
    """
SELECT DISTINCT payee, payee_kind, payee_ref FROM close_holders
""",
)

STATEMENTS = (NAMED, "ANALYZE close_named", LICENSED, "ANALYZE close_licensed", SOURCES,
              DIVISIONS, "ANALYZE close_divisions", HOLDERS, PAYEES,
              "ANALYZE close_sources", "ANALYZE close_holders")  # fmt: skip
TABLES = ("named", "licensed", "sources", "divisions", "holders", "payees")
