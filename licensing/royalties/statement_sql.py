"""What a close writes down for good: evidence, sums, statements and their frozen lines, as SQL."""

from licensing.ledger.array_copy import packed
from licensing.ledger.scratch_sql import made
from licensing.royalties.line_sql import (
    line_key,
    selected,
    selected_of_holders,
    selected_of_sources,
)
from licensing.royalties.movement_sql import MOVEMENTS
from licensing.royalties.rules.anomalies import REASONS

UNPAID = made(
    "close_unpaid",
    """
SELECT h.payee, k.piece, k.state, MIN(d.title) AS title, k.plays, k.anomalies
FROM close_kept k
JOIN close_sources s USING (piece)
JOIN close_divisions d USING (division)
JOIN close_holders h ON h.division = s.division AND h.payee_kind = 'party'
GROUP BY h.payee, k.piece, k.state, k.plays, k.anomalies
""",
)
"""Plays that accrue nothing, for everyone on the sheets of what was played."""

_OPENING = """
       COALESCE((
           SELECT SUM(CASE posting.side WHEN 'credit' THEN posting.amount_micros
                      ELSE -posting.amount_micros END)
           FROM ledger_account account
           JOIN ledger_posting posting ON posting.account_id = account.id
           JOIN ledger_journalentry entry ON entry.id = posting.entry_id
                AND entry.effective_at < %(month_from)s
           WHERE account.kind = CASE WHEN y.payee_kind IN ('party', 'society') THEN 'payable'
                                ELSE 'unallocated' END
             AND account.owner_kind = y.payee_kind AND account.owner_ref = y.payee_ref
             AND account.currency = p.currency
       ), 0)::bigint AS opening
"""
_NAME = """
LEFT JOIN catalog_party party ON y.payee_kind = 'party' AND party.id::text = y.payee_ref
"""
OWED = made(
    "close_owed",
    f"""
SELECT ROW_NUMBER() OVER (ORDER BY p.payee, p.currency)::int AS number, p.payee, p.currency,
       y.payee_kind, y.payee_ref,
       COALESCE(party.name, y.payee_ref) AS payee_name, uuidv7() AS statement, {_OPENING}
FROM (SELECT payee, currency FROM close_earned WHERE amount IS NOT NULL
      UNION SELECT payee, %(currency)s FROM close_unpaid ORDER BY payee, currency) p
JOIN close_payees y USING (payee)
{_NAME}
""",
)
"""Everyone who earned or was played, with the balance before the month."""
ALSO_OWED = f"""
INSERT INTO close_owed
SELECT NULL, NULL, p.currency, y.payee_kind, y.payee_ref, COALESCE(party.name, y.payee_ref),
       uuidv7(), {_OPENING}
FROM (SELECT DISTINCT payee_kind, payee_ref, currency FROM close_movements m
      WHERE NOT EXISTS (SELECT 1 FROM close_owed o WHERE o.payee_kind = m.payee_kind
                        AND o.payee_ref = m.payee_ref AND o.currency = m.currency)) p
CROSS JOIN LATERAL (SELECT p.payee_kind, p.payee_ref) y
{_NAME}
"""
"""Those on whose accounts something else moved, and who get a statement for that."""

KEEP_POOLS = """
INSERT INTO royalties_payerpool
    (period_id, number, basis, payer_kind, payer_ref, rate_micros, of_month, currency, pool_micros,
     plays)
SELECT %(period)s, number, basis, payer_kind, payer_ref, rate_micros, of_month, currency, pool,
       whole
FROM close_own_pools ORDER BY number
"""
KEEP_SUMS = """
INSERT INTO royalties_variationsum
    (id, period_id, record_id, era_from, currency, plays, amount_micros, us_micros, entry_id,
     tax_micros, fee_micros, commission_micros, received_micros, kept_micros, pools_micros)
SELECT k.sum_id, %(period)s, p.record_id, p.era_from, s.currency, s.plays, s.total,
       COALESCE(us.us_micros, 0), e.id, own.tax, own.fee, own.commission, own.received, own.kept,
       own.pool
FROM close_kept_sums k JOIN close_sums s USING (sum) JOIN close_pieces p USING (piece)
JOIN close_own_sums own USING (piece, currency)
LEFT JOIN close_us us ON us.piece = s.piece AND us.currency = s.currency
LEFT JOIN ledger_journalentry e
    ON e.key = %(entry_prefix)s || p.record_id::text || ':' || s.currency
ORDER BY k.sum_id
"""
SUM_IDS = f"""
SELECT {packed("nextval(pg_get_serial_sequence('royalties_variationsum', 'id'))")}
FROM generate_series(1, %(sums)s)
"""
"""The numbers that sums will have; lines name them before they are there."""
KEPT_SUMS = """
CREATE UNLOGGED TABLE scratch.close_kept_sums (sum int, sum_id bigint)
"""
KEEP_ALLOCATIONS = """
INSERT INTO royalties_listenerallocation (variation_sum_id, pools, plays, amounts_micros)
SELECT k.sum_id, own.pools, own.plays_each, own.amounts
FROM close_own_sums own JOIN close_sums s USING (piece, currency) JOIN close_kept_sums k USING (sum)
"""

