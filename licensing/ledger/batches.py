"""Posting by the set: whoever closes a month says by three queries what is to be posted.

The rules are those of `operations.post`, entry by entry: keys, content, closed months, floors; only
that no entry comes to Python. Invariant: an entry posted here has the same content hash as one that
was posted there, so that either is a success that changes nothing after the other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from licensing.ledger import batch_sql, rules, scratch_sql
from licensing.ledger.apart import attach_batch, open_batch, part_of
from licensing.ledger.floors import keep_floors
from licensing.ledger.months import share_open_months

POSTINGS = "ledger_posting"


@transaction.atomic
def post_batch(
    *, entries: str, accounts: str, lines: str, given: Mapping[str, Any], now: datetime
) -> int:
    """Post every draft, all or none, in the order of keys; returns how many were new.

    Three SELECTs with the parameters `given`. entries: number (the caller's int, for this batch
    alone), key, kind, memo, effective_at, reverses; accounts: account (an int likewise),
    account_kind, owner_kind, owner_ref, currency; lines: number of the entry, account, side,
    amount_micros, ref. As in EntryDraft, AccountKey and Line; an account that no line names is not
    opened. Raises UnsoundEntry, KeyTaken, MonthClosed, BalanceTooLow, AlreadyReversed, as `post`.
    """
    with connection.cursor() as cursor:
        for statement in (*scratch_sql.SETTINGS, *batch_sql.drafts(entries, accounts, lines)):
            cursor.execute(statement, given if "%(" in statement else None)
        _refuse(batch_sql.UNSOUND, rules.UnsoundEntry)
        for statement in batch_sql.DIGESTS:
            cursor.execute(statement)
        _refuse(batch_sql.TWICE, rules.KeyTaken)
        _refuse(batch_sql.TAKEN, rules.KeyTaken)
        cursor.execute(batch_sql.MONTHS)
        share_open_months([month for (month,) in cursor.fetchall()])
        cursor.execute(batch_sql.COUNT)
        batch = open_batch(POSTINGS, cursor.fetchone()[0])
        posted = _post_entries(batch, now)
        # Another writer may have taken a key since it was looked for.
        _refuse(batch_sql.TAKEN, rules.KeyTaken)
        cursor.execute(batch_sql.OPEN_ACCOUNTS, {"now": now})
        cursor.execute(batch_sql.OPENED)
        cursor.execute("ANALYZE ledger_draft_opened")
        cursor.execute(batch_sql.FALLING, {"kinds": sorted(rules.NEVER_NEGATIVE)})
        keep_floors(
            {
                account: (kind, rules.signed(kind, debit, credit))
                for account, kind, debit, credit in cursor.fetchall()
            }
        )
        cursor.execute(batch_sql.post_lines(part_of(POSTINGS, batch)), {"batch": batch})
        attach_batch(POSTINGS, batch)
        cursor.execute(scratch_sql.dropped(batch_sql.TABLES))
    return posted


def _post_entries(batch: int, now: datetime) -> int:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(batch_sql.POST_ENTRIES, {"batch": batch, "now": now})
            posted = int(cursor.rowcount)
            cursor.execute("ANALYZE ledger_draft_fresh")
            return posted
    except IntegrityError as error:
        if "reverses_id" in str(error):
            raise rules.AlreadyReversed("an entry is reversed already") from error
        raise


def _refuse(query: str, error: type[rules.LedgerError]) -> None:
    """Raise with the words of the first row that the query finds, if it finds one."""
    with connection.cursor() as cursor:
        cursor.execute(query, {"kinds": list(rules.ACCOUNT_KINDS)} if "%(" in query else None)
        found = cursor.fetchone()
    if found:
        raise error(found[0])
