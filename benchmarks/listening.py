"""Chord, click and pitch figures of anything that stretches: the engine or a contender.

Knows test signals and `benchmarks/quality.py`. It refuses to know how a stretcher works. Invariant:
everybody is given the same signals and read by the same rules.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.job import FROM_BPM, RATE, SPEED, TONAL, plain_recipe
from benchmarks.quality import cents, clicks, fitted, swing_db
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.engine.render import Cache, render
from generation.recipe import PIECE_SAMPLES, Clip

CHORD = (220.0, 277.18, 329.63)
HEARD_S, EDGE_S = 16, 1
MOVES = ((SPEED, 2), (0.9, -5))
BAR = round(4 * 60 / FROM_BPM * RATE)

# (stem float32 [2, n], speed: source samples per sample, semitones) -> float32 [2, about n / speed]
Stretch = Callable[[Audio, float, int], Audio]


def stereo(line: np.ndarray) -> Audio:
    """A line on both channels, the right one softer."""
    return np.ascontiguousarray(np.stack([line, 0.8 * line]).astype(np.float32))


def chord_stem(seconds: float) -> Audio:
    """A minor third on a major third, each note 20 dB below full scale."""
    time = np.arange(round(seconds * RATE)) / RATE
    return stereo(sum(0.1 * np.sin(2 * np.pi * one * time + one) for one in CHORD))


@dataclass(frozen=True, slots=True)
class Chord:
    """SNR in dB, and by how much the swing of level differs from the input's, in dB."""

    snr_db: float
    swing_db: float


def chord(stretch: Stretch, speed: float = SPEED, semitones: int = 2) -> Chord:
    """A held chord of three sinusoids, heard for 16 s after the first second.

    At 124 bpm 16 s cross eight bar lines. SNR: the three sinusoids that fit best against all else
    (`quality.fitted`). Swing: the range of 100 ms levels, less that of the input over 16 s.
    """
    span = slice(EDGE_S * RATE, (EDGE_S + HEARD_S) * RATE)
    stem = chord_stem((HEARD_S + 2 * EDGE_S) * speed)
    out = stretch(stem, speed, semitones)[0, span]
    moved = [one * 2 ** (semitones / 12) for one in CHORD]
    ideal = chord_stem(HEARD_S + 2 * EDGE_S)[0, span]
    return Chord(fitted(out, moved).snr_db, abs(swing_db(out) - swing_db(ideal)))


@dataclass(frozen=True, slots=True)
class Attack:
    """Parts of the energy: within 1 ms of the click, worst and mean; before it, the largest."""

    worst: float
    mean: float
    pre_echo: float


def click_stem(seconds: float) -> tuple[Audio, Onsets]:
    """Single samples of 0.5, unevenly 200 to 300 ms apart so that no frame grid fits them."""
    gaps = 9_600 + np.arange(1, round(seconds * 4)) * 0.6180339887 % 1.0 * 4_800
    places = (24_000 + np.cumsum(gaps)).astype(np.int64)
    places = places[places < seconds * RATE - 24_000]
    line = np.zeros(round(seconds * RATE))
    line[places] = 0.5
    return stereo(line), (places, np.full(len(places), 30.0))


def attack(stretch: Stretch, speed: float = SPEED) -> Attack:
    """Clicks over 8 s of output at another speed and their own pitch (`quality.clicks`)."""
    stem, (places, _) = click_stem(8 * speed)
    seen = clicks(stretch(stem, speed, 0)[0], np.rint(places / speed).astype(np.int64))
    return Attack(seen.worst, seen.mean, seen.pre_echo)


def pitch(stretch: Stretch, speed: float = SPEED) -> float:
    """The greatest error in cents over -11 to 11 semitones against equal temperament.

    A sine of 440 Hz, its frequency fitted over 2 s from the first half second on.
    """
    time = np.arange(round(3 * speed * RATE)) / RATE
    stem, span = stereo(0.3 * np.sin(2 * np.pi * 440.0 * time)), slice(RATE // 2, RATE * 5 // 2)
    errors = []
    for semitones in range(-11, 12):
        wanted = 440.0 * 2 ** (semitones / 12)
        out = stretch(stem, speed, semitones)[0, span]
        errors.append(abs(cents(float(fitted(out, [wanted]).hertz[0]), wanted)))
    return max(errors)


# -- the engine as a stretcher --------------------------------------------------------------------


def engine(processor: str = TONAL, window: int = 8_192, onsets: Onsets | None = None) -> Stretch:
    """The engine through one processor, in pieces of 2 s.

    The time map has an anchor at every bar. From the middle on a new cache is used, so that phase
    is taken up at a checkpoint that must be computed anew.
    """

    def stretch(stem: Audio, speed: float, semitones: int) -> Audio:
        length = int(stem.shape[1] / speed)
        bars = range(0, stem.shape[1], BAR)
        anchors = (*((round(bar / speed), bar) for bar in bars), (length, round(length * speed)))
        clip = Clip(0, processor, 0, length, tuple(dict(anchors).items()), semitones, window)
        stems, attacks = {"a": stem}, {"a": onsets} if onsets is not None else {}
        recipe, cache = plain_recipe(length, stems, (clip,)), Cache()
        pieces = []
        for start in range(0, length, PIECE_SAMPLES):
            if start == length // 2 // PIECE_SAMPLES * PIECE_SAMPLES:
                cache = Cache()
            end = min(length, start + PIECE_SAMPLES)
            made = render(
                recipe, stems, attacks, start, end, cache=cache, with_parts=False,
                with_windows=False,
            )  # fmt: skip
            pieces.append(made.audio)
        return np.concatenate(pieces, axis=1)

    return stretch
