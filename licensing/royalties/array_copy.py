"""Whole numbers between queries, arrays and tables, millions at once, by COPY in binary.

It knows nothing of what they say. COPY hands a client row after row, and ten million rows are ten
million calls; so numbers are read packed, many in one value, by whichever processes read the rows.
Formats: PostgreSQL's manual on COPY, "Binary Format"; lists as its function array_send sends them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from licensing.royalties.apportion_arrays import Ints

Column = npt.NDArray[Any]
"""One value a row: int32, int64, or bytes of one length for a text."""
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_TYPES = {4: 23, 8: 20}
"""What the server calls integers of so many bytes."""


def packed(number: str) -> str:
    """The aggregate of an expression as `read` unpacks it; an expression that is never NULL."""
    return f"string_agg(int8send(({number})::bigint), ''::bytea)"


def read(query: str, given: Mapping[str, Any]) -> Iterator[tuple[bytes, ...]]:
    """Each row of a query whose columns are all `packed`, or texts."""
    copy = f"COPY ({query}) TO STDOUT (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(copy, given if "%(" in copy else None) as rows:
        yield from rows.rows()


def unpacked(numbers: bytes) -> Ints:
    """What one `packed` value holds."""
    return np.frombuffer(numbers, ">i8").astype(np.int64)


def write(table: str, blocks: Iterable[bytes]) -> None:
    """Rows, as `numbers` or `lists` make them, into all columns of a table."""
    copy = f"COPY {table} FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(copy) as taken:
        taken.write(_BEGIN)
        for block in blocks:
            taken.write(block)
        taken.write(_END)


def numbers(columns: Sequence[Column], *, lists: int = 0) -> bytes:
    """Rows of these columns; `lists`: how many columns of each row are still to come."""
    fields = np.full(len(columns[0]), len(columns) + lists, ">i2")
    return _side_by_side({"fields": fields, **_with_lengths(columns)})


def with_lists(columns: Sequence[Column], sizes: Ints, members: Sequence[Column]) -> bytes:
    """Rows of these columns and a list of each of `members`: in turn, `sizes` of them a row."""
    rows = len(sizes)
    fixed = _Runs(numbers(columns, lists=len(members)), rows)
    heads = [_Runs(_heads(sizes, one.dtype.itemsize), rows) for one in members]
    items = [_Runs(_side_by_side(_with_lengths([one])), len(one)) for one in members]
    ends = np.cumsum(sizes).tolist()
    text: list[memoryview] = []
    for row, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        text.append(fixed[row : row + 1])
        for head, item in zip(heads, items, strict=True):
            text += head[row : row + 1], item[begin:end]
    return b"".join(text)


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
    heads[:, 0], heads[:, 4] = 20 + sizes * (4 + width), sizes
    return heads.tobytes()


def _with_lengths(columns: Sequence[Column]) -> dict[str, Column]:
    named: dict[str, Column] = {}
    for n, one in enumerate(columns):
        named[f"length_{n}"] = np.full(len(one), one.dtype.itemsize, ">i4")
        named[f"value_{n}"] = one
    return named


def _side_by_side(columns: dict[str, Column]) -> bytes:
    types = [(name, one.dtype.newbyteorder(">")) for name, one in columns.items()]
    rows = np.empty(max(map(len, columns.values())), types)
    for name, one in columns.items():
        rows[name] = one
    return rows.tobytes()
