"""The statements of a posted batch, in the order in which `batches` runs them.

Texts are compared by code point and written as JSON is by Python, so that a digest is that of
`rules.content_sha256`; accounts get small numbers in the order of their four fields, because lines
are then sorted by numbers.
"""

DRAFTS = (
    "DROP TABLE IF EXISTS pg_temp.ledger_draft_entry, pg_temp.ledger_draft_line,"
    " pg_temp.ledger_draft_account, pg_temp.ledger_draft_posting, pg_temp.ledger_draft_digest,"
    " pg_temp.ledger_draft_fresh",
    """
CREATE TEMP TABLE ledger_draft_entry (
    number int NOT NULL, key text NOT NULL, kind text NOT NULL, memo text NOT NULL DEFAULT '',
    effective_at timestamptz NOT NULL, reverses bigint
) ON COMMIT DROP
""",
    """
CREATE TEMP TABLE ledger_draft_line (
    number int NOT NULL, account_kind text NOT NULL, owner_kind text NOT NULL,
    owner_ref text NOT NULL, currency text NOT NULL, side text NOT NULL,
    amount_micros bigint NOT NULL, ref text NOT NULL DEFAULT ''
) ON COMMIT DROP
""",
    "CREATE TEMP TABLE ledger_draft_fresh (number int, entry_id bigint) ON COMMIT DROP",
)

NUMBERED_ACCOUNT = """
ROW_NUMBER() OVER (ORDER BY account_kind COLLATE "C", owner_kind COLLATE "C",
                   owner_ref COLLATE "C", currency COLLATE "C")::int AS account,
concat_ws(',', ledger_json_text(account_kind), ledger_json_text(owner_kind),
          ledger_json_text(owner_ref), ledger_json_text(currency)) AS json
"""
"""Two columns of an account: its place among all, and itself as it stands in a content hash."""

ACCOUNTS = f"""
CREATE TEMP TABLE ledger_draft_account ON COMMIT DROP AS
SELECT account_kind, owner_kind, owner_ref, currency, {NUMBERED_ACCOUNT}
FROM (SELECT DISTINCT account_kind, owner_kind, owner_ref, currency FROM ledger_draft_line) d
"""
LINES = """
CREATE TEMP TABLE ledger_draft_posting ON COMMIT DROP AS
SELECT l.number, a.account, l.side, l.amount_micros, l.ref
FROM ledger_draft_line l JOIN ledger_draft_account a
     USING (account_kind, owner_kind, owner_ref, currency)
"""

NUMBERED = (
    "ANALYZE ledger_draft_entry",
    "ANALYZE ledger_draft_line",
    ACCOUNTS,
    "ANALYZE ledger_draft_account",
    LINES,
    "ANALYZE ledger_draft_posting",
)
"""Plans of a million rows need to know how many there are; nobody else counts temporary ones."""

UNSOUND = """
SELECT 'an entry needs a key and a kind' FROM ledger_draft_entry WHERE key = '' OR kind = ''
UNION ALL
SELECT 'two entries of a batch have one number' FROM ledger_draft_entry
GROUP BY number HAVING COUNT(*) > 1
UNION ALL
SELECT 'an entry needs at least two postings'
FROM ledger_draft_entry e
LEFT JOIN (SELECT number, COUNT(*) AS lines FROM ledger_draft_posting GROUP BY number) l
     USING (number)
WHERE COALESCE(l.lines, 0) < 2
UNION ALL
SELECT 'a posting has no entry' FROM (SELECT DISTINCT number FROM ledger_draft_posting) l
WHERE NOT EXISTS (SELECT 1 FROM ledger_draft_entry e WHERE e.number = l.number)
UNION ALL
SELECT 'a posting''s amount is a positive int, and it is a debit or a credit'
FROM ledger_draft_posting WHERE amount_micros <= 0 OR side NOT IN ('debit', 'credit')
UNION ALL
SELECT 'unknown kind of account or currency: ' || account_kind || ' ' || currency
FROM ledger_draft_account WHERE account_kind <> ALL(%(kinds)s) OR currency !~ '^[A-Z]{3}$'
UNION ALL
SELECT 'debits and credits differ by ' || difference || ' micro-units of ' || currency
FROM (SELECT p.number, a.currency,
             SUM(CASE p.side WHEN 'debit' THEN p.amount_micros ELSE -p.amount_micros END)
                 AS difference
      FROM ledger_draft_posting p JOIN ledger_draft_account a USING (account)
      GROUP BY p.number, a.currency) d
WHERE difference <> 0
LIMIT 1
"""
"""The words of `rules.check_draft`, for the first draft that cannot stand in the books."""

