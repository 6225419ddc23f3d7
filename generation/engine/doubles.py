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
    WIDTH,
    constant,
    emitted,
    loading,
    offer_arithmetic,
    splatting,
    storing,
    types,
)


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
def every_other(typingctx: Any, doubles: Any) -> Any:
    """In every lane, the sum of the lanes of its parity; halves onto halves."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        found = args[0]
        for half in (8, 4, 2):
            order = [(i + half) % WIDTH for i in range(WIDTH)]
            found = builder.fadd(found, builder.shuffle_vector(found, found, constant(order)))
        return found

    return DOUBLES(DOUBLES), emit


load_doubles, store_doubles = loading(_DOUBLES, DOUBLES, 8), storing(_DOUBLES, DOUBLES, 8)
splat_double = splatting(_DOUBLES, DOUBLES, types.float64)
offer_arithmetic(DOUBLES)
