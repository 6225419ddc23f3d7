"""What comes back of a send through a room: both as spectra of blocks, and back to sound.

Bins lie in tiles, so that a tile of the room and of all sends that meet it stays in the nearest
cache. Spectra of sends are found by their place in memory: whoever calls keeps them. It knows
blocks, not sources. Invariant: block b of what comes back is a sum over the blocks b - P + 1 .. b
of the send in one order, whatever is worked out beside it.
"""

from typing import Any

import numpy as np
from llvmlite import ir

from generation.engine.fourier import Plan, transform
from generation.engine.kernels import Audio, aligned, kernel, within
from generation.engine.vectors import (
    FLOATS,
    LANES,
    NEAR_WIDTH,
    backward,
    emitted,
    even_lanes,
    fma,
    load,
    load_near,
    negated,
    odd_lanes,
    splat,
    splat_near,
    store,
    store_near,
    types,
)
from generation.recipe import BLOCK_SAMPLES

FRAME = 2 * BLOCK_SAMPLES
# Bins in a tile.
TILE = 32
# Blocks that come back at once: what is written then lies in pages whose places are known.
ABREAST = 12
# Numbers in a row of a send's spectrum: its bins, up to whole lanes.
ROW = BLOCK_SAMPLES + 16


def half_turns() -> Audio:
    """e^(-2 pi i k / 8192) for bins k of a block's spectrum, float32 [2, BLOCK_SAMPLES]."""
    angle = -2.0 * np.pi * np.arange(BLOCK_SAMPLES) / FRAME
    return np.stack((np.cos(angle), np.sin(angle))).astype(np.float32)


HALF_TURNS = half_turns()


@kernel
def look(send: Audio, rows: Audio, plan: Plan, turns: Audio, out: Audio) -> None:
    """The spectrum of each block with the one before it: bins 0 to 4,096, real and imaginary.

    Real samples go by twos through a complex transform of half the length, which is parted after it
    (Press et al., Numerical Recipes, 3rd edition, 12.3.2).
    """
    size = BLOCK_SAMPLES
    real, imag = rows[0, :size], rows[1, :size]
    for b in range(out.shape[0]):
        for i in range(0, size, 16):
            first, second = load(send, b * size + 2 * i), load(send, b * size + 2 * i + 16)
            store(real, i, even_lanes(first, second))
            store(imag, i, odd_lanes(first, second))
        transform(real, imag, rows[2:], plan)
        part_bins(real, imag, turns, out[b, 0], out[b, 1])


@kernel
def part_bins(real: Audio, imag: Audio, turns: Audio, out_real: Audio, out_imag: Audio) -> None:
    """Bins 0 to n of 2n real samples, whose pairs have the spectrum `real`, `imag` [n]."""
    size, half = real.shape[0], np.float32(0.5)
    for k in range(16):
        m = (size - k) % size
        er, ei = half * (real[k] + real[m]), half * (imag[k] - imag[m])
        dr, di = half * (imag[k] + imag[m]), half * (real[m] - real[k])
        c, s = turns[0, k], turns[1, k]
        out_real[k], out_imag[k] = er + (dr * c - di * s), ei + (dr * s + di * c)
    out_real[size], out_imag[size] = real[0] - imag[0], np.float32(0.0)
    halves = splat(half)
    for k in range(16, size, 16):
        a, b = load(real, k), load(imag, k)
        c, d = backward(load(real, size - k - 15)), backward(load(imag, size - k - 15))
        er, ei = (a + c) * halves, (b - d) * halves
        dr, di = (b + d) * halves, (c - a) * halves
        c, s = load(turns[0], k), load(turns[1], k)
        store(out_real, k, er + fma(dr, c, negated(di * s)))
        store(out_imag, k, ei + fma(dr, s, di * c))


@emitted
def lanes_at(typingctx: Any, place: Any, at: Any) -> Any:
    """Sixteen float32 numbers from number `at` on of those that begin at `place` in memory."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        begin = builder.inttoptr(args[0], ir.FloatType().as_pointer())
        found = builder.bitcast(builder.gep(begin, [args[1]]), FLOATS.as_pointer())
        lanes = builder.load(found)
        lanes.align = 4
        return lanes

    return LANES(types.int64, types.intp), emit


@emitted
def number_at(typingctx: Any, place: Any, at: Any) -> Any:
    """Float32 number `at` of those that begin at `place` in memory."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        begin = builder.inttoptr(args[0], ir.FloatType().as_pointer())
        return builder.load(builder.gep(begin, [args[1]]))

    return types.float32(types.int64, types.intp), emit


def even(count: int) -> int:
    """So many blocks, or one more: they are met by twos."""
    return count + count % 2


def near_of(count: int, parts: int) -> Audio:
    """Room for one tile of all sends that so many blocks, an even number, meet."""
    return aligned((count + parts - 1) * 2 * TILE, blank=False)


def met_of(count: int) -> Audio:
    """Room for one tile of so many blocks, an even number, of what comes back."""
    return aligned(count * 4 * TILE, blank=False)


