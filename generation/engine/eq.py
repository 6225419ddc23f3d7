"""Equalizer bands as second-order filters (RBJ cookbook), and K-weighting by the same means.

A filter rings on for ever; here every stretch of CHUNK samples starts anew from silence RUN_IN
samples earlier, where what is lost lies below -100 dB. Invariant: a chunk's output depends on its
own input and that of its run-in, nothing else.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from generation.engine.doubles import (
    load_doubles,
    narrowed,
    splat_double,
    store_doubles,
    widened,
)
from generation.engine.kernels import Audio, Reals, kernel
from generation.engine.squares import square_on_side
from generation.engine.vectors import load, store
from generation.recipe import SAMPLE_RATE_HZ, Band, OutOfRange

CHUNK = 16_384
RUN_IN = 8_192
LOST = 1e-5

# ITU-R BS.1770-4, tables 1 and 2, at 48 kHz: b0 b1 b2 a1 a2
K_WEIGHTING: Reals = np.array(
    [
        [
            1.53512485958697,
            -2.69169618940638,
            1.19839281085285,
            -1.69065929318241,
            0.73248077421585,
        ],
        [1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)


@lru_cache(maxsize=1_024)
def coefficients(band: Band) -> tuple[float, float, float, float, float]:
    """b0, b1, b2, a1, a2 of a band at 48 kHz, normalized; raises OutOfRange for what cannot be.

    Source: R. Bristow-Johnson, Cookbook formulae for audio EQ biquad filter coefficients.
    """
    if not (0 < band.hz < SAMPLE_RATE_HZ / 2 and band.q > 0 and abs(band.gain_db) <= 24):
        raise OutOfRange("An EQ band needs 0 < hz < 24000, q > 0 and at most 24 dB.")
    a = 10.0 ** (band.gain_db / 40.0)
    w = 2.0 * math.pi * band.hz / SAMPLE_RATE_HZ
    cosine, alpha = math.cos(w), math.sin(w) / (2.0 * band.q)
    if band.kind == "peak":
        b = (1 + alpha * a, -2 * cosine, 1 - alpha * a)
        d = (1 + alpha / a, -2 * cosine, 1 - alpha / a)
    elif band.kind in ("low_shelf", "high_shelf"):
        s = 1.0 if band.kind == "low_shelf" else -1.0
        up, down, root = a + 1, a - 1, 2 * math.sqrt(a) * alpha
        b = (
            a * (up - s * down * cosine + root),
            s * 2 * a * (down - s * up * cosine),
            a * (up - s * down * cosine - root),
        )
        d = (
            up + s * down * cosine + root,
            -s * 2 * (down + s * up * cosine),
            up + s * down * cosine - root,
        )
    else:
        raise OutOfRange(f"The EQ band kind {band.kind!r} is not known.")
    if math.sqrt(abs(d[2] / d[0])) ** RUN_IN > LOST:
        raise OutOfRange(f"An EQ band at {band.hz:g} Hz with q {band.q:g} rings for too long.")
    return b[0] / d[0], b[1] / d[0], b[2] / d[0], d[1] / d[0], d[2] / d[0]


def sections_of(bands: Sequence[Band]) -> Reals:
    """The bands as rows of b0, b1, b2, a1, a2, float64 [n, 5]; bands of 0 dB are left out."""
    rows = [coefficients(band) for band in bands]
    kept = [row for row, band in zip(rows, bands, strict=True) if band.gain_db != 0.0]
    return np.array(kept, dtype=np.float64).reshape(-1, 5)


@kernel
def cascade(sound: Audio, sections: Reals, chunk: int, run_in: int, out: Audio) -> None:
    """Filters whole chunks: `sound` [2, run_in + n * chunk] to `out` [2, n * chunk].

    Both channels of eight chunks go abreast. State is float64, transposed direct form II; rounding
    to float32 happens once, at the end. `chunk` and `run_in` are multiples of 16.
    """
    held, square = np.empty(256), np.empty(256, dtype=np.float32)
    state = np.empty((sections.shape[0], 2, 16))
    count = out.shape[1] // chunk
    left, right, left_out, right_out = sound[0], sound[1], out[0], out[1]
    for first in range(0, count, 8):
        many = min(8, count - first)
        state[:] = 0.0
        square[:] = 0.0
        for at in range(0, run_in + chunk, 16):
            for one in range(many):
                begin = (first + one) * chunk + at
                store(square, 32 * one, load(left, begin))
                store(square, 32 * one + 16, load(right, begin))
            through_all(square, sections, state, held)
            for one in range(many * int(at >= run_in)):
                to = (first + one) * chunk + at - run_in
                store(left_out, to, load(square, 32 * one))
                store(right_out, to, load(square, 32 * one + 16))


@kernel
def through_all(square: Audio, sections: Reals, state: Reals, held: Reals) -> None:
    """In place: sixteen samples of sixteen lines through all filters."""
    square_on_side(square, 0)
    for i in range(0, 256, 16):
        store_doubles(held, i, widened(load(square, i)))
    for section in range(sections.shape[0]):
        filter_through(held, sections[section], state[section])
    for i in range(0, 256, 16):
        store(square, i, narrowed(load_doubles(held, i)))
    square_on_side(square, 0)


@kernel
def filter_through(held: Reals, section: Reals, state: Reals) -> None:
    """In place: sixteen samples of sixteen lines through one filter, whose state goes on."""
    b0, b1, b2 = splat_double(section[0]), splat_double(section[1]), splat_double(section[2])
    a1, a2 = splat_double(section[3]), splat_double(section[4])
    s, t = load_doubles(state[0], 0), load_doubles(state[1], 0)
    for i in range(0, 256, 16):
        x = load_doubles(held, i)
        y = b0 * x + s
        s, t = b1 * x - a1 * y + t, b2 * x - a2 * y
        store_doubles(held, i, y)
    store_doubles(state[0], 0, s)
    store_doubles(state[1], 0, t)
