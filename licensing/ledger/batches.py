"""Posting by the set: whoever closes a month says as arrays what is to be posted.

The rules are those of `operations.post`, entry by entry: keys, content, closed months, floors; only
that no line is an object. A statement takes entries or accounts as one text, JSON: quoting each of
their values took Python longer than writing their postings. Invariant: an entry posted here has the
same content hash as one that was posted there, so that either is a success that changes nothing
after the other.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.db import IntegrityError, connection, transaction

from licensing.ledger import batch_sql, rules
from licensing.ledger.apart import attach_batch, open_batch, part_of
from licensing.ledger.array_copy import field, with_fields, write
from licensing.ledger.batch_arrays import SIDES, Batch, Sound, digests, sound
from licensing.ledger.floors import keep_floors
from licensing.ledger.months import share_open_months
from licensing.ledger.rules import AccountKey
from licensing.ledger.runs import Ints, blocks

POSTINGS = "ledger_posting"
_COLUMNS = ("entry_id", "amount_micros", "batch", "account_id", "side", "ref")
_AT_A_TIME = 1 << 10
"""Postings that are written at a time: as many as wait between two processes, so that the server
reads them while more are made."""


@transaction.atomic
def post_batch(batch: Batch, *, now: datetime) -> int:
    """Post every draft, all or none, in the order of keys; returns how many were new.

    An account that no line names is not opened. Raises UnsoundEntry, KeyTaken, MonthClosed,
    BalanceTooLow, AlreadyReversed, as `post`, and OverflowError as `batch_arrays.sound`.
    """
    drafts = sound(batch)
    said = dict(zip((head.key for head in drafts.heads), digests(drafts), strict=True))
    known = _known(said)
    fresh = drafts.of([place for place, one in enumerate(drafts.heads) if one.key not in known])
    share_open_months({rules.month_of(head.effective_at) for head in fresh.heads})
    number = open_batch(POSTINGS, len(fresh.lines.amounts))
    posted = _post_entries(fresh, said, number, now)
    if len(posted) < len(fresh.heads):
        # Another writer has taken a key since it was looked for.
        _known(said)
        fresh = fresh.of([place for place, one in enumerate(fresh.heads) if one.key in posted])
    accounts = _open_accounts(fresh.accounts, now)
    _keep_floors(fresh, accounts)
    entries = np.array([posted[head.key] for head in fresh.heads], np.int64)
    write(part_of(POSTINGS, number), _rows(fresh, entries, accounts, number), _COLUMNS)
    attach_batch(POSTINGS, number)
    return len(posted)


def _known(said: Mapping[str, str]) -> set[str]:
    """The keys that stand in the books already. Raises KeyTaken where one says something else."""
    rows = _all(batch_sql.KNOWN, {"keys": json.dumps(list(said))})
    for key, content_sha256 in rows:
        if said[key] != content_sha256:
            raise rules.KeyTaken(f"{key} stands for another entry already")
    return {key for key, _ in rows}


def _post_entries(
    fresh: Sound, said: Mapping[str, str], batch: int, now: datetime
) -> dict[str, int]:
    """The numbers of the entries that were written, by their keys."""
    entries = json.dumps(
        [
            {
                "key": head.key,
                "content_sha256": said[head.key],
                "kind": head.kind,
                "memo": head.memo,
                "effective_at": head.effective_at.isoformat(),
                "reverses": head.reverses,
                "posting_count": size,
            }
            for head, size in zip(fresh.heads, fresh.sizes.tolist(), strict=True)
        ]
    )
    given = {"entries": entries, "batch": batch, "now": now}
    try:
        with transaction.atomic():
            return dict(_all(batch_sql.POST_ENTRIES, given))
    except IntegrityError as error:
        if "reverses_id" in str(error):
            raise rules.AlreadyReversed("an entry is reversed already") from error
        raise


def _open_accounts(accounts: Sequence[AccountKey], now: datetime) -> list[int]:
    """The number of each account; those that are not there are opened."""
    given = {"accounts": json.dumps([account._asdict() for account in accounts])}
    with connection.cursor() as cursor:
        cursor.execute(batch_sql.OPEN_ACCOUNTS, {**given, "now": now})
    return [number for (number,) in _all(batch_sql.ACCOUNTS, given)]


def _keep_floors(fresh: Sound, accounts: Sequence[int]) -> None:
    number_of = dict(zip(fresh.accounts, accounts, strict=True))
    keep_floors(
        {
            number_of[account]: (account.kind, rules.signed(account.kind, debit, credit))
            for account, debit, credit in fresh.moves()
            if account.kind in rules.NEVER_NEGATIVE
        }
    )


def _rows(fresh: Sound, entries: Ints, accounts: Sequence[int], batch: int) -> Iterator[bytes]:
    """The postings as COPY takes them, entry by entry."""
    sides = [field(account.to_bytes(8)) + field(side.encode())
             for account in accounts for side in SIDES]  # fmt: skip
    refs = [field(ref.encode()) for ref in fresh.refs]
    for _, run in blocks(fresh.sizes, _AT_A_TIME):
        lines = fresh.lines[run]
        batches = np.full(len(lines.amounts), batch, np.int64)
        yield with_fields(
            (entries[lines.entries], lines.amounts, batches),
            map(sides.__getitem__, (lines.accounts << 1 | lines.sides).tolist()),
            map(refs.__getitem__, lines.refs.tolist()),
            fields=3,
        )


def _all(query: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())
