"""Discrete Fourier transforms of one complex frame, sixteen butterflies at once.

Stockham's self-sorting form, decimated in frequency (Van Loan, Computational Frameworks for the
Fast Fourier Transform, 1992, chapter 1.7), for powers of two: the first pass takes sixteen points
and turns squares of sixteen by sixteen on their side, so that in every later pass sixteen
neighbors share one twiddle factor. Real and imaginary parts lie in arrays of their own. It knows
numbers, not sound. Invariant: a frame's spectrum depends on the frame alone, never on what was
transformed beside it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from generation.engine.kernels import Audio, Samples, aligned, kernel, within
from generation.engine.vectors import WIDTH, fma, load, negated, splat, store, store_square

RADICES = (8, 4, 2)
_HALF_ROOT = np.float32(0.7071067811865476)
_COS_8 = np.float32(0.9238795325112867)
_SIN_8 = np.float32(0.3826834323650898)


@dataclass(frozen=True, slots=True)
class Plan:
    """How frames of `size` samples are transformed.

    `radices`: of the passes after the first; `turns`: float32 [2, k] twiddle factors, pass after
    pass.
    """

    size: int
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
    left, parts = size, []
    for radix in (WIDTH, *radices):
        rest = left // radix
        angle = -2.0 * np.pi * np.arange(1, radix)[:, None] * np.arange(rest)[None, :] / left
        if radix != WIDTH:
            angle = angle.T
        parts.append(np.stack((np.cos(angle).ravel(), np.sin(angle).ravel())))
        left = rest
    turns = np.concatenate(parts, axis=1).astype(np.float32)
    return Plan(size, np.array(radices, dtype=np.int64), turns)


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
def sixteen(xr: Any, xi: Any, at: int, step: int) -> Any:
    """The transform of 16 complex numbers that lie `step` apart: four tuples of four numbers.

    Tuple q holds results q, q + 4, q + 8 and q + 12.
    """
    a = quarter(xr, xi, at, 4 * step)
    b = quarter(xr, xi, at + step, 4 * step)
    c = quarter(xr, xi, at + 2 * step, 4 * step)
    d = quarter(xr, xi, at + 3 * step, 4 * step)
    h, u, v = splat(_HALF_ROOT), splat(_COS_8), splat(-_SIN_8)
    g, w, z = splat(-_HALF_ROOT), splat(_SIN_8), splat(-_COS_8)
    b1r, b1i = turned(b[2], b[3], u, v)
    b2r, b2i = turned(b[4], b[5], h, g)
    b3r, b3i = turned(b[6], b[7], w, z)
    c1r, c1i = turned(c[2], c[3], h, g)
    c3r, c3i = turned(c[6], c[7], g, g)
    d1r, d1i = turned(d[2], d[3], w, z)
    d2r, d2i = turned(d[4], d[5], g, g)
    d3r, d3i = turned(d[6], d[7], z, w)
    return (
        four(a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]),
        four(a[2], a[3], b1r, b1i, c1r, c1i, d1r, d1i),
        four(a[4], a[5], b2r, b2i, c[5], negated(c[4]), d2r, d2i),
        four(a[6], a[7], b3r, b3i, c3r, c3i, d3r, d3i),
    )


@kernel
def first_pass(xr: Audio, xi: Audio, yr: Audio, yi: Audio, turns: Audio) -> None:
    """Sixteen points apart by a sixteenth of the frame, sixteen columns at a time."""
    rest = xr.shape[0] // 16
    wr, wi = turns[0], turns[1]
    for p in range(0, rest, 16):
        q0, q1, q2, q3 = sixteen(xr, xi, p, rest)
        r1, i1 = turned(q1[0], q1[1], load(wr, p), load(wi, p))
        r2, i2 = turned(q2[0], q2[1], load(wr, p + rest), load(wi, p + rest))
        r3, i3 = turned(q3[0], q3[1], load(wr, p + 2 * rest), load(wi, p + 2 * rest))
        r4, i4 = turned(q0[2], q0[3], load(wr, p + 3 * rest), load(wi, p + 3 * rest))
        r5, i5 = turned(q1[2], q1[3], load(wr, p + 4 * rest), load(wi, p + 4 * rest))
        r6, i6 = turned(q2[2], q2[3], load(wr, p + 5 * rest), load(wi, p + 5 * rest))
        r7, i7 = turned(q3[2], q3[3], load(wr, p + 6 * rest), load(wi, p + 6 * rest))
        r8, i8 = turned(q0[4], q0[5], load(wr, p + 7 * rest), load(wi, p + 7 * rest))
        r9, i9 = turned(q1[4], q1[5], load(wr, p + 8 * rest), load(wi, p + 8 * rest))
        ra, ia = turned(q2[4], q2[5], load(wr, p + 9 * rest), load(wi, p + 9 * rest))
        rb, ib = turned(q3[4], q3[5], load(wr, p + 10 * rest), load(wi, p + 10 * rest))
        rc, ic = turned(q0[6], q0[7], load(wr, p + 11 * rest), load(wi, p + 11 * rest))
        rd, id_ = turned(q1[6], q1[7], load(wr, p + 12 * rest), load(wi, p + 12 * rest))
        re, ie = turned(q2[6], q2[7], load(wr, p + 13 * rest), load(wi, p + 13 * rest))
        rf, if_ = turned(q3[6], q3[7], load(wr, p + 14 * rest), load(wi, p + 14 * rest))
        store_square(
            yr, 16 * p, (q0[0], r1, r2, r3, r4, r5, r6, r7, r8, r9, ra, rb, rc, rd, re, rf)
        )
        store_square(
            yi, 16 * p, (q0[1], i1, i2, i3, i4, i5, i6, i7, i8, i9, ia, ib, ic, id_, ie, if_)
        )


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
def transform(scratch: Audio, size: int, radices: Samples, turns: Audio) -> int:
    """The spectrum of the frame in rows 0 and 1; the row of its real part is returned, 0 or 2.

    The imaginary part lies in the row after. Swap the two rows going in and out for the inverse
    (without its division by the size).
    """
    first_pass(scratch[0, :size], scratch[1, :size], scratch[2, :size], scratch[3, :size], turns)
    same, at, here = 16, size // 16 * 15, 2
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
