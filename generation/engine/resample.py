"""A stem read faster or slower by an exact ratio, which moves its pitch by whole semitones.

Sample n of what is read lies at n * p / q source samples, so there are q phases and a table row for
each (a windowed sinc, Kaiser; Smith, Digital Audio Resampling Home Page). It knows a stem, not what
is made of it. Invariant: a sample read depends on its number and TAPS source samples, nothing else.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from generation.engine.kernels import Audio, Samples, aligned, kernel, within
from generation.engine.vectors import fma, high_halves, load, low_halves, store, totals

# Source samples per sample read, for each semitone up: within 0.11 cent of 2**(1/12) to its power.
RATIOS = {
    0: (1, 1), 1: (89, 84), 2: (55, 49), 3: (44, 37), 4: (63, 50), 5: (303, 227), 6: (99, 70),
    7: (433, 289), 8: (100, 63), 9: (37, 22), 10: (98, 55), 11: (168, 89), 12: (2, 1),
}  # fmt: skip
TAPS = 32
# Source samples that sixteen read may reach, an octave up.
EDGE = 3 * TAPS
_BETA = 7.0
_EDGE = 0.93


def ratio_of(semitones: int) -> tuple[int, int]:
    """(p, q): p source samples for q samples read."""
    p, q = RATIOS[abs(semitones)]
    return (p, q) if semitones >= 0 else (q, p)


@lru_cache(maxsize=32)
def rows_of(p: int, q: int) -> Audio:
    """The reading weights of every phase, float32 [q * TAPS]; faster reading lowers the cutoff."""
    cutoff = min(1.0, q / p) * _EDGE
    x = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - np.arange(q)[:, None] / q
    inside = np.clip(1.0 - (2.0 * x / TAPS) ** 2, 0.0, None)
    weights = np.sinc(cutoff * x) * np.i0(_BETA * np.sqrt(inside))
    weights /= weights.sum(axis=1, keepdims=True)
    rows = aligned(q * TAPS)
    rows[:] = weights.ravel()
    return rows


@within
def weighed(line: Any, at: int, first: Any, second: Any) -> Any:
    """The products of TAPS samples and weights, folded into 16 lanes."""
    return fma(load(line, at), first, load(line, at + 16) * second)


@within
def eight_read(left: Any, right: Any, places: Any, rows: Any, phases: Any, i: int) -> Any:
    """Eight samples read from both channels: lanes 0 to 7 the left ones, the others the right."""
    a, b, c, d = places[i], places[i + 1], places[i + 2], places[i + 3]
    e, f, g, h = places[i + 4], places[i + 5], places[i + 6], places[i + 7]
    a0, a1 = load(rows, phases[i]), load(rows, phases[i] + 16)
    b0, b1 = load(rows, phases[i + 1]), load(rows, phases[i + 1] + 16)
    c0, c1 = load(rows, phases[i + 2]), load(rows, phases[i + 2] + 16)
    d0, d1 = load(rows, phases[i + 3]), load(rows, phases[i + 3] + 16)
    e0, e1 = load(rows, phases[i + 4]), load(rows, phases[i + 4] + 16)
    f0, f1 = load(rows, phases[i + 5]), load(rows, phases[i + 5] + 16)
    g0, g1 = load(rows, phases[i + 6]), load(rows, phases[i + 6] + 16)
    h0, h1 = load(rows, phases[i + 7]), load(rows, phases[i + 7] + 16)
    return totals(
        (
            weighed(left, a, a0, a1), weighed(left, b, b0, b1), weighed(left, c, c0, c1),
            weighed(left, d, d0, d1), weighed(left, e, e0, e1), weighed(left, f, f0, f1),
            weighed(left, g, g0, g1), weighed(left, h, h0, h1),
            weighed(right, a, a0, a1), weighed(right, b, b0, b1), weighed(right, c, c0, c1),
            weighed(right, d, d0, d1), weighed(right, e, e0, e1), weighed(right, f, f0, f1),
            weighed(right, g, g0, g1), weighed(right, h, h0, h1),
        )
    )  # fmt: skip


@kernel
def patch(stem: Audio, lo: int, out: Audio) -> None:
    """Source samples from `lo` on, zeros outside the stem, as many as `out` [2, n] holds."""
    for channel in range(2):
        for i in range(out.shape[1]):
            inside = 0 <= lo + i < stem.shape[1]
            out[channel, i] = stem[channel, lo + i] if inside else np.float32(0.0)


@kernel
def sixteen_from(
    source: Audio, rows: Audio, p: int, q: int, at: int, phase: int, steps: Samples, out: Audio,
    to: int,
) -> None:  # fmt: skip
    """Sixteen samples read from `at` and `phase` q-ths on, into out[:, to:].

    `steps` [2, 16] is room.
    """
    if p == q:
        store(out[0], to, load(source[0], at))
        store(out[1], to, load(source[1], at))
        return
    places, phases = steps[0], steps[1]
    at -= TAPS // 2 - 1
    whole, part = p // q, p % q
    for j in range(16):
        places[j], phases[j] = at, TAPS * phase
        phase += part
        over = int(phase >= q)  # arithmetic, because nobody can foresee this branch
        phase -= over * q
        at += whole + over
    first = eight_read(source[0], source[1], places, rows, phases, 0)
    second = eight_read(source[0], source[1], places, rows, phases, 8)
    store(out[0], to, low_halves(first, second))
    store(out[1], to, high_halves(first, second))


@kernel
def feed(
    stem: Audio, rows: Audio, p: int, q: int, lo: int, count: int, edge: Audio, out: Audio, to: int
) -> None:
    """Samples [lo, lo + count) read at p / q into out[:, to:]; count is a multiple of 16.

    `edge` [2, EDGE] is room for what lies about the ends of the stem.
    """
    steps = np.empty((2, 16), dtype=np.int64)
    for i in range(0, count, 16):
        at, phase = (lo + i) * p // q, (lo + i) * p % q
        if at >= TAPS and at + EDGE < stem.shape[1]:
            sixteen_from(stem, rows, p, q, at, phase, steps, out, to + i)
        else:
            patch(stem, at - TAPS, edge)
            sixteen_from(edge, rows, p, q, TAPS, phase, steps, out, to + i)
