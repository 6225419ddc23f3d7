"""Discrete Fourier transforms of one complex frame, a register of butterflies at once.

Stockham's self-sorting form, decimated in frequency (Van Loan, Computational Frameworks for the
Fast Fourier Transform, 1992, chapter 1.7), in passes of 16, 8, 8 and what is left: the first takes
sixteen points and lays squares of sixteen by sixteen on their side, so that in every later pass
sixteen neighbors share one twiddle factor. Two passes at a time go through a pane that stays in the
nearest cache, so a frame is walked through twice. Real and imaginary parts lie in arrays of their
own. It knows numbers, not sound. Invariant: a frame's spectrum depends on the frame alone, never on
what was transformed beside it.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from generation.engine.kernels import Audio, aligned, kernel, within
from generation.engine.squares import square_on_side
from generation.engine.vectors import (
    NEAR_WIDTH,
    WIDTH,
    fma,
    load_near,
    negated,
    splat_near,
    store_near,
)

# Frames that are taken, and the radix of their last pass.
LAST = {2_048: 2, 4_096: 4, 8_192: 8}
HALF_ROOT = np.float32(0.7071067811865476)
COS_8 = np.float32(0.9238795325112867)
SIN_8 = np.float32(0.3826834323650898)


class Plan(NamedTuple):
    """How frames of `size` samples are transformed.

    `first`: float32 [2 * size], twiddle factors of the first pass in the order it takes them;
    `second`, `third`: float32 [2, k], theirs.
    """

    size: int
    first: Audio
    second: Audio
    third: Audio


@lru_cache(maxsize=len(LAST))
def plan_of(size: int) -> Plan:
    """A plan for frames of `size`, a key of LAST; ValueError for others."""
    if size not in LAST:
        raise ValueError(f"A frame has 2,048, 4,096 or 8,192 samples, not {size}.")
    columns = np.arange(size // WIDTH).reshape(-1, 1, 1, WIDTH)
    results = np.arange(4)[:, None] + 4 * np.arange(4)[None, :]
    angle = -2.0 * np.pi * results[None, :, :, None] * columns / size
    first = aligned(2 * size)
    first[:] = np.stack((np.cos(angle), np.sin(angle)), axis=3).ravel()
    return Plan(size, first, _of_eight(size // WIDTH), _of_eight(size // WIDTH // 8))


def _of_eight(points: int) -> Audio:
    """Factors of a pass of eight over `points`: seven of each butterfly, one after another."""
    angle = -2.0 * np.pi * np.arange(points // 8)[:, None] * np.arange(1, 8)[None, :] / points
    return np.stack((np.cos(angle).ravel(), np.sin(angle).ravel())).astype(np.float32)


def rows_of(count: int, size: int) -> Audio:
    """Rows for frames of `size` and for working in, float32 [count, size + a little].

    A little more, so that equal places of two rows do not fall on one set of the cache.
    """
    return aligned(count, size + 5 * WIDTH, blank=False)


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
        load_near(xr, at), load_near(xi, at),
        load_near(xr, at + 2 * step), load_near(xi, at + 2 * step),
        load_near(xr, at + 4 * step), load_near(xi, at + 4 * step),
        load_near(xr, at + 6 * step), load_near(xi, at + 6 * step),
    )  # fmt: skip
    b0r, b0i, b1r, b1i, b2r, b2i, b3r, b3i = four(
        load_near(xr, at + step), load_near(xi, at + step),
        load_near(xr, at + 3 * step), load_near(xi, at + 3 * step),
        load_near(xr, at + 5 * step), load_near(xi, at + 5 * step),
        load_near(xr, at + 7 * step), load_near(xi, at + 7 * step),
    )  # fmt: skip
    half = splat_near(HALF_ROOT)
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
        load_near(xr, at), load_near(xi, at), load_near(xr, at + step), load_near(xi, at + step),
        load_near(xr, at + 2 * step), load_near(xi, at + 2 * step),
        load_near(xr, at + 3 * step), load_near(xi, at + 3 * step),
    )  # fmt: skip


@within
def cut_two(xr: Any, xi: Any, at: int, window: Any) -> Any:
    """A complex number as it is or, if there is a window, times that."""
    if window is None:
        return load_near(xr, at), load_near(xi, at)
    w = load_near(window, at)
    return load_near(xr, at) * w, load_near(xi, at) * w


@within
def cut_quarter(xr: Any, xi: Any, at: int, step: int, window: Any) -> Any:
    """As `quarter`, of numbers as `cut_two` has them."""
    ar, ai = cut_two(xr, xi, at, window)
    br, bi = cut_two(xr, xi, at + step, window)
    cr, ci = cut_two(xr, xi, at + 2 * step, window)
    dr, di = cut_two(xr, xi, at + 3 * step, window)
    return four(ar, ai, br, bi, cr, ci, dr, di)


@within
def put_four(yr: Any, yi: Any, at: int, step: int, numbers: Any) -> None:
    """Stores four complex numbers, sixteen of each, `step` apart."""
    store_near(yr, at, numbers[0])
    store_near(yi, at, numbers[1])
    store_near(yr, at + step, numbers[2])
    store_near(yi, at + step, numbers[3])
    store_near(yr, at + 2 * step, numbers[4])
    store_near(yi, at + 2 * step, numbers[5])
    store_near(yr, at + 3 * step, numbers[6])
    store_near(yi, at + 3 * step, numbers[7])


@within
def lay_one(yr: Any, yi: Any, at: int, re: Any, im: Any, window: Any) -> None:
    """Stores a complex number or, if there is a window, adds it times that to what is there."""
    if window is None:
        store_near(yr, at, re)
        store_near(yi, at, im)
    else:
        w = load_near(window, at)
        store_near(yr, at, fma(re, w, load_near(yr, at)))
        store_near(yi, at, fma(im, w, load_near(yi, at)))


@within
def lay_four(yr: Any, yi: Any, at: int, step: int, numbers: Any, window: Any) -> None:
    """As `put_four`, each as `lay_one` does it."""
    lay_one(yr, yi, at, numbers[0], numbers[1], window)
    lay_one(yr, yi, at + step, numbers[2], numbers[3], window)
    lay_one(yr, yi, at + 2 * step, numbers[4], numbers[5], window)
    lay_one(yr, yi, at + 3 * step, numbers[6], numbers[7], window)


@within
def turn_into(yr: Any, yi: Any, at: int, re: Any, im: Any, turns: Any, w: int) -> None:
    """Stores sixteen complex numbers, each times its own twiddle factor, from `w` on."""
    a, b = turned(re, im, load_near(turns, w), load_near(turns, w + 16))
    store_near(yr, at, a)
    store_near(yi, at, b)


@within
def put(yr: Any, yi: Any, at: int, re: Any, im: Any, turns: Any, w: int) -> None:
    """Stores a complex number times twiddle factor `w`."""
    a, b = turned(re, im, splat_near(turns[0, w]), splat_near(turns[1, w]))
    store_near(yr, at, a)
    store_near(yi, at, b)


@within
def put_eight(yr: Any, yi: Any, at: int, step: int, x: Any, turns: Any, w: int) -> None:
    """Stores eight complex numbers `step` apart, the last seven times factors from `w` on."""
    store_near(yr, at, x[0])
    store_near(yi, at, x[1])
    put(yr, yi, at + step, x[2], x[3], turns, w)
    put(yr, yi, at + 2 * step, x[4], x[5], turns, w + 1)
    put(yr, yi, at + 3 * step, x[6], x[7], turns, w + 2)
    put(yr, yi, at + 4 * step, x[8], x[9], turns, w + 3)
    put(yr, yi, at + 5 * step, x[10], x[11], turns, w + 4)
    put(yr, yi, at + 6 * step, x[12], x[13], turns, w + 5)
    put(yr, yi, at + 7 * step, x[14], x[15], turns, w + 6)


@within
def columns_of_sixteen(xr: Any, xi: Any, window: Any, p: int, yr: Any, yi: Any, at: int) -> None:
    """The first of two steps of four: points a sixteenth of the frame apart, columns p to p + 15.

    The sixteen results, sixteen of each, go to `at` on.
    """
    rest = xr.shape[0] // 16
    h, u, v = splat_near(HALF_ROOT), splat_near(COS_8), splat_near(-SIN_8)
    g, w, z = splat_near(-HALF_ROOT), splat_near(SIN_8), splat_near(-COS_8)
    put_four(yr, yi, at, 16, cut_quarter(xr, xi, p, 4 * rest, window))
    q = cut_quarter(xr, xi, p + rest, 4 * rest, window)
    ar, ai = turned(q[2], q[3], u, v)
    br, bi = turned(q[4], q[5], h, g)
    cr, ci = turned(q[6], q[7], w, z)
    put_four(yr, yi, at + 64, 16, (q[0], q[1], ar, ai, br, bi, cr, ci))
    q = cut_quarter(xr, xi, p + 2 * rest, 4 * rest, window)
    ar, ai = turned(q[2], q[3], h, g)
    cr, ci = turned(q[6], q[7], g, g)
    put_four(yr, yi, at + 128, 16, (q[0], q[1], ar, ai, q[5], negated(q[4]), cr, ci))
    q = cut_quarter(xr, xi, p + 3 * rest, 4 * rest, window)
    ar, ai = turned(q[2], q[3], w, z)
    br, bi = turned(q[4], q[5], g, g)
    cr, ci = turned(q[6], q[7], z, w)
    put_four(yr, yi, at + 192, 16, (q[0], q[1], ar, ai, br, bi, cr, ci))


@kernel
def squares_of_sixteen(
    xr: Audio, xi: Audio, window: Audio | None, begin: int, pr: Audio, pi: Audio, plan: Plan
) -> None:
    """The pass of sixteen: eight squares of what the butterflies of the next pass need.

    Three loops, because sixteen complex numbers and their shuffles do not fit the registers at
    once.
    """
    apart = plan.size // 128
    for j in range(8):
        for i in range(0, 16, NEAR_WIDTH):
            columns_of_sixteen(xr, xi, window, begin + j * apart + i, pr, pi, 256 * j + i)
    for j in range(8):
        for k in range(4):
            for i in range(0, 16, NEAR_WIDTH):
                at, w = 256 * j + 16 * k + i, 32 * (begin + j * apart + 4 * k) + i
                q = quarter(pr, pi, at, 64)
                turn_into(pr, pi, at, q[0], q[1], plan.first, w)
                turn_into(pr, pi, at + 64, q[2], q[3], plan.first, w + 32)
                turn_into(pr, pi, at + 128, q[4], q[5], plan.first, w + 64)
                turn_into(pr, pi, at + 192, q[6], q[7], plan.first, w + 96)
    for j in range(8):
        square_on_side(pr, 256 * j)
        square_on_side(pi, 256 * j)


@kernel
def two_passes(
    xr: Audio, xi: Audio, window: Audio | None, yr: Audio, yi: Audio, pr: Audio, pi: Audio,
    plan: Plan,
) -> None:  # fmt: skip
    """The passes of sixteen and of the first eight."""
    for begin in range(0, plan.size // 128, 16):
        squares_of_sixteen(xr, xi, window, begin, pr, pi, plan)
        for k in range(16):
            for i in range(0, 16, NEAR_WIDTH):
                x = eight(pr, pi, 16 * k + i, 256)
                put_eight(yr, yi, 128 * (begin + k) + i, 16, x, plan.second, 7 * (begin + k))


@kernel
def last_passes(
    xr: Audio, xi: Audio, yr: Audio, yi: Audio, window: Audio | None, pr: Audio, pi: Audio,
    plan: Plan,
) -> None:  # fmt: skip
    """The passes of the second eight and of what is left, sixteen columns at a time: whole lines
    of the cache, also where a register holds half of one.
    """
    last, apart = plan.size // 1024, plan.size // 8
    for q in range(0, 128, 16):
        for p in range(last):
            for i in range(0, 16, NEAR_WIDTH):
                x = eight(xr, xi, 128 * p + q + i, apart)
                put_eight(pr, pi, 128 * p + i, 16, x, plan.third, 7 * p)
        for k in range(8):
            for i in range(0, 16, NEAR_WIDTH):
                at, to = 16 * k + i, q + 128 * k + i
                if last == 8:
                    x = eight(pr, pi, at, 128)
                    lay_four(yr, yi, to, 1024, x[:8], window)
                    lay_four(yr, yi, to + 4096, 1024, x[8:], window)
                elif last == 4:
                    lay_four(yr, yi, to, 1024, quarter(pr, pi, at, 128), window)
                else:
                    ar, ai = load_near(pr, at), load_near(pi, at)
                    br, bi = load_near(pr, at + 128), load_near(pi, at + 128)
                    lay_one(yr, yi, to, ar + br, ai + bi, window)
                    lay_one(yr, yi, to + 1024, ar - br, ai - bi, window)


@kernel
def transform(real: Audio, imag: Audio, room: Audio, plan: Plan) -> None:
    """In place: the spectrum of a frame; `room` [4, >= size] is spoilt.

    Give `imag` and `real` instead for the inverse (without its division by the size).
    """
    size = plan.size
    yr, yi, pr, pi = room[0, :size], room[1, :size], room[2, :size], room[3, :size]
    two_passes(real, imag, None, yr, yi, pr, pi, plan)
    last_passes(yr, yi, real, imag, None, pr, pi, plan)


@kernel
def transform_cut(
    left: Audio, right: Audio, window: Audio, real: Audio, imag: Audio, room: Audio, plan: Plan
) -> None:
    """As `transform`, of `left` and `right` times `window`, into `real` and `imag`."""
    size = plan.size
    yr, yi, pr, pi = room[0, :size], room[1, :size], room[2, :size], room[3, :size]
    two_passes(left, right, window, yr, yi, pr, pi, plan)
    last_passes(yr, yi, real, imag, None, pr, pi, plan)


@kernel
def transform_laid(
    real: Audio, imag: Audio, room: Audio, plan: Plan, window: Audio, left: Audio, right: Audio
) -> None:
    """As `transform`, times `window` and added to `left` and `right`; those may not be `room`."""
    size = plan.size
    yr, yi, pr, pi = room[0, :size], room[1, :size], room[2, :size], room[3, :size]
    two_passes(real, imag, None, yr, yi, pr, pi, plan)
    last_passes(yr, yi, left, right, window, pr, pi, plan)
