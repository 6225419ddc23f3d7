"""Which key steady pitches make: the scale they fill, the note they stand on, where they begin and
end.

It refuses to know stems and beats. Invariant: what holds no pitch, or agrees with no tuning, gets a
low confidence, so speech, whale song and noise get no key. A major key and its relative minor have
one scale: the lowest notes, the first chord and the last tell them apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from generation.analysis.curves import percentile
from generation.analysis.pitch import PITCH_FRAMES_PER_S, Steady, added
from generation.analysis.rules import TONICS

F64 = npt.NDArray[np.float64]

_SCALES = {"maj": (0, 2, 4, 5, 7, 9, 11), "min": (0, 2, 3, 5, 7, 8, 10)}
_TRIADS = {"maj": (0, 4, 7), "min": (0, 3, 7)}
_NAMES = tuple(f"{tonic} {mode}" for mode in _SCALES for tonic in TONICS)
_TONIC, _THIRD, _FIFTH, _DEGREE, _LEADING = 1.0, 0.7, 0.8, 0.45, 0.2
# How much a bass on tonic and fifth, a first and a last chord count beside the scale's correlation:
# the middle of all weights that tell every key of our own synthesised pieces.
_GROUND, _FIRST, _LAST = 0.9, 0.4, 0.1
_SPAN_S = 6.0
_EDGE_S = 1.0
# What the logarithms of fit, margin, tuned and still, and a constant, say of the odds that the key
# is right: fitted by benchmarks/key_confidence.py to solo lines and mixes of our own and to sounds
# without a key. Of a hundred right answers there, 99 were at least as tuned and still as SEEN.
TRUST = (8.27, 0.54, 0.57, 1.05, 5.21)
LEAST = (0.1, 0.01, 0.01, 0.01)
_SEEN_TUNED, _SEEN_STILL = 0.05, 0.67


@dataclass(frozen=True, slots=True)
class Key:
    """`name` reads "A min"; `confidence` 0 to 1: how likely it is the right one."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the key that fits best, each 0 to 1 but for the first two: `fit`, its
    scale's correlation with what sounds; `margin`, its lead over the next; `tuned` and `still`,
    how well the pitches agree with one tuning, and how much of the strength holds still.
    """

    name: str
    fit: float
    margin: float
    tuned: float
    still: float


def key_of(steadies: Sequence[Steady]) -> Key | None:
    """The key that stems of steady pitches make together, None where no pitch holds still.

    A stem counts by how strongly it sounds. In a piece that changes its key the one that holds for
    most of it is told.
    """
    found = evidence_of(steadies)
    return None if found is None else Key(found.name, _confidence(found))


def evidence_of(steadies: Sequence[Steady]) -> Evidence | None:
    """What speaks for the key of `key_of`."""
    weights = [float(one.tones[:, :12].sum()) for one in steadies]
    tones = added([one.tones for one in steadies])
    chroma, bass = tones[:, :12], tones[:, 12:]
    heap = _leveled(chroma)
    if heap is None:
        return None
    fit = _correlated(heap)
    score = fit + _GROUND * _grounded(_leveled(bass))
    score = score + _FIRST * _triads(_edge(chroma)) + _LAST * _triads(_edge(chroma[::-1]))
    best = int(score.argmax())
    margin = float(score[best] - np.delete(score, best).max())
    share = np.asarray(weights) / (sum(weights) + 1e-12)
    tuned = float(share @ np.asarray([one.tuned for one in steadies]))
    still = float(share @ np.asarray([one.share for one in steadies]))
    return Evidence(_NAMES[best], float(fit[best]), margin, tuned, still)


def _leveled(chroma: F64) -> F64 | None:
    """Mean chroma over 6 s spans that count alike unless nearly silent; sums to 1."""
    starts = np.arange(0, len(chroma), round(_SPAN_S * PITCH_FRAMES_PER_S))
    spans = np.add.reduceat(chroma, starts, axis=0) if starts.size else np.zeros((1, 12))
    sums = spans.sum(axis=1, keepdims=True)
    if sums.max() <= 1e-6:
        return None
    heap = (spans / (sums + 0.3 * sums.max())).sum(axis=0)
    return np.asarray(heap / heap.sum())


def _correlated(heap: F64) -> F64:
    """[24] correlation with each key's scale, its triad weighing most."""
    away = heap - heap.mean()
    return np.asarray(_scales() @ away / (float(away @ away) ** 0.5 + 1e-12))


@cache
def _scales() -> F64:
    """[24, 12] the profile of each key's scale, less its mean, of length 1."""
    out = []
    for mode, scale in _SCALES.items():
        profile = np.zeros(12)
        profile[list(scale)] = _DEGREE
        profile[list(_TRIADS[mode])] = _TONIC, _THIRD, _FIFTH
        profile[11] = max(profile[11], _LEADING)
        profile -= profile.mean()
        out += _turned(profile / np.sqrt(float(profile @ profile)))
    return np.asarray(out)


def _turned(profile: F64) -> list[F64]:
    """The profile of C, and with it that of every tonic."""
    return [np.roll(profile, tonic) for tonic in range(12)]


def _grounded(bass: F64 | None) -> F64:
    """[24] how much of the bass is the tonic, and by half the fifth."""
    if bass is None:
        return np.zeros(24)
    return np.asarray(_grounds() @ bass)


@cache
def _grounds() -> F64:
    profile = np.zeros(12)
    profile[[0, 7]] = 1.0, 0.5
    return np.asarray(_turned(profile) * 2)


def _edge(chroma: F64) -> F64:
    """The chroma of the first second that sounds, fading out; sums to 1 or is nothing.

    Frames count alike, however loud. Of a turned sound it is the last second.
    """
    sums = chroma.sum(axis=1)
    usual = percentile(sums, 90)
    sounding = np.flatnonzero(sums > 0.1 * usual)
    if not sounding.size:
        return np.zeros(12)
    part = chroma[sounding[0] :]
    even = part / (part.sum(axis=1, keepdims=True) + 0.1 * usual + 1e-9)
    heap = np.exp(-np.arange(len(even)) / (_EDGE_S * PITCH_FRAMES_PER_S)) @ even
    return np.asarray(heap / (heap.sum() + 1e-12))


def _triads(chroma: F64) -> F64:
    """[24] how much of `chroma` is each key's tonic, and by half its third and fifth."""
    return np.asarray(_chords() @ chroma)


@cache
def _chords() -> F64:
    out = []
    for triad in _TRIADS.values():
        profile = np.zeros(12)
        profile[list(triad)] = 1.0, 0.5, 0.5
        out += _turned(profile)
    return np.asarray(out)


def _confidence(found: Evidence) -> float:
    """How likely the key is the right one; what no right answer ever looked like gets less."""
    told = (found.fit, found.margin, found.tuned, found.still)
    logs = [math.log(max(value, least)) for value, least in zip(told, LEAST, strict=True)]
    odds = sum(weight * each for weight, each in zip(TRUST, (*logs, 1.0), strict=True))
    seen = min(1.0, found.tuned / _SEEN_TUNED) * min(1.0, found.still / _SEEN_STILL)
    return round(seen / (1.0 + math.exp(-odds)), 3)
