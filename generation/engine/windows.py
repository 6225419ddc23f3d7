"""How loud each source is in each 100 ms of the mix, as the ear weighs it.

With K-weighted (ITU-R BS.1770) parts s_i and their sum m, a source's number is the inner product
<s_i, m>: the numbers add up to the window's energy. Weighing is linear and so are the gains of the
bus, so <K g p, K g q> over a window is <p, g K* (K g q)>, where p is a part before the bus, q the
mix and K* the filter run backward in time from the window's end: what a window asks of a part is
worked out once, from the mix, and no part is filtered. It knows parts, not parties. Invariant: a
window depends on its own samples and those of one window before it, where what is lost lies below
-180 dB, so windows too can be made piece by piece.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from generation.engine.doubles import (
    NEAR_DOUBLES_WIDTH,
    load_near_doubles,
    load_widened,
    splat_near_double,
    store_narrowed,
    store_near_doubles,
)
from generation.engine.eq import K_WEIGHTING
from generation.engine.kernels import Audio, Reals, Samples, aligned, kernel, within
from generation.engine.returns import lanes_at
from generation.engine.squares import square_on_side
from generation.engine.vectors import fma, load, splat, store, total
from generation.recipe import WINDOW_SAMPLES

RUN_IN = WINDOW_SAMPLES
# Both channels of so many windows are filtered at once.
ABREAST = 8
# Products are added up as float32 numbers over so many samples.
_SHORT = 480


def asked_of(mix: Audio, bus: Audio, limiter: Audio) -> Audio:
    """What n windows ask of left and right of every part, float32 [n, 2, RUN_IN + WINDOW_SAMPLES]:
    over the window before each and over its own.

    `mix` [2, RUN_IN + n * WINDOW_SAMPLES] begins a run-in before the first window; the curves `bus`
    and `limiter` [the same length] multiply it and every part of it afterwards.
    """
    asked = aligned(mix.shape[1] // WINDOW_SAMPLES - 1, 2, 2 * WINDOW_SAMPLES, blank=False)
    carry_back(mix, bus, limiter, K_WEIGHTING, WINDOW_SAMPLES, asked)
    return asked


def weigh(parts: Sequence[Audio], asked: Audio) -> Reals:
    """The number of each part in every window that `asked` is of, float64 [n, n_parts].

    A part is float32 [2, RUN_IN + n * WINDOW_SAMPLES], before the curve. Unit: mean square over a
    window, summed over the channels; full-scale power is 1 a channel.
    """
    rows = [row for part in parts for row in part[:2]]
    places = np.array([row.ctypes.data for row in rows], dtype=np.int64)
    table = np.zeros((len(asked) + 2, len(parts)))
    add_products(places, asked, WINDOW_SAMPLES, _SHORT, table)
    return table[1:-1]


@kernel
def carry_back(
    mix: Audio, bus: Audio, limiter: Audio, sections: Reals, size: int, asked: Audio
) -> None:
    """Windows of `size`, each filtered from silence a run-in of `size` before it, and backward from
    silence at its end, through the same run-in.
    """
    length = mix.shape[1]
    state, square = np.empty(64), np.empty(256, dtype=np.float32)
    none, held = np.zeros(256, dtype=np.float32), np.empty(16 * size, dtype=np.float32)
    for first in range(0, length - size, ABREAST * size):
        state[:] = 0.0
        for at in range(0, 2 * size, 16):
            side_by_side(mix, bus, limiter, first + at, size, square)
            to, begin = (held, 16 * (at - size)) if at >= size else (square, 0)
            filter_sixteen(square, 0, 16, sections, state, to, begin)
        state[:] = 0.0
        for at in range(2 * size - 16, -16, -16):
            since, begin = (held, 16 * (at - size)) if at >= size else (none, 0)
            filter_sixteen(since, begin + 240, -16, sections, state, square, 240)
            square_on_side(square, 0)
            spread_out(square, bus, limiter, first, at, size, asked)


@kernel
def side_by_side(mix: Audio, bus: Audio, limiter: Audio, at: int, size: int, square: Audio) -> None:
    """Sixteen samples of eight windows' both channels, `size` apart, sample by sample."""
    for window in range(ABREAST):
        begin = at + window * size
        if begin < mix.shape[1]:
            gains = load(bus, begin) * load(limiter, begin)
            store(square, 32 * window, load(mix[0], begin) * gains)
            store(square, 32 * window + 16, load(mix[1], begin) * gains)
        else:
            store(square, 32 * window, splat(np.float32(0.0)))
            store(square, 32 * window + 16, splat(np.float32(0.0)))
    square_on_side(square, 0)


