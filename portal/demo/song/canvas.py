"""A stem while it is being made: a stereo line of samples on a grid of beats, and the room around
it.

It knows beats, panning and reverberation. It refuses to know instruments and notes. Invariant: the
same calls in the same order give the same samples; chance comes from a generator that is handed
in.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, oaconvolve

RATE = 48_000
Sound = NDArray[np.float32]


class Canvas:
    """Stereo samples [2, n] of `beats` beats at `bpm`; sounds are put on it beat by beat."""

    def __init__(self, beats: float, bpm: float, seed: int) -> None:
        self.bpm = bpm
        self.samples: Sound = np.zeros((2, round(beats * 60 / bpm * RATE)), np.float32)
        self.chance = np.random.default_rng(seed)

    def seconds(self, beats: float) -> float:
        """How long `beats` last."""
        return beats * 60.0 / self.bpm

    def human(self, spread: float = 0.08) -> float:
        """A factor near 1, as uneven as a hand."""
        return float(np.exp(self.chance.normal(0.0, spread)))

    def put(
        self, sound: Sound, beat: float, gain: float = 1.0, pan: float = 0.0, late_ms: float = 0.0
    ) -> None:
        """Adds `sound` ([n] or [2, n]) at `beat`. `pan` -1 left to 1 right, at constant power."""
        start = max(0, round(self.seconds(beat) * RATE + late_ms * RATE / 1000))
        room = self.samples.shape[1] - start
        if room <= 0:
            return
        angle = (pan + 1) * np.pi / 4
        sides = np.array([np.cos(angle), np.sin(angle)], np.float32)[:, None] * np.float32(gain)
        if sound.ndim == 2:
            sides = sides * np.float32(np.sqrt(2.0))
        part = sound[..., :room]
        self.samples[:, start : start + part.shape[-1]] += sides * part

    def in_room(self, seconds: float, level_db: float, seed: int) -> None:
        """Adds a reverberation tail of `seconds` at `level_db`."""
        tail = _tail(seconds, seed)
        wet = np.stack(
            [oaconvolve(self.samples[side], tail[side])[: self.samples.shape[1]] for side in (0, 1)]
        )
        self.samples += np.float32(10 ** (level_db / 20)) * wet.astype(np.float32)

    def echo(self, beats: float, level: float, times: int) -> None:
        """Adds echoes that go from side to side."""
        step = round(self.seconds(beats) * RATE)
        dry = self.samples.copy()
        for n in range(1, times + 1):
            swapped = dry[::-1] if n % 2 else dry
            self.samples[:, n * step :] += np.float32(level**n) * swapped[:, : -n * step]

    def finished(self, peak_db: float) -> Sound:
        """The samples with their peak at `peak_db` and the last 40 ms faded to silence."""
        fade = RATE // 25
        out = self.samples * np.float32(
            10 ** (peak_db / 20) / max(1e-9, np.abs(self.samples).max())
        )
        out[:, -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        return out


@cache
def _tail(seconds: float, seed: int) -> Sound:
    """Decaying noise [2, n], darker as it fades, of unit energy per side."""
    n = round(seconds * RATE)
    time = np.arange(n, dtype=np.float32) / RATE
    noise = np.random.default_rng(seed).standard_normal((2, n)).astype(np.float32)
    dark = lfilter([0.25], [1.0, -0.75], noise).astype(np.float32)
    shape = np.exp(-6.9 * time / seconds)
    mixed = (noise * np.exp(-20.0 * time / seconds) * 0.3 + dark) * shape
    mixed[:, : RATE // 60] *= np.linspace(0.0, 1.0, RATE // 60, dtype=np.float32)
    out = mixed / np.sqrt((mixed**2).sum(axis=1, keepdims=True))
    return np.asarray(out, np.float32)
