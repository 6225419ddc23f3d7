"""The way of a frame through the vocoder: cut, look, carry the phase on, turn, shape, lay down.

Knows sound on an absolute grid of output hops and, per frame, where it is cut and whether its phase
starts afresh. Invariant: frames are laid down in the order of their numbers, each from its own
samples and the state of the one before, so a run begun at any known state gives the same bits.
"""

import numpy as np

from generation.engine.fourier import Plan, transform, transform_cut, transform_laid
from generation.engine.kernels import Audio, Flags, Samples, Turns, exp2_of, kernel, log2_of
from generation.engine.phases import (
    FAINT,
    LEAD,
    advance,
    borders,
    compare,
    crests,
    halfway,
    inherit,
    is_silent,
    reach_of,
    settle,
    turn,
    weigh,
)
from generation.engine.resample import feed
from generation.engine.vectors import fma, load, splat, store

# Rows of a desk of frames, two to a frame: the spectrum and the one before it by turns, the one
# being turned, and room for the transform.
TURNED, SPARE, ROWS = 4, 6, 10
# What `held` says: the row of the last frame's spectrum, and whether it has any.
ROW, KNOWN = 0, 1
# And of the samples read: the first and the one after the last that are at hand.
FROM, UNTIL = 2, 3
HELD = 4


@kernel
def blended(rows: Audio, first: int, second: int, mix: float, gains: Audio) -> None:
    """Gains between two rows: the first, and `mix` of the way to the second."""
    m = splat(np.float32(mix))
    for k in range(0, gains.shape[0], 16):
        a, b = load(rows[first], k), load(rows[second], k)
        store(gains, k, fma(b - a, m, a))


@kernel
def tops(power: Audio, bins: int, width: int, rising: Audio, falling: Audio, found: Audio) -> None:
    """found[k]: the greatest power within `width` bins (van Herk 1992), from power[LEAD + k]."""
    span = 2 * width + 1
    for k in range(bins):
        p = power[LEAD + k]
        rising[k] = p if k % span == 0 else max(rising[k - 1], p)
    for k in range(bins - 1, -1, -1):
        p = power[LEAD + k]
        falling[k] = p if (k + 1) % span == 0 or k == bins - 1 else max(falling[k + 1], p)
    for k in range(bins):
        low, high = max(0, k - width), min(bins - 1, k + width)
        if low // span != high // span:
            found[k] = max(falling[low], rising[high])
        else:  # one block: a maximum from its beginning, or one to the end
            found[k] = rising[high] if low % span == 0 else falling[low]


@kernel
def envelope(power: Audio, bins: int, width: int, ratio: float, spare: Audio, gains: Audio) -> None:
    """Multiplies `gains` so that the spectral envelope is as before a shift by `ratio`.

    The envelope joins the tops of partials: the greatest power within `width` bins, then the mean
    of its logarithm over as many. At most 24 dB are given or taken.
    """
    found = spare[2]
    tops(power, bins, width, spare[0], spare[1], found)
    sums = np.zeros(bins + 1)
    for k in range(bins):
        sums[k + 1] = sums[k] + log2_of(max(1e-12, float(found[k])))
    smooth = np.empty(bins)
    for k in range(bins):
        lo, hi = max(0, k - width), min(bins, k + width + 1)
        smooth[k] = (sums[hi] - sums[lo]) / (hi - lo)
    for k in range(bins):
        wanted = smooth[min(bins - 1, int(k * ratio + 0.5))]
        change = min(max(wanted - smooth[k], -8.0), 8.0)
        gains[k] *= exp2_of(0.5 * change)


