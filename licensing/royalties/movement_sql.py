"""What moved on payees' accounts in a month beside what it earned, as lines of their statements.

Read from the ledger, so that nothing can move without standing on a statement: each posting of the
month on a payee's account is one line by the type of its entry. Months are by the moment an entry
is effective; what belongs to later months already is on theirs. Postings are looked for where their
entry says they lie, so the close's own batch, all of what the month earned, is not even looked at.
"""

from licensing.ledger.scratch_sql import made
from licensing.royalties.line_sql import line_key, selected

MOVEMENTS = made(
    "close_movements",
    """
SELECT account.owner_kind AS payee_kind, account.owner_ref AS payee_ref, account.currency,
       posting.id AS posting_id, posting.ref, entry.kind AS entry_kind, entry.memo,
       entry.effective_at,
       CASE posting.side WHEN 'credit' THEN posting.amount_micros
            ELSE -posting.amount_micros END AS amount
FROM ledger_journalentry entry
JOIN ledger_posting posting ON posting.entry_id = entry.id AND posting.batch = entry.batch
JOIN ledger_account account ON account.id = posting.account_id
WHERE entry.effective_at >= %(month_from)s AND entry.effective_at < %(month_until)s
  AND NOT starts_with(entry.key, %(entry_prefix)s)
  AND ((account.kind = 'payable' AND account.owner_kind IN ('party', 'society'))
       OR (account.kind = 'unallocated' AND account.owner_kind IN ('stem', 'record')))
""",
)

KINDS = {
    "dispute": "DISPUTE",
    "dispute decision": "DECISION",
    "recoupment": "RECOUPMENT",
    "reserve": "RESERVE",
    "reserve release": "RELEASE",
    "withholding": "WITHHOLDING",
    "refund": "CORRECTION",
    "won back": "CORRECTION",
    "adjustment": "CORRECTION",
    "reversal": "CORRECTION",
    "payout": "PAYOUT",
    "payout failed": "RETURNED",
    "exchange": "EXCHANGE",
}
"""The type of a line by the kind of its entry; any other entry is OTHER."""
CORRECTS = "line:"
"""A posting's reference begins so where it corrects the line whose id follows."""

_CASES = " ".join(f"WHEN '{entry}' THEN '{line}'" for entry, line in KINDS.items())
_PLACED = """
(SELECT o.statement, m.*, COALESCE(e.lines, 0) + COALESCE(u.lines, 0)
        + ROW_NUMBER() OVER (PARTITION BY o.statement ORDER BY m.effective_at, m.posting_id)
            AS position
 FROM close_movements m JOIN close_owed o USING (payee_kind, payee_ref, currency)
 LEFT JOIN close_lined e ON e.number = o.number
 LEFT JOIN (SELECT payee, COUNT(*) AS lines FROM close_unpaid GROUP BY payee) u
      ON u.payee = o.payee AND o.currency = %(currency)s) m
"""
_CORRECTED = f"""
LEFT JOIN royalties_statementline line
     ON starts_with(m.ref, '{CORRECTS}')
    AND line.id = CASE WHEN starts_with(m.ref, '{CORRECTS}')
                       THEN substr(m.ref, {len(CORRECTS) + 1})::uuid END
"""
MOVEMENT_LINES = selected(
    _PLACED + _CORRECTED,
    id=line_key("m.statement", "m.position"),
    statement_id="m.statement",
    position="m.position",
    amount_micros="m.amount",
    other_micros="NULL",
    batch="%(batch)s",
    record_id="line.record_id",
    kind=f"CASE m.entry_kind {_CASES} ELSE 'OTHER' END",
    played_month="COALESCE(line.played_month, %(month)s)",
    stem_id="line.stem_id",
    recording_title="COALESCE(line.recording_title, '')",
    stem_label="COALESCE(line.stem_label, '')",
    right="COALESCE(line.\"right\", '')",
    note="m.memo",
    posting_id="m.posting_id",
    corrects_id="line.id",
)
"""They follow the lines of what was played."""

OPEN_MONTHS = """
SELECT DISTINCT date_trunc('month', entry.effective_at AT TIME ZONE 'UTC')::date
FROM ledger_journalentry entry
WHERE entry.effective_at >= COALESCE(
        (SELECT MAX(month) + interval '1 month' FROM royalties_period), '-infinity')
          AT TIME ZONE 'UTC'
  AND entry.effective_at < %s
  AND EXISTS (SELECT 1 FROM ledger_posting posting
              JOIN ledger_account account ON account.id = posting.account_id
              WHERE posting.entry_id = entry.id AND account.kind = 'payable')
"""
"""Months before a moment in which payees' accounts moved since the last close."""
