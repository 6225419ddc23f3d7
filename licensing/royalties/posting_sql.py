"""The drafts of a close as SQL: one entry per record and currency, into the ledger's two tables.

One posting per payee, right and source above zero; nothing below step 3 is posted. An entry draws
from the pool what step 2 gave to its record, and gives what step 3 made of it: the ledger refuses
it should they differ.
"""

ENTRIES = """
CREATE TEMP TABLE close_entries ON COMMIT DROP AS
SELECT ROW_NUMBER() OVER (ORDER BY record_id, currency)::int AS number, record_id, currency, total
FROM (SELECT p.record_id, s.currency, SUM(s.total)::bigint AS total
      FROM close_own_sums s JOIN close_pieces p USING (piece)
      GROUP BY p.record_id, s.currency HAVING SUM(s.total) > 0) e
"""
DRAFT_ENTRIES = """
INSERT INTO ledger_draft_entry (number, key, kind, memo, effective_at)
SELECT number, %(entry_prefix)s || record_id || ':' || currency, 'royalties',
       'record ' || record_id, %(at)s
FROM close_entries
"""
DRAFT_DEBITS = """
INSERT INTO ledger_draft_line
SELECT number, 'pool', 'month', %(month_ref)s, currency, 'debit', total, '' FROM close_entries
"""
DRAFT_CREDITS = """
INSERT INTO ledger_draft_line
SELECT e.number, CASE WHEN y.payee_kind IN ('party', 'society') THEN 'payable'
                 ELSE 'unallocated' END,
       y.payee_kind, y.payee_ref, e.currency, 'credit', c.amount,
       concat(r.right_name, ':', c.stem_id)
FROM (SELECT p.record_id, l.currency, l.payee, s.stem_id, h.right_number,
             SUM(l.amount)::bigint AS amount
      FROM close_own_lines l JOIN close_pieces p USING (piece) JOIN close_sources s USING (source)
      JOIN close_holders h USING (holder)
      GROUP BY p.record_id, l.currency, l.payee, s.stem_id, h.right_number
      HAVING SUM(l.amount) > 0) c
JOIN close_entries e USING (record_id, currency)
JOIN close_payees y USING (payee)
JOIN (VALUES (0, ''), (1, 'MASTER'), (2, 'PUBLISHING')) AS r (right_number, right_name)
     USING (right_number)
"""

_WAITING = """
FROM (SELECT *, -ROW_NUMBER() OVER (ORDER BY why, currency)::int AS number
      FROM (SELECT 'nothing-played' AS why, 'month' AS owner, currency, SUM(pool)::bigint AS pool
            FROM close_paid WHERE NOT EXISTS (SELECT 1 FROM close_plays) GROUP BY currency
            UNION ALL
            SELECT 'held', 'held', currency, SUM(pool)::bigint
            FROM close_waiting GROUP BY currency) waiting) w
"""
DRAFT_WAITING = f"""
INSERT INTO ledger_draft_entry (number, key, kind, effective_at)
SELECT number, %(entry_prefix)s || why || ':' || currency, 'royalties', %(at)s {_WAITING}
"""
DRAFT_WAITING_LINES = f"""
INSERT INTO ledger_draft_line
SELECT number, kind, CASE kind WHEN 'pool' THEN 'month' ELSE owner END, %(month_ref)s, currency,
       side, pool, '' {_WAITING}
CROSS JOIN (VALUES ('pool', 'debit'), ('unallocated', 'credit')) AS side (kind, side)
"""
"""Pools that reach nobody yet wait in an unallocated account: of a month in which nobody played
anything, and of payers all of whose plays are held."""

STATEMENTS = (ENTRIES, DRAFT_ENTRIES, DRAFT_DEBITS, DRAFT_CREDITS, DRAFT_WAITING,
              DRAFT_WAITING_LINES)  # fmt: skip
TABLES = ("entries",)
