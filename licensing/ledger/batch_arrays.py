"""A batch as arrays: what makes its entries sound, and what each of them says as a digest.

The rules of `check_draft` and `content_sha256` for many entries at once, of which no line ever is
an object. It reads no rows. Invariant: an entry has the same content hash here as there.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from licensing.ledger.rules import (
    ACCOUNT_KINDS,
    CREDIT,
    DEBIT,
    AccountKey,
    KeyTaken,
    UnsoundEntry,
)
from licensing.ledger.runs import Ints, beginnings, blocks, sums_of, together
from licensing.money import check_currency

SIDES = (CREDIT, DEBIT)
"""In the order in which they stand in a content hash; a line names its side by the place here."""
_AT_A_TIME = 1 << 16
"""Lines whose texts are in memory together."""
_LOWER = (1 << 32) - 1
T = TypeVar("T", AccountKey, str)


class Head(NamedTuple):
    """An entry without its lines; as in EntryDraft."""

    key: str
    kind: str
    effective_at: datetime
    memo: str = ""
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines column by column: the places of their entries, accounts, sides and references, and
    micro-units.
    """

    entries: Ints
    accounts: Ints
    sides: Ints
    amounts: Ints
    refs: Ints

    def __getitem__(self, places: "Ints | slice | npt.NDArray[np.bool_]") -> "Lines":
        columns = (self.entries, self.accounts, self.sides, self.amounts, self.refs)
        return Lines(*(column[places] for column in columns))


