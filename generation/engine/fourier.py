"""Discrete Fourier transforms of one complex frame, sixteen butterflies at once.

Stockham's self-sorting form, decimated in frequency (Van Loan, Computational Frameworks for the
Fast Fourier Transform, 1992, chapter 1.7), for powers of two: the first pass takes sixteen points
and turns squares of sixteen by sixteen on their side, so that in every later pass sixteen
neighbors share one twiddle factor. Real and imaginary parts lie in arrays of their own. It knows
numbers, not sound. Invariant: a frame's spectrum depends on the frame alone, never on what was
transformed beside it.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from generation.engine.kernels import Audio, Samples, aligned, kernel, within
from generation.engine.vectors import WIDTH, fma, load, negated, splat, store, store_square

RADICES = (8, 4, 2)
_HALF_ROOT = np.float32(0.7071067811865476)
_COS_8 = np.float32(0.9238795325112867)
_SIN_8 = np.float32(0.3826834323650898)


class Plan(NamedTuple):
    """How frames of `size` samples are transformed.

    `first`: float32 [2 * size], twiddle factors of the first pass; `radices`: of the passes after
    it; `turns`: float32 [2, k], theirs, pass after pass.
    """

    size: int
    first: Audio
    radices: Samples
    turns: Audio


def passes_of(size: int) -> list[int]:
    """The radices of the passes after the first; raises ValueError for a size that is not taken."""
    if size < WIDTH * WIDTH or size & (size - 1):
        raise ValueError(f"A frame has a power of two of samples, at least 256, not {size}.")
    rest, found = size // WIDTH, []
    for radix in RADICES:
        while rest % radix == 0:
            found.append(radix)
            rest //= radix
    return found


@lru_cache(maxsize=16)
def plan_of(size: int) -> Plan:
    """The plan for frames of `size`, a power of two from 256 on."""
    radices = passes_of(size)
    left, parts = size // WIDTH, []
    for radix in radices:
        rest = left // radix
        angle = -2.0 * np.pi * np.arange(1, radix)[None, :] * np.arange(rest)[:, None] / left
        parts.append(np.stack((np.cos(angle).ravel(), np.sin(angle).ravel())))
        left = rest
    turns = np.concatenate(parts, axis=1).astype(np.float32)
    return Plan(size, first_turns(size), np.array(radices, dtype=np.int64), turns)


def first_turns(size: int) -> Audio:
    """The twiddle factors of the first pass in the order it takes them, in one stream.

    Column by column of sixteen points; of each the four results of the four last butterflies,
    sixteen real parts and sixteen imaginary parts at a time.
    """
    columns = np.arange(size // WIDTH).reshape(-1, 1, 1, WIDTH)
    results = np.arange(4)[:, None] + 4 * np.arange(4)[None, :]
    angle = -2.0 * np.pi * results[None, :, :, None] * columns / size
    turns = aligned(2 * size)
    turns[:] = np.stack((np.cos(angle), np.sin(angle)), axis=3).ravel()
    return turns


def scratch_of(size: int) -> Audio:
    """Room for two frames of up to `size`: rows real, imaginary, real, imaginary.

    Rows are a little longer, so that equal places of two rows do not fall on one set of the cache.
    """
    return aligned(4, size + 5 * WIDTH, blank=False)


@within
def four(ar: Any, ai: Any, br: Any, bi: Any, cr: Any, ci: Any, dr: Any, di: Any) -> Any:
    """The transform of four complex numbers, in order."""
    sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
    ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
    return sr + ur, si + ui, tr + vi, ti - vr, sr - ur, si - ui, tr - vi, ti + vr


@within
def turned(xr: Any, xi: Any, wr: Any, wi: Any) -> Any:
    """The product of two complex numbers."""
    return fma(xr, wr, negated(xi * wi)), fma(xr, wi, xi * wr)


@within
def eight(xr: Any, xi: Any, at: int, step: int) -> Any:
    """The transform of eight complex numbers that lie `step` apart, in order: r0, i0, r1, ..."""
    a0r, a0i, a1r, a1i, a2r, a2i, a3r, a3i = four(
        load(xr, at), load(xi, at),
        load(xr, at + 2 * step), load(xi, at + 2 * step),
        load(xr, at + 4 * step), load(xi, at + 4 * step),
        load(xr, at + 6 * step), load(xi, at + 6 * step),
    )  # fmt: skip
    b0r, b0i, b1r, b1i, b2r, b2i, b3r, b3i = four(
        load(xr, at + step), load(xi, at + step),
        load(xr, at + 3 * step), load(xi, at + 3 * step),
        load(xr, at + 5 * step), load(xi, at + 5 * step),
        load(xr, at + 7 * step), load(xi, at + 7 * step),
    )  # fmt: skip
    half = splat(_HALF_ROOT)
    c1r, c1i = (b1r + b1i) * half, (b1i - b1r) * half
    c3r, c3i = (b3i - b3r) * half, negated((b3r + b3i) * half)
    return (
        a0r + b0r, a0i + b0i, a1r + c1r, a1i + c1i, a2r + b2i, a2i - b2r, a3r + c3r, a3i + c3i,
        a0r - b0r, a0i - b0i, a1r - c1r, a1i - c1i, a2r - b2i, a2i + b2r, a3r - c3r, a3i - c3i,
    )  # fmt: skip


@within
def quarter(xr: Any, xi: Any, at: int, step: int) -> Any:
    """The transform of four complex numbers that lie `step` apart, in order."""
    return four(
        load(xr, at), load(xi, at), load(xr, at + step), load(xi, at + step),
        load(xr, at + 2 * step), load(xi, at + 2 * step),
        load(xr, at + 3 * step), load(xi, at + 3 * step),
    )  # fmt: skip


@within
def put_four(yr: Any, yi: Any, at: int, numbers: Any) -> None:
    """Stores four complex numbers, sixteen of each, one after another."""
    store(yr, at, numbers[0])
    store(yi, at, numbers[1])
    store(yr, at + 16, numbers[2])
    store(yi, at + 16, numbers[3])
    store(yr, at + 32, numbers[4])
    store(yi, at + 32, numbers[5])
    store(yr, at + 48, numbers[6])
    store(yi, at + 48, numbers[7])


@within
def turn_into(yr: Any, yi: Any, at: int, re: Any, im: Any, turns: Any, w: int) -> None:
    """Stores sixteen complex numbers, each times its own twiddle factor, from `w` on."""
    a, b = turned(re, im, load(turns, w), load(turns, w + 16))
    store(yr, at, a)
    store(yi, at, b)


@within
def lay_on_side(y: Any, at: int) -> None:
    """In place: a square of 16 by 16."""
    store_square(
        y, at, 16,
        (
            load(y, at), load(y, at + 16), load(y, at + 32), load(y, at + 48),
            load(y, at + 64), load(y, at + 80), load(y, at + 96), load(y, at + 112),
            load(y, at + 128), load(y, at + 144), load(y, at + 160), load(y, at + 176),
            load(y, at + 192), load(y, at + 208), load(y, at + 224), load(y, at + 240),
        ),
    )  # fmt: skip


@kernel
def first_pass(xr: Audio, xi: Audio, yr: Audio, yi: Audio, turns: Audio) -> None:
    """Sixteen points apart by a sixteenth of the frame, sixteen columns at a time.

    Two steps of four, then every square is laid on its side; each in a loop of its own over a few
    squares, because sixteen complex numbers and their shuffles do not fit the registers at once.
    """
    rest = xr.shape[0] // 16
    few = min(rest, 64)
    h, u, v = splat(_HALF_ROOT), splat(_COS_8), splat(-_SIN_8)
    g, w, z = splat(-_HALF_ROOT), splat(_SIN_8), splat(-_COS_8)
    for begin in range(0, rest, few):
        for p in range(begin, begin + few, 16):
            y = 16 * p
            put_four(yr, yi, y, quarter(xr, xi, p, 4 * rest))
            q = quarter(xr, xi, p + rest, 4 * rest)
            ar, ai = turned(q[2], q[3], u, v)
            br, bi = turned(q[4], q[5], h, g)
            cr, ci = turned(q[6], q[7], w, z)
            put_four(yr, yi, y + 64, (q[0], q[1], ar, ai, br, bi, cr, ci))
            q = quarter(xr, xi, p + 2 * rest, 4 * rest)
            ar, ai = turned(q[2], q[3], h, g)
            cr, ci = turned(q[6], q[7], g, g)
            put_four(yr, yi, y + 128, (q[0], q[1], ar, ai, q[5], negated(q[4]), cr, ci))
            q = quarter(xr, xi, p + 3 * rest, 4 * rest)
            ar, ai = turned(q[2], q[3], w, z)
            br, bi = turned(q[4], q[5], g, g)
            cr, ci = turned(q[6], q[7], z, w)
            put_four(yr, yi, y + 192, (q[0], q[1], ar, ai, br, bi, cr, ci))
        for p in range(begin, begin + few, 16):
            for k in range(4):
                y, at = 16 * (p + k), 32 * (p + 4 * k)
                q = quarter(yr, yi, y, 64)
                turn_into(yr, yi, y, q[0], q[1], turns, at)
                turn_into(yr, yi, y + 64, q[2], q[3], turns, at + 32)
                turn_into(yr, yi, y + 128, q[4], q[5], turns, at + 64)
                turn_into(yr, yi, y + 192, q[6], q[7], turns, at + 96)
        for p in range(begin, begin + few, 16):
            lay_on_side(yr, 16 * p)
            lay_on_side(yi, 16 * p)


@kernel
def pass_of_eight(
    xr: Audio, xi: Audio, yr: Audio, yi: Audio, same: int, turns: Audio, at: int
) -> None:
    """Eight points apart by an eighth of what is left; `same` neighbors share a factor."""
    apart = xr.shape[0] // 8
    for p in range(apart // same):
        w, is_plain = at + 7 * p, p == 0  # its factors are one
        for q in range(0, same, 16):
            x = eight(xr, xi, p * same + q, apart)
            y = 8 * p * same + q
            store(yr, y, x[0])
            store(yi, y, x[1])
            if is_plain:
                store(yr, y + same, x[2])
                store(yi, y + same, x[3])
                store(yr, y + 2 * same, x[4])
                store(yi, y + 2 * same, x[5])
                store(yr, y + 3 * same, x[6])
                store(yi, y + 3 * same, x[7])
                store(yr, y + 4 * same, x[8])
                store(yi, y + 4 * same, x[9])
                store(yr, y + 5 * same, x[10])
                store(yi, y + 5 * same, x[11])
                store(yr, y + 6 * same, x[12])
                store(yi, y + 6 * same, x[13])
                store(yr, y + 7 * same, x[14])
                store(yi, y + 7 * same, x[15])
                continue
            put(yr, yi, y + same, x[2], x[3], turns, w)
            put(yr, yi, y + 2 * same, x[4], x[5], turns, w + 1)
            put(yr, yi, y + 3 * same, x[6], x[7], turns, w + 2)
            put(yr, yi, y + 4 * same, x[8], x[9], turns, w + 3)
            put(yr, yi, y + 5 * same, x[10], x[11], turns, w + 4)
            put(yr, yi, y + 6 * same, x[12], x[13], turns, w + 5)
            put(yr, yi, y + 7 * same, x[14], x[15], turns, w + 6)


@within
def put(yr: Any, yi: Any, at: int, re: Any, im: Any, turns: Any, w: int) -> None:
    """Stores a complex number times twiddle factor `w`."""
    a, b = turned(re, im, splat(turns[0, w]), splat(turns[1, w]))
    store(yr, at, a)
    store(yi, at, b)


@kernel
def pass_of_four(
    xr: Audio, xi: Audio, yr: Audio, yi: Audio, same: int, turns: Audio, at: int
) -> None:
    """Four points apart by a quarter of what is left."""
    apart = xr.shape[0] // 4
    for p in range(apart // same):
        w = at + 3 * p
        for q in range(0, same, 16):
            x = quarter(xr, xi, p * same + q, apart)
            y = 4 * p * same + q
            store(yr, y, x[0])
            store(yi, y, x[1])
            put(yr, yi, y + same, x[2], x[3], turns, w)
            put(yr, yi, y + 2 * same, x[4], x[5], turns, w + 1)
            put(yr, yi, y + 3 * same, x[6], x[7], turns, w + 2)


@kernel
def pass_of_two(
    xr: Audio, xi: Audio, yr: Audio, yi: Audio, same: int, turns: Audio, at: int
) -> None:
    """Two points apart by half of what is left."""
    apart = xr.shape[0] // 2
    for p in range(apart // same):
        for q in range(0, same, 16):
            x, y = p * same + q, 2 * p * same + q
            ar, ai, br, bi = load(xr, x), load(xi, x), load(xr, x + apart), load(xi, x + apart)
            store(yr, y, ar + br)
            store(yi, y, ai + bi)
            put(yr, yi, y + same, ar - br, ai - bi, turns, at + p)


@kernel
def transform(scratch: Audio, plan: Plan) -> int:
    """The spectrum of the frame in rows 0 and 1; the row of its real part is returned, 0 or 2.

    The imaginary part lies in the row after. Swap the two rows going in and out for the inverse
    (without its division by the size).
    """
    size, radices, turns = plan.size, plan.radices, plan.turns
    first_pass(
        scratch[0, :size], scratch[1, :size], scratch[2, :size], scratch[3, :size], plan.first
    )
    same, at, here = 16, 0, 2
    for row in range(radices.shape[0]):
        radix, there = radices[row], 2 - here
        xr, xi = scratch[here, :size], scratch[here + 1, :size]
        yr, yi = scratch[there, :size], scratch[there + 1, :size]
        if radix == 8:
            pass_of_eight(xr, xi, yr, yi, same, turns, at)
        elif radix == 4:
            pass_of_four(xr, xi, yr, yi, same, turns, at)
        else:
            pass_of_two(xr, xi, yr, yi, same, turns, at)
        same *= radix
        at += size // same * (radix - 1)
        here = there
    return here
