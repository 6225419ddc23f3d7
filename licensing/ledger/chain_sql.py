"""The statements of the chain: taking entries into a link, and reading all of it again.

A leaf says what its entry says, by its content hash, and what that leaves out: its id (other
entries name it by that), the moment at which it was posted, and its key.
"""

from licensing.ledger import batch_sql

_SAID = """
concat_ws(E'\\n', e.content_sha256, e.id,
          to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.key)
"""
LEAF = f"encode(sha256('\\x00'::bytea || convert_to({_SAID}, 'UTF8')), 'hex')"
"""`merkle.leaf_sha256` of an entry's leaf, in hexadecimal digits."""

HOLD = "SELECT pg_advisory_xact_lock(hashtextextended('ledger chain', 0))"
TRY_HOLD = "SELECT pg_try_advisory_xact_lock(hashtextextended('ledger chain', 0))"

COMMITTED = ""
OWN = """
AND (SELECT e.transaction FROM ledger_journalentry e WHERE e.id = u.entry_id)
    = pg_current_xact_id()::text::bigint
"""


def take(whose: str) -> str:
    """Put the entries that wait (COMMITTED: all; OWN: this transaction's) into link %(number)s.

    Returns their leaves in the order of keys. Each entry is looked up: a join would be planned for
    as many as waited when the table was last analyzed, and could read the books of all years.
    """
    return f"""
WITH taken AS (
    DELETE FROM ledger_unlinkedentry u WHERE true {whose} RETURNING entry_id
), said AS MATERIALIZED (
    SELECT e.id, e.key, {LEAF} AS leaf_sha256
    FROM taken CROSS JOIN LATERAL (
        SELECT * FROM ledger_journalentry WHERE id = taken.entry_id OFFSET 0
    ) e
), linked AS (
    INSERT INTO ledger_linkedentry (entry_id, link_id, leaf_sha256)
    SELECT id, %(number)s, leaf_sha256 FROM said
)
SELECT leaf_sha256 FROM said ORDER BY key COLLATE "C"
"""


EVERYTHING = f"""
WITH account AS (
    SELECT id, {batch_sql.NUMBERED_ACCOUNT}
    FROM (SELECT id, kind AS account_kind, owner_kind, owner_ref, currency FROM ledger_account) d
), said AS (
    SELECT p.entry_id, COUNT(*) AS posting_count, {batch_sql.POSTINGS} AS postings
    FROM ledger_posting p JOIN account a ON a.id = p.account_id GROUP BY p.entry_id
)
SELECT COALESCE(k.number, m.link_id) AS number, k.previous_sha256, k.root_sha256, k.entry_count,
       k.made_at, k.sha256, m.entry_id, m.leaf_sha256, e.key,
       COALESCE(e.content_sha256 = {batch_sql.CONTENT_SHA256}
                AND e.posting_count = l.posting_count AND m.leaf_sha256 = {LEAF}, false)
FROM ledger_link k FULL JOIN ledger_linkedentry m ON m.link_id = k.number
LEFT JOIN (SELECT id, key, kind, memo, effective_at, created_at, reverses_id AS reverses,
                  posting_count, content_sha256
           FROM ledger_journalentry) e ON e.id = m.entry_id
LEFT JOIN said l ON l.entry_id = e.id
ORDER BY 1, e.key COLLATE "C"
"""
"""Every link with every entry in it, and whether that still says what it said when linked."""

STRAY_POSTING = """
SELECT p.id, p.entry_id FROM ledger_posting p
WHERE NOT EXISTS (SELECT 1 FROM ledger_journalentry e WHERE e.id = p.entry_id)
ORDER BY p.id LIMIT 1
"""
LEFT_UNLINKED = """
SELECT e.key, u.came_at FROM ledger_journalentry e
LEFT JOIN ledger_unlinkedentry u ON u.entry_id = e.id
WHERE (u.came_at IS NULL OR u.came_at < %(before)s)
  AND NOT EXISTS (SELECT 1 FROM ledger_linkedentry m WHERE m.entry_id = e.id)
ORDER BY e.id LIMIT 1
"""
"""An entry that is not linked and does not wait either, or has waited for too long."""
