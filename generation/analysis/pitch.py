"""Which pitches hold still in a stem, and which key they make.

It refuses to know chords by name and time by beats. Invariant: what glides or hisses has no steady
pitch, so speech, whale song and noise get no confident key; a silent stem's chroma is all zero.
Sources of the profiles: Krumhansl and Kessler 1982, Temperley 1999, Albrecht and Shanahan 2013.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.analysis.rules import TONICS
from generation.analysis.spectrum import PITCH_RATE_HZ, PITCH_WINDOW, Spectrum

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

STEPS = 10
LOWEST_HZ = 32.703195662574829
OCTAVES = 6
BASS_SEMITONES = 36
_SIZE = 12 * STEPS * OCTAVES
_PROFILES = {
    "maj": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    ),
    "min": (
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
        (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
}


@dataclass(frozen=True, slots=True)
class Steady:
    """Steady pitches. `map` [m, 720]: strength per frame and tenth of a semitone from C1 up, in the
    stem's own tuning; `chroma` and `bass` [m, 12]; `tuned` 0 to 1: how well the pitches agree with
    one twelve-tone tuning; `share` 0 to 1: the part of the strength that holds still.
    """

    chroma: F64
    bass: F64
    tuned: float
    share: float


@dataclass(frozen=True, slots=True)
class Key:
    """`name` reads "A min"; `confidence` 0 to 1."""

    name: str
    confidence: float


def steady_of(spectrum: Spectrum) -> Steady:
    """The steady pitches of a stem."""
    strength = _peak_map(spectrum.pitch)
    kept = _unmoved(strength)
    total = float(strength.sum())
    share = float(kept.sum()) / total if total > 0 else 0.0
    offset, tuned = _tuning(kept)
    chroma = _folded(kept, offset, 0, _SIZE)
    bass = _folded(kept, offset, 0, BASS_SEMITONES * STEPS)
    return Steady(chroma, bass, tuned, share)


def _peak_map(magnitude: F32) -> F64:
    """Spectral peaks laid on a grid of tenths of semitones, magnitude to the power 0.7."""
    out = np.zeros((len(magnitude), _SIZE))
    loudest = float(magnitude.max()) if magnitude.size else 0.0
    if loudest <= 1e-7:
        return out
    middle, left, right = magnitude[:, 1:-1], magnitude[:, :-2], magnitude[:, 2:]
    local = magnitude.max(axis=1, keepdims=True)
    peak = (middle > left) & (middle >= right) & (middle > 0.02 * local) & (middle > 1e-3 * loudest)
    frame, column = np.nonzero(peak)
    a, b, c = (
        np.log(np.maximum(part[frame, column], 1e-9)).astype(np.float64)
        for part in (left, middle, right)
    )
    shift = 0.5 * (a - c) / (a - 2.0 * b + c - 1e-12)
    hertz = (column + 1 + shift) * PITCH_RATE_HZ / PITCH_WINDOW
    place = np.rint(12 * STEPS * np.log2(hertz / LOWEST_HZ)).astype(np.int64)
    inside = (place >= 0) & (place < _SIZE)
    np.add.at(out, (frame[inside], place[inside]), np.exp(0.7 * b[inside]))
    return out


def _unmoved(strength: F64) -> F64:
    """The part of each peak that was there a frame ago or comes again, within 20 cents."""
    wide = strength.copy()
    for step in (1, 2):
        wide[:, step:] = np.maximum(wide[:, step:], strength[:, :-step])
        wide[:, :-step] = np.maximum(wide[:, :-step], strength[:, step:])
    before, after = np.zeros_like(wide), np.zeros_like(wide)
    before[1:], after[:-1] = wide[:-1], wide[1:]
    return np.minimum(strength, np.maximum(before, after))


def _tuning(kept: F64) -> tuple[int, float]:
    """(offset in tenths of a semitone, -5 .. 4; how far the pitches agree on it, 0 to 1)."""
    by_step = kept.sum(axis=0).reshape(-1, STEPS).sum(axis=0)
    if by_step.sum() <= 0:
        return 0, 0.0
    mean = complex(by_step @ np.exp(2j * np.pi * np.arange(STEPS) / STEPS)) / float(by_step.sum())
    return round(float(np.angle(mean)) / (2 * np.pi) * STEPS), abs(mean)


def _folded(kept: F64, offset: int, low: int, high: int) -> F64:
    """[m, 12] sums by pitch class, each tenth weighed by its nearness to the tuned semitone."""
    place = np.arange(low, high) - offset
    away = (place + STEPS // 2) % STEPS - STEPS // 2
    weight = np.cos(np.pi * away / STEPS) ** 2
    semitone = (place + STEPS // 2) // STEPS % 12
    fold = np.zeros((high - low, 12))
    fold[np.arange(high - low), semitone] = weight
    return np.asarray(kept[:, low:high] @ fold)


def key_of(chroma: F64, bass: F64, tuned: float, share: float) -> Key | None:
    """The key that the chroma frames [m, 12] make together, None where no pitch holds still."""
    heap = _leveled(chroma)
    if heap is None:
        return None
    scores = _scores(heap, _leveled(bass))
    best = max(scores, key=lambda name: scores[name])
    rivals = [score for name, score in scores.items() if name != best]
    margin = scores[best] - max(rivals)
    return Key(best, _confidence(scores[best], margin, tuned, share))


def _leveled(chroma: F64) -> F64 | None:
    """Mean chroma over 6 s spans that count alike unless nearly silent; sums to 1."""
    span = 72
    spans = [chroma[at : at + span].sum(axis=0) for at in range(0, len(chroma), span)]
    sums = np.asarray([part.sum() for part in spans])
    if not spans or sums.max() <= 1e-6:
        return None
    floor = 0.3 * float(sums.max())
    heap = sum(part / (total + floor) for part, total in zip(spans, sums, strict=True))
    return np.asarray(heap) / float(np.sum(heap))


def _scores(heap: F64, bass: F64 | None) -> dict[str, float]:
    """Per key: mean correlation with the three profiles, and a little for a bass on the tonic."""
    out = {}
    for mode, profiles in _PROFILES.items():
        for tonic, name in enumerate(TONICS):
            turned = np.roll(heap, -tonic)
            match = float(np.mean([np.corrcoef(turned, profile)[0, 1] for profile in profiles]))
            ground = 0.0 if bass is None else float(bass[tonic] + 0.5 * bass[(tonic + 7) % 12])
            out[f"{name} {mode}"] = match + 0.15 * ground
    return out


def _confidence(score: float, margin: float, tuned: float, share: float) -> float:
    fit = np.clip((score - 0.4) / 0.4, 0.0, 1.0)
    clear = np.clip(margin / 0.08, 0.0, 1.0)
    music = np.clip((tuned - 0.1) / 0.4, 0.0, 1.0) * np.clip(share / 0.5, 0.0, 1.0)
    return float(round(fit * (0.4 + 0.6 * clear) * music, 3))


def joined(parts: Sequence[Steady], lengths: Sequence[float]) -> Steady:
    """Several stems as one: chroma added up, tuning and share weighed by `lengths`."""
    size = max(len(part.chroma) for part in parts)
    chroma, bass = np.zeros((size, 12)), np.zeros((size, 12))
    for part in parts:
        chroma[: len(part.chroma)] += part.chroma
        bass[: len(part.bass)] += part.bass
    weight = np.asarray(lengths) / (sum(lengths) + 1e-12)
    tuned = float(weight @ np.asarray([part.tuned for part in parts]))
    share = float(weight @ np.asarray([part.share for part in parts]))
    return Steady(chroma, bass, tuned, share)
