"""Sixteen float32 numbers at once, for loops that numba's own vectorizer leaves alone.

A value of type LANES lives in a register (one of AVX-512, two of AVX2, four of SSE or NEON); LLVM
chooses. One of type NEAR has as many lanes as the widest register, for loops that hold more at once
than there is room for by twos. It knows arithmetic and memory, not sound. Invariant: every lane is
an IEEE operation of its own, multiply-add included, so the same loop gives the same bits on every
processor that has a fused multiply-add, whatever the width of its registers. The functions exist in
compiled loops only.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
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


# Lanes of the widest register of this machine; half of WIDTH where that is not AVX-512's.
NEAR_WIDTH = WIDTH if get_host_cpu_features().get("avx512f", False) else WIDTH // 2
FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
NEAR_FLOATS = ir.VectorType(ir.FloatType(), NEAR_WIDTH)
WORDS = ir.VectorType(ir.IntType(32), WIDTH)


class LanesType(_types.Type):
    """The compiler's name for so many float32 numbers."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(f"f32x{width}")


LANES: Any = LanesType(WIDTH)
NEAR: Any = LanesType(NEAR_WIDTH)


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        begin: Any = super().__init__
        begin(dmm, fe_type, ir.VectorType(ir.FloatType(), fe_type.width))


def constant(numbers: list[int]) -> Any:
    """Which lanes to take, for a shuffle."""
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


def place(vector: Any, context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Where element `args[1]` of the one-dimensional array `args[0]` lies, as a `vector`."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), vector.as_pointer())


def loading(vector: Any, kind: Any, size_bytes: int) -> Any:
    """The loop function (array, at): the elements of a contiguous array from `at` on."""

    @emitted
    def function(typingctx: Any, array: Any, at: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            found = builder.load(place(vector, context, builder, sig, args))
            found.align = size_bytes
            return found

        return kind(array, types.intp), emit

    return function


def storing(vector: Any, kind: Any, size_bytes: int) -> Any:
    """The loop function (array, at, value): the elements from `at` on become `value`."""

    @emitted
    def function(typingctx: Any, array: Any, at: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            to = place(vector, context, builder, sig, args)
            builder.store(args[2], to).align = size_bytes
            return context.get_dummy_value()

        return types.void(array, types.intp, kind), emit

    return function


@emitted
def ask_for(typingctx: Any, array: Any, at: Any) -> Any:
    """Has the line in which element `at` of a contiguous array lies brought near, for later."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        numbers = context.make_array(sig.args[0])(context, builder, args[0]).data
        line = builder.bitcast(builder.gep(numbers, [args[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        # To be read; into the second cache; data.
        builder.call(call, [line, word(0), word(2), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), emit


def splatting(vector: Any, kind: Any, number_kind: Any) -> Any:
    """The loop function (number): one number in all lanes."""

    @emitted
    def function(typingctx: Any, number: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            none = ir.Constant(vector, ir.Undefined)
            one = builder.insert_element(none, args[0], ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(one, none, constant([0] * vector.count))

        return kind(number_kind), emit

    return function


@emitted
def splat_at(typingctx: Any, array: Any, at: Any) -> Any:
    """One element of a contiguous array in all lanes; `at` is not negative."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        numbers = context.make_array(sig.args[0])(context, builder, args[0]).data
        none = ir.Constant(FLOATS, ir.Undefined)
        number = builder.load(builder.gep(numbers, [args[1]]))
        one = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, none, constant([0] * WIDTH))

    return LANES(array, types.intp), emit


load, store = loading(FLOATS, LANES, 4), storing(FLOATS, LANES, 4)
splat = splatting(FLOATS, LANES, types.float32)
load_near, store_near = loading(NEAR_FLOATS, NEAR, 4), storing(NEAR_FLOATS, NEAR, 4)
splat_near = splatting(NEAR_FLOATS, NEAR, types.float32)


@emitted
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once; all of one kind of lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = args[0].type
        call = ir.FunctionType(vector, [vector] * 3)
        full = f"llvm.fma.v{vector.count}f{32 if vector.element == ir.FloatType() else 64}"
        return builder.call(cgutils.get_or_insert_function(builder.module, call, full), args)

    return a(a, a, a), emit


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

    return a(a), emit


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
        order = constant(list(range(args[0].type.count - 1, -1, -1)))
        return builder.shuffle_vector(args[0], args[0], order)

    return lanes(lanes), emit


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


for _kind in {LANES, NEAR}:
    offer_arithmetic(_kind)
