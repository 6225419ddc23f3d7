"""Instruments of our own, from numpy alone: what test pieces are played on.

Every function returns float32 mono at 48 kHz. It refuses to know music: a note is a pitch, a length
and a strength. Invariant: the same seed gives the same samples, and the attack lies on the first
sample.
"""

import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000
F32 = npt.NDArray[np.float32]


def hertz(midi: float) -> float:
    """Equal temperament, A4 (69) = 440 Hz."""
    return 440.0 * 2.0 ** ((midi - 69.0) / 12.0)


def _time(seconds: float) -> npt.NDArray[np.float64]:
    return np.arange(max(1, round(seconds * RATE_HZ))) / RATE_HZ


def _ends(sound: npt.NDArray[np.float64], attack_s: float, release_s: float) -> F32:
    """`sound` with linear ramps at both ends."""
    size = sound.size
    rise = min(size, max(1, round(attack_s * RATE_HZ)))
    fall = min(size, max(1, round(release_s * RATE_HZ)))
    sound[:rise] *= np.linspace(0.0, 1.0, rise)
    sound[size - fall :] *= np.linspace(1.0, 0.0, fall)
    return sound.astype(np.float32)


def kick(strength: float = 1.0) -> F32:
    """A falling sine with a click."""
    t = _time(0.28)
    phase = 2 * np.pi * (48.0 * t + 90.0 / 28.0 * (1.0 - np.exp(-28.0 * t)))
    return _ends(strength * np.cos(phase) * np.exp(-13.0 * t), 0.0003, 0.01)


def snare(rng: np.random.Generator, strength: float = 1.0) -> F32:
    """Noise over a short tone."""
    t = _time(0.22)
    noise = rng.standard_normal(t.size) * np.exp(-19.0 * t)
    tone = np.sin(2 * np.pi * 190.0 * t) * np.exp(-26.0 * t)
    return _ends(strength * (0.35 * noise + 0.4 * tone), 0.0003, 0.01)


def hat(rng: np.random.Generator, strength: float = 1.0, open_s: float = 0.05) -> F32:
    """Noise without its lows."""
    t = _time(max(0.06, 2.5 * open_s))
    noise = np.diff(rng.standard_normal(t.size), prepend=0.0)
    return _ends(0.3 * strength * noise * np.exp(-t / open_s), 0.0002, 0.005)


def _partials(midi: float, t: npt.NDArray[np.float64], count: int, tilt: float) -> F32:
    base = hertz(midi)
    out = np.zeros(t.size)
    for n in range(1, count + 1):
        if base * n < 12_000.0:
            out += np.sin(2 * np.pi * base * n * t + 0.7 * n) / n**tilt
    return out.astype(np.float32)


def bass(midi: float, seconds: float, strength: float = 1.0) -> F32:
    """A plucked string, dark."""
    t = _time(seconds)
    sound = _partials(midi, t, 6, 1.6) * np.exp(-2.2 * t)
    return _ends(0.5 * strength * sound, 0.004, 0.02)


def keys(midi: float, seconds: float, strength: float = 1.0) -> F32:
    """A struck tone that dies away, its upper partials first."""
    t = _time(seconds)
    base = hertz(midi)
    out = np.zeros(t.size)
    for n in range(1, 8):
        if base * n < 12_000.0:
            out += np.sin(2 * np.pi * base * n * t) * np.exp(-(1.5 + 0.9 * n) * t) / n**1.3
    return _ends(0.35 * strength * out, 0.002, 0.03)


def pad(midi: float, seconds: float, strength: float = 1.0) -> F32:
    """A held tone that swells."""
    t = _time(seconds)
    sound = _partials(midi, t, 9, 1.4) + _partials(midi + 0.06, t, 9, 1.4)
    return _ends(0.12 * strength * sound.astype(np.float64), min(0.25, seconds / 3), 0.2)


def lead(midi: float, seconds: float, strength: float = 1.0) -> F32:
    """A sung tone: vibrato, two formants."""
    t = _time(seconds)
    bend = 0.25 * np.sin(2 * np.pi * 5.3 * t) * np.minimum(1.0, t / 0.3) / 12.0
    phase = 2 * np.pi * np.cumsum(hertz(midi) * 2.0**bend) / RATE_HZ
    out = np.zeros(t.size)
    for n in range(1, 16):
        at = hertz(midi) * n
        gain = 1.0 / (1.0 + ((at - 650.0) / 250.0) ** 2) + 0.5 / (
            1.0 + ((at - 1500.0) / 350.0) ** 2
        )
        out += (gain + 0.03) * np.sin(n * phase)
    return _ends(0.4 * strength * out, 0.03, 0.06)


def lay(line: F32, sound: F32, at: float) -> None:
    """Adds `sound` to `line` with its attack at sample round(at); what lies outside is cut."""
    start = round(at)
    first, last = max(0, start), min(line.size, start + sound.size)
    if first < last:
        line[first:last] += sound[first - start : last - start]
