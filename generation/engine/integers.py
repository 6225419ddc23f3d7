"""Sixteen int32 numbers at once: places that pass a test, and counts of 2**-32 turns.

As `vectors`, with which it shares its words; the functions exist in compiled loops only. Invariant:
whole numbers wrap as two's complement does, on every processor.
"""

from typing import Any

from llvmlite import ir

from generation.engine.vectors import (
    FLOATS,
    LANES,
    WIDTH,
    WORDS,
    cgutils,
    constant,
    emitted,
    place,
    types,
)


@emitted
def how_many(typingctx: Any, bits: Any) -> Any:
    """How many bits are set in an int64."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.int64), emit


@emitted
def lowest_bit(typingctx: Any, bits: Any) -> Any:
    """The number of the lowest bit set in a positive int64."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), emit


@emitted
def store_places(typingctx: Any, array: Any, at: Any, first: Any, bits: Any) -> Any:
    """Writes `first` + i for every bit i of the lowest sixteen that is set, one after another.

    `array`: int32.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        one = ir.IntType(32)
        filled = _filled(builder, builder.trunc(args[2], one))
        places = builder.add(filled, constant(list(range(WIDTH))))
        mask = builder.bitcast(
            builder.trunc(args[3], ir.IntType(WIDTH)), ir.VectorType(ir.IntType(1), WIDTH)
        )
        to = builder.bitcast(place(WORDS, context, builder, sig, args), one.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [WORDS, one.as_pointer(), mask.type])
        name = f"llvm.masked.compressstore.v{WIDTH}i32"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [places, to, mask])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64, types.int64), emit


def _filled(builder: Any, number: Any) -> Any:
    """Sixteen equal whole numbers."""
    none = ir.Constant(WORDS, ir.Undefined)
    one = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, none, constant([0] * WIDTH))


@emitted
def store_equal(typingctx: Any, array: Any, at: Any, number: Any) -> Any:
    """Elements [at, at + 16) of an int32 array become `number`."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        to = place(WORDS, context, builder, sig, args)
        builder.store(_filled(builder, args[2]), to).align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int32), emit


def _quarters(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, Any]:
    """Sixteen int32 counts of 2**-32 turns and the quarter, 0 to 3, that each is nearest to."""
    turns = builder.load(place(WORDS, context, builder, sig, args))
    turns.align = 4
    raised = builder.add(turns, constant([1 << 29] * WIDTH))
    return turns, builder.lshr(raised, constant([30] * WIDTH))


@emitted
def beside_quarters(typingctx: Any, array: Any, at: Any) -> Any:
    """How far sixteen int32 counts of 2**-32 turns lie beside their nearest quarter turn."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        turns, quarters = _quarters(context, builder, sig, args)
        rest = builder.sub(turns, builder.shl(quarters, constant([30] * WIDTH)))
        return builder.sitofp(rest, FLOATS)

    return LANES(array, types.intp), emit


@emitted
def on_by_quarters(typingctx: Any, array: Any, at: Any, cosine: Any, sine: Any) -> Any:
    """Cosine and sine, turned on by the nearest quarters of sixteen int32 counts of turns."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, quarters = _quarters(context, builder, sig, args)
        one, top = constant([1] * WIDTH), constant([31] * WIDTH)
        odd = builder.trunc(quarters, ir.VectorType(ir.IntType(1), WIDTH))
        signs = builder.lshr(builder.add(quarters, one), one), builder.lshr(quarters, one)
        chosen = (
            builder.select(odd, args[3], args[2]), builder.select(odd, args[2], args[3]),
        )  # fmt: skip
        found = [
            builder.bitcast(
                builder.xor(builder.bitcast(lanes, WORDS), builder.shl(sign, top)), FLOATS
            )
            for lanes, sign in zip(chosen, signs, strict=True)
        ]
        return context.make_tuple(builder, sig.return_type, found)

    return types.UniTuple(LANES, 2)(array, types.intp, LANES, LANES), emit
