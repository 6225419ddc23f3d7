"""One pass over a stem's sound: what every later measure is made of.

Two short-time spectra: hop 512 with a window of 2,048 at 48 kHz for time, hop 1,024 with a window
of 4,096 at 12 kHz for pitch. It refuses to judge. Invariant: frame i of the first is centred on
sample 512 i, frame i of the second on sample 4,096 i; digital silence gives zeros, never a NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import scipy.fft
import soxr

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

RATE_HZ = 48_000
HOP = 512
WINDOW = 2_048
FRAMES_PER_S = RATE_HZ / HOP
PITCH_RATE_HZ = 12_000
PITCH_HOP = 1_024
PITCH_WINDOW = 4_096
PITCH_STRIDE = PITCH_HOP * RATE_HZ // PITCH_RATE_HZ
BANDS_PER_OCTAVE = 6
LOWEST_BAND_HZ = 40.0
HIGHEST_BAND_HZ = 16_000.0
_BATCH = 2_048


@dataclass(frozen=True, slots=True)
class Spectrum:
    """`bands` [n, b]: power in sixth-octave bands (`band_hz` their centres); `weighted` [n]:
    K-weighted mean square of the mid signal; `centroid_hz` [n]; `flatness` [n] 0 to 1; `pitch` [m,
    k]: magnitudes of the pitch spectrum, bin spacing PITCH_RATE_HZ / PITCH_WINDOW.
    """

    length: int
    bands: F32
    band_hz: F64
    weighted: F64
    centroid_hz: F64
    flatness: F64
    pitch: F32


def mono(audio: F32) -> F32:
    """The middle of `audio` [2, n]; its left side where the two cancel each other."""
    middle = (audio[0] + audio[1]) * np.float32(0.5)
    both = float(np.mean(np.square(audio), dtype=np.float64)) if audio.shape[1] else 0.0
    kept = float(np.mean(np.square(middle), dtype=np.float64)) if audio.shape[1] else 0.0
    return np.ascontiguousarray(middle if kept >= 0.1 * both else audio[0], dtype=np.float32)


def spectrum_of(audio: F32) -> Spectrum:
    """The Spectrum of `audio`, float32 [2, n] at 48 kHz, n >= 1."""
    signal = mono(audio)
    shape, centres = _band_matrix()
    k_weight = k_power(scipy.fft.rfftfreq(WINDOW, 1.0 / RATE_HZ)).astype(np.float32)
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    scale = np.float32(2.0 / (WINDOW * float(np.sum(window.astype(np.float64) ** 2))))
    hertz = scipy.fft.rfftfreq(WINDOW, 1.0 / RATE_HZ).astype(np.float32)
    bands, weighted, centroid, flatness = [], [], [], []
    for frames in _batches(signal, WINDOW, HOP):
        power = np.square(np.abs(scipy.fft.rfft(frames * window, axis=1))) * scale
        total = power.sum(axis=1) + np.float32(1e-20)
        bands.append(power @ shape)
        weighted.append(power @ k_weight)
        centroid.append(power @ hertz / total)
        flatness.append(_flatness(power))
    return Spectrum(
        length=signal.size,
        bands=np.concatenate(bands).astype(np.float32),
        band_hz=centres,
        weighted=np.concatenate(weighted).astype(np.float64),
        centroid_hz=np.concatenate(centroid).astype(np.float64),
        flatness=np.concatenate(flatness).astype(np.float64),
        pitch=_pitch_spectrum(signal),
    )


def _flatness(power: F32) -> F32:
    """Geometric over arithmetic mean between 300 Hz and 10 kHz."""
    part = power[:, 13:427] + np.float32(1e-14)
    return np.asarray(np.exp(np.mean(np.log(part), axis=1)) / np.mean(part, axis=1), np.float32)


def _batches(signal: F32, window: int, hop: int) -> Iterator[F32]:
    """Frames [<= 2048, window] of `signal`, padded by half a window of zeros on both sides."""
    count = 1 + signal.size // hop
    padded = np.zeros(window + count * hop, np.float32)
    padded[window // 2 : window // 2 + signal.size] = signal
    view = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][:count]
    for start in range(0, count, _BATCH):
        yield view[start : start + _BATCH]


def _pitch_spectrum(signal: F32) -> F32:
    slow = np.asarray(soxr.resample(signal, RATE_HZ, PITCH_RATE_HZ, "MQ"), np.float32)
    window = np.blackman(PITCH_WINDOW + 1)[:-1].astype(np.float32)
    window /= np.float32(window.sum() / 2.0)
    out = [
        np.abs(scipy.fft.rfft(frames * window, axis=1))[:, : PITCH_WINDOW * 5 // 12]
        for frames in _batches(slow, PITCH_WINDOW, PITCH_HOP)
    ]
    return np.concatenate(out).astype(np.float32)


@cache
def _band_matrix() -> tuple[F32, F64]:
    """([bins, bands], centres in Hz) of triangular bands; narrow ones hold at least one bin."""
    hertz = scipy.fft.rfftfreq(WINDOW, 1.0 / RATE_HZ)
    octaves = np.log2(HIGHEST_BAND_HZ / LOWEST_BAND_HZ)
    edges = LOWEST_BAND_HZ * 2.0 ** np.linspace(0, octaves, int(octaves * BANDS_PER_OCTAVE) + 1)
    bins = np.unique(np.rint(edges / hertz[1]).astype(int))
    shape = np.zeros((hertz.size, bins.size - 2), np.float32)
    for index, (low, middle, high) in enumerate(zip(bins, bins[1:], bins[2:], strict=False)):
        shape[low : middle + 1, index] = np.linspace(0, 1, middle - low + 2)[1:]
        shape[middle : high + 1, index] = np.linspace(1, 0, high - middle + 2)[:-1]
    return shape, hertz[bins[1:-1]]


def k_power(hertz: F64) -> F64:
    """Power response of the K filter of ITU-R BS.1770-5 at `hertz` (48 kHz coefficients)."""
    z = np.exp(-2j * np.pi * hertz / RATE_HZ)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.square(np.abs(shelf * high)), np.float64)
