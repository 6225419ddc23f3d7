"""Sixteen float64 numbers at once, for filters whose memory is long.

As `vectors`, with which it shares its words; the functions exist in compiled loops only. Invariant:
every lane is an IEEE operation of its own.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types as _types
from numba.extending import models, overload, register_model

from generation.engine.vectors import FLOATS, LANES, WIDTH, binary, constant, emitted, types


class DoublesType(_types.Type):
    """The compiler's name for sixteen float64 numbers."""

    def __init__(self) -> None:
        super().__init__("f64x16")


DOUBLES: Any = DoublesType()
_DOUBLES = ir.VectorType(ir.DoubleType(), WIDTH)


@register_model(DoublesType)
class _DoublesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        begin: Any = super().__init__
        begin(dmm, fe_type, _DOUBLES)


@emitted
def widened(typingctx: Any, lanes: Any) -> Any:
    """The lanes as float64."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fpext(args[0], _DOUBLES)

    return DOUBLES(LANES), emit


@emitted
def narrowed(typingctx: Any, doubles: Any) -> Any:
    """The lanes as float32, rounded half to even."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fptrunc(args[0], FLOATS)

    return LANES(DOUBLES), emit


@emitted
def splat_double(typingctx: Any, number: Any) -> Any:
    """One float64 in all lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        none = ir.Constant(_DOUBLES, ir.Undefined)
        one = builder.insert_element(none, args[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, none, constant([0] * WIDTH))

    return DOUBLES(types.float64), emit


@emitted
def every_other(typingctx: Any, doubles: Any) -> Any:
    """In every lane, the sum of the lanes of its parity; halves onto halves."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        found = args[0]
        for half in (8, 4, 2):
            order = [(i + half) % WIDTH for i in range(WIDTH)]
            found = builder.fadd(found, builder.shuffle_vector(found, found, constant(order)))
        return found

    return DOUBLES(DOUBLES), emit


def _place_of_doubles(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), _DOUBLES.as_pointer())


@emitted
def load_doubles(typingctx: Any, array: Any, at: Any) -> Any:
    """Elements [at, at + 16) of a contiguous float64 array."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        found = builder.load(_place_of_doubles(context, builder, sig, args))
        found.align = 8
        return found

    return DOUBLES(array, types.intp), emit


@emitted
def store_doubles(typingctx: Any, array: Any, at: Any, doubles: Any) -> Any:
    """Elements [at, at + 16) of a contiguous float64 array become `doubles`."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _place_of_doubles(context, builder, sig, args)).align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, DOUBLES), emit


_add, _subtract, _multiply = (binary(name, DOUBLES) for name in ("fadd", "fsub", "fmul"))


def _both(a: Any, b: Any) -> bool:
    return isinstance(a, DoublesType) and isinstance(b, DoublesType)


@overload(operator.add, strict=False)
def _plus(a: Any, b: Any) -> Callable[[Any, Any], Any] | None:
    return (lambda a, b: _add(a, b)) if _both(a, b) else None


@overload(operator.sub, strict=False)
def _minus(a: Any, b: Any) -> Callable[[Any, Any], Any] | None:
    return (lambda a, b: _subtract(a, b)) if _both(a, b) else None


@overload(operator.mul, strict=False)
def _times(a: Any, b: Any) -> Callable[[Any, Any], Any] | None:
    return (lambda a, b: _multiply(a, b)) if _both(a, b) else None
