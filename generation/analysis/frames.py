"""Short frames of one sound, thirty-two transformed at a time: a frame in every lane.

Two real frames make one complex one, so sixteen lanes of real and imaginary parts hold thirty-two.
It refuses to know bands and pitches: it is given their weights. Invariant: what is transformed
beside a frame touches it by rounding alone, 120 dB and more below the louder of them; silence lies
outside the sound.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from generation.engine.fourier import (
    COS_8,
    HALF_ROOT,
    SIN_8,
    Plan,
    four,
    plan_of,
    put,
    quarter,
    rows_of,
    transform,
    turned,
)
from generation.engine.kernels import aligned, kernel, within
from generation.engine.squares import store_square
from generation.engine.vectors import (
    NEAR_WIDTH,
    WIDTH,
    backward,
    fma,
    load,
    negated,
    splat,
    splat_near,
    store,
)

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

SIZE = 256
TOGETHER = 2 * WIDTH


def band_powers(slow: F32, window: F32, hop: int, shape: F32, bands: F32) -> None:
    """Fills `bands` [b, n] from frames of 256 samples, frame i centred on sample `hop` x i.

    `shape` [bins, b]: how much of the squared magnitude of each bin goes to each band; at most 128
    bins.
    """
    bins = np.arange(len(shape))
    spans = np.asarray([(row.min(), row.max() + 1) for row in map(np.flatnonzero, shape.T)])
    places = np.stack([_place(bins), _place(-bins % SIZE)])
    weights = np.ascontiguousarray(0.25 * shape.T, np.float32)
    sound, windowed = aligned((TOGETHER - 1) * hop + SIZE), aligned(SIZE)
    windowed[:] = window
    parts, powers = aligned(2, WIDTH * SIZE), aligned(2, WIDTH * len(shape))
    _fill(slow, windowed, hop, _turns(), places, spans, weights, sound, parts, powers, bands)


def _place(bins: I64) -> I64:
    """Where a bin lies after two passes in place: its digits to the base of sixteen turned."""
    return WIDTH * (16 * (bins % 16) + bins // 16)


@cache
def _turns() -> F32:
    """[2, 256] cosines and sines of the factors between the passes, row by row of sixteen."""
    angle = -2.0 * np.pi * np.outer(np.arange(16), np.arange(16)).ravel() / SIZE
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


@kernel
def _fill(
    slow: F32,
    window: F32,
    hop: int,
    turns: F32,
    places: I64,
    spans: I64,
    weights: F32,
    sound: F32,
    parts: F32,
    powers: F32,
    bands: F32,
) -> None:
    """Group after group: cut, transform, add up."""
    count, bins = bands.shape[1], places.shape[1]
    real, imag, first, second = parts[0], parts[1], powers[0], powers[1]
    rest = np.empty(TOGETHER, np.float32)
    for start in range(0, count, TOGETHER):
        cut(slow, start * hop - SIZE // 2, sound)
        for at in range(0, SIZE, WIDTH):
            _turn(sound, window, at, hop, 0, real)
            _turn(sound, window, at, hop, WIDTH * hop, imag)
        _transform(real, imag, turns)
        for k in range(bins):
            _squares(real, imag, places[0, k], places[1, k], WIDTH * k, first, second)
        size = min(TOGETHER, count - start)
        for band in range(len(bands)):
            low, high = splat(np.float32(0.0)), splat(np.float32(0.0))
            for k in range(spans[band, 0], spans[band, 1]):
                weight = splat(weights[band, k])
                low = fma(load(first, WIDTH * k), weight, low)
                high = fma(load(second, WIDTH * k), weight, high)
            store(rest, 0, low)
            store(rest, WIDTH, high)
            bands[band, start : start + size] = rest[:size]


@kernel
def cut(slow: F32, start: int, out: F32) -> None:
    """The samples from `start` on, nothing outside `slow`."""
    low = min(out.size, max(0, -start))
    high = max(low, min(out.size, slow.size - start))
    out[:low] = 0.0
    out[high:] = 0.0
    if low < high:
        out[low:high] = slow[start + low : start + high]


@within
def _row(sound: Any, at: int, weight: Any) -> Any:
    return load(sound, at) * weight


@kernel
def _turn(sound: F32, window: F32, at: int, hop: int, first: int, out: F32) -> None:
    """Samples `at` to `at` + 15 of sixteen windowed frames, sample after sample."""
    w, begin = load(window, at), first + at
    store_square(
        out,
        WIDTH * at,
        WIDTH,
        (
            _row(sound, begin, w),
            _row(sound, begin + hop, w),
            _row(sound, begin + 2 * hop, w),
            _row(sound, begin + 3 * hop, w),
            _row(sound, begin + 4 * hop, w),
            _row(sound, begin + 5 * hop, w),
            _row(sound, begin + 6 * hop, w),
            _row(sound, begin + 7 * hop, w),
            _row(sound, begin + 8 * hop, w),
            _row(sound, begin + 9 * hop, w),
            _row(sound, begin + 10 * hop, w),
            _row(sound, begin + 11 * hop, w),
            _row(sound, begin + 12 * hop, w),
            _row(sound, begin + 13 * hop, w),
            _row(sound, begin + 14 * hop, w),
            _row(sound, begin + 15 * hop, w),
        ),
    )


@kernel
def _transform(real: F32, imag: F32, turns: F32) -> None:
    """Two passes of sixteen points each, in place; see `_place` for where the results lie."""
    for p in range(16):
        for at in range(WIDTH * p, WIDTH * (p + 1), NEAR_WIDTH):
            _pass(real, imag, at, WIDTH * 16, turns, 16 * p)
    for q in range(16):
        for lane in range(0, WIDTH, NEAR_WIDTH):
            _pass(real, imag, WIDTH * 16 * q + lane, WIDTH, turns, 0)


@within
def sixteen(xr: Any, xi: Any, at: int, step: int) -> Any:
    """The transform of 16 complex numbers that lie `step` apart: four tuples of four numbers.

    Tuple q holds results q, q + 4, q + 8 and q + 12.
    """
    a = quarter(xr, xi, at, 4 * step)
    b = quarter(xr, xi, at + step, 4 * step)
    c = quarter(xr, xi, at + 2 * step, 4 * step)
    d = quarter(xr, xi, at + 3 * step, 4 * step)
    h, u, v = splat_near(HALF_ROOT), splat_near(COS_8), splat_near(-SIN_8)
    g, w, z = splat_near(-HALF_ROOT), splat_near(SIN_8), splat_near(-COS_8)
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
def _pass(real: F32, imag: F32, at: int, step: int, turns: F32, w: int) -> None:
    """Sixteen points `step` apart, transformed in place, result q times factor `w` + q."""
    a, b, c, d = sixteen(real, imag, at, step)
    put(real, imag, at, a[0], a[1], turns, w)
    put(real, imag, at + step, b[0], b[1], turns, w + 1)
    put(real, imag, at + 2 * step, c[0], c[1], turns, w + 2)
    put(real, imag, at + 3 * step, d[0], d[1], turns, w + 3)
    put(real, imag, at + 4 * step, a[2], a[3], turns, w + 4)
    put(real, imag, at + 5 * step, b[2], b[3], turns, w + 5)
    put(real, imag, at + 6 * step, c[2], c[3], turns, w + 6)
    put(real, imag, at + 7 * step, d[2], d[3], turns, w + 7)
    put(real, imag, at + 8 * step, a[4], a[5], turns, w + 8)
    put(real, imag, at + 9 * step, b[4], b[5], turns, w + 9)
    put(real, imag, at + 10 * step, c[4], c[5], turns, w + 10)
    put(real, imag, at + 11 * step, d[4], d[5], turns, w + 11)
    put(real, imag, at + 12 * step, a[6], a[7], turns, w + 12)
    put(real, imag, at + 13 * step, b[6], b[7], turns, w + 13)
    put(real, imag, at + 14 * step, c[6], c[7], turns, w + 14)
    put(real, imag, at + 15 * step, d[6], d[7], turns, w + 15)


@within
def _squares(
    real: F32, imag: F32, here: int, mirror: int, to: int, first: F32, second: F32
) -> None:
    """Four times the squared magnitudes of both real frames at a bin, from it and its mirror."""
    a, b, c, d = load(real, here), load(imag, here), load(real, mirror), load(imag, mirror)
    p, q, r, s = a + c, b - d, b + d, c - a
    store(first, to, fma(p, p, q * q))
    store(second, to, fma(r, r, s * s))


def long_powers(slow: F32, window: F32, hop: int, out: F32) -> None:
    """Fills `out` [n, bins] with squared magnitudes of windowed frames centred on multiples of
    `hop`, two by two by the engine's transform; `bins`: whole sixteens, at most half a frame.
    """
    _fill_long(slow, window, hop, rows_of(6, window.size), plan_of(window.size), out)


@kernel
def _fill_long(slow: F32, window: F32, hop: int, rows: F32, plan: Plan, out: F32) -> None:
    size, count = window.size, len(out)
    for start in range(0, count, 2):
        for index in range(2):
            row = rows[index, :size]
            cut(slow, (start + index) * hop - size // 2, row)
            for at in range(0, size, WIDTH):
                store(row, at, load(row, at) * load(window, at))
        real, imag = rows[0, :size], rows[1, :size]
        transform(real, imag, rows[2:], plan)
        # The last frame of an odd number is its own neighbor, of which only the first is kept.
        _part(real, imag, out[min(start + 1, count - 1)], out[start])


@kernel
def _part(real: F32, imag: F32, second: F32, first: F32) -> None:
    """Squared magnitudes of two real frames from the transform of both as one."""
    quarter = splat(np.float32(0.25))
    for at in range(0, first.size, WIDTH):
        a, b = load(real, at), load(imag, at)
        if at == 0:
            c, d = _mirrored_start(real), _mirrored_start(imag)
        else:
            mirror = real.size - at - WIDTH + 1
            c, d = backward(load(real, mirror)), backward(load(imag, mirror))
        p, q, r, s = a + c, b - d, b + d, c - a
        store(second, at, quarter * fma(r, r, s * s))
        store(first, at, quarter * fma(p, p, q * q))


@within
def _mirrored_start(part: Any) -> Any:
    """Bins 0, -1, .. -15."""
    lanes = np.empty(WIDTH, np.float32)
    for lane in range(WIDTH):
        lanes[lane] = part[(part.size - lane) % part.size]
    return load(lanes, 0)
