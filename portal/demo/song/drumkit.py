"""Drums and cymbals out of sines and filtered noise.

It knows touch and seconds. It refuses to know rhythm. Invariant: a hit starts within a millisecond.
"""

from functools import cache

import numpy as np
from scipy.signal import butter, sosfilt

from portal.demo.song.canvas import RATE, Sound


def _time(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def _noise(seconds: float, band: tuple[float, float], seed: int) -> np.ndarray:
    raw = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return np.asarray(sosfilt(butter(2, band, "bandpass", fs=RATE, output="sos"), raw))


def _ended(sound: np.ndarray) -> Sound:
    sound[-240:] *= np.linspace(1, 0, 240)
    return sound.astype(np.float32)


@cache
def kick(touch: float) -> Sound:
    """A falling sine with a knock at its head."""
    time = _time(0.42)
    phase = 2 * np.pi * (47 * time - 0.030 * 130 * (np.exp(-time / 0.030) - 1))
    body = np.sin(phase) * np.exp(-time / 0.13)
    knock = _noise(0.42, (900, 5_000), 1) * np.exp(-time / 0.004) * 0.5 * touch
    return _ended(np.tanh(1.6 * body * touch) + knock)


@cache
def snare(touch: float, seed: int = 2) -> Sound:
    """Two drum modes under a rattle of noise."""
    time = _time(0.34)
    skin = np.sin(2 * np.pi * 186 * time) + 0.6 * np.sin(2 * np.pi * 332 * time)
    rattle = _noise(0.34, (1_400, 9_500), seed) * np.exp(-time / (0.07 + 0.03 * touch))
    return _ended(touch * (0.55 * skin * np.exp(-time / 0.07) + 0.75 * rattle))


@cache
def rim(touch: float) -> Sound:
    """A stick across the rim."""
    time = _time(0.09)
    click = np.sin(2 * np.pi * 1_720 * time) + 0.7 * np.sin(2 * np.pi * 2_680 * time)
    return _ended(
        touch * click * np.exp(-time / 0.012)
        + 0.3 * _noise(0.09, (2e3, 9e3), 3) * np.exp(-time / 0.006)
    )


@cache
def hat(touch: float, seconds: float, seed: int) -> Sound:
    """A hi-hat: closed when `seconds` is short."""
    time = _time(seconds * 5)
    metal = sum(np.sign(np.sin(2 * np.pi * f * time)) for f in (3_170.0, 4_540.0, 5_420.0, 6_210.0))
    mixed = 0.12 * metal + _noise(seconds * 5, (6_500, 16_000), seed)
    edge = butter(2, 6_000, "highpass", fs=RATE, output="sos")
    return _ended(touch * sosfilt(edge, mixed) * np.exp(-time / seconds))


@cache
def clap(touch: float) -> Sound:
    """Several hands, almost together."""
    time = _time(0.3)
    bursts = sum(
        np.where(time >= d, np.exp(-np.maximum(0, time - d) / 0.006), 0) for d in (0, 0.011, 0.021)
    )
    tail = np.where(time >= 0.028, np.exp(-np.maximum(0, time - 0.028) / 0.07), 0)
    return _ended(touch * _noise(0.3, (900, 4_200), 5) * (bursts + 0.8 * tail))


@cache
def shaker(touch: float, seed: int) -> Sound:
    """Grains in a gourd: a soft swell and a stop."""
    time = _time(0.11)
    return _ended(
        touch
        * _noise(0.11, (4_500, 12_000), seed)
        * np.minimum(1, time / 0.02)
        * np.exp(-time / 0.03)
    )


@cache
def tom(touch: float, hz: float) -> Sound:
    """A tuned drum whose pitch falls a little."""
    time = _time(0.5)
    phase = 2 * np.pi * (hz * time - 0.05 * hz * 0.35 * (np.exp(-time / 0.05) - 1))
    stick = _noise(0.5, (1_000, 6_000), 7) * np.exp(-time / 0.008) * 0.3
    return _ended(touch * (np.sin(phase) * np.exp(-time / 0.16) + stick))


@cache
def crash(touch: float, seed: int = 9) -> Sound:
    """A cymbal that rings for two seconds."""
    time = _time(2.4)
    wash = _noise(2.4, (2_600, 15_000), seed) * np.exp(-time / 0.7)
    return _ended(touch * wash * np.minimum(1, time / 0.002 + 0.5))


@cache
def brush(touch: float, seed: int) -> Sound:
    """A brush across the snare."""
    time = _time(0.24)
    sweep = np.minimum(1, time / 0.012) * np.exp(-time / 0.06)
    return _ended(touch * _noise(0.24, (1_200, 7_500), seed) * sweep)
