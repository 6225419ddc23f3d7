"""What makes a journal entry sound, and the calendar of the books; values only.

It knows accounts by kind and owner reference, never what the money was for. Invariant: an entry
that passes has at least two postings and, in each currency, debits equal to credits.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from licensing.money import check_currency

DEBIT, CREDIT = "debit", "credit"

CASH = "cash"
PROMOTION = "promotion"
PROCESSOR_FEE = "processor_fee"
TAX = "tax"
COMMISSION = "commission"
POOL = "pool"
PAYABLE = "payable"
UNALLOCATED = "unallocated"
TRADING = "trading"
PAYOUT = "payout"
TRANSIT = "transit"
ADVANCE = "advance"
RESERVE = "reserve"
SUSPENSE = "suspense"
WITHHOLDING = "withholding"
SPREAD = "spread"
RECEIVABLE = "receivable"
BILLED = "billed"

DEBIT_KINDS = (CASH, PROMOTION, TRANSIT, ADVANCE, RECEIVABLE)
"""Assets and expenses: their balance is debits minus credits. Of all others it is the reverse."""
CREDIT_KINDS = (
    *(PROCESSOR_FEE, TAX, COMMISSION, POOL, PAYABLE, UNALLOCATED, TRADING, PAYOUT),
    *(RESERVE, SUSPENSE, WITHHOLDING, SPREAD, BILLED),
)
ACCOUNT_KINDS = DEBIT_KINDS + CREDIT_KINDS
NEVER_NEGATIVE = frozenset({POOL, PAYOUT, TRANSIT, ADVANCE, RESERVE, SUSPENSE, RECEIVABLE, BILLED})
"""Accounts of these kinds are never drawn below zero, however many write at once."""


class LedgerError(Exception):
    """An entry the books do not take."""


class UnsoundEntry(LedgerError):
    """Not an entry: too few postings, an amount that is no positive int, or sides that differ."""


class KeyTaken(LedgerError):
    """The key stands for another entry already; the same key means the same content."""


class BalanceTooLow(LedgerError):
    """The entry would draw an account below zero that must not go there."""


class MonthClosed(LedgerError):
    """The entry's moment lies in a month whose books are closed."""


class AlreadyReversed(LedgerError):
    """An entry is reversed once at most."""


class AccountKey(NamedTuple):
    """Which account: its kind, whose it is, and its one currency (ISO 4217)."""

    kind: str
    owner_kind: str
    owner_ref: str
    currency: str


class Line(NamedTuple):
    """One posting to be: `amount_micros` > 0 on one side. `ref` names upward what it is for."""

    account: AccountKey
    side: str
    amount_micros: int
    ref: str = ""


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry as its caller wants it; `key` is the caller's, `reverses` an entry's id.

    `floors`: accounts that this entry may not draw below zero, beside those that never go there.
    """

    key: str
    kind: str
    lines: Sequence[Line]
    effective_at: datetime
    memo: str = ""
    reverses: int | None = None
    floors: frozenset[AccountKey] = frozenset()


def check_draft(draft: EntryDraft) -> None:
    """Raise UnsoundEntry unless the draft can stand in the books."""
    if not draft.key or not draft.kind:
        raise UnsoundEntry("an entry needs a key and a kind")
    if draft.effective_at.tzinfo is None:
        raise UnsoundEntry("an entry needs a moment with a zone")
    if len(draft.lines) < 2:
        raise UnsoundEntry("an entry needs at least two postings")
    difference: dict[str, int] = defaultdict(int)
    for line in draft.lines:
        _check_line(line)
        sign = 1 if line.side == DEBIT else -1
        difference[line.account.currency] += sign * line.amount_micros
    for currency, amount in sorted(difference.items()):
        if amount:
            raise UnsoundEntry(f"debits and credits differ by {amount} micro-units of {currency}")


def _check_line(line: Line) -> None:
    amount = line.amount_micros
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise UnsoundEntry(f"a posting's amount is a positive int, not {amount!r}")
    if line.side not in (DEBIT, CREDIT):
        raise UnsoundEntry(f"a posting is a debit or a credit, not {line.side!r}")
    if line.account.kind not in ACCOUNT_KINDS:
        raise UnsoundEntry(f"unknown kind of account: {line.account.kind!r}")
    check_currency(line.account.currency)


def content_sha256(draft: EntryDraft) -> str:
    """What the entry says, as a digest; the order of its postings does not matter."""
    content = {
        "kind": draft.kind,
        "memo": draft.memo,
        "effective_at": draft.effective_at.astimezone(UTC).isoformat(),
        "reverses": draft.reverses,
        "postings": sorted([*line.account, *line[1:]] for line in draft.lines),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def opposite(lines: Iterable[Line]) -> list[Line]:
    """The lines of the reversing entry."""
    other = {DEBIT: CREDIT, CREDIT: DEBIT}
    return [line._replace(side=other[line.side]) for line in lines]


def signed(kind: str, debit_micros: int, credit_micros: int) -> int:
    """The balance of an account of this kind, positive on its natural side."""
    difference = debit_micros - credit_micros
    return difference if kind in DEBIT_KINDS else -difference


def month_of(at: datetime) -> date:
    """The first day of the calendar month in UTC to which a moment belongs."""
    return at.astimezone(UTC).date().replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


def month_start(month: date) -> datetime:
    """The first moment of a month, UTC."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def month_end(month: date) -> datetime:
    """The first moment after a month, UTC; months are half open."""
    return month_start(month_after(month))


def months_covered(begin: datetime, end: datetime) -> list[tuple[date, int]]:
    """Each month that [begin, end) touches with the whole seconds covered in it, in order.

    A touch shorter than a second counts as one second, so that no covered month weighs nothing.
    """
    months = []
    month = month_of(begin)
    while month_start(month) < end:
        span = min(end, month_end(month)) - max(begin, month_start(month))
        months.append((month, max(1, int(span.total_seconds()))))
        month = month_after(month)
    return months
