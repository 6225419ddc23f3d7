"""The loops of "vocoder/2": one stereo frame after another, each a single complex transform.

Left and right travel as real and imaginary part, because both turn alike. The peaks of a spectrum
carry phase as int32 counts of 2**-32 turns from frame to frame, the bins up to the weakest between
two peaks turn with them (identity locking, Laroche and Dolson 1999). The state of a frame is a list
of regions: where each ends, and its turns. Knows frames and bins, not clips or recipes. Invariant:
a frame follows from its own samples, the spectrum before it and the regions before it.
"""

from typing import Any

import numpy as np

from generation.engine.kernels import Audio, Turns, inlined, kernel, wrapped
from generation.engine.vectors import (
    above,
    at_least,
    backward,
    fma,
    greater,
    highest_lane,
    load,
    lowest_bit,
    magnitude,
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
def cut(sound: Audio, begin: int, window: Audio, real: Audio, imag: Audio) -> float:
    """Windows the frame that begins at `begin`: left to `real`, right to `imag`; its largest."""
    left, right = sound[0], sound[1]
    top = splat(np.float32(0.0))
    for i in range(0, window.shape[0], 16):
        w = load(window, i)
        a, b = load(left, begin + i) * w, load(right, begin + i) * w
        store(real, i, a)
        store(imag, i, b)
        top = greater(top, greater(magnitude(a), magnitude(b)))
    return float(highest_lane(top))


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
        while found != 0:
            peaks[count] = k + lowest_bit(found)
            count += 1
            found &= found - 1
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
        while low != 0:
            found[count] = k + lowest_bit(low)
            count += 1
            low &= low - 1
    return count


@kernel
def borders(power: Audio, half: int, peaks: Turns, count: int, spare: Turns, edges: Turns) -> None:
    """edges[j] is the first bin of region j + 1: the weakest bin between two peaks.

    It is a dip; of equals the lowest. `spare` is room for the dips; count >= 1.
    """
    many, at = dips(power, half, spare), 0
    for j in range(count - 1):
        while spare[at] < peaks[j]:
            at += 1
        low = spare[at]
        least = power[LEAD + low]
        while at < many and spare[at] < peaks[j + 1]:
            p = power[LEAD + spare[at]]
            low = spare[at] if p < least else low
            least = p if p < least else least
            at += 1
        edges[j] = low
    edges[count - 1] = half + 1


@kernel
def compare(
    real: Audio, imag: Audio, old_real: Audio, old_imag: Audio, peaks: Turns, count: int,
    steps: Audio,
) -> None:  # fmt: skip
    """steps[0, j] + i steps[1, j]: how peak j has turned since the frame before, both channels."""
    size = real.shape[0]
    for j in range(count):
        k = peaks[j]
        m = size - k
        a, b, c, d = real[k], imag[k], real[m], imag[m]
        e, f, g, h = old_real[k], old_imag[k], old_real[m], old_imag[m]
        steps[0, j] = a * e + b * f + c * g + d * h
        steps[1, j] = b * e - a * f + c * h - d * g


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
def inherit(edges: Turns, turns: Turns, count: int, peaks: Turns, found: int, bases: Turns) -> None:
    """The turns that each peak's bin had in the regions before, of which there are some."""
    region = 0
    for j in range(found):
        while region < count - 1 and edges[region] <= peaks[j]:
            region += 1
        bases[j] = turns[region]


@kernel
def rotors(turns: Turns, count: int, rotor: Audio) -> None:
    """rotor[0, j] + i rotor[1, j] = e^(2 pi i turns / 2**32), within 4e-6."""
    for j in range(count):
        whole = (np.int64(turns[j]) + 536870912) >> 30
        rest = np.float32(np.int64(turns[j]) - (whole << 30)) * np.float32(1.4629180792671596e-09)
        s = rest * rest
        sine = rest * (
            np.float32(1.0)
            - s * (np.float32(1 / 6) - s * (np.float32(1 / 120) - s * np.float32(1 / 5040)))
        )
        cosine = np.float32(1.0) - s * (
            np.float32(0.5) - s * (np.float32(1 / 24) - s * np.float32(1 / 720))
        )
        side = whole & 3
        a = cosine if side == 0 else (-sine if side == 1 else (-cosine if side == 2 else sine))
        b = sine if side == 0 else (cosine if side == 1 else (-sine if side == 2 else -cosine))
        rotor[0, j], rotor[1, j] = a, b


@kernel
def unfold(
    edges: Turns, count: int, half: int, rotor: Audio, gains: Audio, shaped: bool, bins: Audio
) -> None:
    """bins[:, k]: the rotor of bin k's region, times gains[k] when `shaped`.

    Whole lanes are written, past a region's end too: the next region writes over them.
    """
    low = 0
    for j in range(count):
        high = min(edges[j], half + 1)
        c, s = splat(rotor[0, j]), splat(rotor[1, j])
        for k in range(low, high, 16):
            store(bins[0], k, c)
            store(bins[1], k, s)
        low = high
    if shaped:
        for k in range(0, half + 1, 16):
            g = load(gains, k)
            store(bins[0], k, load(bins[0], k) * g)
            store(bins[1], k, load(bins[1], k) * g)


@kernel
def turn(real: Audio, imag: Audio, bins: Audio, out_real: Audio, out_imag: Audio) -> None:
    """Every bin times its rotor, the mirrored half times the conjugate.

    Bin 0 and the one at half the rate keep to the real numbers of each channel.
    """
    size = real.shape[0]
    half = size // 2
    for k in range(1, 16):
        m, c, s = size - k, bins[0, k], bins[1, k]
        a, b, d, e = real[k], imag[k], real[m], imag[m]
        out_real[k], out_imag[k] = a * c - b * s, a * s + b * c
        out_real[m], out_imag[m] = d * c + e * s, e * c - d * s
    none = splat(np.float32(0.0))
    for k in range(16, half, 16):
        c, s = load(bins[0], k), load(bins[1], k)
        a, b = load(real, k), load(imag, k)
        store(out_real, k, fma(a, c, none - b * s))
        store(out_imag, k, fma(a, s, b * c))
        m = size - k - 15
        c, s = backward(c), backward(s)
        a, b = load(real, m), load(imag, m)
        store(out_real, m, fma(a, c, b * s))
        store(out_imag, m, fma(b, c, none - a * s))
    for k in (0, half):
        out_real[k], out_imag[k] = real[k] * bins[0, k], imag[k] * bins[0, k]
