"""The statement lines of what a month earned, on arrays: where they stand, and rows for COPY.

A line repeats what its source and its holder say, which the database sends as it reads it: here
both are put beside what the line has for itself. Invariant: positions of a statement count from 1
without a gap, by title, piece, stem and holder.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from licensing.ledger.array_copy import (
    HEAD_BYTES,
    field,
    numbers,
    read,
    rows_as_sent,
    unpacked,
    with_fields,
    write,
)
from licensing.ledger.runs import Ints, beginnings, sizes_of
from licensing.royalties import statement_sql
from licensing.royalties.dividing import Divided
from licensing.royalties.line_sql import FIELDS_SENT

_AT_A_TIME = 1 << 10
"""Lines that are written at a time: as many as wait between two processes, so that the server reads
them while more are made."""
_EMPTY = field(None) + field(None)
"""Posting and corrected line, which lines of earnings do not have."""
_OWED = "SELECT payee, currency::text, statement FROM close_owed ORDER BY number"
_KEY_BYTES = 10
"""Of a statement's key, what the keys of its lines begin with; zeros and the position follow."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Lines in the order in which they stand: which of the divided ones, on whose statement (from
    0, as in close_owed), and at which position.
    """

    places: Ints
    owed: Ints
    positions: Ints


@dataclass(frozen=True, slots=True)
class Earned:
    """All lines of a month's earnings, and what they repeat: fields of sources and holders, keys of
    statements (16 bytes each), numbers of sums.
    """

    divided: Divided
    standing: Standing
    statements: npt.NDArray[np.uint8]
    sums: Ints
    sources: Sequence[bytes]
    holders: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.standing.places)

    def rows(self, batch: int) -> Iterator[bytes]:
        """Rows of COPY in the order of `line_sql.COLUMNS`; asks the database nothing."""
        for begin in range(0, len(self), _AT_A_TIME):
            yield self._rows(batch, slice(begin, begin + _AT_A_TIME))

    def _rows(self, batch: int, run: slice) -> bytes:
        at, lines = self.standing.places[run], self.divided.lines
        statements = self.statements[self.standing.owed[run]]
        positions = self.standing.positions[run].astype(np.int32)
        sums = lines.sums[at]
        return with_fields(
            (
                _keys(statements, positions),
                _texts(statements),
                positions,
                self.sums[sums],
                self.divided.got.plays[sums],
                lines.source_micros[0][at],
                lines.right_micros[0][at],
                lines.micros[0][at],
                lines.micros[1][at],
                np.full(len(at), batch),
            ),
            map(self.sources.__getitem__, lines.sources[at].tolist()),
            map(self.holders.__getitem__, lines.holders[at].tolist()),
            repeat(_EMPTY, len(at)),
            fields=FIELDS_SENT,
        )


def earned(divided: Divided, given: Mapping[str, Any]) -> Earned:
    """The lines of what the card's model gave; writes down how many everyone has, and the numbers
    that sums will have.
    """
    owed = _rows(_OWED)
    standing = _standing(divided, [(payee, currency) for payee, currency, _ in owed])
    begins = beginnings(standing.owed)
    counted = standing.owed[begins] + 1, sizes_of(begins, len(standing.owed))
    write("close_lined", [numbers(len(begins), [one.astype(np.int32) for one in counted])])
    keys = b"".join(statement.bytes for _, _, statement in owed)
    return Earned(
        divided,
        standing,
        np.frombuffer(keys, np.uint8).reshape(-1, 16),
        _numbered(divided),
        _fields(statement_sql.OF_SOURCES, given),
        _fields(statement_sql.OF_HOLDERS, given),
    )


def _standing(divided: Divided, owed: Sequence[tuple[int, str]]) -> Standing:
    names, lines = sorted({currency for _, currency in owed}), divided.lines
    places = np.flatnonzero(divided.got.is_own[lines.sums])
    currencies = np.searchsorted(np.array(names or [""], "S"), divided.got.currencies)
    whose = divided.payees[places] << 8 | currencies[lines.sums[places]]
    keys = np.array([payee << 8 | names.index(currency) for payee, currency in owed], np.int64)
    by_key = np.argsort(keys)
    of = by_key[np.searchsorted(keys, whose, sorter=by_key)]
    # Those of one source and currency are in the order of their holders already.
    order = np.argsort(of << 32 | _places()[lines.sources[places]], kind="stable")
    of = of[order]
    begins = beginnings(of)
    positions = 1 + np.arange(len(of)) - np.repeat(begins, sizes_of(begins, len(of)))
    return Standing(places[order], of, positions)


def _places() -> Ints:
    """Where each source stands on statements."""
    ((packed_sources, packed_places),) = read(statement_sql.PLACES, {})
    sources = unpacked(packed_sources)
    places = np.empty_like(sources)
    places[sources - 1] = unpacked(packed_places)
    return places


def _numbered(divided: Divided) -> Ints:
    """The numbers of the sums that are kept; 0 for those that the other model alone makes."""
    own = np.flatnonzero(divided.got.is_own)
    ((packed,),) = read(statement_sql.SUM_IDS, {"sums": len(own)})
    found = unpacked(packed)
    write("close_kept_sums", [numbers(len(own), [(own + 1).astype(np.int32), found])])
    sums = np.zeros(len(divided.got.is_own), np.int64)
    sums[own] = found
    return sums


def _keys(statements: npt.NDArray[np.uint8], positions: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
    """Keys of lines, as `line_sql.line_key` makes them."""
    keys = np.zeros_like(statements)
    keys[:, :_KEY_BYTES] = statements[:, :_KEY_BYTES]
    keys[:, -4:] = positions.astype(">i4").view(np.uint8).reshape(-1, 4)
    return _texts(keys)


def _texts(keys: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """Rows of 16 bytes as one value each."""
    return keys.view("V16").ravel()


def _fields(query: str, given: Mapping[str, Any]) -> list[bytes]:
    return [row[HEAD_BYTES:] for row in rows_as_sent(query, given)]


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
