"""Contenders called from Python: Rubber Band (R3, R2) and Signalsmith, with JUCE's effects.

pedalboard stretches by Rubber Band and brings filters, compressor, reverb and limiter; Signalsmith
Stretch is given the same effects; pylibrb is Rubber Band once more, by itself. All are imported
only here and only when asked for. Invariant: everybody gets the job's own desk (`job.DESK`), stem
by stem, and loudness is set by libebur128 before the limiter.
"""

import importlib
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.job import (
    BUS_SQUEEZE,
    DESK,
    EACH,
    RATE,
    SEMITONES,
    SHARED,
    SPEED,
    TARGET_LUFS,
    Desk,
)
from benchmarks.meters import metered
from generation.engine.kernels import Audio
from generation.recipe import Band, Compressor

CEILING_DB = -1.5
ROOM_SIZE, DAMPING = 0.6, 0.5
STEP = 1 << 12


class WithEffects(ABC):
    """A stretcher by somebody else, then pedalboard's effects."""

    packages: tuple[str, ...] = ("pedalboard",)

    def __init__(self, name: str, reach: float | None, rounds: int | None = None) -> None:
        self.name, self.reach, self.rounds = name, reach, rounds

    def missing(self) -> str | None:
        """The packages that cannot be imported here."""
        absent = []
        for one in self.packages:
            try:
                importlib.import_module(one)
            except ImportError:
                absent.append(one)
        return f"{', '.join(absent)} cannot be imported" if absent else None

    @abstractmethod
    def stretch(self, stem: Audio, speed: float, semitones: int) -> Audio:
        """One stem, float32 [2, about n / speed]."""

    def job(self, stems: Mapping[str, Audio], *, first: bool) -> tuple[dict[str, float], Audio]:
        """Stretched once; then finished with either kind of reverb, each counted with it."""
        began = time.process_time()
        moved = {name: self.stretch(stem, SPEED, SEMITONES) for name, stem in stems.items()}
        moved = {name: effects(DESK[name], sound) for name, sound in moved.items()}
        before = time.process_time() - began
        spent = {}
        for kind, room in ((EACH, _each), (SHARED, _shared)):
            began = time.process_time()
            mix = mastered(room(moved))
            spent[kind] = before + time.process_time() - began
        return spent, mix


class RubberBand(WithEffects):
    """pedalboard's own stretcher: Rubber Band's engine R3, or R2 when it is to be fast."""

    def __init__(self, name: str, reach: float, *, high_quality: bool) -> None:
        super().__init__(name, reach)
        self._high_quality = high_quality

    def stretch(self, stem: Audio, speed: float, semitones: int) -> Audio:
        """One stem, formants left to move with the pitch, as the engine does it."""
        board = importlib.import_module("pedalboard")
        moved: Audio = board.time_stretch(
            stem, RATE, speed, float(semitones), high_quality=self._high_quality,
            preserve_formants=False,
        )  # fmt: skip
        return moved


class Signalsmith(WithEffects):
    """Signalsmith Stretch with its default preset."""

    packages = ("python_stretch", "pedalboard")

    def stretch(self, stem: Audio, speed: float, semitones: int) -> Audio:
        """One stem."""
        stretcher = importlib.import_module("python_stretch").Signalsmith.Stretch()
        stretcher.preset(2, RATE)
        stretcher.setTransposeSemitones(float(semitones))
        stretcher.timeFactor = speed
        moved: Audio = np.asarray(stretcher.process(stem), np.float32)
        return moved


