"""What was paid for a month and what came off it before its pools, as SQL.

A receipt is paid for several months where its pool is spread over them: tax, fee and commission
fall to its parts by running sums, so that the parts of a receipt are the receipt, to the
micro-unit, and a part never changes by what comes later. Nobody's name is kept of any of it.
"""

from licensing.ledger.array_copy import packed
from licensing.ledger.scratch_sql import made

_TAKEN = ("tax", "fee", "commission")


def _of_part(name: str) -> str:
    """What of a receipt falls to its part [before, before + micros) of its pool, towards zero."""
    until = f"div({name}_micros::numeric * (before + micros), whole)"
    return f"""CASE WHEN micros = whole THEN {name}_micros
         ELSE ({until} - div({name}_micros::numeric * before, whole))::bigint END AS {name}"""


_OF_PARTS = ", ".join(map(_of_part, _TAKEN))
_SUMS = ", ".join(f"SUM({name})::bigint AS {name}" for name in (*_TAKEN, "pool"))
_RECEIPT = "receipt.tax_micros, receipt.fee_micros, receipt.commission_micros"
RECEIVED = made(
    "close_received",
    f"""
SELECT payer_kind, payer_ref, rate_micros, currency, country, is_promotion, {_SUMS}
FROM (SELECT payer_kind, payer_ref, rate_micros, currency, country, is_promotion, micros AS pool,
             {_OF_PARTS}
      FROM (SELECT receipt.payer_kind, receipt.payer_ref, part.rate_micros, receipt.currency,
                   receipt.country, receipt.kind = 'PROMOTION' AS is_promotion, {_RECEIPT},
                   part.amount_micros AS micros, receipt.pool_micros AS whole, earlier.before
            FROM receipts_poolpart part
            JOIN receipts_receipt receipt ON receipt.id = part.receipt_id
            CROSS JOIN LATERAL (
                SELECT COALESCE(SUM(e.amount_micros), 0)::bigint AS before
                FROM receipts_poolpart e
                WHERE part.amount_micros <> receipt.pool_micros AND e.receipt_id = part.receipt_id
                  AND (e.month, e.rate_micros) < (part.month, part.rate_micros)) earlier
            WHERE part.month = %(month)s) parts) divided
GROUP BY payer_kind, payer_ref, rate_micros, currency, country, is_promotion
""",
)
"""What each payer paid for the month at each rate, in each country, and what came off it."""

_BEHIND = ("number", "tax", "fee", "commission", "received", "kept", "pool")
_EACH = ", ".join(f"COALESCE(SUM({name}), 0)::bigint AS {name}" for name in (*_TAKEN, "received"))
_OF_PAYER = "USING (payer_kind, payer_ref, rate_micros, currency)"
BEHIND = f"""
WITH received AS (
    SELECT payer_kind, payer_ref, rate_micros, currency, tax, fee, commission, pool AS received
    FROM close_received
), own AS (
    SELECT p.number, p.pool, COALESCE(w.kept, 0) AS kept, {_EACH}
    FROM close_own_pools p LEFT JOIN received {_OF_PAYER}
    LEFT JOIN close_waiting w ON w.payer = p.payer AND w.currency = p.currency
    WHERE p.basis = 'OWN' AND p.of_month IS NULL
    GROUP BY p.number, p.pool, w.kept
    UNION ALL
    SELECT number, pool, 0, 0, 0, 0, 0 FROM close_own_pools WHERE of_month IS NOT NULL
), shared AS (
    SELECT 'FALLBACK' AS basis, currency, {_EACH}
    FROM close_paid paid JOIN received {_OF_PAYER} LEFT JOIN close_plays y ON y.payer = paid.payer
    WHERE y.payer IS NULL AND paid.of_month IS NULL GROUP BY currency
    UNION ALL
    SELECT 'PRO_RATA', currency, {_EACH} FROM close_paid paid JOIN received {_OF_PAYER}
    WHERE %(model)s = 'PRO_RATA' AND paid.of_month IS NULL GROUP BY currency
)
SELECT {", ".join(map(packed, _BEHIND))}
FROM (SELECT number, tax, fee, commission, received, kept, pool FROM own
      UNION ALL
      SELECT p.number, COALESCE(tax, 0), COALESCE(fee, 0), COALESCE(commission, 0),
             COALESCE(received, 0), 0, p.pool
      FROM close_own_pools p LEFT JOIN shared USING (basis, currency)
      WHERE p.basis <> 'OWN') numbered
"""
"""SELECT packed, of each pool that the card's model divides: its number, what came off what was
paid for it, what of that reached it, what is kept of it for held plays, and all that it divides."""

