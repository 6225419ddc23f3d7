"""The statements of a posted batch, in the order in which `batches` runs them.

Texts are compared by code point and written as JSON is by Python, so that a digest is that of
`rules.content_sha256`; accounts get small numbers in the order of their four fields, because lines
are then sorted by numbers.
"""

from licensing.ledger.scratch_sql import (
    HALVES_FIRST,
    PARTS_FIRST,
    ROWS_FIRST,
    dropped,
    in_two,
    made,
)

TABLES = tuple(
    f"ledger_draft_{name}"
    for name in ("entry", "named", "line", "account", "total", "digest", "fresh", "opened")
)


def drafts(entries: str, accounts: str, lines: str) -> tuple[str, ...]:
    """The drafts as tables, out of the caller's three queries, and what is reckoned of them."""
    return (
        dropped(TABLES),
        made("ledger_draft_entry", entries),
        made("ledger_draft_named", accounts),
        HALVES_FIRST,
        made("ledger_draft_line", lines),
        ROWS_FIRST,
        "ANALYZE ledger_draft_entry",
        "ANALYZE ledger_draft_line",
        ACCOUNTS,
        "ANALYZE ledger_draft_account",
        TOTALS,
        "ANALYZE ledger_draft_total",
    )


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

ACCOUNTS = made(
    "ledger_draft_account",
    f"""
SELECT account AS named, account_kind, owner_kind, owner_ref, currency, {NUMBERED_ACCOUNT}
FROM ledger_draft_named
WHERE account IN (SELECT account FROM ledger_draft_line)
""",
)
"""Accounts that a line names, by the caller's number (`named`) and by their own (`account`)."""
TOTALS = made(
    "ledger_draft_total",
    """
SELECT l.number, a.currency, COUNT(*) AS lines,
       SUM(CASE l.side WHEN 'debit' THEN l.amount_micros ELSE -l.amount_micros END) AS difference,
       bool_and(l.amount_micros > 0 AND l.side IN ('debit', 'credit')) AS is_sound
FROM ledger_draft_line l LEFT JOIN ledger_draft_account a ON a.named = l.account
GROUP BY l.number, a.currency
""",
)
"""What the lines of each entry come to in each currency."""

UNSOUND = """
SELECT 'an entry needs a key and a kind' FROM ledger_draft_entry WHERE key = '' OR kind = ''
UNION ALL
SELECT 'two entries of a batch have one number' FROM ledger_draft_entry
GROUP BY number HAVING COUNT(*) > 1
UNION ALL
SELECT 'two accounts of a batch have one number' FROM ledger_draft_account
GROUP BY named HAVING COUNT(*) > 1
UNION ALL
SELECT 'an entry needs at least two postings'
FROM ledger_draft_entry e
LEFT JOIN (SELECT number, SUM(lines) AS lines FROM ledger_draft_total GROUP BY number) l
     USING (number)
WHERE COALESCE(l.lines, 0) < 2
UNION ALL
SELECT 'a posting has no entry' FROM ledger_draft_total l
WHERE NOT EXISTS (SELECT 1 FROM ledger_draft_entry e WHERE e.number = l.number)
UNION ALL
SELECT 'a posting has no account' FROM ledger_draft_total WHERE currency IS NULL
UNION ALL
SELECT 'a posting''s amount is a positive int, and it is a debit or a credit'
FROM ledger_draft_total WHERE NOT is_sound
UNION ALL
SELECT 'unknown kind of account or currency: ' || account_kind || ' ' || currency
FROM ledger_draft_account WHERE account_kind <> ALL(%(kinds)s) OR currency !~ '^[A-Z]{3}$'
UNION ALL
SELECT 'debits and credits differ by ' || difference || ' micro-units of ' || currency
FROM ledger_draft_total WHERE difference <> 0
LIMIT 1
"""
"""The words of `rules.check_draft`, for the first draft that cannot stand in the books."""

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

_DIGESTED = f"""
SELECT e.*, l.posting_count, {CONTENT_SHA256} AS content_sha256
FROM ledger_draft_entry e JOIN (
    SELECT number, COUNT(*)::int AS posting_count, {POSTINGS} AS postings
    FROM (SELECT d.number, d.side, d.amount_micros, d.ref, a.account, a.json
          FROM ledger_draft_line d JOIN ledger_draft_account a ON a.named = d.account
          WHERE {{half}}) lines
    GROUP BY number
) l USING (number)
"""
DIGESTS = (
    PARTS_FIRST,
    made("ledger_draft_digest", in_two(_DIGESTED, "d.number")),
    ROWS_FIRST,
    "ANALYZE ledger_draft_digest",
    "CREATE UNLOGGED TABLE scratch.ledger_draft_fresh (number int, entry_id bigint)",
)
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
                                     reverses_id, posting_count, batch, transaction)
    SELECT d.key, d.content_sha256, d.kind, d.memo, d.effective_at, %(now)s, d.reverses,
           d.posting_count, %(batch)s, 0
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
SELECT DISTINCT ON (account) account_kind, owner_kind, owner_ref, currency, %(now)s::timestamptz
FROM ledger_draft_account d
WHERE named IN (SELECT l.account FROM ledger_draft_line l JOIN ledger_draft_fresh f USING (number))
  AND NOT EXISTS (SELECT 1 FROM ledger_account a
                  WHERE (a.kind, a.owner_kind, a.owner_ref, a.currency)
                      = (d.account_kind, d.owner_kind, d.owner_ref, d.currency))
ORDER BY account
ON CONFLICT DO NOTHING
"""
OPENED = made(
    "ledger_draft_opened",
    """
SELECT d.named, d.account_kind, a.id FROM ledger_draft_account d
JOIN ledger_account a ON (a.kind, a.owner_kind, a.owner_ref, a.currency)
                       = (d.account_kind, d.owner_kind, d.owner_ref, d.currency)
""",
)
_FRESH = """
ledger_draft_line l JOIN ledger_draft_fresh f USING (number)
JOIN ledger_draft_opened a ON a.named = l.account
"""
FALLING = f"""
SELECT a.id, a.account_kind,
       COALESCE(SUM(amount_micros) FILTER (WHERE side = 'debit'), 0)::bigint,
       COALESCE(SUM(amount_micros) FILTER (WHERE side = 'credit'), 0)::bigint
FROM {_FRESH} WHERE a.account_kind = ANY(%(kinds)s) GROUP BY a.id, a.account_kind
"""
COUNT = """
SELECT COALESCE(SUM(posting_count), 0) FROM ledger_draft_digest d
WHERE NOT EXISTS (SELECT 1 FROM ledger_journalentry e WHERE e.key = d.key)
"""
"""How many postings are to come in."""


def post_lines(into: str) -> str:
    """Insert the postings of the fresh entries, entry by entry."""
    return f"""
INSERT INTO {into} (entry_id, account_id, side, amount_micros, ref, batch)
SELECT f.entry_id, a.id, l.side, l.amount_micros, l.ref, %(batch)s::bigint FROM {_FRESH}
ORDER BY f.entry_id
"""
