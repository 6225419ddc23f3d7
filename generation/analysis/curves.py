"""What lies around each place of a curve: means, maxima, logarithms; and values by rank.

Short loops instead of general filters, whose calls would cost more than their work here. It refuses
to know what a curve stands for. Invariant: beyond both ends a curve goes on as it ends.
"""

import numpy as np
import numpy.typing as npt

from generation.engine.kernels import kernel

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


def percentile(values: npt.NDArray[np.floating], percent: float) -> float:
    """The value below which `percent` of all lie, between the two nearest in rank by parts."""
    place = (values.size - 1) * percent / 100.0
    low = int(place)
    high = min(low + 1, values.size - 1)
    ranked = np.partition(values, (low, high))
    below, above = float(ranked[low]), float(ranked[high])
    return below + (above - below) * (place - low)


def mean_near(curve: F64, size: int) -> F64:
    """The mean of the `size` values around each; of an even number one more lies before."""
    out = np.empty_like(curve)
    _means(curve, size, out)
    return out


@kernel
def _means(curve: F64, size: int, out: F64) -> None:
    count, before = curve.size, size // 2
    after = size - before - 1
    first, last = curve[0], curve[count - 1]
    heap = first * before
    for at in range(after + 1):
        heap += curve[at] if at < count else last
    part = 1.0 / size
    for at in range(count):
        out[at] = heap * part
        coming, going = at + after + 1, at - before
        heap += (curve[coming] if coming < count else last) - (curve[going] if going > 0 else first)


def is_highest(curve: F64, reach: int) -> npt.NDArray[np.bool_]:
    """Where no value within `reach` places is larger."""
    out = np.empty(curve.size, np.bool_)
    _highest(curve, reach, out)
    return out


@kernel
def _highest(curve: F64, reach: int, out: npt.NDArray[np.bool_]) -> None:
    for at in range(curve.size):
        found = True
        for other in range(max(0, at - reach), min(curve.size, at + reach + 1)):
            if curve[other] > curve[at]:
                found = False
                break
        out[at] = found


@kernel
def log_of_sums(rows: F32, scales: F32, out: F32) -> None:
    """out = log10(1 + scale x row), row by row, for what is not below zero, to single precision."""
    size = rows.shape[1]
    powers = np.empty(size, np.float32)
    one, third = np.float32(1.0), np.float32(1 / 3)
    fifth, seventh = np.float32(1 / 5), np.float32(1 / 7)
    octave = np.float32(0.30102999566398120)
    slope = np.float32(2.0 * 0.43429448190325182)
    for index in range(len(rows)):
        row, goal, scale = rows[index], out[index], scales[index]
        bits = goal.view(np.int32)
        for at in range(size):
            goal[at] = one + scale * row[at]
        for at in range(size):
            # The exponent of what lies between the roots of a half and of two.
            whole = (bits[at] - np.int32(0x3F3504F3)) >> np.int32(23)
            powers[at] = np.float32(whole)
            bits[at] = bits[at] - (whole << np.int32(23))
        for at in range(size):
            t = (goal[at] - one) / (goal[at] + one)
            s = t * t
            series = one + s * (third + s * (fifth + s * seventh))
            goal[at] = powers[at] * octave + slope * t * series
