"""A stem read faster or slower by an exact ratio, which moves its pitch by whole semitones.

Sample n of what is read lies at n * p / q source samples, so there are q phases and a table row for
each (a windowed sinc, Kaiser; Smith, Digital Audio Resampling Home Page). Sixteen samples q apart
share a row: they are read at once, from source samples turned on their side, block by block on an
absolute grid. It knows a stem, not what is made of it. Invariant: a sample read depends on its
number and TAPS source samples, nothing else.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from generation.engine.kernels import Audio, Samples, aligned, kernel
from generation.engine.squares import turn_square
from generation.engine.vectors import WIDTH, ask_for, fma, load, splat, splat_at, store

# Source samples per sample read, for each semitone up: within 0.11 cent of 2**(1/12) to its power.
RATIOS = {
    0: (1, 1), 1: (89, 84), 2: (55, 49), 3: (44, 37), 4: (63, 50), 5: (303, 227), 6: (99, 70),
    7: (433, 289), 8: (100, 63), 9: (37, 22), 10: (98, 55), 11: (168, 89), 12: (2, 1),
}  # fmt: skip
TAPS = 32
# Two samples of a row that are read together begin at most two source samples apart.
REACH = TAPS + 2
# The fewest samples of a row of a block.
_FEWEST = 48
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


@dataclass(frozen=True, slots=True)
class Reading:
    """How a stem is read at p / q, in blocks of `block` samples.

    A block is WIDTH rows of `q` samples, from `p` source samples each. `places`: how far into the
    row's source samples each sample begins, filled up to a whole pair. `rows`: the weights of a
    pair's samples by turns, REACH each, from where the first begins.
    """

    p: int
    q: int
    rows: Audio
    places: Samples

    @property
    def block(self) -> int:
        """Samples read at once."""
        return WIDTH * self.q

    def room(self) -> Audio:
        """Working memory, float32 [3, 2, k]: source samples, turned, and what was read of them."""
        columns = WIDTH * self.p + TAPS + 2 * WIDTH
        turned = WIDTH * max(self.p + TAPS + WIDTH, self.q + WIDTH)
        return aligned(3, 2, -(-max(columns, turned) // WIDTH) * WIDTH)


@lru_cache(maxsize=32)
def reading_of(p: int, q: int) -> Reading:
    """How to read at p / q; a short row is taken several times, so that no block is tiny."""
    times = -(-_FEWEST // q)
    numbers = np.arange(times * q)
    filled = np.minimum(np.arange(-(-len(numbers) // 2) * 2), len(numbers) - 1)
    weights = rows_of(p, q).reshape(q, TAPS)[numbers * p % q][filled]
    places = (numbers * p // q)[filled]
    apart = np.zeros((len(filled), REACH), dtype=np.float32)
    columns = np.arange(TAPS) + np.where(filled % 2, places - np.roll(places, 1), 0)[:, None]
    np.put_along_axis(apart, columns, weights, axis=1)
    rows = aligned(apart.size)
    rows[:] = apart.reshape(-1, 2, REACH).transpose(0, 2, 1).ravel()
    return Reading(times * p, times * q, rows, places)


@kernel
def patch(stem: Audio, lo: int, count: int, out: Audio) -> None:
    """Source samples [lo, lo + count), zeros outside the stem."""
    for channel in range(2):
        for i in range(count):
            inside = 0 <= lo + i < stem.shape[1]
            out[channel, i] = stem[channel, lo + i] if inside else np.float32(0.0)


@kernel
def turn_rows(source: Audio, begin: int, p: int, turned: Audio) -> None:
    """turned[:, 16 c + m]: source sample `begin` + p * m + c, for all columns that are read."""
    for channel in range(2):
        for c in range(0, p + TAPS, WIDTH):
            turn_square(source[channel], begin + c, p, turned[channel], WIDTH * c, WIDTH)


@kernel
def weigh_rows(turned: Audio, rows: Audio, places: Samples, read: Audio) -> None:
    """Sample r of all sixteen rows: TAPS columns of `turned` from places[r] on, weighed.

    Two at a time, because they share all columns but one or two.
    """
    none = splat(np.float32(0.0))
    left, right, read_left, read_right = turned[0], turned[1], read[0], read[1]
    for r in range(0, places.shape[0], 2):
        at, w = WIDTH * places[r], REACH * r
        al = bl = ar = br = none
        for t in range(TAPS + places[r + 1] - places[r]):
            x, y = load(left, at + WIDTH * t), load(right, at + WIDTH * t)
            a, b = splat_at(rows, w + 2 * t), splat_at(rows, w + 2 * t + 1)
            al, ar = fma(x, a, al), fma(y, a, ar)
            bl, br = fma(x, b, bl), fma(y, b, br)
        to = WIDTH * r
        store(read_left, to, al)
        store(read_right, to, ar)
        store(read_left, to + WIDTH, bl)
        store(read_right, to + WIDTH, br)


@kernel
def ask_ahead(stem: Audio, begin: int, count: int) -> None:
    """Has source samples [begin, begin + count) brought near, as far as there are any.

    Nobody else asks in time: a page of a stem is read in one go and never again, and the processor
    foresees nothing beyond the end of a page.
    """
    for channel in range(2):
        line = stem[channel]
        for i in range(max(0, begin), min(line.shape[0], begin + count), WIDTH):
            ask_for(line, i)


@kernel
def read_block(
    stem: Audio, rows: Audio, places: Samples, p: int, q: int, number: int, room: Audio,
    out: Audio, to: int,
) -> None:  # fmt: skip
    """Block `number` of what is read at p / q into out[:, to:]; WIDTH more samples are spoilt."""
    source, turned, read = room[0], room[1], room[2]
    begin = number * WIDTH * p - (TAPS // 2 - 1)
    reach = WIDTH * p + TAPS + 2 * WIDTH
    is_inside = begin >= 0 and begin + reach <= stem.shape[1]
    if not is_inside:
        patch(stem, begin, reach, source)
    if is_inside:
        turn_rows(stem, begin, p, turned)
    else:
        turn_rows(source, 0, p, turned)
    ask_ahead(stem, begin + reach, WIDTH * p)
    weigh_rows(turned, rows, places, read)
    # From the last on: what one writes beyond a row's end, the next writes over.
    for r in range((q - 1) // WIDTH * WIDTH, -1, -WIDTH):
        for channel in range(2):
            turn_square(read[channel], WIDTH * r, WIDTH, out[channel], to + r, q)


@kernel
def feed(
    stem: Audio, rows: Audio, places: Samples, p: int, q: int, first: int, count: int, room: Audio,
    out: Audio, to: int,
) -> None:  # fmt: skip
    """Blocks [first, first + count) of what is read at p / q into out[:, to:].

    WIDTH samples after the last are spoilt. `rows`, `places`, p, q: of a Reading; `room`: its room.
    """
    for i in range(count):
        at = to + i * WIDTH * q
        if p != q:
            read_block(stem, rows, places, p, q, first + i, room, out, at)
        else:
            begin = (first + i) * WIDTH * q
            if begin >= 0 and begin + WIDTH * q <= stem.shape[1]:
                for channel in range(2):
                    for k in range(0, WIDTH * q, WIDTH):
                        store(out[channel], at + k, load(stem[channel], begin + k))
            else:
                patch(stem, begin, WIDTH * q, out[:, at:])