@within
def bring_near(place: int, first: int, last: int, tile: int, near: Any) -> None:
    """A tile of the sends from `first` on, out of pages of their own; zeros from `last` on."""
    for row in range(near.shape[0] // TILE):
        at = (2 * first + row) * ROW + tile * TILE
        for i in range(0, TILE, 16):
            lanes = lanes_at(place, at + i) if row < 2 * (last - first) else splat(np.float32(0.0))
            store(near, row * TILE + i, lanes)


@kernel
def meet_tile(near: Audio, tiles: Audio, w: int, parts: int, met: Audio) -> None:
    """met[b] = sum over p of near[b + P - 1 - p] * room[p], p rising, bin by bin of a tile.

    The tile of the room begins at `w` of `tiles`; a send is real, so the mirror image of its bin is
    the conjugate of the bin. Two blocks go abreast and share what is read of the room, and what the
    later one meets the earlier one meets next.
    """
    for b in range(0, met.shape[0] // (4 * TILE), 2):
        for low in range(0, TILE, NEAR_WIDTH):
            nr = ni = fr = fi = splat_near(np.float32(0.0))
            mr = mi = gr = gi = nr
            s, t = (b + parts) * 2 * TILE + low, w + low
            u, v = load_near(near, s), load_near(near, s + TILE)
            for _ in range(parts):
                s -= 2 * TILE
                x, y = load_near(near, s), load_near(near, s + TILE)
                a, c = load_near(tiles, t), load_near(tiles, t + TILE)
                nr, ni = fma(x, a, fma(negated(y), c, nr)), fma(x, c, fma(y, a, ni))
                mr, mi = fma(u, a, fma(negated(v), c, mr)), fma(u, c, fma(v, a, mi))
                a, c = load_near(tiles, t + 2 * TILE), load_near(tiles, t + 3 * TILE)
                fr, fi = fma(x, a, fma(y, c, fr)), fma(x, c, fma(negated(y), a, fi))
                gr, gi = fma(u, a, fma(v, c, gr)), fma(u, c, fma(negated(v), a, gi))
                u, v = x, y
                t += 4 * TILE
            to = b * 4 * TILE + low
            store_near(met, to, nr)
            store_near(met, to + TILE, ni)
            store_near(met, to + 2 * TILE, fr)
            store_near(met, to + 3 * TILE, fi)
            to += 4 * TILE
            store_near(met, to, mr)
            store_near(met, to + TILE, mi)
            store_near(met, to + 2 * TILE, gr)
            store_near(met, to + 3 * TILE, gi)


@within
def meet_middle(place: int, block: int, middle: Any) -> Any:
    """The bin at half the rate of what comes back to a block: left and right."""
    left = right = np.float32(0.0)
    parts = middle.shape[0]
    for p in range(parts):
        x = number_at(place, 2 * (block + parts - 1 - p) * ROW + BLOCK_SAMPLES)
        left += x * middle[p, 0]
        right += x * middle[p, 1]
    return left, right


@within
def lay_out(met: Any, at: int, real: Any, imag: Any, k: int) -> None:
    """A tile of one block to its bins, from `k` on, and to their mirror images.

    That of bin 0 falls behind the frame, where nothing is read.
    """
    for i in range(0, TILE, 16):
        store(real, k + i, load(met, at + i))
        store(imag, k + i, load(met, at + TILE + i))
        mirrored = FRAME - k - i - 15
        store(real, mirrored, backward(load(met, at + 2 * TILE + i)))
        store(imag, mirrored, backward(load(met, at + 3 * TILE + i)))


@kernel
def answer(
    place: int,
    last: int,
    tiles: Audio,
    middle: Audio,
    near: Audio,
    met: Audio,
    mixed: Audio,
    rows: Audio,
    plan: Plan,
    dry: Audio,
    out: Audio,
) -> None:
    """`dry` and what comes back of `last` rows of sends from `place` on.

    `near`, `met`, `mixed` and `rows` are for working in.
    """
    count, apart, parts = out.shape[1] // BLOCK_SAMPLES, mixed.shape[0] // 2, middle.shape[0]
    for first in range(0, count, apart):
        many = min(apart, count - first)
        pair = many + many % 2
        for tile in range(BLOCK_SAMPLES // TILE):
            bring_near(place, first, last, tile, near[: (pair + parts - 1) * 2 * TILE])
            meet_tile(near, tiles, tile * parts * 4 * TILE, parts, met[: pair * 4 * TILE])
            for b in range(many):
                lay_out(met, b * 4 * TILE, mixed[2 * b], mixed[2 * b + 1], tile * TILE)
        for b in range(many):
            left, right = meet_middle(place, first + b, middle)
            mixed[2 * b, BLOCK_SAMPLES], mixed[2 * b + 1, BLOCK_SAMPLES] = left, right
        come_back(mixed, rows, plan, dry, out, first, many)


@kernel
def come_back(
    mixed: Audio, rows: Audio, plan: Plan, dry: Audio, out: Audio, first: int, many: int
) -> None:
    """`dry` and the second half of each block's inverse transform; `mixed` is spoilt."""
    size = plan.size
    for b in range(many):
        left, right = mixed[2 * b, :size], mixed[2 * b + 1, :size]
        transform(right, left, rows, plan)
        at = (first + b) * BLOCK_SAMPLES
        for i in range(0, BLOCK_SAMPLES, 16):
            store(out[0], at + i, load(dry[0], at + i) + load(left, BLOCK_SAMPLES + i))
            store(out[1], at + i, load(dry[1], at + i) + load(right, BLOCK_SAMPLES + i))
