"""Whole numbers between queries, arrays and tables, millions at once, by COPY in binary.

It knows nothing of what they say. COPY hands a client row after row, and ten million rows are ten
million calls; so numbers are read packed, many in one value, by whichever processes read the rows.
Formats: PostgreSQL's manual on COPY, "Binary Format"; lists as its function array_send sends them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from django.db import connection

from licensing.ledger.runs import Ints, Smalls

Column = npt.NDArray[Any]
"""One value a row: int32, int64, or bytes of one length for a text or a UUID."""
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
HEAD_BYTES = 2
"""What stands before the fields of a row."""
_NULL = (-1).to_bytes(4, signed=True)
_TYPES = {4: 23, 8: 20}
"""What the server calls integers of so many bytes."""
_LENGTH_BYTES = 4
"""What stands before a field: how long it is."""
_LIST_BYTES = 20
"""What stands before the members of a list of one dimension."""


def packed(number: str, width: int = 8) -> str:
    """The aggregate of an expression as `unpacked` takes it, `width` bytes (4 or 8) a number; an
    expression that is never NULL.
    """
    send = f"int{width}send(({number})::int{width})"
    return f"COALESCE(string_agg({send}, ''::bytea), ''::bytea)"


def read(query: str, given: Mapping[str, Any]) -> list[tuple[bytes, ...]]:
    """The rows of a query whose columns are all `packed`, or texts."""
    copy = f"COPY ({query}) TO STDOUT (FORMAT binary)"
    # Past Django's own cursor, which under DEBUG knows no parameters of a COPY.
    with (
        connection.cursor() as wrapped,
        wrapped.cursor.copy(copy, given if "%(" in copy else None) as rows,
    ):
        return list(rows.rows())


def rows_as_sent(query: str, given: Mapping[str, Any]) -> list[bytes]:
    """The rows of a query as COPY sends them, so that they can be written as they are: a head of
    two bytes, and the fields.
    """
    copy = f"COPY ({query}) TO STDOUT (FORMAT binary)"
    with (
        connection.cursor() as wrapped,
        wrapped.cursor.copy(copy, given if "%(" in copy else None) as rows,
    ):
        sent = [bytes(row) for row in rows]  # libpq hands them on one by one.
    sent[0] = sent[0][len(_BEGIN) :]
    return [row for row in sent if row and row != _END]


def unpacked(numbers: bytes) -> Ints:
    """What one value holds, `packed` eight bytes a number."""
    return np.frombuffer(numbers, ">i8").astype(np.int64)


def unpacked_small(numbers: bytes) -> Smalls:
    """What one value holds, `packed` four bytes a number."""
    return np.frombuffer(numbers, ">i4").astype(np.int32)


def members_of(array: bytes, width: int) -> Ints:
    """What a list of integers of `width` bytes without NULLs holds, as array_send sends it: a head,
    then the length and the value of each; empty for an empty list and for no bytes.
    """
    if len(array) < _LIST_BYTES:
        return np.empty(0, np.int64)
    member = np.dtype([("length", ">i4"), ("value", f">i{width}")])
    return np.frombuffer(array, member, offset=_LIST_BYTES)["value"].astype(np.int64)


def write(table: str, blocks: Iterable[bytes], columns: Sequence[str] = ()) -> None:
    """Rows, as `numbers`, `with_lists` or `with_fields` make them, into these columns of a table,
    or into all. Raises IntegrityError.
    """
    named = f" ({', '.join(columns)})" if columns else ""
    copy = f"COPY {table}{named} FROM STDIN (FORMAT binary)"
    wrapped = connection.wrap_database_errors
    with wrapped, connection.cursor() as cursor, cursor.copy(copy) as taken:
        taken.write(_BEGIN)
        for block in blocks:
            taken.write(block)
        taken.write(_END)


def numbers(rows: int, columns: Sequence[Column | None], *, lists: int = 0) -> bytes:
    """So many rows of these columns; None: NULL in each. `lists`: how many columns of a row are
    still to come.
    """
    fields = [_Field(">i2", len(columns) + lists), *_with_lengths(*columns)]
    return _side_by_side(rows, fields)


def with_lists(columns: Sequence[Column], sizes: Ints, members: Sequence[Column]) -> bytes:
    """Rows of these columns and a list of each of `members`: in turn, `sizes` of them a row."""
    rows = len(sizes)
    fixed = _Runs(numbers(rows, columns, lists=len(members)), rows)
    heads = [_Runs(_heads(sizes, one.dtype.itemsize), rows) for one in members]
    items = [_Runs(_side_by_side(len(one), _with_lengths(one)), len(one)) for one in members]
    ends = np.cumsum(sizes).tolist()
    text: list[memoryview] = []
    for row, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        text.append(fixed[row : row + 1])
        for head, item in zip(heads, items, strict=True):
            text += head[row : row + 1], item[begin:end]
    return b"".join(text)


def lists_as_sent(sizes: Ints, members: Sequence[Column]) -> Iterator[bytes]:
    """For each row: its list of each of `members`, in turn `sizes` of them a row, as array_send
    sends them, one list after the other.
    """
    rows = len(sizes)
    heads = [_Runs(_heads(sizes, one.dtype.itemsize), rows) for one in members]
    items = [_Runs(_side_by_side(len(one), _with_lengths(one)), len(one)) for one in members]
    for row, (begin, end) in enumerate(pairwise([0, *np.cumsum(sizes).tolist()])):
        yield b"".join(
            bytes(head[row : row + 1][_LENGTH_BYTES:]) + bytes(item[begin:end])
            for head, item in zip(heads, items, strict=True)
        )


def field(value: bytes | None) -> bytes:
    """A field as it stands in a row; None: NULL."""
    return _NULL if value is None else len(value).to_bytes(4) + value


def with_fields(columns: Sequence[Column], *more: Iterable[bytes], fields: int) -> bytes:
    """Rows of these columns, then of `more`, one item a row each: whole fields, whatever their
    length, `fields` of them in all.
    """
    text = numbers(len(columns[0]), columns, lists=fields)
    width = max(1, len(text) // max(1, len(columns[0])))
    rows = [text[begin : begin + width] for begin in range(0, len(text), width)]
    return b"".join(chain.from_iterable(zip(rows, *more, strict=True)))


class _Field(NamedTuple):
    """A type of numpy, and a value for all rows or one for each."""

    type: npt.DTypeLike
    value: npt.ArrayLike


class _Runs:
    """Bytes of `count` items of one length, sliced by items."""

    def __init__(self, text: bytes, count: int) -> None:
        self._text, self._width = memoryview(text), len(text) // max(1, count)

    def __getitem__(self, run: slice) -> memoryview:
        return self._text[run.start * self._width : run.stop * self._width]


def _heads(sizes: Ints, width: int) -> bytes:
    """What stands before a list: its bytes, dimensions, NULLs, type, how many, the first place."""
    heads = np.empty((len(sizes), 6), ">i4")
    heads[:] = 0, 1, 0, _TYPES[width], 0, 1
    heads[:, 0], heads[:, 4] = _LIST_BYTES + sizes * (4 + width), sizes
    return heads.tobytes()


def _with_lengths(*columns: Column | None) -> Iterator[_Field]:
    for one in columns:
        yield _Field(">i4", -1 if one is None else one.dtype.itemsize)
        if one is not None:
            yield _Field(one.dtype.newbyteorder(">"), one)


def _side_by_side(count: int, fields: Iterable[_Field]) -> bytes:
    """So many rows, their fields without a gap."""
    named = {f"field_{n}": field for n, field in enumerate(fields)}
    rows = np.empty(count, [(name, field.type) for name, field in named.items()])
    for name, field in named.items():
        rows[name] = field.value
    return rows.tobytes()
