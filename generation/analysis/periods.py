"""The pitch of a single tone, to about a cent, and whether there is one at all.

The normalized square difference of a frame with itself says how well it repeats (McLeod and Wyvill,
"A smarter way to find pitch", ICMC 2005); its peak is followed to the longest lag at which it still
holds, which divides the error of its place. It refuses to know stems and notes. Invariant: what has
several pitches at once, or none, repeats badly or lacks its own fundamental, and is not sure.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

RATE_HZ = 48_000
FRAME = 8_192
SHORTEST, LONGEST = 22, 1_600  # lags in samples: 2.2 kHz and 30 Hz
_NEARLY = 0.93
_HOLDS = 0.85
_PARTIALS = 8
_FUNDAMENTAL = 0.01
_LOBES = 6_144


def periods_of(frames: F32) -> tuple[F64, F64]:
    """(hertz, clarity 0 to 1) of each row of `frames`, float32 [m, n] at 48 kHz; 0, 0 for none.

    A pitch whose first partial has less than a hundredth of the power of the first eight is none:
    chords repeat at a root that nobody plays.
    """
    count, size = frames.shape
    spectra = fft.rfft(frames, 2 * size, axis=1)
    power = spectra.real**2 + spectra.imag**2
    likeness = _likeness(frames, fft.irfft(power, axis=1)[:, : size // 2])
    lobes = _windowed(spectra)
    hertz, clarity = np.zeros(count), np.zeros(count)
    for row in range(count):
        lag, held = _lag_of(likeness[row])
        if lag > 0.0 and _has_fundamental(lobes[row], RATE_HZ / lag, 2 * size):
            hertz[row], clarity[row] = RATE_HZ / lag, held
    return hertz, clarity


def _windowed(spectra: npt.NDArray[np.complexfloating[Any, Any]]) -> F32:
    """Powers of the first bins as a Hann window has them: it is three terms among the bins, which
    stand two apart where a frame was padded to twice its size."""
    low = spectra[:, :_LOBES]
    made = 0.5 * low
    made[:, 2:] -= 0.25 * low[:, :-2]
    made[:, :-2] -= 0.25 * low[:, 2:]
    return np.asarray(made.real**2 + made.imag**2, np.float32)


def _likeness(frames: F32, products: F32) -> F64:
    """[m, lags] how like a frame is to itself `lag` samples on: 1 is the same, 0 unlike."""
    squares = np.cumsum(frames.astype(np.float64) ** 2, axis=1)
    size, lags = frames.shape[1], np.arange(products.shape[1])
    heads = squares[:, size - 1 - lags]
    tails = squares[:, -1:] - np.concatenate((np.zeros((len(frames), 1)), squares), axis=1)[:, lags]
    return np.asarray(2.0 * products / np.maximum(heads + tails, 1e-12))


def _lag_of(likeness: F64) -> tuple[float, float]:
    """(the period in samples, how well the sound repeats after it); 0, 0 where it does not."""
    reach = min(LONGEST, len(likeness) - 2)
    if reach <= SHORTEST:
        return 0.0, 0.0
    inner = likeness[1 : reach + 1]
    peaks = 1 + np.flatnonzero((inner >= likeness[:reach]) & (inner > likeness[2 : reach + 2]))
    # The lobe around no lag at all is no period.
    below = np.flatnonzero(likeness[: reach + 1] < 0.5)
    first = max(SHORTEST, int(below[0])) if below.size else reach
    # At a peak below zero a sound is more its opposite than itself: it does not repeat.
    peaks = peaks[(peaks >= first) & (likeness[peaks] > 0.0)]
    if not peaks.size:
        return 0.0, 0.0
    heights = likeness[peaks]
    lag = int(peaks[heights >= _NEARLY * heights.max()][0])
    place, held = _top(likeness, lag)
    return _followed(likeness, place, held), float(min(1.0, max(0.0, held)))


def _top(likeness: F64, at: int) -> tuple[float, float]:
    """(place, height) of the parabola through a peak and its neighbors."""
    a, b, c = (float(value) for value in likeness[at - 1 : at + 2])
    bend = a - 2.0 * b + c
    if bend >= -1e-12:
        return float(at), b
    off = 0.5 * (a - c) / bend
    return at + off, b - 0.25 * (a - c) * off


def _followed(likeness: F64, place: float, held: float) -> float:
    """The period from the farthest of its doublings at which the sound still repeats."""
    period, times = place, 1
    while 2 * times * period < len(likeness) - 2:
        times *= 2
        middle, reach = round(times * period), max(1, int(0.1 * period))
        low, high = max(1, middle - reach), min(len(likeness) - 1, middle + reach + 1)
        at = low + int(likeness[low:high].argmax())
        # What rises to the edge of the stretch belongs to another peak, which says nothing of this.
        is_peak = likeness[at - 1] <= likeness[at] >= likeness[at + 1]
        if likeness[at] < _HOLDS * held or not is_peak:
            break
        period = _top(likeness, at)[0] / times
    return period


def _has_fundamental(power: F32, hertz: float, size: int) -> bool:
    """Whether the first partial is there among the first eight."""
    found = []
    for partial in range(1, _PARTIALS + 1):
        middle = partial * hertz * size / RATE_HZ
        reach = max(2.0, 0.03 * middle)
        low, high = int(middle - reach), int(middle + reach) + 1
        found.append(float(power[max(0, low) : min(high, len(power))].sum()))
    return found[0] >= _FUNDAMENTAL * sum(found) > 0.0
