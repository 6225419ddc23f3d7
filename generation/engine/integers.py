"""Sixteen int32 numbers at once: places that pass a test, and counts of 2**-32 turns.

As `vectors`, with which it shares its words; the functions exist in compiled loops only. Invariant:
whole numbers wrap as two's complement does, on every processor.
"""

from typing import Any

from llvmlite import ir

from generation.engine.vectors import (
    FLOATS,
    LANES,
    NEAR_WIDTH,
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

    `array`: int32; up to sixteen more of its numbers are spoilt.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        numbers = context.make_array(sig.args[0])(context, builder, args[0]).data
        first = builder.trunc(args[2], ir.IntType(32))
        how = _places_together if NEAR_WIDTH == WIDTH else _places_by_bytes
        how(builder, builder.gep(numbers, [args[1]]), first, args[3])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64, types.int64), emit


def _places_together(builder: Any, to: Any, first: Any, bits: Any) -> None:
    """By the instruction that AVX-512 has for it; others would branch for each bit."""
    places = builder.add(_filled(builder, first), constant(list(range(WIDTH))))
    mask = builder.bitcast(
        builder.trunc(bits, ir.IntType(WIDTH)), ir.VectorType(ir.IntType(1), WIDTH)
    )
    kind = ir.FunctionType(ir.VoidType(), [WORDS, to.type, mask.type])
    name = f"llvm.masked.compressstore.v{WIDTH}i32"
    builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [places, to, mask])


# The bits that are set in each byte, from the lowest on; then zeros.
_SET = [([i for i in range(8) if byte >> i & 1] + [0] * 8)[:8] for byte in range(256)]


def _places_by_bytes(builder: Any, to: Any, first: Any, bits: Any) -> None:
    """Eight bits at a time by a table."""
    eight = ir.VectorType(ir.IntType(8), 8)
    table = cgutils.global_constant(
        builder, "bits_of_bytes",
        ir.Constant(ir.ArrayType(eight, 256), [ir.Constant(eight, row) for row in _SET]),
    )  # fmt: skip
    long, wide = ir.IntType(64), ir.VectorType(ir.IntType(32), 8)
    for begin in (0, 8):
        byte = builder.and_(builder.lshr(bits, ir.Constant(long, begin)), ir.Constant(long, 255))
        row = builder.load(builder.gep(table, [ir.Constant(long, 0), byte]))
        begins = builder.add(first, ir.Constant(ir.IntType(32), begin))
        places = builder.add(builder.zext(row, wide), _filled(builder, begins, 8))
        builder.store(places, builder.bitcast(to, wide.as_pointer())).align = 4
        to = builder.gep(to, [builder.ctpop(byte)])


def _filled(builder: Any, number: Any, width: int = WIDTH) -> Any:
    """So many equal whole numbers."""
    none = ir.Constant(ir.VectorType(ir.IntType(32), width), ir.Undefined)
    one = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, none, constant([0] * width))


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