class PlainRubberBand(WithEffects):
    """pylibrb: Rubber Band R3 offline, studied and then processed block by block."""

    packages = ("pylibrb", "pedalboard")

    def stretch(self, stem: Audio, speed: float, semitones: int) -> Audio:
        """One stem."""
        library = importlib.import_module("pylibrb")
        options = library.Option.PROCESS_OFFLINE | library.Option.ENGINE_FINER
        options |= library.Option.THREADING_NEVER
        band = library.RubberBandStretcher(RATE, 2, options, 1.0 / speed, 2 ** (semitones / 12))
        size, blocks = stem.shape[1], []
        band.set_max_process_size(STEP)
        for start in range(0, size, STEP):
            band.study(stem[:, start : start + STEP], start + STEP >= size)
        for start in range(0, size, STEP):
            band.process(stem[:, start : start + STEP], start + STEP >= size)
            while band.available() > 0:
                blocks.append(np.array(band.retrieve(band.available())))
        return np.concatenate(blocks, axis=1).astype(np.float32)


def contenders() -> list[WithEffects]:
    """In the order of the table; pylibrb is told once, it is the first one's engine."""
    return [
        RubberBand("pedalboard high quality", 40.0, high_quality=True),
        RubberBand("pedalboard fast", 15.0, high_quality=False),
        Signalsmith("Signalsmith + pedalboard effects", 8.0),
        PlainRubberBand("pylibrb R3 + pedalboard effects", None, rounds=1),
    ]


# -- the desk by pedalboard -----------------------------------------------------------------------


def effects(desk: Desk, sound: Audio) -> Audio:
    """One stem's EQ, compressor, gain and pan."""
    board = importlib.import_module("pedalboard")
    chain = [_filter(board, one) for one in desk.bands]
    if desk.compressor is not None:
        chain += _compressor(board, desk.compressor)
    chain.append(board.Gain(desk.gain_db))
    out: Audio = board.Pedalboard(chain)(sound, RATE)
    angle = (desk.pan + 1.0) * np.pi / 4.0
    out *= np.float32(np.sqrt(2.0)) * np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
    return out


def _filter(board: Any, band: Band) -> Any:
    kinds = {
        "low_shelf": board.LowShelfFilter, "peak": board.PeakFilter,
        "high_shelf": board.HighShelfFilter,
    }  # fmt: skip
    return kinds[band.kind](band.hz, band.gain_db, band.q)


def _compressor(board: Any, squeeze: Compressor) -> list[Any]:
    """Its release is exponential; 10 dB at the recipe's pace are about its time constant."""
    release_ms = 10.0 / squeeze.release_db_per_s * 1e3
    return [
        board.Compressor(squeeze.threshold_db, squeeze.ratio, squeeze.attack_ms, release_ms),
        board.Gain(squeeze.makeup_db),
    ]


def _reverb(board: Any) -> Any:
    return board.Reverb(ROOM_SIZE, DAMPING, wet_level=1.0, dry_level=0.0, width=1.0)


def _sum(sounds: Mapping[str, Audio]) -> Audio:
    shortest = min(one.shape[1] for one in sounds.values())
    mix = np.zeros((2, shortest), np.float32)
    for one in sounds.values():
        mix += one[:, :shortest]
    return mix


def _each(moved: Mapping[str, Audio]) -> Audio:
    """A reverb of its own for every stem."""
    board = importlib.import_module("pedalboard")
    wet = {
        name: sound + np.float32(10 ** (DESK[name].send_db / 20)) * _reverb(board)(sound, RATE)
        for name, sound in moved.items()
    }
    return _sum(wet)


def _shared(moved: Mapping[str, Audio]) -> Audio:
    """One reverb for the sum of all sends."""
    board = importlib.import_module("pedalboard")
    sends = {name: one * np.float32(10 ** (DESK[name].send_db / 20)) for name, one in moved.items()}
    mix: Audio = _sum(moved) + _reverb(board)(_sum(sends), RATE)
    return mix


def mastered(mix: Audio) -> Audio:
    """Bus compressor, -14 LUFS by libebur128, limiter."""
    board = importlib.import_module("pedalboard")
    squeezed = board.Pedalboard(_compressor(board, BUS_SQUEEZE))(mix, RATE)
    loudness, _ = metered([squeezed], with_peak=False)
    chain = [board.Gain(TARGET_LUFS - loudness), board.Limiter(CEILING_DB, 100.0)]
    out: Audio = board.Pedalboard(chain)(squeezed, RATE)
    return out
