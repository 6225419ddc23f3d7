"""What a stretched sound is worth: figures whose oracle is the ideal signal itself.

Ideal sinusoids for chords and pitch, unit clicks for attacks. Knows signals, not who made them.
Invariant: an ideal result reads more than 100 dB, a perfect click reads 1 and 0, a true pitch 0
cents (tests/benchmarks/test_quality.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 48_000
WINDOW = 4_800
CLICK, NEAR, AROUND = 48, 960, 2_880
LATENCY = 9_600

Reals = npt.NDArray[np.float64]
Sound = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Fit:
    """The sinusoids found: signal to remainder in dB, their frequencies and amplitudes."""

    snr_db: float
    hertz: Reals
    amplitudes: Reals


def fitted(signal: Sound, hertz: Sequence[float], rounds: int = 6) -> Fit:
    """The sinusoids near `hertz` that fit `signal` best in the least-squares sense.

    Amplitude, phase and frequency of each are fitted together (the four-parameter fit of IEEE Std
    1057 for several tones: the frequency by Gauss and Newton), so that a pitch a tenth of a cent
    off, which `cents` reports, does not also count as noise. Frequencies begin at the highest bin
    within 30 cents of those expected and move by a bin at most. The remainder is everything else.
    """
    x = np.asarray(signal, np.float64)
    time = (np.arange(len(x)) - (len(x) - 1) / 2) / RATE
    found = np.array([_highest(x, one) for one in hertz])
    step = RATE / len(x)
    for _ in range(rounds):
        cosines, sines = _waves(time, found)
        slopes = [time * wave for wave in (*cosines, *sines)]
        weights = _least_squares(np.stack([*cosines, *sines, *slopes]), x).reshape(4, -1)
        a, b, c, d = weights
        turn = (c * b - d * a) / (a * a + b * b + 1e-300)
        found = found + np.clip(turn / (2 * np.pi), -step, step)
    cosines, sines = _waves(time, found)
    waves = np.stack([*cosines, *sines])
    weights = _least_squares(waves, x)
    ideal = weights @ waves
    rest = float(((x - ideal) ** 2).sum())
    ratio = 10 * np.log10(float((ideal**2).sum()) / max(rest, 1e-300))
    return Fit(float(ratio), found, np.hypot(*weights.reshape(2, -1)))


def _highest(signal: Reals, hertz: float) -> float:
    """The frequency within 30 cents of `hertz` at which the Hann spectrum is highest."""
    size = 4 * len(signal)
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), size))
    bins = np.array([hertz * 2 ** (one / 1200) for one in (-30, 30)]) * size / RATE
    lo, hi = int(np.floor(bins[0])), int(np.ceil(bins[1]))
    return float((lo + int(np.argmax(spectrum[lo : hi + 1]))) * RATE / size)


def _waves(time: Reals, hertz: Reals) -> tuple[list[Reals], list[Reals]]:
    turns = [2 * np.pi * one * time for one in hertz]
    return [np.cos(one) for one in turns], [np.sin(one) for one in turns]


def _least_squares(rows: Reals, signal: Reals) -> Reals:
    """Weights of `rows` [k, n]; rows are brought to unit length, so the normal equations hold."""
    lengths = np.sqrt((rows * rows).sum(axis=1))
    rows = rows / lengths[:, None]
    weights: Reals = np.linalg.solve(rows @ rows.T, rows @ signal) / lengths
    return weights


def swing_db(signal: Sound) -> float:
    """The range of levels over windows of 100 ms, in dB: 0 for a level that stands still."""
    x = np.asarray(signal, np.float64)
    levels = (x[: len(x) // WINDOW * WINDOW].reshape(-1, WINDOW) ** 2).mean(axis=1)
    return float(10 * np.log10(levels.max() / levels.min()))


def cents(found: float, wanted: float) -> float:
    """How far `found` lies above `wanted`, in hundredths of a semitone."""
    return float(1200 * np.log2(found / wanted))


@dataclass(frozen=True, slots=True)
class Clicks:
    """Of every click's energy within 60 ms either side of it: the part within 1 ms of its peak
    (`worst` and `mean` over the clicks), and the largest part before that (`pre_echo`).
    """

    worst: float
    mean: float
    pre_echo: float
    late_ms: float


def clicks(signal: Sound, places: Sequence[int] | npt.NDArray[np.int64]) -> Clicks:
    """The figures of clicks expected at `places`.

    A delay common to all clicks (up to 200 ms) is found first, from the energy around all places
    together, then each click's own peak within 20 ms of its place. `late_ms` is the delay found.
    """
    energy = np.pad(np.asarray(signal, np.float64) ** 2, LATENCY + AROUND)
    at = np.asarray(places) + LATENCY + AROUND
    around = np.array([energy[one - LATENCY : one + LATENCY + 1] for one in at])
    smooth = np.convolve(around.sum(axis=0), np.ones(2 * CLICK + 1), "same")
    delay = int(np.argmax(smooth)) - LATENCY
    near, before = [], []
    for place in at + delay:
        peak = place - NEAR + int(np.argmax(energy[place - NEAR : place + NEAR + 1]))
        whole = max(float(energy[peak - AROUND : peak + AROUND + 1].sum()), 1e-300)
        near.append(float(energy[peak - CLICK : peak + CLICK + 1].sum()) / whole)
        before.append(float(energy[peak - AROUND : peak - CLICK].sum()) / whole)
    return Clicks(min(near), float(np.mean(near)), max(before), delay / RATE * 1e3)