POSTINGS = """
string_agg(concat('[', json, ',"', side, '",', amount_micros, ',',
                  CASE WHEN ref ~ '^[ !#-[^-~]*$' OR ref = ''
                       THEN concat('"', ref, '"') ELSE ledger_json_text(ref) END, ']'),
           ',' ORDER BY account, side COLLATE "C", amount_micros, ref COLLATE "C")
"""
CONTENT_SHA256 = """
encode(sha256(convert_to(concat(
    '{"effective_at":"', to_char(e.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'),
    CASE WHEN date_trunc('second', e.effective_at) <> e.effective_at
         THEN to_char(e.effective_at AT TIME ZONE 'UTC', '.US') END, '+00:00","kind":',
    ledger_json_text(e.kind), ',"memo":', ledger_json_text(e.memo), ',"postings":[',
    l.postings, '],"reverses":', COALESCE(e.reverses::text, 'null'), '}'), 'UTF8')), 'hex')
"""
"""`rules.content_sha256` of an entry `e`, whose POSTINGS are `l.postings`."""

DIGESTS = f"""
CREATE TEMP TABLE ledger_draft_digest ON COMMIT DROP AS
SELECT e.*, l.posting_count, {CONTENT_SHA256} AS content_sha256
FROM ledger_draft_entry e JOIN (
    SELECT number, COUNT(*)::int AS posting_count, {POSTINGS} AS postings
    FROM ledger_draft_posting JOIN ledger_draft_account USING (account) GROUP BY number
) l USING (number)
"""
"""Each entry with `rules.content_sha256` of what it says."""

TWICE = """
SELECT 'a key stands twice among the entries: ' || key
FROM ledger_draft_digest GROUP BY key HAVING COUNT(*) > 1 LIMIT 1
"""
TAKEN = """
SELECT d.key || ' stands for another entry already'
FROM ledger_draft_digest d JOIN ledger_journalentry e ON e.key = d.key
WHERE e.content_sha256 <> d.content_sha256 LIMIT 1
"""
MONTHS = """
SELECT DISTINCT date_trunc('month', d.effective_at AT TIME ZONE 'UTC')::date
FROM ledger_draft_digest d
WHERE NOT EXISTS (SELECT 1 FROM ledger_journalentry e WHERE e.key = d.key)
"""

POST_ENTRIES = """
WITH posted AS (
    INSERT INTO ledger_journalentry (key, content_sha256, kind, memo, effective_at, created_at,
                                     reverses_id, posting_count, transaction)
    SELECT d.key, d.content_sha256, d.kind, d.memo, d.effective_at, %(now)s, d.reverses,
           d.posting_count, 0
    FROM ledger_draft_digest d
    WHERE NOT EXISTS (SELECT 1 FROM ledger_journalentry e WHERE e.key = d.key)
    ORDER BY d.key COLLATE "C"
    ON CONFLICT (key) DO NOTHING RETURNING key, id
)
INSERT INTO ledger_draft_fresh (number, entry_id)
SELECT d.number, p.id FROM posted p JOIN ledger_draft_digest d ON d.key = p.key
"""
OPEN_ACCOUNTS = """
INSERT INTO ledger_account (kind, owner_kind, owner_ref, currency, created_at)
SELECT account_kind, owner_kind, owner_ref, currency, %(now)s
FROM ledger_draft_account d
WHERE account IN (SELECT p.account FROM ledger_draft_posting p JOIN ledger_draft_fresh f
                  USING (number))
  AND NOT EXISTS (SELECT 1 FROM ledger_account a
                  WHERE (a.kind, a.owner_kind, a.owner_ref, a.currency)
                      = (d.account_kind, d.owner_kind, d.owner_ref, d.currency))
ORDER BY account
ON CONFLICT DO NOTHING
"""
_OPENED = """
ledger_draft_posting p JOIN ledger_draft_fresh f USING (number)
JOIN ledger_draft_account d USING (account)
JOIN ledger_account a ON (a.kind, a.owner_kind, a.owner_ref, a.currency)
                       = (d.account_kind, d.owner_kind, d.owner_ref, d.currency)
"""
FALLING = f"""
SELECT a.id, a.kind, COALESCE(SUM(amount_micros) FILTER (WHERE side = 'debit'), 0)::bigint,
       COALESCE(SUM(amount_micros) FILTER (WHERE side = 'credit'), 0)::bigint
FROM {_OPENED} WHERE a.kind = ANY(%(kinds)s) GROUP BY a.id, a.kind
"""
POST_LINES = f"""
INSERT INTO ledger_posting (entry_id, account_id, side, amount_micros, ref)
SELECT f.entry_id, a.id, p.side, p.amount_micros, p.ref FROM {_OPENED}
ORDER BY f.entry_id
"""