def joined(parts: Sequence[Lines]) -> Lines:
    """All of these lines, one after the other."""
    return Lines(
        *(
            np.concatenate([getattr(part, column) for part in parts])
            for column in Lines.__dataclass_fields__
        )
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be posted. An account or a reference that no line names is as if it were not
    there.
    """

    heads: Sequence[Head]
    accounts: Sequence[AccountKey]
    refs: Sequence[str]
    lines: Lines


@dataclass(frozen=True, slots=True)
class Sound:
    """A batch that can stand in the books: entries in the order of keys, accounts and references
    that are named in the order of their texts, `sizes` lines an entry in the order in which they
    stand in its content hash.
    """

    heads: Sequence[Head]
    accounts: Sequence[AccountKey]
    refs: Sequence[str]
    lines: Lines
    sizes: Ints

    def of(self, places: Sequence[int]) -> "Sound":
        """These entries alone."""
        if len(places) == len(self.heads):
            return self
        chosen = np.zeros(len(self.heads), bool)
        chosen[places] = True
        lines = self.lines[chosen[self.lines.entries]]
        return Sound(
            [self.heads[place] for place in places],
            self.accounts,
            self.refs,
            Lines(
                np.searchsorted(np.asarray(places), lines.entries),
                *(lines.accounts, lines.sides, lines.amounts, lines.refs),
            ),
            self.sizes[chosen],
        )

    def moves(self) -> list[tuple[AccountKey, int, int]]:
        """Each account that a line names, with its debits and credits in micro-units."""
        order, begins = together(self.lines.accounts)
        amounts, sides = self.lines.amounts[order], self.lines.sides[order]
        debits = sums_of(amounts * sides, begins).tolist()
        credits = sums_of(amounts * (1 - sides), begins).tolist()
        named = self.lines.accounts[order[begins]].tolist()
        return [
            (self.accounts[account], debit, credit)
            for account, debit, credit in zip(named, debits, credits, strict=True)
        ]


def sound(batch: Batch) -> Sound:
    """The batch in order. Raises UnsoundEntry as `rules.check_draft`, and where a line names no
    entry or account; KeyTaken where two entries have one key; OverflowError where all amounts
    together pass 64 bits.
    """
    heads, lines = batch.heads, batch.lines
    _check_heads(heads)
    _check_lines(batch)
    order = sorted(range(len(heads)), key=lambda place: heads[place].key)
    entries = _places(order)[lines.entries]
    accounts, account_of = _ranked(batch.accounts, lines.accounts)
    refs, ref_of = _ranked(batch.refs, lines.refs)
    for account in accounts:
        _check_account(account)
    _check_balance(batch)
    sides = lines.sides.astype(np.int64)
    ranked = np.lexsort((ref_of, lines.amounts, account_of << 1 | sides, entries))
    return Sound(
        [heads[place] for place in order],
        accounts,
        refs,
        Lines(entries, account_of, sides, lines.amounts, ref_of)[ranked],
        np.bincount(entries, minlength=len(heads)),
    )


def digests(batch: Sound) -> list[str]:
    """`rules.content_sha256` of each entry."""
    heads = [
        f"[{','.join(map(json.dumps, account))},{json.dumps(side)},"
        for account in batch.accounts
        for side in SIDES
    ]
    tails = [f",{json.dumps(ref)}]" for ref in batch.refs]
    found = []
    for entries, run in blocks(batch.sizes, _AT_A_TIME):
        lines = batch.lines[run]
        places = (lines.accounts << 1 | lines.sides).tolist()
        texts = [
            f"{heads[place]}{amount}{tails[ref]}"
            for place, amount, ref in zip(
                places, lines.amounts.tolist(), lines.refs.tolist(), strict=True
            )
        ]
        ends = np.cumsum(batch.sizes[entries]).tolist()
        begins = [0, *ends[:-1]]
        found += [
            _sha256(head, ",".join(texts[begin:end]))
            for head, begin, end in zip(batch.heads[entries], begins, ends, strict=True)
        ]
    return found


def _sha256(head: Head, postings: str) -> str:
    at = json.dumps(head.effective_at.astimezone(UTC).isoformat())
    kind, memo, reverses = map(json.dumps, (head.kind, head.memo, head.reverses))
    text = (
        f'{{"effective_at":{at},"kind":{kind},"memo":{memo},'
        f'"postings":[{postings}],"reverses":{reverses}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _check_heads(heads: Sequence[Head]) -> None:
    if not all(head.key and head.kind for head in heads):
        raise UnsoundEntry("an entry needs a key and a kind")
    if any(head.effective_at.tzinfo is None for head in heads):
        raise UnsoundEntry("an entry needs a moment with a zone")
    if len({head.key for head in heads}) != len(heads):
        raise KeyTaken("a key stands twice among the entries")


def _check_lines(batch: Batch) -> None:
    lines = batch.lines
    _check_places(lines.entries, len(batch.heads), "a posting has no entry")
    _check_places(lines.accounts, len(batch.accounts), "a posting has no account")
    _check_places(lines.sides, len(SIDES), "a posting is a debit or a credit")
    _check_places(lines.refs, len(batch.refs), "a posting has no reference")
    if len(lines.amounts) and lines.amounts.min() <= 0:
        raise UnsoundEntry("a posting's amount is a positive int")
    counts = np.bincount(lines.entries, minlength=len(batch.heads))
    if len(counts) and counts.min() < 2:
        raise UnsoundEntry("an entry needs at least two postings")


def _check_places(places: Ints, count: int, words: str) -> None:
    if len(places) and not 0 <= places.min() <= places.max() < count:
        raise UnsoundEntry(words)


def _check_account(account: AccountKey) -> None:
    if account.kind not in ACCOUNT_KINDS:
        raise UnsoundEntry(f"unknown kind of account: {account.kind!r}")
    try:
        check_currency(account.currency)
    except ValueError as error:
        raise UnsoundEntry(str(error)) from error


def _check_balance(batch: Batch) -> None:
    lines = batch.lines
    if not len(lines.amounts):
        return
    halves = int((lines.amounts >> 32).sum()), int((lines.amounts & _LOWER).sum())
    if (halves[0] << 32) + halves[1] > np.iinfo(np.int64).max:
        raise OverflowError("the amounts of a batch pass 64 bits")
    currencies = sorted({account.currency for account in batch.accounts})
    currency_of = np.array([currencies.index(account.currency) for account in batch.accounts])
    sides_of = lines.entries * len(currencies) + currency_of[lines.accounts]
    order = np.argsort(sides_of, kind="stable")
    begins = beginnings(sides_of[order])
    signed = np.where(lines.sides == SIDES.index(DEBIT), lines.amounts, -lines.amounts)
    differences = sums_of(signed[order], begins)
    wrong = np.flatnonzero(differences)
    if len(wrong):
        currency = currencies[int(sides_of[order[begins[wrong[0]]]]) % len(currencies)]
        raise UnsoundEntry(
            f"debits and credits differ by {differences[wrong[0]]} micro-units of {currency}"
        )


def _ranked(values: Sequence[T], places: Ints) -> tuple[list[T], Ints]:
    """The values that `places` name, in order and once, and which of them each names."""
    named = np.unique(places).tolist()
    kept = sorted({values[place] for place in named})
    place_of = {value: place for place, value in enumerate(kept)}
    ranks = np.zeros(len(values), np.int64)
    ranks[named] = [place_of[values[place]] for place in named]
    return kept, ranks[places]


def _places(order: Sequence[int]) -> Ints:
    """Where each item stands in an order of all."""
    places = np.empty(len(order), np.int64)
    places[list(order)] = np.arange(len(order))
    return places
