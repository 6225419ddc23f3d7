"""What a deed at the desk will post and change, found out by doing it and taking it back.

A rehearsal runs the very operation in a transaction that is rolled back, so what is shown cannot
differ from what would happen. Invariant: a deed is kept only when it comes to what its person was
shown; in any other case nothing has changed.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from django.db import connection, transaction
from django.db.models import Max

from licensing.audit.models import CURRENT_TRANSACTION
from licensing.catalog.models import Party
from licensing.ledger.models import Account, JournalEntry
from licensing.ledger.rules import DEBIT
from licensing.money import amount_text
from portal.backoffice.fields import is_uuid
from portal.partners.models import Client

Change = tuple[str, str]
"""What changes beside the books: (what, how it then stands)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed came to: a sentence for afterwards, and what it changes beside the books."""

    sentence: str
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class PostedLine:
    """One posting in words; one of `debit` and `credit` is empty."""

    account: str
    debit: str
    credit: str


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """A journal entry in words. `sums`: per currency (currency, debits, credits)."""

    kind: str
    memo: str
    month: str
    lines: tuple[PostedLine, ...]
    sums: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a deed does; `sha256` stands for all of it. `is_kept`: it was done."""

    outcome: Outcome
    entries: tuple[PostedEntry, ...]
    sha256: str
    is_kept: bool


def rehearse(deed: Callable[[], Outcome], *, keep_if: str = "") -> Rehearsal:
    """Do it, look, and take it back, unless it comes to exactly what `keep_if` stands for.

    What the rooms below raise is raised from here, and nothing has changed then either.
    """
    with transaction.atomic():
        newest = JournalEntry.objects.aggregate(pk=Max("pk"))["pk"] or 0
        outcome = deed()
        with connection.cursor() as cursor:
            # What the database would only say at the end it says now.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        entries = _made_since(newest)
        digest = _digest(outcome, entries)
        is_kept = digest == keep_if
        if not is_kept:
            transaction.set_rollback(True)
    return Rehearsal(outcome, entries, digest, is_kept)


def _made_since(newest: int) -> tuple[PostedEntry, ...]:
    """The entries of this transaction, in the order in which they were posted."""
    rows = JournalEntry.objects.filter(pk__gt=newest, transaction=CURRENT_TRANSACTION)
    found = list(rows.order_by("pk").prefetch_related("postings__account"))
    accounts = {line.account for entry in found for line in entry.postings.all()}
    names = _owners(accounts)
    return tuple(_in_words(entry, names) for entry in found)


def _in_words(entry: JournalEntry, names: dict[str, str]) -> PostedEntry:
    lines: list[PostedLine] = []
    sums: dict[str, list[int]] = {}
    for line in sorted(entry.postings.all(), key=lambda one: one.pk):
        account = line.account
        owner = names.get(account.owner_ref, account.owner_ref)
        amount = f"{amount_text(line.amount_micros)} {account.currency}"
        is_debit = line.side == DEBIT
        lines.append(
            PostedLine(
                f"{account.kind}: {owner}", amount if is_debit else "", "" if is_debit else amount
            )
        )
        sides = sums.setdefault(account.currency, [0, 0])
        sides[0 if is_debit else 1] += line.amount_micros
    return PostedEntry(
        entry.kind,
        entry.memo,
        f"{entry.effective_at:%B %Y}",
        tuple(lines),
        tuple((code, amount_text(d), amount_text(c)) for code, (d, c) in sorted(sums.items())),
    )


def _owners(accounts: Iterable[Account]) -> dict[str, str]:
    """The names of parties and partners among owners, by reference."""
    refs = [one.owner_ref for one in accounts if one.owner_kind in {"party", "client"}]
    found = [ref for ref in refs if is_uuid(ref)]
    names = {str(row.pk): row.name for row in Party.objects.filter(pk__in=found)}
    return names | {str(row.pk): row.name for row in Client.objects.filter(pk__in=found)}


def _digest(outcome: Outcome, entries: Sequence[PostedEntry]) -> str:
    content = [list(map(list, outcome.changes)), [asdict(one) for one in entries]]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
