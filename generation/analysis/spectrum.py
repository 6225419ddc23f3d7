"""What every later measure is made of: two short-time spectra of one pass over the sound.

Both are taken of the sound at 6 kHz: a window of 43 ms every 512 samples for time, one of 341 ms
every 8,192 samples for pitch; above 3 kHz three octaves stand for themselves. It refuses to judge.
Invariant: frame i of the first is centred on sample 512 i, frame i of the second on sample 8,192 i;
a silent sound gives zeros, never a NaN.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from generation.analysis.frames import SIZE, band_powers, long_powers
from generation.analysis.pyramid import HOP, OCTAVES_HZ, STEP, pyramid_of

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

RATE_HZ = 48_000
FRAMES_PER_S = RATE_HZ / HOP
WINDOW = SIZE
PITCH_RATE_HZ = RATE_HZ // STEP
PITCH_HOP = 1_024
PITCH_WINDOW = 2_048
PITCH_STRIDE = PITCH_HOP * STEP
PITCH_BINS = 768
BANDS_PER_OCTAVE = 6
LOWEST_BAND_HZ = 40.0
_HIGHEST_BIN = 110


@dataclass(frozen=True, slots=True)
class Spectrum:
    """`bands` [b, n]: mean power in sixth-octave bands up to 2.6 kHz and in the octaves from 3 kHz
    on, `band_hz` their centres, `band_width` how many sixths of an octave each stands for;
    `weighted` [n]: K-weighted mean square of the mid signal; `pitch` [m, 768]: magnitudes of the
    pitch spectrum (a sine of amplitude 1 reads 1), bin spacing PITCH_RATE_HZ / PITCH_WINDOW.
    """

    length: int
    bands: F32
    band_hz: F64
    band_width: F64
    weighted: F64
    pitch: F32


def spectrum_of(audio: F32) -> Spectrum:
    """The Spectrum of `audio`, float32 [2, n] at 48 kHz, n >= 1."""
    length = audio.shape[1]
    made = pyramid_of(audio)
    shape, centres, widths = _bands()
    narrow = shape.shape[1]
    bands = np.empty((centres.size, 1 + length // HOP), np.float32)
    band_powers(made.slow, _short_window(), HOP // STEP, shape, bands[:narrow])
    _spread(made.energy, bands[narrow:])
    return Spectrum(
        length=length,
        bands=bands,
        band_hz=centres,
        band_width=widths,
        weighted=(k_power(centres).astype(np.float32) @ bands).astype(np.float64),
        pitch=_pitch_spectrum(made.slow, 1 + length // PITCH_STRIDE),
    )


@cache
def _short_window() -> F32:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


@cache
def _long_window() -> F32:
    """Scaled so that a sine of amplitude 1 reads 1."""
    window = np.blackman(PITCH_WINDOW + 1)[:-1].astype(np.float32)
    return np.asarray(window / np.float32(window.sum() / 2.0), np.float32)


def _pitch_spectrum(slow: F32, frames: int) -> F32:
    out = np.empty((frames, PITCH_BINS), np.float32)
    long_powers(slow, _long_window(), PITCH_HOP, out)
    return np.sqrt(out, out=out)


def _spread(energy: F32, out: F32) -> None:
    """Each frame's octaves: the mean of the two hops that meet at its middle."""
    hops = np.zeros((len(energy), out.shape[1] + 1), np.float32)
    hops[:, 1 : 1 + energy.shape[1]] = energy
    np.multiply(np.float32(0.5), hops[:, :-1] + hops[:, 1:], out=out)


@cache
def _bands() -> tuple[F32, F64, F64]:
    """([bins, narrow bands] parts of the squared magnitude, centres in Hz, widths in sixths of an
    octave): triangular bands, two bins apart or more, and the octaves above them; what lies below
    the first belongs to it."""
    spacing = PITCH_RATE_HZ / WINDOW
    octaves = np.log2(_HIGHEST_BIN * spacing / LOWEST_BAND_HZ)
    edges = LOWEST_BAND_HZ * 2.0 ** (np.arange(int(octaves * BANDS_PER_OCTAVE) + 1) / 6.0)
    bins = np.unique(np.rint(edges / spacing).astype(np.int64))
    # A window's main lobe is four bins wide: narrower bands would beat between two partials.
    bins = np.concatenate([np.arange(bins[0], 16, 2), bins[bins >= 16]])
    number = np.arange(bins[-1], dtype=np.float64)
    number[1 : bins[1]] = bins[1]
    shape = [np.interp(number, bins, row) for row in np.eye(bins.size)[1:-1]]
    centres = np.concatenate([bins[1:-1] * spacing, OCTAVES_HZ])
    # Of the uppermost octave half is air: few sounds reach beyond 17 kHz.
    widths = np.concatenate([np.ones(bins.size - 2), [6.0, 6.0, 3.0]])
    scale = 2.0 / (WINDOW * float(np.sum(_short_window().astype(np.float64) ** 2)))
    return (scale * np.stack(shape, axis=1)).astype(np.float32), centres, widths


def k_power(hertz: F64) -> F64:
    """Power response of the K filter of ITU-R BS.1770-5 at `hertz` (48 kHz coefficients)."""
    z = np.exp(-2j * np.pi * hertz / RATE_HZ)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.square(np.abs(shelf * high)), np.float64)
