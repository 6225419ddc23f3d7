"""Writing into the books: post one entry or many, and reverse one.

Each entry has its caller's key: the same key with the same content succeeds again and changes
nothing, with other content it is refused. Corrections are reversing entries; nothing is edited.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from licensing.ledger import rules
from licensing.ledger.floors import keep_floors
from licensing.ledger.models import Account, JournalEntry, Posting
from licensing.ledger.months import share_open_months
from licensing.ledger.rules import AccountKey, EntryDraft, Line

_INSERT_ENTRY = """
INSERT INTO ledger_journalentry
    (key, content_sha256, kind, memo, effective_at, created_at, reverses_id, posting_count,
     transaction)
SELECT *, 0 FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
    %s::timestamptz[], %s::bigint[], %s::int[])
ON CONFLICT (key) DO NOTHING RETURNING key, id
"""


def post(
    *,
    key: str,
    kind: str,
    postings: Sequence[Line | tuple[AccountKey, str, int]],
    effective_at: datetime,
    now: datetime,
    memo: str = "",
    reverses: int | None = None,
    floors: frozenset[AccountKey] = frozenset(),
) -> JournalEntry:
    """Write one entry and its postings, and return it.

    postings: (account key, "debit" or "credit", amount in micro-units > 0[, ref]); accounts are
    opened as they are first named. `floors`: accounts that may not go below zero by it.
    Raises UnsoundEntry, KeyTaken, MonthClosed, BalanceTooLow, AlreadyReversed.
    """
    lines = [Line(*posting) for posting in postings]
    draft = EntryDraft(key, kind, lines, effective_at, memo, reverses, floors)
    return post_many(drafts=[draft], now=now)[0]


@transaction.atomic
def post_many(*, drafts: Sequence[EntryDraft], now: datetime) -> list[JournalEntry]:
    """Write many entries at once, all or none, in the order given; as `post` for each.

    A handful of statements whatever the number of entries; a close posts by `batches`.
    """
    for draft in drafts:
        rules.check_draft(draft)
    if len({draft.key for draft in drafts}) != len(drafts):
        raise rules.KeyTaken("a key stands twice among the entries")
    digests = {draft.key: rules.content_sha256(draft) for draft in drafts}
    known = _known(digests)
    fresh = [draft for draft in drafts if draft.key not in known]
    if fresh:
        share_open_months({rules.month_of(draft.effective_at) for draft in fresh})
        inserted = _insert_entries(fresh, digests, now)
        _insert_postings([draft for draft in fresh if draft.key in inserted], inserted, now)
        known = _known(digests)
    return [known[draft.key] for draft in drafts]


def reverse_entry(
    *, key: str, entry_id: int, effective_at: datetime, now: datetime, memo: str = ""
) -> JournalEntry:
    """Post the mirror image of an entry, naming it. Raises AlreadyReversed on a second one."""
    entry = JournalEntry.objects.get(pk=entry_id)
    lines = [
        Line(
            AccountKey(a.kind, a.owner_kind, a.owner_ref, a.currency),
            p.side,
            p.amount_micros,
            p.ref,
        )
        for p in entry.postings.select_related("account").order_by("pk")
        for a in [p.account]
    ]
    return post(
        key=key,
        kind="reversal",
        postings=rules.opposite(lines),
        effective_at=effective_at,
        now=now,
        memo=memo or f"reverses {entry.key}"[:300],
        reverses=entry.pk,
    )


def _known(digests: dict[str, str]) -> dict[str, JournalEntry]:
    known = {entry.key: entry for entry in JournalEntry.objects.filter(key__in=list(digests))}
    for key, entry in known.items():
        if entry.content_sha256 != digests[key]:
            raise rules.KeyTaken(f"{key} stands for another entry already")
    return known


def _insert_entries(
    drafts: Sequence[EntryDraft], digests: dict[str, str], now: datetime
) -> dict[str, int]:
    columns: list[Any] = [
        [draft.key for draft in drafts],
        [digests[draft.key] for draft in drafts],
        [draft.kind for draft in drafts],
        [draft.memo for draft in drafts],
        [draft.effective_at for draft in drafts],
        [now] * len(drafts),
        [draft.reverses for draft in drafts],
        [len(draft.lines) for draft in drafts],
    ]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_INSERT_ENTRY, columns)
            return dict(cursor.fetchall())
    except IntegrityError as error:
        if "reverses_id" in str(error):
            raise rules.AlreadyReversed("the entry is reversed already") from error
        raise


def _insert_postings(drafts: Sequence[EntryDraft], ids: dict[str, int], now: datetime) -> None:
    accounts = _open_accounts({line.account for draft in drafts for line in draft.lines}, now)
    _keep_floors(drafts, accounts)
    Posting.objects.bulk_create(
        (
            Posting(
                entry_id=ids[draft.key],
                account_id=accounts[line.account],
                side=line.side,
                amount_micros=line.amount_micros,
                ref=line.ref,
            )
            for draft in drafts
            for line in draft.lines
        ),
        batch_size=5000,
    )


def _open_accounts(keys: set[AccountKey], now: datetime) -> dict[AccountKey, int]:
    """Ids of the accounts, opened where missing, in one order so that writers do not deadlock."""
    ordered = sorted(keys)
    found = _account_ids(ordered)
    missing = [key for key in ordered if key not in found]
    if missing:
        rows = (Account(**key._asdict(), created_at=now) for key in missing)
        Account.objects.bulk_create(rows, batch_size=5000, ignore_conflicts=True)
        found = _account_ids(ordered)
    return found


def _account_ids(keys: Sequence[AccountKey]) -> dict[AccountKey, int]:
    rows = Account.objects.filter(owner_ref__in={key.owner_ref for key in keys})
    fields = ("kind", "owner_kind", "owner_ref", "currency", "pk")
    return {AccountKey(*row[:4]): row[4] for row in rows.values_list(*fields)}


def _keep_floors(drafts: Sequence[EntryDraft], accounts: dict[AccountKey, int]) -> None:
    drawn: dict[AccountKey, int] = {}
    floors = frozenset().union(*(draft.floors for draft in drafts))
    for line in (line for draft in drafts for line in draft.lines):
        if line.account.kind in rules.NEVER_NEGATIVE or line.account in floors:
            debit = line.amount_micros if line.side == rules.DEBIT else 0
            change = rules.signed(line.account.kind, debit, line.amount_micros - debit)
            drawn[line.account] = drawn.get(line.account, 0) + change
    keep_floors({accounts[key]: (key.kind, change) for key, change in drawn.items()})