STATEMENTS = """
INSERT INTO royalties_statement
    (id, period_id, payee_kind, payee_ref, payee_name, currency, version, opening_micros,
     lines_micros, moved_micros, closing_micros, reason, model, other_model, other_model_micros,
     made_at, batch)
SELECT p.statement, %(period)s, p.payee_kind, p.payee_ref, p.payee_name, p.currency, 1,
       p.opening, COALESCE(own.amount, 0) + COALESCE(moved.amount, 0), COALESCE(moved.amount, 0),
       p.opening + COALESCE(own.amount, 0) + COALESCE(moved.amount, 0), '', %(model)s,
       %(other_model)s, COALESCE(own.other, 0), %(now)s, %(batch)s
FROM close_owed p
LEFT JOIN (SELECT payee_kind, payee_ref, currency, SUM(amount)::bigint AS amount
           FROM close_movements GROUP BY payee_kind, payee_ref, currency) moved
     USING (payee_kind, payee_ref, currency)
LEFT JOIN close_earned own ON own.payee = p.payee AND own.currency = p.currency
"""

_PLACE = """
ROW_NUMBER() OVER (ORDER BY d.title COLLATE "C", s.piece, d.label COLLATE "C", s.stem_id)::int
"""
_PLAYED = "date_trunc('month', p.era_from AT TIME ZONE 'UTC')::date"
PLACES = f"""
SELECT {packed("source")}, {packed("place")}
FROM (SELECT s.source, {_PLACE} AS place
      FROM close_sources s JOIN close_divisions d USING (division)) places
"""
"""Where each source stands on statements."""
OF_SOURCES = selected_of_sources(
    """close_sources s JOIN close_divisions d USING (division) JOIN close_pieces p USING (piece)
    ORDER BY s.source""",
    record_id="p.record_id",
    kind=f"CASE WHEN {_PLAYED} = %(month)s THEN 'EARNING' ELSE 'ADJUSTMENT' END",
    played_month=_PLAYED,
    stem_id="s.stem_id",
    recording_title="d.title",
    stem_label="d.label",
    source_ppm="s.source_ppm",
)
OF_HOLDERS = selected_of_holders(
    "close_holders ORDER BY holder",
    right="right_name",
    sheet_id="sheet_id",
    party_id="party_id",
    share_ppm="share_ppm",
    note="note",
)
LINED = """
CREATE UNLOGGED TABLE scratch.close_lined (number int, lines int)
"""
"""How many lines of what was earned everyone has."""
_WORDS = ", ".join(f"('{code}', '{reason.words}')" for code, reason in sorted(REASONS.items()))
LATE = "The money of that month was divided before this play arrived."
_REASONS = f"""
CASE WHEN state = 'LATE' THEN '{LATE}' WHEN anomalies IS NULL THEN '' ELSE COALESCE((
    SELECT string_agg(words, '; ' ORDER BY code COLLATE "C")
    FROM (VALUES {_WORDS}) known (code, words)
    WHERE EXISTS (SELECT 1 FROM royalties_anomaly a
                  WHERE a.id = ANY(o.anomalies) AND known.code = ANY(a.reasons))), '') END
"""
UNPAID_LINES = selected(
    f"""
    (SELECT o.statement, u.state, u.title, u.plays, u.anomalies, p.record_id, {_PLAYED} AS month,
            COALESCE(already.lines, 0) + ROW_NUMBER() OVER (
                PARTITION BY o.statement
                ORDER BY u.title COLLATE "C", u.piece,
                         array_position(ARRAY['SELF', 'UNFUNDED', 'HELD', 'UPHELD', 'LATE'],
                                        u.state::text)) AS position
     FROM close_unpaid u
     JOIN close_owed o ON o.payee = u.payee AND o.currency = %(currency)s
     JOIN close_pieces p ON p.piece = u.piece
     LEFT JOIN close_lined already ON already.number = o.number) o""",
    id=line_key("statement", "position"),
    statement_id="statement",
    position="position",
    plays="plays",
    batch="%(batch)s",
    record_id="record_id",
    kind="state",
    played_month="month",
    recording_title="title",
    note=_REASONS,
)
"""They follow the lines of what was earned."""

KEEP_WAITING = """
INSERT INTO royalties_heldpool
    (period_id, payer_kind, payer_ref, rate_micros, currency, amount_micros, us_micros)
SELECT %(period)s, w.payer_kind, w.payer_ref, w.rate_micros, w.currency, w.kept,
       COALESCE(div(u.us::numeric * w.kept, w.pool), 0)::bigint
FROM close_waiting w LEFT JOIN close_us_paid u USING (payer, currency)
ORDER BY w.payer, w.currency
"""
"""What waits until somebody decides about plays that look odd."""

BESIDE = (UNPAID,)
"""What depends on no line."""
BEFORE = (OWED, "ANALYZE close_owed", LINED, KEPT_SUMS)
"""To be run before the close is posted, which would stand among the postings of every payee."""
ANALYZE = """
ANALYZE royalties_payerpool, royalties_variationsum, royalties_statement,
        royalties_listenerallocation (variation_sum_id), ONLY royalties_statementline,
        ONLY ledger_posting
"""
"""Plans for what a close has written must not wait for autovacuum, and of a table in partitions it
never looks at the whole. Lists are left out: to look at them is to read them."""
MOVED = ("ANALYZE ledger_account, ledger_journalentry", MOVEMENTS, ALSO_OWED, "ANALYZE close_owed")
"""To be run when all is posted."""
KEPT = (KEEP_POOLS, KEEP_WAITING, KEEP_SUMS, KEEP_ALLOCATIONS, STATEMENTS)
"""What stays but lines."""
TABLES = ("unpaid", "owed", "movements", "kept_sums", "lined")
