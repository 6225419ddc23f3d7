"""What a close writes down for good: evidence, sums, statements and their frozen lines, as SQL."""

from licensing.royalties.movement_sql import MOVED

KEEP_ALLOCATIONS = """
INSERT INTO royalties_listenerallocation
    (period_id, basis, payer_kind, payer_ref, currency, record_id, era_from, plays, plays_of_pool,
     pool_micros, amount_micros)
SELECT %(period)s, basis, payer_kind, payer_ref, currency, record_id, era_from, plays,
       whole::bigint, pool, amount
FROM close_own_allocations
"""

KEEP_SUMS = """
INSERT INTO royalties_variationsum
    (period_id, record_id, era_from, currency, plays, amount_micros, entry_id)
SELECT %(period)s, s.record_id, s.era_from, s.currency, s.plays, s.total, e.id
FROM close_own_sums s
LEFT JOIN ledger_journalentry e
    ON e.key = %(entry_prefix)s || s.record_id::text || ':' || s.currency
"""

UNPAID = """
CREATE TEMP TABLE close_unpaid ON COMMIT DROP AS
SELECT h.payee_kind, h.payee_ref, h.record_id, p.era_from, p.state, MIN(h.title) AS title,
       p.plays
FROM (SELECT record_id, era_from, state, SUM(plays)::bigint AS plays FROM close_plays
      WHERE state IN ('SELF', 'UNFUNDED') GROUP BY record_id, era_from, state) p
JOIN (SELECT DISTINCT record_id, era_from, payee_kind, payee_ref, recording_title AS title
      FROM close_shares WHERE payee_kind = 'party') h
     ON h.record_id = p.record_id AND h.era_from = p.era_from
GROUP BY h.payee_kind, h.payee_ref, h.record_id, p.era_from, p.state, p.plays
"""
"""Plays that accrue nothing, for everyone on the sheets of what was played."""

PAYEES = """
CREATE TEMP TABLE close_payees ON COMMIT DROP AS
SELECT p.*, COALESCE(party.name, p.payee_ref) AS payee_name,
       COALESCE((
           SELECT SUM(CASE posting.side WHEN 'credit' THEN posting.amount_micros
                      ELSE -posting.amount_micros END)
           FROM ledger_account account
           JOIN ledger_posting posting ON posting.account_id = account.id
           JOIN ledger_journalentry entry ON entry.id = posting.entry_id
                AND entry.effective_at < %(month_from)s
           WHERE account.kind = CASE WHEN p.payee_kind IN ('party', 'society') THEN 'payable'
                                ELSE 'unallocated' END
             AND account.owner_kind = p.payee_kind AND account.owner_ref = p.payee_ref
             AND account.currency = p.currency
       ), 0)::bigint AS opening
FROM (SELECT payee_kind, payee_ref, currency FROM close_own_lines
      UNION SELECT payee_kind, payee_ref, %(currency)s FROM close_unpaid
      UNION SELECT payee_kind, payee_ref, currency FROM close_movements) p
LEFT JOIN catalog_party party ON p.payee_kind = 'party' AND party.id::text = p.payee_ref
"""
"""Everyone who gets a statement, with the balance before the month."""

STATEMENTS = f"""
INSERT INTO royalties_statement
    (id, period_id, payee_kind, payee_ref, payee_name, currency, version, opening_micros,
     lines_micros, moved_micros, closing_micros, reason, model, other_model, other_model_micros,
     made_at)
SELECT gen_random_uuid(), %(period)s, p.payee_kind, p.payee_ref, p.payee_name, p.currency, 1,
       p.opening, COALESCE(own.amount, 0) + COALESCE(moved.amount, 0), COALESCE(moved.amount, 0),
       p.opening + COALESCE(own.amount, 0) + COALESCE(moved.amount, 0), '', %(model)s,
       %(other_model)s, COALESCE(other.amount, 0), %(now)s
FROM close_payees p
LEFT JOIN {MOVED} moved USING (payee_kind, payee_ref, currency)
LEFT JOIN (SELECT payee_kind, payee_ref, currency, SUM(amount)::bigint AS amount
           FROM close_own_lines GROUP BY payee_kind, payee_ref, currency) own
    USING (payee_kind, payee_ref, currency)
LEFT JOIN (SELECT payee_kind, payee_ref, currency, SUM(amount)::bigint AS amount
           FROM close_other_lines GROUP BY payee_kind, payee_ref, currency) other
    USING (payee_kind, payee_ref, currency)
"""

_EARNED = """
SELECT l.payee_kind, l.payee_ref, l.currency, 0 AS rank, l.record_id, l.era_from, l.stem_id,
       l.right_name, l.sheet_id, l.party_id, l.recording_title, l.stem_label, l.plays,
       l.source_ppm, l.share_ppm, l.source_micros, l.right_micros, l.amount,
       CASE WHEN date_trunc('month', l.era_from AT TIME ZONE 'UTC')::date = %(month)s
            THEN 'EARNING' ELSE 'ADJUSTMENT' END AS kind,
       s.id AS sum_id
FROM close_own_lines l
JOIN royalties_variationsum s ON s.period_id = %(period)s AND s.record_id = l.record_id
     AND s.era_from = l.era_from AND s.currency = l.currency
"""
_UNPAID = """
SELECT payee_kind, payee_ref, %(currency)s, 1, record_id, era_from, NULL::uuid, '', NULL::uuid,
       NULL::uuid, title, '', plays, 0, 0, 0, 0, 0, state, NULL::bigint
FROM close_unpaid
"""
LINES = f"""
INSERT INTO royalties_statementline
    (id, statement_id, position, kind, variation_sum_id, record_id, played_month, stem_id, "right",
     sheet_id, party_id, recording_title, stem_label, plays, source_ppm, share_ppm, source_micros,
     right_micros, amount_micros, note)
SELECT gen_random_uuid(), st.id, ROW_NUMBER() OVER (
           PARTITION BY st.id ORDER BY l.rank, l.recording_title COLLATE "C", l.record_id,
           l.era_from, l.stem_label COLLATE "C", l.stem_id, l.right_name COLLATE "C", l.party_id,
           l.kind COLLATE "C"),
       l.kind, l.sum_id, l.record_id, date_trunc('month', l.era_from AT TIME ZONE 'UTC')::date,
       l.stem_id, l.right_name, l.sheet_id, l.party_id, l.recording_title, l.stem_label, l.plays,
       l.source_ppm, l.share_ppm, l.source_micros, l.right_micros, l.amount, ''
FROM ({_EARNED} UNION ALL {_UNPAID}) l
JOIN royalties_statement st ON st.period_id = %(period)s AND st.payee_kind = l.payee_kind
     AND st.payee_ref = l.payee_ref AND st.currency = l.currency
"""
