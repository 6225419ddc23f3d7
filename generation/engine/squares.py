"""Squares of sixteen by sixteen float32 numbers turned on their side.

As `vectors`, with which it shares its words; the functions exist in compiled loops only. A square
is turned by parts as wide as a register, so that what is held at once fits the registers.
Invariant: numbers are moved and never changed.
"""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from generation.engine.vectors import (
    LANES,
    NEAR_FLOATS,
    NEAR_WIDTH,
    WIDTH,
    constant,
    emitted,
    types,
)

_PARTS = range(0, WIDTH, NEAR_WIDTH)


def _woven(builder: Any, one: Any, other: Any, numbers: Sequence[int], each: int) -> Any:
    """Groups of `each` lanes of two registers, as numbered: those of the second count on."""
    lanes = [each * number + i for number in numbers for i in range(each)]
    return builder.shuffle_vector(one, other, constant(lanes))


def _on_side(builder: Any, rows: Sequence[Any]) -> list[Any]:
    """Rows as columns, as many of each as a register has lanes.

    Four by four numbers first, within quarters of four lanes, then the quarters.
    """
    width = len(rows)
    quarters = range(0, width, 4)
    low = [q + i for q in quarters for i in (0, width, 1, width + 1)]
    high = [q + i for q in quarters for i in (2, width + 2, 3, width + 3)]
    first = [q + i for q in quarters for i in (0, 1, width, width + 1)]
    last = [q + i for q in quarters for i in (2, 3, width + 2, width + 3)]
    columns: list[list[Any]] = [[], [], [], []]
    for begin in quarters:
        a, b, c, d = rows[begin : begin + 4]
        for pair, two in ((0, low), (2, high)):
            ab, cd = _woven(builder, a, b, two, 1), _woven(builder, c, d, two, 1)
            columns[pair].append(_woven(builder, ab, cd, first, 1))
            columns[pair + 1].append(_woven(builder, ab, cd, last, 1))
    # columns[c][r] has, in its quarter q, column 4 q + c of rows 4 r to 4 r + 3.
    turned = [_quarters_on_side(builder, parts) for parts in columns]
    return [turned[k % 4][k // 4] for k in range(width)]


def _quarters_on_side(builder: Any, parts: Sequence[Any]) -> list[Any]:
    """Two registers of two quarters, or four of four: quarter q of each, in a row, for every q."""
    if len(parts) == 2:
        return [_woven(builder, parts[0], parts[1], [q, 2 + q], 4) for q in range(2)]
    a, b, c, d = parts
    found = {}
    for odd in (0, 1):
        some = [odd, 2 + odd, 4 + odd, 6 + odd]
        ab, cd = _woven(builder, a, b, some, 4), _woven(builder, c, d, some, 4)
        found[odd] = _woven(builder, ab, cd, [0, 2, 4, 6], 4)
        found[2 + odd] = _woven(builder, ab, cd, [1, 3, 5, 7], 4)
    return [found[q] for q in range(4)]


class _Rows:
    """Where the parts of sixteen rows lie that begin `apart` numbers from each other."""

    def __init__(self, builder: Any, numbers: Any, at: Any, apart: Any) -> None:
        self._builder = builder
        self._begins = []
        for row in range(WIDTH):
            away = builder.mul(apart, ir.Constant(ir.IntType(64), row))
            self._begins.append(builder.gep(numbers, [builder.add(at, away)]))

    def _part(self, row: int, column: int) -> Any:
        begin = self._builder.gep(self._begins[row], [ir.Constant(ir.IntType(64), column)])
        return self._builder.bitcast(begin, NEAR_FLOATS.as_pointer())

    def load(self, row: int, column: int) -> list[Any]:
        """The part of NEAR_WIDTH rows and columns that begins there."""
        found = []
        for one in range(row, row + NEAR_WIDTH):
            found.append(self._builder.load(self._part(one, column)))
            found[-1].align = 4
        return found

    def store(self, row: int, column: int, part: Sequence[Any]) -> None:
        """Writes such a part."""
        for away, lanes in enumerate(part):
            self._builder.store(lanes, self._part(row + away, column)).align = 4


def _rows_of(context: Any, builder: Any, kind: Any, array: Any, at: Any, apart: Any) -> _Rows:
    return _Rows(builder, context.make_array(kind)(context, builder, array).data, at, apart)


@emitted
def store_square(typingctx: Any, array: Any, at: Any, apart: Any, rows: Any) -> Any:
    """Writes 16 lanes turned on their side: lane p of row j goes to at + apart * p + j."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        held = [builder.extract_value(args[3], j) for j in range(WIDTH)]
        to = _rows_of(context, builder, sig.args[0], args[0], args[1], args[2])
        for column in _PARTS:
            lanes = constant(list(range(column, column + NEAR_WIDTH)))
            for row in _PARTS:
                part = [
                    builder.shuffle_vector(one, one, lanes) for one in held[row : row + NEAR_WIDTH]
                ]
                to.store(column, row, _on_side(builder, part))
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, types.UniTuple(LANES, WIDTH)), emit


@emitted
def turn_square(
    typingctx: Any, line: Any, at: Any, step: Any, array: Any, to: Any, apart: Any
) -> Any:
    """Column j of 16 rows of 16 numbers, `step` apart in `line` from `at` on, becomes the row at
    `to` + j * `apart` of `array`, another one.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source = _rows_of(context, builder, sig.args[0], args[0], args[1], args[2])
        target = _rows_of(context, builder, sig.args[3], args[3], args[4], args[5])
        for row in _PARTS:
            for column in _PARTS:
                target.store(column, row, _on_side(builder, source.load(row, column)))
        return context.get_dummy_value()

    return types.void(line, types.intp, types.intp, array, types.intp, types.intp), emit


@emitted
def square_on_side(typingctx: Any, array: Any, at: Any) -> Any:
    """In place: a square of 16 by 16 numbers from `at` on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        apart = ir.Constant(ir.IntType(64), WIDTH)
        rows = _rows_of(context, builder, sig.args[0], args[0], args[1], apart)
        for row in _PARTS:
            rows.store(row, row, _on_side(builder, rows.load(row, row)))
            for column in range(row + NEAR_WIDTH, WIDTH, NEAR_WIDTH):
                above = _on_side(builder, rows.load(row, column))
                below = _on_side(builder, rows.load(column, row))
                rows.store(row, column, below)
                rows.store(column, row, above)
        return context.get_dummy_value()

    return types.void(array, types.intp), emit
