"""How loud each source is in each 100 ms of the mix, as the ear weighs it.

With K-weighted (ITU-R BS.1770) parts s_i and their sum m, a source's number is the inner product
<s_i, m>: the numbers add up to the window's energy. Knows parts, not parties. Invariant: a window
depends on its own samples and a run-in of fixed length, so windows too can be made piece by piece.
"""

import numpy as np

from generation.engine.doubles import (
    NEAR_DOUBLES_WIDTH,
    every_other,
    load_doubles,
    load_near_doubles,
    load_widened,
    rounded,
    splat_double,
    splat_near_double,
    store_doubles,
    store_near_doubles,
)
from generation.engine.eq import K_WEIGHTING
from generation.engine.kernels import Audio, Reals, kernel
from generation.engine.squares import square_on_side
from generation.engine.vectors import fma, load, splat, store
from generation.recipe import WINDOW_SAMPLES

STRIDE = 4 * WINDOW_SAMPLES
RUN_IN = WINDOW_SAMPLES
# Channels that are weighed at once: both of eight sources.
ABREAST = 16


def windows_of(parts: Audio, curve: Audio) -> Reals:
    """Inner products over the windows of whole strides, float64 [n_windows, n_sources].

    `parts` is float32 [n_sources, 2, RUN_IN + n * STRIDE]: one run-in, then strides on the absolute
    grid; `curve` [the same length] multiplies all of them. Unit: mean square over a window, summed
    over the channels; full-scale power is 1 a channel.
    """
    sources, length = parts.shape[0], parts.shape[2]
    groups = -(-sources // (ABREAST // 2))
    table = np.zeros(((length - RUN_IN) // WINDOW_SAMPLES, groups * ABREAST))
    weigh_windows(parts, curve, K_WEIGHTING, RUN_IN, STRIDE, WINDOW_SAMPLES, table)
    found: Reals = table.reshape(len(table), -1, 2).sum(axis=2)[:, :sources]
    return found


@kernel
def weigh_windows(
    parts: Audio, curve: Audio, sections: Reals, run_in: int, stride: int, size: int, table: Reals
) -> None:
    """table[w, c]: <line c weighed, the sum of its side's lines weighed> over window w, / `size`.

    Lines are the parts' channels, left and right by turns, times the curve. Filters start from
    silence a run-in before each stride.
    """
    groups = table.shape[1] // 16
    state = np.zeros((groups, 4, 16))
    square = np.empty(256, dtype=np.float32)
    held, mixed = np.zeros((groups, 256)), np.empty(256)
    for first in range(0, curve.shape[0] - run_in, stride):
        state[:] = 0.0
        for at in range(first, first + run_in + stride, 16):
            for g in range(groups):
                side_by_side(parts[8 * g :], curve, at, square)
                lines = min(16, 2 * (parts.shape[0] - 8 * g))
                weigh_sixteen(square, sections, lines, state[g], held[g])
            if at >= first + run_in:
                add_products(held, mixed, size, table[(at - run_in) // size])


@kernel
def side_by_side(parts: Audio, curve: Audio, at: int, square: Audio) -> None:
    """Sixteen samples of the first eight parts times the curve, sample by sample."""
    gains, none = load(curve, at), splat(np.float32(0.0))
    for source in range(8):
        if source < parts.shape[0]:
            store(square, 32 * source, load(parts[source, 0], at) * gains)
            store(square, 32 * source + 16, load(parts[source, 1], at) * gains)
        else:
            store(square, 32 * source, none)
            store(square, 32 * source + 16, none)
    square_on_side(square, 0)


@kernel
def weigh_sixteen(square: Audio, sections: Reals, lines: int, state: Reals, held: Reals) -> None:
    """Both filters over sixteen samples of the first `lines` lines, rounded to float32.

    A register of lines at a time: more do not fit beside the filters.
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
    for lane in range(0, lines, NEAR_DOUBLES_WIDTH):
        s, t = load_near_doubles(state[0], lane), load_near_doubles(state[1], lane)
        u, v = load_near_doubles(state[2], lane), load_near_doubles(state[3], lane)
        for i in range(lane, 256, 16):
            x = load_widened(square, i)
            y = fma(b0, x, s)
            s, t = fma(a1, y, fma(b1, x, t)), fma(a2, y, b2 * x)
            z = fma(d0, y, u)
            u, v = fma(c1, z, fma(d1, y, v)), fma(c2, z, d2 * y)
            store_near_doubles(held, i, rounded(z))
        store_near_doubles(state[0], lane, s)
        store_near_doubles(state[1], lane, t)
        store_near_doubles(state[2], lane, u)
        store_near_doubles(state[3], lane, v)


@kernel
def add_products(held: Reals, mixed: Reals, size: int, row: Reals) -> None:
    """Adds sixteen samples' products with the sums of both sides to a window's row.

    `mixed` [256] is room for those sums.
    """
    groups, share = held.shape[0], splat_double(1.0 / size)
    for i in range(0, 256, 16):
        whole = load_doubles(held[0], i)
        for g in range(1, groups):
            whole = whole + load_doubles(held[g], i)
        store_doubles(mixed, i, every_other(whole) * share)
    for g in range(groups):
        now = load_doubles(row, 16 * g)
        for i in range(0, 256, 16):
            now = now + load_doubles(held[g], i) * load_doubles(mixed, i)
        store_doubles(row, 16 * g, now)
