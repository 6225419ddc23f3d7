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
from django.db.models import Count, Max, Sum

from licensing.audit.models import CURRENT_TRANSACTION
from licensing.ledger.models import JournalEntry, Posting
from licensing.ledger.rules import DEBIT
from licensing.money import amount_text
from portal.backoffice.names import Ref, look_up

Change = tuple[str, str]
"""What changes beside the books: (what, how it then stands)."""


@dataclass(frozen=True, slots=True)
class Table:
    """What is told in rows: the first cell heads its row, the others are numbers."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed came to: a sentence for afterwards, and what it changes beside the books.

    `posts_unseen`: why what it posts is not shown, where a rehearsal does less than the deed.
    """

    sentence: str
    changes: Sequence[Change] = ()
    table: Table | None = None
    posts_unseen: str = ""


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


def rehearse(deed: Callable[[], Outcome], *, keep_if: str = "", summed: bool = False) -> Rehearsal:
    """Do it, look, and take it back, unless it comes to exactly what `keep_if` stands for.

    `summed`: entries of a kind are told as one, by kinds of accounts, where they are many. What
    the rooms below raise is raised from here, and nothing has changed then either.
    """
    with transaction.atomic():
        newest = JournalEntry.objects.aggregate(pk=Max("pk"))["pk"] or 0
        outcome = deed()
        with connection.cursor() as cursor:
            # What the database would only say at the end it says now.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        entries = _summed_since(newest) if summed else _made_since(newest)
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
    names = look_up((one.owner_kind, one.owner_ref) for one in accounts)
    return tuple(_in_words(entry, names) for entry in found)


def _summed_since(newest: int) -> tuple[PostedEntry, ...]:
    """All entries of this transaction, those of a kind together, with the sums of their sides."""
    rows = JournalEntry.objects.filter(pk__gt=newest, transaction=CURRENT_TRANSACTION)
    counts = rows.values_list("kind").annotate(Count("pk"), Max("effective_at")).order_by("kind")
    lines = Posting.objects.filter(entry__in=rows).values_list(
        *("entry__kind", "account__kind", "account__owner_kind", "account__currency", "side")
    )
    by_kind: dict[str, list[tuple[str, str, str, int]]] = {}
    for kind, account, owner, code, side, micros in lines.annotate(Sum("amount_micros")).order_by(
        "entry__kind", "account__kind", "account__owner_kind", "account__currency", "side"
    ):
        by_kind.setdefault(kind, []).append((f"{account} of {owner}", code, side, int(micros)))
    return tuple(
        PostedEntry(kind, _together(number), f"{at:%B %Y}", *_sides(by_kind[kind]))
        for kind, number, at in counts
    )


def _together(number: int) -> str:
    return "one entry" if number == 1 else f"{number:,} entries together"


def _sides(
    lines: Iterable[tuple[str, str, str, int]],
) -> tuple[tuple[PostedLine, ...], tuple[tuple[str, str, str], ...]]:
    """(account, currency, side, micro-units) as postings in words, and their sums per currency."""
    told: list[PostedLine] = []
    sums: dict[str, list[int]] = {}
    for account, code, side, micros in lines:
        amount = f"{amount_text(micros)} {code}"
        is_debit = side == DEBIT
        told.append(PostedLine(account, amount if is_debit else "", "" if is_debit else amount))
        sums.setdefault(code, [0, 0])[0 if is_debit else 1] += micros
    return tuple(told), tuple(
        (code, amount_text(debits), amount_text(credits))
        for code, (debits, credits) in sorted(sums.items())
    )


def _in_words(entry: JournalEntry, names: dict[Ref, str]) -> PostedEntry:
    lines = []
    for line in sorted(entry.postings.all(), key=lambda one: one.pk):
        account = line.account
        owner = names.get((account.owner_kind, account.owner_ref), account.owner_ref)
        lines.append((f"{account.kind}: {owner}", account.currency, line.side, line.amount_micros))
    return PostedEntry(entry.kind, entry.memo, f"{entry.effective_at:%B %Y}", *_sides(lines))


def _digest(outcome: Outcome, entries: Sequence[PostedEntry]) -> str:
    rows = list(map(list, outcome.table.rows)) if outcome.table else []
    content = [list(map(list, outcome.changes)), rows, [asdict(one) for one in entries]]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