@kernel
def lay(real: Audio, imag: Audio, window: Audio, begin: int, laid: int, out: Audio) -> None:
    """Lays a windowed frame into `out` [2, n] from `begin` on, as far as it lies inside.

    Up to `laid`, which is whole lanes from `begin`, it is added; from there on it is written over
    whatever is there.
    """
    size, length = window.shape[0], out.shape[1]
    left, right, none = out[0], out[1], splat(np.float32(0.0))
    inside = max(0, min(size, (length - begin) // 16 * 16)) if begin >= 0 else 0
    both = max(0, min(inside, laid - begin))
    for i in range(0, both, 16):
        w, at = load(window, i), begin + i
        store(left, at, fma(load(real, i), w, load(left, at)))
        store(right, at, fma(load(imag, i), w, load(right, at)))
    for i in range(both, inside, 16):
        w, at = load(window, i), begin + i
        store(left, at, fma(load(real, i), w, none))
        store(right, at, fma(load(imag, i), w, none))
    for i in range(inside, size, 16):
        at = begin + i
        if at <= -16 or at >= length:
            continue
        w = load(window, i)
        if at >= 0 and at + 16 <= length:
            a, b = none, none
            if at < laid:
                a, b = load(left, at), load(right, at)
            store(left, at, fma(load(real, i), w, a))
            store(right, at, fma(load(imag, i), w, b))
            continue
        c, d = np.zeros(16, dtype=np.float32), np.zeros(16, dtype=np.float32)
        lo, hi = max(0, -at), min(16, length - at)
        over = max(lo, min(hi, laid - at))
        c[lo:over], d[lo:over] = left[at + lo : at + over], right[at + lo : at + over]
        store(c, 0, fma(load(real, i), w, load(c, 0)))
        store(d, 0, fma(load(imag, i), w, load(d, 0)))
        left[at + lo : at + hi], right[at + lo : at + hi] = c[lo:hi], d[lo:hi]


@kernel
def go_on(rest: Audio, out: Audio, tail: Audio) -> int:
    """Begins `out` [2, n] with the `rest` [2, size] of the frames before, `tail` with what is left.

    Returns up to where `out` is laid.
    """
    size = rest.shape[1]
    laid: int = min(size, out.shape[1])
    for channel in range(2):
        for i in range(laid):
            out[channel, i] = rest[channel, i]
        for i in range(size - laid):
            tail[channel, i] = rest[channel, laid + i]
        for i in range(size - laid, size):
            tail[channel, i] = np.float32(0.0)
    return laid


@kernel
def cleared(out: Audio, laid: int, begin: int, size: int) -> int:
    """Up to where `out` is laid once a frame from `begin` on may be added: blank where it was not.

    Of a frame that does not lie inside, only what is before it, or all where the two do not lie
    whole lanes apart.
    """
    length: int = out.shape[1]
    is_inside = begin >= 0 and begin + size <= length
    until = min(length, begin if (laid - begin) % 16 == 0 and not is_inside else begin + size)
    for i in range(laid, until):
        out[0, i] = out[1, i] = np.float32(0.0)
    return max(laid, until)


@kernel
def carry(
    desk: Audio, row: int, size: int, hop: int, midway: bool, move: int, afresh: bool,
    held: Samples, turns: Turns, power: Audio, lists: Turns, steps: Audio,
) -> None:  # fmt: skip
    """In place: the turns of the frame whose spectrum lies in `row`, from those of the one before.

    Afresh, or with nothing before it, nothing is turned.
    """
    half = size // 2
    real, imag = desk[row, :size], desk[row + 1, :size]
    loudest = weigh(real, imag, power)
    peaks, bases, edges, spare = lists[0], lists[1], lists[2], lists[3]
    found = crests(power, half, loudest * FAINT, reach_of(size), peaks)
    if afresh or found == 0 or held[KNOWN] == 0:
        turns[:] = 0
        return
    if midway:
        halfway(half, peaks, found, edges)
    else:
        borders(power, half, peaks, found, spare, edges)
    inherit(turns, peaks, found, bases)
    old = held[ROW]
    compare(real, imag, desk[old, :size], desk[old + 1, :size], peaks, found, desk[SPARE:], steps)
    advance(steps, peaks, found, bases, move, hop, size, spare)
    settle(edges, spare, found, turns)


@kernel
def count_runs(turns: Turns, found: Turns) -> int:
    """Runs of equal numbers: their lengths and values into `found` [2, n]; how many there are."""
    count, begin = 0, 0
    for k in range(1, turns.shape[0] + 1):
        if k == turns.shape[0] or turns[k] != turns[begin]:
            found[0, count], found[1, count] = k - begin, turns[begin]
            count, begin = count + 1, k
    return count


@kernel
def shaped(
    desk: Audio, at: int, size: int, turns: Turns, power: Audio, width: int, ratio: float,
    spare: Audio, rows: Audio, first: int, second: int, mix: float, gains: Audio,
) -> None:  # fmt: skip
    """The spectrum in row `at`, turned and shaped: imaginary in TURNED, real after it."""
    real, imag = desk[at, :size], desk[at + 1, :size]
    if rows.shape[0] > 0 and mix == 0.0 and width == 0:
        gains = rows[first]
    elif rows.shape[0] > 0:
        blended(rows, first, second, mix, gains)
    elif width > 0:
        gains[:] = np.float32(1.0)
    if width > 0:
        weigh(real, imag, power)
        envelope(power, size // 2 + 1, width, ratio, spare, gains)
    turn(real, imag, turns, gains, desk[TURNED + 1, :size], desk[TURNED, :size])


@kernel
def sound(
    desk: Audio, size: int, plan: Plan, window: Audio, begin: int, laid: int, out: Audio,
    tail: Audio,
) -> int:  # fmt: skip
    """Lays the frame whose shaped spectrum lies in TURNED; returns up to where `out` is laid.

    A transform of swapped parts is the inverse: right in TURNED, left after it.
    """
    right, left = desk[TURNED, :size], desk[TURNED + 1, :size]
    length: int = out.shape[1]
    laid = cleared(out, laid, begin, size)
    if begin >= 0 and begin + size <= length:
        a, b = out[0, begin : begin + size], out[1, begin : begin + size]
        transform_laid(right, left, desk[SPARE:], plan, window, b, a)
        return laid
    transform(right, left, desk[SPARE:], plan)
    lay(left, right, window, begin, laid, out)
    if begin + size > length:
        lay(left, right, window, begin - length, tail.shape[1], tail)
    return max(laid, min(begin + size, length))


@kernel
def reach_for(
    stem: Audio, rows: Audio, steps: Samples, p: int, q: int, begin: int, size: int,
    held: Samples, room: Audio, ring: Audio,
) -> int:  # fmt: skip
    """Where in `ring` the samples read from `begin` on lie, `size` of them; reads what is missing.

    Frames that follow each other share most of what they look at. Whole blocks are read.
    """
    block = 16 * q
    if not held[FROM] <= begin <= held[UNTIL]:
        held[FROM] = held[UNTIL] = begin // block * block
    missing = begin + size - held[UNTIL]
    if missing > 0:
        blocks = (missing + block - 1) // block
        if held[UNTIL] + blocks * block + 16 - held[FROM] > ring.shape[1]:
            gone, kept = begin - held[FROM], held[UNTIL] - begin
            for channel in range(2):
                for i in range(kept):
                    ring[channel, i] = ring[channel, gone + i]
            held[FROM] = begin
        at = held[UNTIL] - held[FROM]
        feed(stem, rows, steps, p, q, held[UNTIL] // block, blocks, room, ring, at)
        held[UNTIL] += blocks * block
    return int(begin - held[FROM])


@kernel
def run(
    stem: Audio, weights: Audio, columns: Samples, p: int, q: int, room: Audio, ring: Audio,
    begins: Samples, moves: Samples, resets: Flags, given: bool, silent: int, hop: int,
    midway: bool, analysis: Audio, synthesis: Audio, plan: Plan, desk: Audio, held: Samples,
    turns: Turns, power: Audio, lists: Turns, steps: Audio, width: int, spare: Audio, rows: Audio,
    places: Samples, mixes: Audio, gains: Audio, offset: int, at: int, until: int, laid: int,
    out: Audio, tail: Audio,
) -> int:  # fmt: skip
    """Carries the phase through frames [at, until) and lays down those from `silent` on.

    Returns up to where `out` is laid, `laid` before it began.

    The stem is read at p / q as a Reading has it. `begins`: where each frame begins, in samples
    read; `moves`: how many since the one before. `given`: the first frame's turns are already in
    `turns`. `midway`: as a Manner has it. `rows`, `places` [2, n], `mixes`: gains per bin, two rows
    a frame; without rows `gains` are ones. `offset`: where the first frame lies in `out`; what goes
    beyond it is added to `tail`.
    """
    size = analysis.shape[0]
    for j in range(at, until):
        row = 2 - held[ROW]
        begin = reach_for(stem, weights, columns, p, q, begins[j], size, held, room, ring)
        left, right = ring[0, begin : begin + size], ring[1, begin : begin + size]
        if is_silent(left, right, analysis):
            held[KNOWN] = 0
            continue
        real, imag = desk[row, :size], desk[row + 1, :size]
        transform_cut(left, right, analysis, real, imag, desk[SPARE:], plan)
        if not (given and j == at):
            carry(
                desk, row, size, hop, midway, moves[j], resets[j], held, turns, power, lists, steps
            )
        held[ROW], held[KNOWN] = row, 1
        if j < silent:
            continue
        is_shaped = rows.shape[0] > 0
        first, second = (places[0, j], places[1, j]) if is_shaped else (0, 0)
        mix = float(mixes[j]) if is_shaped else 0.0
        shaped(desk, row, size, turns, power, width, p / q, spare, rows, first, second, mix, gains)
        laid = sound(desk, size, plan, synthesis, offset + j * hop, laid, out, tail)
    return laid
