"""Which key steady pitches make: the notes that sound, the lowest, the first and the last.

It refuses to know stems and beats. Invariant: what holds no pitch, or agrees with no tuning, gets a
low confidence, so speech, whale song and noise get no key. A major key and its relative minor have
one scale: the lowest notes, the beginning and the end tell them apart.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from generation.analysis.curves import percentile
from generation.analysis.key_profiles import PROFILES
from generation.analysis.pitch import PITCH_FRAMES_PER_S, Steady, added
from generation.analysis.rules import TONICS

F64 = npt.NDArray[np.float64]
# Of a mode: how much a note of each degree speaks for it where it sounds, sounds low, begins, ends.
Profiles = Mapping[str, Sequence[Sequence[float]]]

_SCALES = {"maj": (0, 2, 4, 5, 7, 9, 11), "min": (0, 2, 3, 5, 7, 8, 10)}
_TRIADS = {"maj": (0, 4, 7), "min": (0, 3, 7)}
NAMES = tuple(f"{tonic} {mode}" for mode in _SCALES for tonic in TONICS)
_TONIC, _THIRD, _FIFTH, _DEGREE, _LEADING = 1.0, 0.7, 0.8, 0.45, 0.2
_SPAN_S = 6.0
_EDGE_S = 1.0
# What the logarithms of fit, odds, tuned and still, and a constant, say of the odds that the key is
# right: fitted by benchmarks/key_confidence.py to lines, tunes, mixes and sounds without a key. Of
# a hundred right answers there, 99 were at least as tuned and still as SEEN.
TRUST = (4.09, 0.81, 0.52, 0.81, 1.95)
LEAST = (0.1, 1e-4, 0.01, 0.01)
ODDS_MOST = 1e4
_SEEN_TUNED, _SEEN_STILL = 0.04, 0.67


@dataclass(frozen=True, slots=True)
class Key:
    """`name` reads "A min"; `confidence` 0 to 1: how likely it is the right one."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Sounding:
    """What sounds together: `notes` [4, 12], C first: all of them less their mean and of length 1,
    then the lowest, the first and the last, each adding up to 1 or nothing; `tuned` and `still`, 0
    to 1: how well the pitches agree with one tuning, and how much of the strength holds still.
    """

    notes: F64
    tuned: float
    still: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the likeliest key: `fit`, at most 1, its scale's correlation with what
    sounds; `odds` of it against all other keys together; `tuned` and `still` as in Sounding.
    """

    name: str
    fit: float
    odds: float
    tuned: float
    still: float

    def logs(self) -> list[float]:
        """The logarithms that TRUST weighs."""
        told = (self.fit, self.odds, self.tuned, self.still)
        return [math.log(max(value, least)) for value, least in zip(told, LEAST, strict=True)]


def key_of(steadies: Sequence[Steady]) -> Key | None:
    """The key that stems of steady pitches make together, None where no pitch holds still.

    A stem counts by how strongly it sounds. In a piece that changes its key the one that holds for
    most of it is told.
    """
    found = sounding(steadies)
    if found is None:
        return None
    evidence = evidence_of(found)
    return Key(evidence.name, confidence_of(evidence))


def sounding(steadies: Sequence[Steady]) -> Sounding | None:
    """What stems sound together, None where no pitch holds still."""
    tones = added([one.tones for one in steadies])
    chroma, bass = tones[:, :12], tones[:, 12:]
    heap, low = _leveled(chroma), _leveled(bass)
    if heap is None:
        return None
    away = heap - heap.mean()
    away /= float(away @ away) ** 0.5 + 1e-12
    low = np.zeros(12) if low is None else low
    weights = np.asarray([float(one.tones[:, :12].sum()) for one in steadies])
    share = weights / (weights.sum() + 1e-12)
    return Sounding(
        notes=np.stack([away, low, _edge(chroma), _edge(chroma[::-1])]),
        tuned=float(share @ np.asarray([one.tuned for one in steadies])),
        still=float(share @ np.asarray([one.share for one in steadies])),
    )


def evidence_of(found: Sounding, profiles: Profiles = PROFILES) -> Evidence:
    """What speaks for the likeliest key of `found`; each key's chance is a softmax of scores."""
    scores = np.concatenate(
        [seen_from_each_tonic(found.notes) @ np.ravel(profiles[mode]) for mode in _SCALES]
    )
    best = int(scores.argmax())
    others = np.delete(scores, best) - scores[best]
    odds = 1.0 / (float(np.exp(others).sum()) + 1e-12)
    fit = float(scales()[best] @ found.notes[0])
    return Evidence(NAMES[best], fit, min(odds, ODDS_MOST), found.tuned, found.still)


def seen_from_each_tonic(notes: F64) -> F64:
    """[12, 48] `notes` with each tonic's degrees in order, one row after the other."""
    return np.stack([np.roll(notes, -tonic, axis=1).ravel() for tonic in range(12)])


def _leveled(chroma: F64) -> F64 | None:
    """Mean chroma over 6 s spans that count alike unless nearly silent; sums to 1."""
    starts = np.arange(0, len(chroma), round(_SPAN_S * PITCH_FRAMES_PER_S))
    spans = np.add.reduceat(chroma, starts, axis=0) if starts.size else np.zeros((1, 12))
    sums = spans.sum(axis=1, keepdims=True)
    if sums.max() <= 1e-6:
        return None
    heap = (spans / (sums + 0.3 * sums.max())).sum(axis=0)
    return np.asarray(heap / heap.sum())


@cache
def scales() -> F64:
    """[24, 12] the profile of each key's scale, less its mean, of length 1."""
    out = []
    for mode, scale in _SCALES.items():
        profile = np.zeros(12)
        profile[list(scale)] = _DEGREE
        profile[list(_TRIADS[mode])] = _TONIC, _THIRD, _FIFTH
        profile[11] = max(profile[11], _LEADING)
        profile -= profile.mean()
        profile /= float(profile @ profile) ** 0.5
        out += [np.roll(profile, tonic) for tonic in range(12)]
    return np.asarray(out)


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


def confidence_of(found: Evidence) -> float:
    """How likely the key is the right one; what no right answer ever looked like gets less."""
    odds = sum(weight * each for weight, each in zip(TRUST, (*found.logs(), 1.0), strict=True))
    seen = min(1.0, found.tuned / _SEEN_TUNED) * min(1.0, found.still / _SEEN_STILL)
    return round(seen / (1.0 + math.exp(-odds)), 3)
