"""Sixteen float64 numbers at once, for filters whose memory is long.

As `vectors`, with which it shares its words; the functions exist in compiled loops only. Invariant:
every lane is an IEEE operation of its own.
"""

from typing import Any

from llvmlite import ir
from numba import types as _types
from numba.extending import models, register_model

from generation.engine.vectors import (
    FLOATS,
    LANES,
    NEAR_WIDTH,
    WIDTH,
    emitted,
    loading,
    offer_arithmetic,
    place,
    splatting,
    storing,
    types,
)

# Lanes of the widest register of this machine.
NEAR_DOUBLES_WIDTH = NEAR_WIDTH // 2


class DoublesType(_types.Type):
    """The compiler's name for so many float64 numbers."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(f"f64x{width}")


DOUBLES: Any = DoublesType(WIDTH)
NEAR_DOUBLES: Any = DoublesType(NEAR_DOUBLES_WIDTH)
_DOUBLES = ir.VectorType(ir.DoubleType(), WIDTH)
_NEAR_DOUBLES = ir.VectorType(ir.DoubleType(), NEAR_DOUBLES_WIDTH)


@register_model(DoublesType)
class _DoublesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        begin: Any = super().__init__
        begin(dmm, fe_type, ir.VectorType(ir.DoubleType(), fe_type.width))


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


load_doubles, store_doubles = loading(_DOUBLES, DOUBLES, 8), storing(_DOUBLES, DOUBLES, 8)
splat_double = splatting(_DOUBLES, DOUBLES, types.float64)
load_near_doubles = loading(_NEAR_DOUBLES, NEAR_DOUBLES, 8)
store_near_doubles = storing(_NEAR_DOUBLES, NEAR_DOUBLES, 8)
splat_near_double = splatting(_NEAR_DOUBLES, NEAR_DOUBLES, types.float64)


@emitted
def load_widened(typingctx: Any, array: Any, at: Any) -> Any:
    """Elements of a contiguous float32 array from `at` on as float64, a register full."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        short = ir.VectorType(ir.FloatType(), NEAR_DOUBLES_WIDTH)
        found = builder.load(place(short, context, builder, sig, args))
        found.align = 4
        return builder.fpext(found, _NEAR_DOUBLES)

    return NEAR_DOUBLES(array, types.intp), emit


@emitted
def store_narrowed(typingctx: Any, array: Any, at: Any, value: Any) -> Any:
    """Elements of a contiguous float32 array from `at` on become a register full, rounded."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        short = ir.VectorType(ir.FloatType(), NEAR_DOUBLES_WIDTH)
        to = place(short, context, builder, sig, args)
        builder.store(builder.fptrunc(args[2], short), to).align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, NEAR_DOUBLES), emit


offer_arithmetic(DOUBLES)
offer_arithmetic(NEAR_DOUBLES)
