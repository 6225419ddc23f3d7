"""The loops of the vocoder: one stereo frame after another, each a single complex transform.

Left and right travel as real and imaginary part, because both turn alike. The peaks of a spectrum
carry phase as int32 counts of 2**-32 turns from frame to frame, the bins about them turn with them
(identity locking, Laroche and Dolson 1999). The state of a frame is a list of regions: where each
ends, and its turns. Knows frames and bins, not clips or recipes. Invariant: a frame follows from
its own samples, the spectrum before it and the regions before it.
"""

from typing import Any

import numpy as np

from generation.engine.integers import (
    beside_quarters,
    how_many,
    on_by_quarters,
    store_equal,
    store_places,
)
from generation.engine.kernels import Audio, Turns, inlined, kernel, within, wrapped
from generation.engine.vectors import (
    above,
    at_least,
    backward,
    fma,
    greater,
    highest_lane,
    load,
    magnitude,
    negated,
    splat,
    store,
)

# Bins this far below the loudest, in power, carry no phase of their own.
FAINT = 1e-9
# A frame whose samples all lie below this is silence.
SILENT = 1e-6
LEAD = 16


@inlined
def reach_of(size: int) -> int:
    """How many neighbors a peak stands above on either side: some 23 Hz, at least two."""
    return max(2, min(4, size // 2048))


@kernel
def is_silent(left: Audio, right: Audio, window: Audio) -> bool:
    """Whether all samples of a frame lie below SILENT under `window`.

    Looks from the middle on, where one that does not is soon found.
    """
    size = window.shape[0]
    for i in range(0, size, 16):
        at = (i + size // 2) % size
        w = load(window, at)
        a, b = load(left, at) * w, load(right, at) * w
        if highest_lane(greater(magnitude(a), magnitude(b))) >= SILENT:
            return False
    return True


@kernel
def weigh(real: Audio, imag: Audio, power: Audio) -> float:
    """power[LEAD + k] = power of bin k over both channels, doubled; returns the largest.

    `real` and `imag` [size]; bin k of both channels lies in k and size - k.
    """
    size = real.shape[0]
    half = size // 2
    top = splat(np.float32(0.0))
    for k in range(0, half, 16):
        a, b = load(real, k), load(imag, k)
        p = fma(a, a, b * b)
        if k == 0:
            store(power, LEAD, p)
            for i in range(16):
                m = (size - i) % size
                power[LEAD + i] += real[m] * real[m] + imag[m] * imag[m]
            p = load(power, LEAD)
        else:
            c, d = load(real, size - k - 15), load(imag, size - k - 15)
            p = p + backward(fma(c, c, d * d))
            store(power, LEAD + k, p)
        top = greater(top, p)
    power[LEAD + half] = 2 * (real[half] * real[half] + imag[half] * imag[half])
    return float(max(highest_lane(top), power[LEAD + half]))


@kernel
def crests(power: Audio, half: int, floor: float, reach: int, peaks: Turns) -> int:
    """Bins above `floor` and their `reach` neighbors on either side; returns how many.

    Ties go to the lower bin.
    """
    count, least = 0, splat(np.float32(floor))
    for k in range(2, half - 1, 16):
        at = LEAD + k
        p = load(power, at)
        found = at_least(p, least)
        for away in range(1, reach + 1):
            found &= above(p, load(power, at - away)) & at_least(p, load(power, at + away))
        if k + 16 > half - 1:
            found &= (1 << (half - 1 - k)) - 1
        store_places(peaks, count, k, found)
        count += how_many(found)
    return count


@kernel
def dips(power: Audio, half: int, found: Turns) -> int:
    """Bins that no neighbor lies below; returns how many."""
    count = 0
    for k in range(1, half, 16):
        at = LEAD + k
        p = load(power, at)
        low = at_least(load(power, at - 1), p) & at_least(load(power, at + 1), p)
        if k + 16 > half:
            low &= (1 << (half - k)) - 1
        store_places(found, count, k, low)
        count += how_many(low)
    return count


@kernel
def borders(power: Audio, half: int, peaks: Turns, count: int, spare: Turns, edges: Turns) -> None:
    """edges[j] is the first bin of region j: the weakest bin between peak j - 1 and peak j.

    It is a dip; of equals the lowest. Between two dips lies one peak at most, so one look at each
    dip is enough, without a branch that nobody can foresee. `spare` is room for the dips; count >=
    1; `peaks` and `edges` get one more number than there are peaks: edges[count] is past the end.
    """
    peaks[count] = 2147483647
    gap, low, least = 0, 0, np.float32(np.inf)
    for i in range(dips(power, half, spare)):
        dip = spare[i]
        p = power[LEAD + dip]
        passed = peaks[gap] < dip
        gap += int(passed)
        least = np.float32(np.inf) if passed else least
        is_weaker = p < least
        low = dip if is_weaker else low
        least = p if is_weaker else least
        edges[gap] = low
    edges[0], edges[count] = 0, half + 1


@kernel
def halfway(half: int, peaks: Turns, count: int, edges: Turns) -> None:
    """edges[j] is the first bin of region j: midway from peak j - 1 to peak j, rounded up.

    count >= 1; edges[count] is past the end.
    """
    for j in range(1, count):
        edges[j] = (peaks[j - 1] + peaks[j] + 1) >> 1
    edges[0], edges[count] = 0, half + 1


@kernel
def compare(
    real: Audio, imag: Audio, old_real: Audio, old_imag: Audio, peaks: Turns, count: int,
    each: Audio, steps: Audio,
) -> None:  # fmt: skip
    """steps[0, j] + i steps[1, j]: how peak j has turned since the frame before, both channels.

    Done for all bins (`each` [2, >= bins] is room for them): that takes less time than to go for a
    peak's eight numbers wherever they lie.
    """
    turned_by(real, imag, old_real, old_imag, each[0], each[1])
    for j in range(count):
        steps[0, j], steps[1, j] = each[0, peaks[j]], each[1, peaks[j]]


@kernel
def turned_by(
    real: Audio, imag: Audio, old_real: Audio, old_imag: Audio, even: Audio, odd: Audio
) -> None:
    """even[k] + i odd[k]: how bin k has turned, both channels, for 16 bins or more from 1 on."""
    size = real.shape[0]
    for k in range(1, size // 2, 16):
        m = size - k - 15
        a, b, e, f = load(real, k), load(imag, k), load(old_real, k), load(old_imag, k)
        c, d = backward(load(real, m)), backward(load(imag, m))
        g, h = backward(load(old_real, m)), backward(load(old_imag, m))
        store(even, k, a * e + b * f + c * g + d * h)
        store(odd, k, b * e - a * f + c * h - d * g)


@inlined
def angle_of(y: Any, x: Any) -> Any:
    """The angle of x + iy in turns, from -0.5 to 0.5, within 1e-7; float32 throughout."""
    ax, ay = abs(x), abs(y)
    big, small = max(ax, ay), min(ax, ay)
    t = small / max(big, np.float32(1e-30))
    far = t > np.float32(0.41421356)
    u = (t - np.float32(1.0)) / (t + np.float32(1.0)) if far else t
    s = u * u
    e = np.float32(1 / 9) - s * (np.float32(1 / 11) - s * np.float32(1 / 13))
    e = np.float32(1 / 3) - s * (np.float32(1 / 5) - s * (np.float32(1 / 7) - s * e))
    a = u * (np.float32(1.0) - s * e) * np.float32(0.15915494)
    a = a + np.float32(0.125) if far else a
    a = np.float32(0.25) - a if ay > ax else a
    a = np.float32(0.5) - a if x < np.float32(0.0) else a
    return -a if y < np.float32(0.0) else a


@kernel
def advance(
    steps: Audio, peaks: Turns, count: int, bases: Turns, move: int, hop: int, size: int,
    turns: Turns,
) -> None:  # fmt: skip
    """The turns of each region: how far a peak is to be turned beyond its own phase.

    A peak's step since the frame before, freed of whole turns by the step its bin would make in the
    `move` samples between them, gives the step to make in `hop` samples.
    """
    unit, mask = 4294967296 // size, size - 1
    stretch = float(hop) / float(max(1, move))
    for j in range(count):
        angle = angle_of(steps[1, j], steps[0, j])
        seen = np.int64(np.int32(np.floor(angle * np.float32(16777216.0) + np.float32(0.5)))) * 256
        by = np.int64(bases[j]) - seen
        if move != hop and move > 0:
            k = np.int64(peaks[j])
            beside = wrapped(int(seen - ((k * move) & mask) * unit))
            scaled = np.int64(np.floor(beside * stretch + 0.5))
            by += ((k * hop) & mask) * unit + scaled
        elif move > 0:
            by += seen
        turns[j] = by


@kernel
def inherit(turns: Turns, peaks: Turns, count: int, bases: Turns) -> None:
    """The turns that each peak's bin had in the frame before."""
    for j in range(count):
        bases[j] = turns[peaks[j]]


@kernel
def settle(edges: Turns, each: Turns, count: int, turns: Turns) -> None:
    """turns[k]: those of bin k's region.

    Whole lanes are written, past a region's end too: the next region writes over them.
    """
    for j in range(count):
        for k in range(edges[j], edges[j + 1], 16):
            store_equal(turns, k, each[j])


@within
def rotors(turns: Any, at: int) -> Any:
    """Cosine and sine of sixteen int32 counts of 2**-32 turns from `at` on, within 4e-6."""
    x = beside_quarters(turns, at) * splat(np.float32(1.4629180792671596e-09))
    s, one = x * x, splat(np.float32(1.0))
    sine = splat(np.float32(1 / 120)) - s * splat(np.float32(1 / 5040))
    sine = x * (one - s * (splat(np.float32(1 / 6)) - s * sine))
    cosine = splat(np.float32(1 / 24)) - s * splat(np.float32(1 / 720))
    cosine = one - s * (splat(np.float32(0.5)) - s * cosine)
    return on_by_quarters(turns, at, cosine, sine)


@kernel
def turn(
    real: Audio, imag: Audio, turns: Turns, gains: Audio, out_real: Audio, out_imag: Audio
) -> None:
    """Every bin turned and times its gain, the mirrored half turned back.

    Bin 0 and the one at half the rate keep to the real numbers of each channel.
    """
    size = real.shape[0]
    half = size // 2
    first = np.empty((2, 16), dtype=np.float32)
    for k in (half, 0):
        c, s = rotors(turns, k)
        g = load(gains, k)
        store(first[0], 0, c * g)
        store(first[1], 0, s * g)
        out_real[k], out_imag[k] = real[k] * first[0, 0], imag[k] * first[0, 0]
    for k in range(1, 16):
        m, x, y = size - k, first[0, k], first[1, k]
        a, b, d, e = real[k], imag[k], real[m], imag[m]
        out_real[k], out_imag[k] = a * x - b * y, a * y + b * x
        out_real[m], out_imag[m] = d * x + e * y, e * x - d * y
    for k in range(16, half, 16):
        c, s = rotors(turns, k)
        g = load(gains, k)
        c, s = c * g, s * g
        a, b = load(real, k), load(imag, k)
        store(out_real, k, fma(a, c, negated(b * s)))
        store(out_imag, k, fma(a, s, b * c))
        m = size - k - 15
        c, s = backward(c), backward(s)
        a, b = load(real, m), load(imag, m)
        store(out_real, m, fma(a, c, b * s))
        store(out_imag, m, fma(b, c, negated(a * s)))