@kernel
def filter_sixteen(
    sound: Audio, at: int, step: int, sections: Reals, state: Reals, out: Audio, to: int
) -> None:
    """Both filters over sixteen lanes of sixteen samples, `step` apart from `at` and from `to` on.

    Two registers of lanes go abreast: each alone would wait for itself.
    """
    b0, b1, b2 = (
        splat_near_double(sections[0, 0]), splat_near_double(sections[0, 1]),
        splat_near_double(sections[0, 2]),
    )  # fmt: skip
    a1, a2 = splat_near_double(-sections[0, 3]), splat_near_double(-sections[0, 4])
    d0, d1, d2 = (
        splat_near_double(sections[1, 0]), splat_near_double(sections[1, 1]),
        splat_near_double(sections[1, 2]),
    )  # fmt: skip
    c1, c2 = splat_near_double(-sections[1, 3]), splat_near_double(-sections[1, 4])
    n = NEAR_DOUBLES_WIDTH
    for lane in range(0, 16, 2 * n):
        s, t = load_near_doubles(state, lane), load_near_doubles(state, 16 + lane)
        u, v = load_near_doubles(state, 32 + lane), load_near_doubles(state, 48 + lane)
        e, f = load_near_doubles(state, lane + n), load_near_doubles(state, 16 + lane + n)
        g, h = load_near_doubles(state, 32 + lane + n), load_near_doubles(state, 48 + lane + n)
        for i in range(16):
            here, there = at + step * i + lane, to + step * i + lane
            x, w = load_widened(sound, here), load_widened(sound, here + n)
            y, z = fma(b0, x, s), fma(b0, w, e)
            s, t = fma(a1, y, fma(b1, x, t)), fma(a2, y, b2 * x)
            e, f = fma(a1, z, fma(b1, w, f)), fma(a2, z, b2 * w)
            x, w = fma(d0, y, u), fma(d0, z, g)
            u, v = fma(c1, x, fma(d1, y, v)), fma(c2, x, d2 * y)
            g, h = fma(c1, w, fma(d1, z, h)), fma(c2, w, d2 * z)
            store_narrowed(out, there, x)
            store_narrowed(out, there + n, w)
        store_near_doubles(state, lane, s)
        store_near_doubles(state, 16 + lane, t)
        store_near_doubles(state, 32 + lane, u)
        store_near_doubles(state, 48 + lane, v)
        store_near_doubles(state, lane + n, e)
        store_near_doubles(state, 16 + lane + n, f)
        store_near_doubles(state, 32 + lane + n, g)
        store_near_doubles(state, 48 + lane + n, h)


@kernel
def spread_out(
    square: Audio, bus: Audio, limiter: Audio, first: int, at: int, size: int, asked: Audio
) -> None:
    """Sample `at` and fifteen more of eight windows' both channels to their places, through the
    curves; the first window asks for samples from `first` on.
    """
    share, begin = splat(np.float32(1.0 / size)), first // size
    for window in range(begin, min(begin + ABREAST, asked.shape[0])):
        sample, lane = window * size + at, 32 * (window - begin)
        gains = load(bus, sample) * load(limiter, sample) * share
        store(asked[window, 0], at, load(square, lane) * gains)
        store(asked[window, 1], at, load(square, lane + 16) * gains)


@kernel
def add_products(places: Samples, asked: Audio, size: int, short: int, table: Reals) -> None:
    """Adds to row k + 1 what the samples of window k, and of the one before it, give to it.

    `places`: where left and right of each part begin in memory, with the window before the first.
    """
    none = np.zeros((2, 2 * size), dtype=np.float32)
    for stretch in range(asked.shape[0] + 1):
        own = asked[stretch - 1] if stretch > 0 else none
        following = asked[stretch] if stretch < asked.shape[0] else none
        for part in range(table.shape[1]):
            left, right = places[2 * part], places[2 * part + 1]
            for since in range(0, size, short):
                at, here, there = stretch * size + since, size + since, since
                one, other = products_of(left, right, at, own, here, following, there, short)
                table[stretch, part] += one
                table[stretch + 1, part] += other


@within
def products_of(
    left: int, right: int, at: int, own: Any, here: int, following: Any, there: int, short: int
) -> tuple[float, float]:
    """What `short` samples of a part give to their own window and to the one after it."""
    a = b = c = d = splat(np.float32(0.0))
    for i in range(0, short, 16):
        x, y = lanes_at(left, at + i), lanes_at(right, at + i)
        a, b = fma(x, load(own[0], here + i), a), fma(y, load(own[1], here + i), b)
        c, d = fma(x, load(following[0], there + i), c), fma(y, load(following[1], there + i), d)
    return float(total(a + b)), float(total(c + d))
