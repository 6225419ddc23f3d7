"""What one pass over a stem's sound leaves behind: small curves that every judgement is made from.

It refuses to judge and to know names. Invariant: equal sound gives equal curves, a hundredth of the
sound's size, so that they can be kept between the measure of a stem and that of its recording.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.analysis import attacks, beats, pitch, spectrum, tempo
from generation.analysis.bands import shapes_of
from generation.analysis.curves import percentile
from generation.engine.kernels import fixed

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

RATE_HZ = spectrum.RATE_HZ
LOW_HZ = 160.0
SURE_TEMPO = 0.3


@dataclass(frozen=True, slots=True)
class Pulse:
    """The tempo that was heard, None without confidence (`sure`, 0 to 1), and its beats `grid` in
    samples."""

    bpm: float | None
    sure: float
    grid: F64


@dataclass(frozen=True, slots=True)
class Listening:
    """`novelty` and `weighted` (K-weighted mean squares of the mid signal) per 512 samples,
    `steady` per 8,192; `clarity` 0 to 1, that of the clearest tempo, and the `pulse` of the tempo
    taken; `onsets` in samples with their `rises` in dB; `centroid_hz` and `low_share`, the part of
    the power below 160 Hz, over the whole stem; `shapes`: see bands.shapes_of.
    """

    length: int
    novelty: tempo.Novelty
    clarity: float
    pulse: Pulse
    weighted: F64
    steady: pitch.Steady
    onsets: I64
    rises: F64
    centroid_hz: float
    low_share: float
    shapes: F64


def listen(audio: F32) -> Listening:
    """The Listening of `audio`, float32 [2, n] at 48 kHz, n >= 1.

    Rises are rounded to a tenth of a dB, as they are kept.
    """
    audio = fixed(audio)
    shape = spectrum.spectrum_of(audio)
    length, novelty = audio.shape[1], tempo.novelty_of(shape)
    onsets, rises = attacks.attacks_of(audio, shape)
    rises = np.round(rises, 1)
    found = tempo.pulses(novelty.total)
    power = shape.bands.sum(axis=1, dtype=np.float64)
    whole = float(power.sum()) + 1e-20
    return Listening(
        length=length,
        novelty=novelty,
        clarity=tempo.clarity_of(found),
        pulse=pulse_of(found, novelty.total, onsets, rises, length),
        weighted=shape.weighted,
        steady=pitch.steady_of(shape),
        onsets=onsets,
        rises=rises,
        centroid_hz=round(float(power @ shape.band_hz) / whole, 1),
        low_share=float(power[shape.band_hz < LOW_HZ].sum()) / whole,
        shapes=shapes_of(shape.bands, shape.band_hz, length),
    )


def pulse_of(
    found: Sequence[tempo.Tempo], curve: F64, onsets: I64, rises: F64, length: int
) -> Pulse:
    """The tempo of `found`, tempo.pulses(curve), and its beats, drawn to the `onsets`."""
    if not found:
        return Pulse(None, 0.0, np.zeros(0))
    clarity = max(found[0].clarity, 0.9 * tempo.clarity_of(found))
    sure = round(min(1.0, max(0.0, (clarity - 0.08) / 0.3)), 3)
    if sure < SURE_TEMPO:
        return Pulse(None, sure, np.zeros(0))
    grid = beats.settle(beats.track(curve, found[0].bpm), onsets, rises, length)
    if grid.size < 4:
        return Pulse(round(found[0].bpm, 2), sure, grid)
    return Pulse(round(60.0 * RATE_HZ / percentile(np.diff(grid), 50), 2), sure, grid)
