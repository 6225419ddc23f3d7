"""What of a month's earnings is of United States source, for withholding, as SQL.

Income has the source of the country in which the listener whose pool paid it is billed. A pool's US
part follows its plays like the rest of it; per line it is rounded down. Withholding itself is not
reckoned here.
"""

from licensing.ledger.scratch_sql import made

US_PAID = made(
    "close_us_paid",
    """
SELECT y.payer, parts.currency, SUM(parts.us)::bigint AS us
FROM (SELECT payer_kind, payer_ref, rate_micros, NULL::date AS of_month, currency, pool AS us
      FROM close_received WHERE country = 'US'
      UNION ALL
      SELECT h.payer_kind, h.payer_ref, h.rate_micros, CASE WHEN part.is_own THEN period.month END,
             h.currency, part.us_micros
      FROM royalties_heldpart part
      JOIN royalties_heldpool h ON h.id = part.pool_id
      JOIN royalties_period period ON period.id = h.period_id
      WHERE part.joins_month = %(month)s) parts
JOIN close_payers y ON y.payer_ref = parts.payer_ref AND y.payer_kind = parts.payer_kind
     AND y.rate_micros = parts.rate_micros AND y.of_month IS NOT DISTINCT FROM parts.of_month
GROUP BY y.payer, parts.currency
HAVING SUM(parts.us) > 0
""",
)
US_SOURCE = made(
    "close_us",
    """
WITH paid AS (
    SELECT u.payer, u.currency,
           u.us - COALESCE(div(u.us::numeric * w.kept, w.pool), 0)::bigint AS us
    FROM close_us_paid u LEFT JOIN close_waiting w USING (payer, currency)
    WHERE w.kept IS DISTINCT FROM w.pool OR w.kept IS NULL
), us AS (
    SELECT 'OWN'::text AS basis, payer, currency, us FROM paid
    UNION ALL
    SELECT 'FALLBACK', 0, currency, SUM(us)::bigint FROM paid
    WHERE NOT EXISTS (SELECT 1 FROM close_plays y WHERE y.payer = paid.payer)
    GROUP BY currency
    UNION ALL
    SELECT 'PRO_RATA', 0, currency, SUM(us)::bigint FROM paid GROUP BY currency
)
SELECT s.piece, s.currency, SUM(div(g.amount::numeric * us.us, p.pool))::bigint AS us_micros
FROM close_own_sums s
CROSS JOIN LATERAL unnest(s.pools, s.amounts) AS g (number, amount)
JOIN close_own_pools p ON p.number = g.number
JOIN us ON us.basis = p.basis AND us.payer = p.payer AND us.currency = p.currency
WHERE EXISTS (SELECT 1 FROM us)
GROUP BY s.piece, s.currency
""",
)

EARNED = """
(SELECT h.payee_kind, h.payee_ref, t.currency, p.record_id, s.stem_id, h.right_name, h.sheet_id,
        h.party_id, l.amount,
        COALESCE(div(l.amount::numeric * u.us_micros, NULLIF(t.total, 0)), 0)::bigint AS us_micros
 FROM close_lines l
 JOIN close_sums t USING (sum)
 JOIN close_pieces p ON p.piece = t.piece
 JOIN close_sources s ON s.source = l.source
 JOIN close_holders h ON h.holder = l.holder
 LEFT JOIN close_us u ON u.piece = t.piece AND u.currency = t.currency)
"""
"""Every line of the close with its US part, as deductions read it."""
COUNT = "SELECT COUNT(*) FROM close_us WHERE us_micros > 0"
STATEMENTS = (US_PAID, US_SOURCE)
TABLES = ("us_paid", "us")