KEEP_RECEIPTS = f"""
INSERT INTO royalties_monthreceipts (period_id, kind, currency, country, paid_micros, tax_micros,
                                     fee_micros, commission_micros, pool_micros)
SELECT %(period)s, kind, currency, country, SUM(tax + fee + commission + pool),
       SUM(tax), SUM(fee), SUM(commission), SUM(pool)
FROM (SELECT CASE WHEN is_promotion THEN 'PROMOTION' ELSE 'PAID' END AS kind, currency, country,
             tax, fee, commission, pool
      FROM close_received
      UNION ALL
      SELECT 'GIVEN_BACK', currency, country, {_OF_PARTS}, micros
      FROM (SELECT receipt.currency, receipt.country, {_RECEIPT}, receipt.pool_micros AS whole,
                   0::bigint AS before,
                   SUM(CASE posting.side WHEN 'credit' THEN posting.amount_micros
                       ELSE -posting.amount_micros END)::bigint AS micros
            FROM receipts_receipt receipt
            JOIN ledger_journalentry entry ON entry.id = receipt.entry_id
                 AND entry.effective_at >= %(month_from)s AND entry.effective_at < %(month_until)s
            JOIN ledger_posting posting ON posting.entry_id = entry.id
            JOIN ledger_account account ON account.id = posting.account_id
                 AND account.kind = 'unallocated' AND account.owner_kind = 'refund'
            WHERE receipt.corrects_id IS NOT NULL AND receipt.pool_micros <> 0
            GROUP BY receipt.id) back
      ) of_month
GROUP BY kind, currency, country
ORDER BY kind, currency, country
"""
"""A refund takes of closed months first, so their part of it begins at nothing; a chargeback that
was won comes again in the same way, above zero."""
KEEP_POOLS = """
INSERT INTO royalties_monthpool (period_id, currency, received_micros, joined_micros, payees_micros,
                                 unallocated_micros, held_micros, unplayed_micros)
SELECT %(period)s, currency, SUM(received), SUM(joined), SUM(payees), SUM(unallocated), SUM(held),
       SUM(unplayed)
FROM (SELECT currency, pool AS received, 0 AS joined, 0 AS payees, 0 AS unallocated, 0 AS held,
             0 AS unplayed
      FROM close_received
      UNION ALL
      SELECT h.currency, 0, part.amount_micros, 0, 0, 0, 0
      FROM royalties_heldpart part JOIN royalties_heldpool h ON h.id = part.pool_id
      WHERE part.joins_month = %(month)s
      UNION ALL
      SELECT e.currency, 0, 0,
             CASE WHEN y.payee_kind IN ('party', 'society') THEN e.amount ELSE 0 END,
             CASE WHEN y.payee_kind IN ('party', 'society') THEN 0 ELSE e.amount END, 0, 0
      FROM close_earned e JOIN close_payees y USING (payee) WHERE e.amount IS NOT NULL
      UNION ALL
      SELECT currency, 0, 0, 0, 0, kept, 0 FROM close_waiting
      UNION ALL
      SELECT currency, 0, 0, 0, 0, 0, pool FROM close_paid
      WHERE NOT EXISTS (SELECT 1 FROM close_plays)) moved
GROUP BY currency
ORDER BY currency
"""
KEPT = (KEEP_RECEIPTS, KEEP_POOLS)
TABLES = ("received",)
