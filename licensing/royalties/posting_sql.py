"""The drafts of a close as SQL: one entry per record and currency, its accounts and lines.

One posting per payee, right and source above zero; nothing below step 3 is posted. An entry draws
from the pool what step 2 gave to its record, and gives what step 3 made of it: the ledger refuses
it should they differ. Accounts have small numbers: a payee's, twice for its two kinds of account,
and the ones below zero, where pools lie and wait.
"""

from licensing.ledger.scratch_sql import in_two, made

ENTRIES = made(
    "close_entries",
    """
SELECT ROW_NUMBER() OVER (ORDER BY record_id, currency)::int AS number, record_id, currency, total
FROM (SELECT p.record_id, s.currency, SUM(s.total)::bigint AS total
      FROM close_own_sums s JOIN close_pieces p USING (piece)
      GROUP BY p.record_id, s.currency HAVING SUM(s.total) > 0) e
""",
)
CURRENCIES = made(
    "close_currencies",
    """
SELECT currency, ROW_NUMBER() OVER (ORDER BY currency)::int - 1 AS place
FROM (SELECT DISTINCT currency FROM close_paid UNION
      SELECT DISTINCT currency FROM close_waiting) c
""",
)
DRAWN = made(
    "close_drawn",
    """
SELECT t.sum, e.number, c.place
FROM close_sums t JOIN close_pieces p USING (piece)
JOIN close_entries e ON e.record_id = p.record_id AND e.currency = t.currency
JOIN close_currencies c ON c.currency = t.currency
WHERE t.total IS NOT NULL
""",
)
"""In which entry each sum is posted."""
WAITS = made(
    "close_waits",
    """
SELECT why, owner, currency, pool,
       -ROW_NUMBER() OVER (ORDER BY why, currency)::int AS number
FROM (SELECT 'nothing-played' AS why, 'month' AS owner, currency, SUM(pool)::bigint AS pool
      FROM close_paid WHERE NOT EXISTS (SELECT 1 FROM close_plays) GROUP BY currency
      UNION ALL
      SELECT 'held', 'held', currency, SUM(pool)::bigint
      FROM close_waiting GROUP BY currency) w
""",
)
"""Pools that reach nobody yet wait in an unallocated account: of a month in which nobody played
anything, and of payers all of whose plays are held."""

DRAFT_ENTRIES = """
SELECT number, %(entry_prefix)s || record_id || ':' || currency AS key, 'royalties' AS kind,
       'record ' || record_id AS memo, %(at)s::timestamptz AS effective_at,
       NULL::bigint AS reverses
FROM close_entries
UNION ALL
SELECT number, %(entry_prefix)s || why || ':' || currency, 'royalties', '', %(at)s::timestamptz,
       NULL
FROM close_waits
"""
_PAYEE = "payee * 256 + place"  # ISO 4217 knows fewer currencies than that.
_POOL = "-1 - 3 * c.place"
DRAFT_ACCOUNTS = f"""
SELECT {_PAYEE} AS account,
       CASE WHEN y.payee_kind IN ('party', 'society') THEN 'payable' ELSE 'unallocated' END
           AS account_kind,
       y.payee_kind AS owner_kind, y.payee_ref AS owner_ref, c.currency
FROM close_payees y CROSS JOIN close_currencies c
UNION ALL
SELECT {_POOL} - n, kind, owner, %(month_ref)s, currency
FROM close_currencies c
CROSS JOIN (VALUES (0, 'pool', 'month'), (1, 'unallocated', 'month'), (2, 'unallocated', 'held'))
           AS waits (n, kind, owner)
"""
_CREDITS = f"""
SELECT number, {_PAYEE} AS account, 'credit' AS side, amount AS amount_micros,
       concat((ARRAY['MASTER', 'PUBLISHING'])[right_number], ':', stem_id) AS ref
FROM (SELECT d.number, l.payee, s.stem, h.right_number, d.place, any_value(s.stem_id) AS stem_id,
             SUM(l.amount)::bigint AS amount
      FROM close_lines l
      JOIN close_drawn d USING (sum)
      JOIN close_sources s USING (source)
      JOIN close_holders h USING (holder)
      WHERE {{half}}
      GROUP BY d.number, l.payee, s.stem, h.right_number, d.place
      HAVING SUM(l.amount) > 0) credits
"""
DRAFT_LINES = f"""
{in_two(_CREDITS, "d.number")}
UNION ALL
SELECT number, {_POOL}, 'debit', total, ''
FROM close_entries JOIN close_currencies c USING (currency)
UNION ALL
SELECT number, {_POOL} - CASE WHEN side = 'debit' THEN 0 WHEN owner = 'month' THEN 1 ELSE 2 END,
       side, pool, ''
FROM close_waits JOIN close_currencies c USING (currency)
CROSS JOIN (VALUES ('debit'), ('credit')) AS sides (side)
"""

STATEMENTS = (ENTRIES, "ANALYZE close_entries", CURRENCIES, DRAWN, "ANALYZE close_drawn", WAITS)
TABLES = ("entries", "currencies", "drawn", "waits")
