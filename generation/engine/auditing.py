"""Two sounds compared as an audit tells it: identical, within so many dB, or different, and where.

It knows 24-bit samples on the grid of 100 ms windows. It refuses to know recipes, files and rows.
Invariants: "identical" means every sample; "within" means that all that differs lies AGREED_DB or
more below the sound, which is what renders on two machines are held to; "different" names the first
window in which more than that differs.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from generation.engine.accord import AGREED_DB
from generation.recipe import SAMPLE_RATE_HZ, WINDOW_SAMPLES

Pcm = npt.NDArray[np.int32]
Sums = npt.NDArray[np.float64]


class Word(StrEnum):
    """What an audit says of one thing."""

    IDENTICAL = "identical"
    WITHIN = "within"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of a comparison.

    `snr_db`: how far below the expected sound all that differs lies, to a tenth; None where nothing
    does, 0 at least. `windows`: how many were compared, `differing`: in how many of them any sample
    differs. `first_ms`: where the first of them begins, of those with more than the bound where the
    word is "different"; `worst_ms`: where most differs. None where nothing differs.
    """

    word: Word
    snr_db: float | None
    windows: int
    differing: int
    first_ms: int | None
    worst_ms: int | None


class Comparison:
    """Takes two sounds piece by piece, from their beginning; `result` says how alike they are."""

    def __init__(self) -> None:
        self._power: list[Sums] = []
        self._noise: list[Sums] = []
        self._count = 0
        self._ends_at: int | None = None  # the window in which one of them ended before the other

    def add(self, found: Pcm, expected: Pcm) -> None:
        """The next piece of both, int32 [n, 2]; all but the last are whole windows.

        Where one is shorter it counts as silent from there on, and the sounds as different.
        """
        if len(found) != len(expected) and self._ends_at is None:
            self._ends_at = self._count + min(len(found), len(expected)) // WINDOW_SAMPLES
        count = -(-max(len(found), len(expected)) // WINDOW_SAMPLES)
        one, two = _windows(found, count), _windows(expected, count)
        self._power.append((two**2).sum(axis=1))
        self._noise.append(((one - two) ** 2).sum(axis=1))
        self._count += count

    def result(self) -> Compared:
        """How alike what was added is."""
        power = np.concatenate([np.zeros(0), *self._power])
        noise = np.concatenate([np.zeros(0), *self._noise])
        differing = np.flatnonzero(noise)
        if not len(differing):
            word = Word.IDENTICAL if self._ends_at is None else Word.DIFFERENT
            first_ms = None if self._ends_at is None else _ms(self._ends_at)
            return Compared(word, None, self._count, 0, first_ms, first_ms)
        whole, rest = float(power.sum()), float(noise.sum())
        snr_db = 10.0 * math.log10(whole / rest) if whole > rest else 0.0
        is_within = self._ends_at is None and snr_db >= AGREED_DB
        bound = whole / len(power) * 10.0 ** (-AGREED_DB / 10.0)
        beyond = np.flatnonzero(noise > bound)
        first = differing[0] if is_within or not len(beyond) else beyond[0]
        return Compared(
            word=Word.WITHIN if is_within else Word.DIFFERENT,
            snr_db=math.floor(10.0 * snr_db) / 10.0,
            windows=self._count,
            differing=len(differing),
            first_ms=_ms(int(first)),
            worst_ms=_ms(int(noise.argmax())),
        )


def _windows(pcm: Pcm, count: int) -> Sums:
    """The samples of `count` windows, a row each, silence behind the last."""
    filled = np.zeros((count * WINDOW_SAMPLES, 2))
    filled[: len(pcm)] = pcm
    return filled.reshape(count, 2 * WINDOW_SAMPLES)


def _ms(window: int) -> int:
    return window * WINDOW_SAMPLES * 1_000 // SAMPLE_RATE_HZ
