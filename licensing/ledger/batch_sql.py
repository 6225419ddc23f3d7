"""The statements of a posted batch, and what an entry says as JSON, for whoever reads it again.

Texts are compared by code point and written as JSON is by Python, so that a digest is that of
`rules.content_sha256`.
"""


def json_text(column: str) -> str:
    """A text as Python writes it in JSON; the function is called for unusual letters alone."""
    return f"""CASE WHEN {column} ~ '^[ !#-[^-~]*$' THEN concat('"', {column}, '"')
        ELSE ledger_json_text({column}) END"""


NUMBERED_ACCOUNT = f"""
DENSE_RANK() OVER (ORDER BY account_kind COLLATE "C", owner_kind COLLATE "C",
                   owner_ref COLLATE "C", currency COLLATE "C")::int AS account,
concat_ws(',', {json_text("account_kind")}, {json_text("owner_kind")},
          {json_text("owner_ref")}, {json_text("currency")}) AS json
"""
"""Two columns of an account: its place among all, and itself as it stands in a content hash."""

POSTINGS = f"""
string_agg(concat('[', json, ',"', side, '",', amount_micros, ',', {json_text("ref")}, ']'),
           ',' ORDER BY account, side COLLATE "C", amount_micros, ref COLLATE "C")
"""
CONTENT_SHA256 = f"""
encode(sha256(convert_to(concat(
    '{{"effective_at":"', to_char(e.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'),
    CASE WHEN date_trunc('second', e.effective_at) <> e.effective_at
         THEN to_char(e.effective_at AT TIME ZONE 'UTC', '.US') END, '+00:00","kind":',
    {json_text("e.kind")}, ',"memo":', {json_text("e.memo")}, ',"postings":[',
    l.postings, '],"reverses":', COALESCE(e.reverses::text, 'null'), '}}'), 'UTF8')), 'hex')
"""
"""`rules.content_sha256` of an entry `e`, whose POSTINGS are `l.postings`."""

KNOWN = """
SELECT key, content_sha256 FROM ledger_journalentry
WHERE key = ANY(ARRAY(SELECT json_array_elements_text(%(keys)s::json)))
"""
POST_ENTRIES = """
INSERT INTO ledger_journalentry (key, content_sha256, kind, memo, effective_at, created_at,
                                 reverses_id, posting_count, batch, transaction)
SELECT key, content_sha256, kind, memo, effective_at, %(now)s, reverses, posting_count, %(batch)s, 0
FROM json_to_recordset(%(entries)s::json)
     AS d (key text, content_sha256 text, kind text, memo text, effective_at timestamptz,
           reverses bigint, posting_count int)
ON CONFLICT (key) DO NOTHING RETURNING key, id
"""
_ACCOUNTS = """
ROWS FROM (json_to_recordset(%(accounts)s::json)
           AS (kind text, owner_kind text, owner_ref text, currency text))
    WITH ORDINALITY AS d (kind, owner_kind, owner_ref, currency, place)
"""
OPEN_ACCOUNTS = f"""
INSERT INTO ledger_account (kind, owner_kind, owner_ref, currency, created_at)
SELECT kind, owner_kind, owner_ref, currency, %(now)s::timestamptz FROM {_ACCOUNTS}
WHERE NOT EXISTS (SELECT 1 FROM ledger_account a
                  WHERE (a.kind, a.owner_kind, a.owner_ref, a.currency)
                      = (d.kind, d.owner_kind, d.owner_ref, d.currency))
ORDER BY place
ON CONFLICT DO NOTHING
"""
ACCOUNTS = f"""
SELECT a.id FROM {_ACCOUNTS} JOIN ledger_account a USING (kind, owner_kind, owner_ref, currency)
ORDER BY place
"""
