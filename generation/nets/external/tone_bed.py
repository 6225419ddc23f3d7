"""A tone bed: the one external net without weights, a small synthesizer behind the same protocol.

Colored noise around the partials of a chord, block by block. It is there so that an installation
without a large model, and every test, goes the whole way of an external sound. It refuses to know
stems. Invariant: every block follows from the seed and its number, so equal plans sound equal.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from generation.nets.external.admission import Terms
from generation.nets.external.values import (
    RATE_HZ,
    Conditioning,
    ExternalPlan,
    ExternalSound,
    Task,
    checked,
    sound_of,
)

_BLOCK = 1 << 16
_HOP = _BLOCK // 2
# Semitones over the tonic, the lowest at 55 to 104 Hz.
_CHORDS = {"maj": (0, 7, 12, 16, 19, 24), "min": (0, 7, 12, 15, 19, 24)}
_LOWEST_HZ = 55.0
# The fifth partial would sound a major third over every minor chord.
_PARTIALS = (1, 2, 3, 4)
_WIDTH_CENTS = 9.0
_LEVEL = 0.1  # root mean square, -20 dBFS


class ToneBed:
    """Answers words with a held chord."""

    VERSION: ClassVar[str] = "tone-bed/1"

    def __init__(self, terms: Terms) -> None:
        self.licence, self.commercial_ok = terms.licence, terms.commercial_ok
        self.training_data_note, self._title = terms.training_data_note, terms.title

    @property
    def capabilities(self) -> frozenset[Task]:
        """It hears no stems."""
        return frozenset({Task.WORDS})

    def generate(
        self, plan: ExternalPlan, stems: Sequence[Conditioning], seed: int
    ) -> ExternalSound:
        """A bed in the plan's key (A minor where it is free), darker or brighter by its words."""
        checked(plan, stems, self.capabilities, self._title)
        shape = _spectrum(plan)
        count = -(-plan.samples // _HOP) + 1
        sound = np.zeros((2, (count + 1) * _HOP))
        fade = np.sin(np.pi * (np.arange(_BLOCK) + 0.5) / _BLOCK)  # noise adds up in power
        for number in range(count):
            place = number * _HOP
            sound[:, place : place + _BLOCK] += fade * _block(shape, seed, number)
        heard = sound[:, _HOP : _HOP + plan.samples]
        level = float(np.sqrt(np.mean(heard**2)))
        return sound_of((heard * (_LEVEL / level)).astype(np.float32), plan, stems, self._title)


def _spectrum(plan: ExternalPlan) -> NDArray[np.float64]:
    """Amplitudes of the bins of a block."""
    words = set(plan.words)
    mode = plan.signature.mode if plan.signature else "maj" if "major" in words else "min"
    tonic = plan.signature.tonic if plan.signature else 9
    notes = _CHORDS[mode][: 3 if "sparse" in words else 6]
    tilt = 9.0 if "dark" in words else 3.0 if "bright" in words else 6.0  # dB an octave
    hz = np.maximum(np.fft.rfftfreq(_BLOCK, 1.0 / RATE_HZ), 1.0)
    shape = np.zeros(len(hz))
    for note in notes:
        for partial in _PARTIALS:
            middle = partial * _LOWEST_HZ * 2.0 ** (((tonic + 3) % 12 + note) / 12.0)
            cents = 1_200.0 * np.log2(hz / middle)
            level = 10.0 ** (-tilt * np.log2(middle / _LOWEST_HZ) / 20.0)
            shape += level * np.exp(-0.5 * (cents / _WIDTH_CENTS) ** 2)
    return shape


def _block(shape: NDArray[np.float64], seed: int, number: int) -> NDArray[np.float64]:
    """Noise of that color on two channels, [2, _BLOCK]."""
    chance = np.random.default_rng([seed, number])
    phase = np.exp(2j * np.pi * chance.random((2, len(shape))))
    return np.fft.irfft(shape * phase, n=_BLOCK, axis=1)
