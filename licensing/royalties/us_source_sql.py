"""What of a month's earnings is of United States source, for withholding, as SQL.

Income has the source of the country in which the listener whose pool paid it is billed. A pool's US
part follows its plays like the rest of it; per line it is rounded down. Withholding itself is not
reckoned here.
"""

US_SOURCE = """
CREATE TEMP TABLE close_us ON COMMIT DROP AS
WITH paid AS (
    SELECT receipt.payer_kind, receipt.payer_ref, receipt.currency,
           SUM(part.amount_micros)::bigint AS us
    FROM receipts_poolpart part JOIN receipts_receipt receipt ON receipt.id = part.receipt_id
    WHERE part.month = %(month)s AND receipt.country = 'US'
    GROUP BY receipt.payer_kind, receipt.payer_ref, receipt.currency
    HAVING SUM(part.amount_micros) > 0
), us AS (
    SELECT 'OWN'::text AS basis, payer_kind, payer_ref, currency, us FROM paid
    UNION ALL
    SELECT 'FALLBACK', 'house', '', currency, SUM(us)::bigint FROM paid
    WHERE NOT EXISTS (SELECT 1 FROM close_plays p WHERE p.payer_kind = paid.payer_kind
                      AND p.payer_ref = paid.payer_ref AND p.state = 'COUNTED')
    GROUP BY currency
    UNION ALL
    SELECT 'PRO_RATA', 'house', '', currency, SUM(us)::bigint FROM paid GROUP BY currency
)
SELECT a.record_id, a.era_from, a.currency,
       SUM(div(a.amount::numeric * us.us, a.pool))::bigint AS us_micros
FROM close_own_allocations a JOIN us USING (basis, payer_kind, payer_ref, currency)
WHERE a.pool > 0
GROUP BY a.record_id, a.era_from, a.currency
"""

EARNED = """
(SELECT l.payee_kind, l.payee_ref, l.currency, l.record_id, l.stem_id, l.right_name, l.sheet_id,
        l.party_id, l.amount,
        COALESCE(div(l.amount::numeric * u.us_micros, NULLIF(s.total, 0)), 0)::bigint AS us_micros
 FROM close_own_lines l
 JOIN close_own_sums s USING (record_id, era_from, currency)
 LEFT JOIN close_us u USING (record_id, era_from, currency))
"""
"""Every line of the close with its US part, as deductions read it."""
