"""Since when and until when somebody holds part of which stems, as SQL for rooms that count plays.

It knows signed sheets alone and nothing of plays or money. Invariant: a sheet holds from the moment
it takes effect until a later one of the same right and target does; whoever is on neither then
holds nothing then.
"""

STEMS_OF_PARTY = """
sheet AS (
    SELECT sheet.recording_id, sheet.stem_id, sheet.work_id, sheet.effective_from AS since,
           COALESCE((SELECT MIN(next.effective_from) FROM catalog_splitsheet next
                     WHERE next.state = 'SIGNED' AND next.right = sheet.right
                       AND (next.recording_id = sheet.recording_id
                            OR next.stem_id = sheet.stem_id OR next.work_id = sheet.work_id)
                       AND next.version > sheet.version), 'infinity') AS until
    FROM catalog_splitsheet sheet JOIN catalog_share share ON share.sheet_id = sheet.id
    WHERE sheet.state = 'SIGNED' AND share.party_id = %s
), mine AS (
    SELECT stem.id AS stem_id, stem.recording_id, sheet.since, sheet.until
    FROM sheet JOIN catalog_stem stem ON stem.id = sheet.stem_id
    UNION
    SELECT stem.id, stem.recording_id, sheet.since, sheet.until
    FROM sheet JOIN catalog_stem stem ON stem.recording_id = sheet.recording_id
    UNION
    SELECT stem.id, stem.recording_id, sheet.since, sheet.until
    FROM sheet JOIN catalog_recording recording ON recording.work_id = sheet.work_id
    JOIN catalog_stem stem ON stem.recording_id = recording.id
)
"""
"""For a WITH: `mine` (stem_id, recording_id, since, until), both times of one era of one sheet,
`until` not included. Takes one parameter, the party. Eras of two rights may overlap; that of a
version that was called off before its date is empty."""
