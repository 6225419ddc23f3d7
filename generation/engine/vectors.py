"""Sixteen float32 numbers at once, for loops that numba's own vectorizer leaves alone.

A value of type LANES lives in a register (one of AVX-512, two of AVX2, four of SSE or NEON); LLVM
chooses. It knows arithmetic and memory, not sound. Invariant: every lane is an IEEE operation of
its own, multiply-add included, so the same loop gives the same bits on every processor that has a
fused multiply-add, whatever the width of its registers. The functions exist in compiled loops only.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types as _types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic, models, overload, register_model

# Both come without types.
types: Any = _types
cgutils: Any = _cgutils

WIDTH = 16


def emitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of compiled loops, given by the instructions it stands for."""
    found: Callable[..., Any] = intrinsic(function)
    return found


FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
WORDS = ir.VectorType(ir.IntType(32), WIDTH)


class LanesType(_types.Type):
    """The compiler's name for sixteen float32 numbers."""

    def __init__(self) -> None:
        super().__init__("f32x16")


LANES: Any = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        begin: Any = super().__init__
        begin(dmm, fe_type, FLOATS)


def constant(numbers: list[int]) -> Any:
    """Which lanes to take, for a shuffle."""
    return ir.Constant(WORDS, numbers)


def place(vector: Any, context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Where element `args[1]` of the one-dimensional array `args[0]` lies, as a `vector`."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), vector.as_pointer())


def loading(vector: Any, kind: Any, size_bytes: int) -> Any:
    """The loop function (array, at): elements [at, at + 16) of a contiguous array."""

    @emitted
    def function(typingctx: Any, array: Any, at: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            found = builder.load(place(vector, context, builder, sig, args))
            found.align = size_bytes
            return found

        return kind(array, types.intp), emit

    return function


def storing(vector: Any, kind: Any, size_bytes: int) -> Any:
    """The loop function (array, at, value): elements [at, at + 16) become `value`."""

    @emitted
    def function(typingctx: Any, array: Any, at: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            to = place(vector, context, builder, sig, args)
            builder.store(args[2], to).align = size_bytes
            return context.get_dummy_value()

        return types.void(array, types.intp, kind), emit

    return function


def splatting(vector: Any, kind: Any, number_kind: Any) -> Any:
    """The loop function (number): one number in all lanes."""

    @emitted
    def function(typingctx: Any, number: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            none = ir.Constant(vector, ir.Undefined)
            one = builder.insert_element(none, args[0], ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(one, none, constant([0] * WIDTH))

        return kind(number_kind), emit

    return function


load, store = loading(FLOATS, LANES, 4), storing(FLOATS, LANES, 4)
splat = splatting(FLOATS, LANES, types.float32)


def multiplying_and_adding(vector: Any, kind: Any, name: str) -> Any:
    """The loop function (a, b, c): a * b + c, rounded once; `name` is what LLVM calls the lanes."""

    @emitted
    def function(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            call = ir.FunctionType(vector, [vector] * 3)
            full = f"llvm.fma.{name}"
            return builder.call(cgutils.get_or_insert_function(builder.module, call, full), args)

        return kind(kind, kind, kind), emit

    return function


fma = multiplying_and_adding(FLOATS, LANES, f"v{WIDTH}f32")


def _unary(name: str) -> Any:
    @emitted
    def function(typingctx: Any, a: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            kind = ir.FunctionType(FLOATS, [FLOATS])
            full = f"llvm.{name}.v{WIDTH}f32"
            return builder.call(cgutils.get_or_insert_function(builder.module, kind, full), args)

        return LANES(LANES), emit

    return function


magnitude = _unary("fabs")


@emitted
def negated(typingctx: Any, a: Any) -> Any:
    """The lanes with their signs turned."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fneg(args[0])

    return LANES(LANES), emit


def _every_other(first: int) -> Any:
    @emitted
    def function(typingctx: Any, a: Any, b: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.shuffle_vector(*args, constant(list(range(first, 2 * WIDTH, 2))))

        return LANES(LANES, LANES), emit

    return function


# Of 32 numbers in a row, those at even and at odd places.
even_lanes, odd_lanes = _every_other(0), _every_other(1)


@emitted
def greater(typingctx: Any, a: Any, b: Any) -> Any:
    """The larger of both, lane by lane; of a number and a NaN, `b`."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[0], args[1])

    return LANES(LANES, LANES), emit


def _compared(how: str) -> Any:
    @emitted
    def function(typingctx: Any, a: Any, b: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            bits = builder.bitcast(builder.fcmp_ordered(how, *args), ir.IntType(WIDTH))
            return builder.zext(bits, ir.IntType(64))

        return types.int64(LANES, LANES), emit

    return function


# A bit per lane, lane 0 the lowest: whether a > b; whether a >= b.
above, at_least = _compared(">"), _compared(">=")


@emitted
def backward(typingctx: Any, lanes: Any) -> Any:
    """The lanes in reverse order."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        order = constant(list(range(WIDTH - 1, -1, -1)))
        return builder.shuffle_vector(args[0], args[0], order)

    return LANES(LANES), emit


@emitted
def total(typingctx: Any, lanes: Any) -> Any:
    """The sum of all lanes: halves onto halves, so the order is fixed."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        found = args[0]
        for half in (8, 4, 2, 1):
            order = [(i + half) % WIDTH for i in range(WIDTH)]
            found = builder.fadd(found, builder.shuffle_vector(found, found, constant(order)))
        return builder.extract_element(found, ir.Constant(ir.IntType(32), 0))

    return types.float32(LANES), emit


@emitted
def highest_lane(typingctx: Any, lanes: Any) -> Any:
    """The largest of all lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        found = args[0]
        for half in (8, 4, 2, 1):
            order = [(i + half) % WIDTH for i in range(WIDTH)]
            other = builder.shuffle_vector(found, found, constant(order))
            found = builder.select(builder.fcmp_ordered(">", found, other), found, other)
        return builder.extract_element(found, ir.Constant(ir.IntType(32), 0))

    return types.float32(LANES), emit


def _on_side(builder: Any, rows: list[Any]) -> list[Any]:
    """Sixteen rows as sixteen columns: four perfect shuffles turn a square on its side."""
    low = constant([i // 2 + WIDTH * (i % 2) for i in range(WIDTH)])
    high = constant([i // 2 + WIDTH // 2 + WIDTH * (i % 2) for i in range(WIDTH)])
    for _ in range(4):
        rows = [
            builder.shuffle_vector(rows[j // 2], rows[j // 2 + 8], high if j % 2 else low)
            for j in range(WIDTH)
        ]
    return rows


@emitted
def store_square(typingctx: Any, array: Any, at: Any, apart: Any, rows: Any) -> Any:
    """Writes 16 lanes turned on their side: lane p of row j goes to at + apart * p + j."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        held = [builder.extract_value(args[3], j) for j in range(WIDTH)]
        numbers = context.make_array(sig.args[0])(context, builder, args[0]).data
        for p, lanes in enumerate(_on_side(builder, held)):
            away = builder.mul(args[2], ir.Constant(ir.IntType(64), p))
            begin = builder.gep(numbers, [builder.add(args[1], away)])
            builder.store(lanes, builder.bitcast(begin, FLOATS.as_pointer())).align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, types.UniTuple(LANES, WIDTH)), emit


@emitted
def square_on_side(typingctx: Any, array: Any, at: Any) -> Any:
    """In place: a square of 16 by 16 numbers from `at` on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        begin = place(FLOATS, context, builder, sig, args)
        rows = [builder.gep(begin, [ir.Constant(ir.IntType(64), p)]) for p in range(WIDTH)]
        held = []
        for row in rows:
            held.append(builder.load(row))
            held[-1].align = 4
        for row, lanes in zip(rows, _on_side(builder, held), strict=True):
            builder.store(lanes, row).align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp), emit


def _offered(operation: Callable[[Any, Any], Any], name: str, kind: Any) -> None:
    @emitted
    def instruction(typingctx: Any, a: Any, b: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return getattr(builder, name)(*args)

        return kind(kind, kind), emit

    @overload(operation, strict=False)
    def chosen(a: Any, b: Any) -> Callable[[Any, Any], Any] | None:
        return (lambda a, b: instruction(a, b)) if a == kind and b == kind else None


def offer_arithmetic(kind: Any) -> None:
    """Gives two values of a kind + - and *."""
    for operation, name in (
        (operator.add, "fadd"),
        (operator.sub, "fsub"),
        (operator.mul, "fmul"),
    ):
        _offered(operation, name, kind)


offer_arithmetic(LANES)
