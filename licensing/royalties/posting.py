"""What a close posts, drafted on arrays: one entry per record and currency, and its lines.

One posting per payee, right and source above zero; nothing below step 3 is posted. An entry draws
from the pool what step 2 gave to its record, and gives what step 3 made of it: the ledger refuses
it should they differ. Pools that reach nobody yet are moved to an unallocated account: of a month
in which nobody played anything, and what is kept for plays that are held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from licensing.ledger.batch_arrays import SIDES, Batch, Head, Lines, joined
from licensing.ledger.rules import CREDIT, DEBIT
from licensing.ledger.runs import Ints, beginnings, sums_of
from licensing.receipts.rules import pool_account
from licensing.royalties.accounts import held_account, payee_account, unplayed_account
from licensing.royalties.dividing import Divided

KIND = "royalties"
RIGHTS = ("", "MASTER", "PUBLISHING")
"""By their numbers in a close; a record without sources is shared by no right."""

_POOL, _UNPLAYED, _HELD = 1, 2, 3
"""Whose accounts come after the last payee's."""
_NOTHING = "nothing-played"
_LOWER = (1 << 32) - 1

_RECORDS = "SELECT record_id::text FROM close_pieces ORDER BY piece"
_PAYEES = "SELECT payee_kind, payee_ref FROM close_payees ORDER BY payee"
_STEMS = """
SELECT COALESCE(stem_id::text, '')
FROM (SELECT DISTINCT stem, stem_id FROM close_sources) s ORDER BY stem
"""
_WAITS = f"""
SELECT '{_NOTHING}', currency::text, SUM(pool)::bigint FROM close_paid
WHERE NOT EXISTS (SELECT 1 FROM close_plays) GROUP BY currency
UNION ALL
SELECT 'held', currency::text, SUM(kept)::bigint FROM close_waiting GROUP BY currency
"""


@dataclass(frozen=True, slots=True)
class Owed:
    """What each entry draws, by its record and currency; and in which entry each sum is posted."""

    records: Ints
    currencies: Ints
    totals: Ints
    of_sums: Ints


def draft(divided: Divided, given: Mapping[str, Any]) -> Batch:
    """All entries of the close of a month, and the accounts that they may name."""
    waits = _rows(_WAITS)
    names = sorted({*divided.got.names(), *(currency for _, currency, _ in waits)})
    numbers: dict[str, int] = {}
    record_of = [numbers.setdefault(record, len(numbers)) for (record,) in _rows(_RECORDS)]
    records, payees, stems = list(numbers), _rows(_PAYEES), _rows(_STEMS)
    owed = owed_by(divided, np.array(record_of, np.int64), names)
    heads = [
        _head(given, f"{records[record]}:{names[currency]}", f"record {records[record]}")
        for record, currency in zip(owed.records.tolist(), owed.currencies.tolist(), strict=True)
    ]
    lines = [_credits(divided, owed, len(names)), *_draws(owed, len(payees), len(names))]
    lines += _moves(waits, len(heads), len(payees), names)
    heads += [_head(given, f"{why}:{currency}") for why, currency, _ in waits]
    accounts = [payee_account(payee, currency) for payee in payees for currency in names]
    accounts += [waiting(given["month"], currency)
                 for waiting in (pool_account, unplayed_account, held_account)
                 for currency in names]  # fmt: skip
    refs = ["", *(f"{right}:{stem}" for (stem,) in stems for right in RIGHTS)]
    return Batch(heads, accounts, refs, joined(lines))


def owed_by(divided: Divided, record_of: Ints, names: Sequence[str]) -> Owed:
    """Sums above zero by record and currency. record_of: a number for each piece's record."""
    got = divided.got
    above = np.flatnonzero(got.totals)
    currencies = np.searchsorted(np.array(names or [""], "S"), got.currencies[above])
    keys = record_of[got.pieces[above] - 1] * len(names) + currencies
    found, places = np.unique(keys, return_inverse=True)
    of_sums = np.full(len(got.pieces), -1)
    of_sums[above] = places
    totals = np.zeros(len(found), np.int64)
    np.add.at(totals, places, got.totals[above])
    width = max(1, len(names))
    return Owed(found // width, found % width, totals, of_sums)


def _credits(divided: Divided, owed: Owed, currencies: int) -> Lines:
    """Each payee's part of each entry by stem and right, where it is above zero."""
    lines = divided.lines
    at = np.flatnonzero(lines.micros[0])
    whose = owed.of_sums[lines.sums[at]] << 32 | divided.payees[at]
    what = (divided.stems[at] - 1) * len(RIGHTS) + divided.rights[at]
    order = np.lexsort((what, whose))
    begins = beginnings(whose[order], what[order])
    first = order[begins]
    entries, payees = whose[first] >> 32, whose[first] & _LOWER
    accounts = _place(payees, owed.currencies[entries], currencies)
    amounts = sums_of(lines.micros[0][at[order]], begins)
    return _lines(entries, accounts, CREDIT, amounts, what[first] + 1)


def _draws(owed: Owed, payees: int, currencies: int) -> list[Lines]:
    """What each entry takes from the month's pool."""
    pools = _place(payees + _POOL, owed.currencies, currencies)
    return [_lines(np.arange(len(owed.totals)), pools, DEBIT, owed.totals)]


def _moves(
    waits: Sequence[tuple[str, str, int]], first: int, payees: int, names: Sequence[str]
) -> list[Lines]:
    """What waits leaves the pool for where it waits; the entries count from `first`."""
    entries = first + np.arange(len(waits))
    currencies = np.array([names.index(currency) for _, currency, _ in waits], np.int64)
    owners = np.array([_UNPLAYED if why == _NOTHING else _HELD for why, _, _ in waits], np.int64)
    amounts = np.array([pool for _, _, pool in waits], np.int64)
    pools = _place(payees + _POOL, currencies, len(names))
    waiting = _place(payees + owners, currencies, len(names))
    return [_lines(entries, pools, DEBIT, amounts), _lines(entries, waiting, CREDIT, amounts)]


def _place(owners: Ints | int, currencies: Ints, count: int) -> Ints:
    """Where an account stands: payees', then those of _POOL, _UNPLAYED and _HELD; each in every
    currency.
    """
    places: Ints = (owners - 1) * count + currencies
    return places


def _lines(
    entries: Ints, accounts: Ints, side: str, amounts: Ints, refs: Ints | None = None
) -> Lines:
    """Lines of one side; without `refs`, what they are for is nothing in particular."""
    sides = np.full(len(entries), SIDES.index(side))
    return Lines(
        entries, accounts, sides, amounts, np.zeros_like(entries) if refs is None else refs
    )


def _head(given: Mapping[str, Any], key: str, memo: str = "") -> Head:
    return Head(f"{given['entry_prefix']}{key}", KIND, given["at"], memo)


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
