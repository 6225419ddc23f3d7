"""Posting by the set: whoever closes a month writes drafts into two tables and has them posted.

The rules are those of `operations.post`, entry by entry: keys, content, closed months, floors; only
that no entry comes to Python. Invariant: an entry posted here has the same content hash as one that
was posted there, so that either is a success that changes nothing after the other.
"""

from datetime import datetime

from django.db import IntegrityError, connection, transaction

from licensing.ledger import batch_sql, rules
from licensing.ledger.floors import keep_floors
from licensing.ledger.months import share_open_months


@transaction.atomic
def draft_batch() -> None:
    """Make the empty tables `ledger_draft_entry` and `ledger_draft_line` for this transaction.

    The caller fills them by INSERT ... SELECT: an entry by its number (the caller's, for this batch
    alone), each line under the number of its entry, as in EntryDraft and Line.
    """
    with connection.cursor() as cursor:
        for statement in batch_sql.DRAFTS:
            cursor.execute(statement)


@transaction.atomic
def post_batch(*, now: datetime) -> int:
    """Post every draft, all or none, in the order of keys; returns how many were new.

    Raises UnsoundEntry, KeyTaken, MonthClosed, BalanceTooLow, AlreadyReversed, as `post` does.
    """
    with connection.cursor() as cursor:
        for statement in batch_sql.NUMBERED:
            cursor.execute(statement)
        _refuse(batch_sql.UNSOUND, rules.UnsoundEntry)
        cursor.execute(batch_sql.DIGESTS)
        _refuse(batch_sql.TWICE, rules.KeyTaken)
        _refuse(batch_sql.TAKEN, rules.KeyTaken)
        cursor.execute(batch_sql.MONTHS)
        share_open_months([month for (month,) in cursor.fetchall()])
        try:
            with transaction.atomic():
                cursor.execute(batch_sql.POST_ENTRIES, {"now": now})
                posted = int(cursor.rowcount)
                cursor.execute("ANALYZE ledger_draft_fresh")
        except IntegrityError as error:
            if "reverses_id" in str(error):
                raise rules.AlreadyReversed("an entry is reversed already") from error
            raise
        # Another writer may have taken a key since it was looked for.
        _refuse(batch_sql.TAKEN, rules.KeyTaken)
        cursor.execute(batch_sql.OPEN_ACCOUNTS, {"now": now})
        cursor.execute(batch_sql.FALLING, {"kinds": sorted(rules.NEVER_NEGATIVE)})
        keep_floors(
            {
                account: (kind, rules.signed(kind, debit, credit))
                for account, kind, debit, credit in cursor.fetchall()
            }
        )
        cursor.execute(batch_sql.POST_LINES)
    return posted


def _refuse(query: str, error: type[rules.LedgerError]) -> None:
    """Raise with the words of the first row that the query finds, if it finds one."""
    with connection.cursor() as cursor:
        cursor.execute(query, {"kinds": list(rules.ACCOUNT_KINDS)} if "%(" in query else None)
        found = cursor.fetchone()
    if found:
        raise error(found[0])
