"""How many beats make a bar, and which beat is its first.

It refuses to know how beats were found. Evidence per beat: the bass drum and the bass, a change of
harmony, an attack of a stem that seldom attacks, and what speaks against a first beat, the snare.
Invariant: downbeats are a subset of the beats, a whole bar apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.analysis.pyramid import HOP
from generation.analysis.spectrum import PITCH_STRIDE

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

LENGTHS = (4, 3, 2)
_PRIOR = {4: 1.0, 3: 0.95, 2: 0.7}
_NEAR = 0.05 * 48_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each stem says, per frame or attack: `low` and `high` novelty (frames of HOP samples),
    chroma and bass chroma (frames of PITCH_STRIDE samples), attacks with their rises in dB."""

    low: F64
    high: F64
    chroma: F64
    bass: F64
    onsets: Sequence[I64]
    rises: Sequence[F64]


def bars_of(beats: F64, evidence: Evidence) -> tuple[int, int]:
    """(beats per bar, number of the first beat that begins a bar)."""
    if beats.size < 6:
        return 4, 0
    weight = accents(beats, evidence)
    best = max(
        (_PRIOR[length] * contrast, length, phase)
        for length in LENGTHS
        for phase, contrast in enumerate(_contrasts(weight, length))
    )
    return best[1], best[2]


def accents(beats: F64, evidence: Evidence) -> F64:
    """How much each beat speaks for being a first one, in standard deviations."""
    change = _change(evidence.chroma, beats)
    ground = _change(evidence.bass, beats)
    low = _around(evidence.low, beats)
    high = _around(evidence.high, beats)
    rare = _rare_attacks(beats, evidence.onsets, evidence.rises)
    return (
        1.2 * _standard(change)
        + 1.0 * _standard(ground)
        + 0.8 * _standard(low)
        + 1.0 * _standard(rare)
        - 0.5 * _standard(high)
    )


def _contrasts(weight: F64, length: int) -> list[float]:
    """Of each place in the bar the mean of its beats, less 0.35 of that of the strongest other
    place, and less 0.65 of the mean of all others."""
    means = [float(weight[place::length].mean()) for place in range(length)]
    out = []
    for phase, mean in enumerate(means):
        others = means[:phase] + means[phase + 1 :]
        out.append(mean - 0.35 * max(others) - 0.65 * sum(others) / len(others))
    return out


def _standard(values: F64) -> F64:
    away = values - float(values.sum()) / values.size
    spread = (float(away @ away) / values.size) ** 0.5
    if spread <= 1e-9:
        return np.zeros_like(values)
    return np.asarray(np.minimum(np.maximum(away / spread, -2.0), 3.0))


def _around(curve: F64, beats: F64) -> F64:
    """The largest value of a per-frame curve within 50 ms of each beat."""
    low = np.clip(((beats - _NEAR) / HOP).astype(int), 0, curve.size - 1)
    span = int(2 * _NEAR / HOP) + 1
    index = np.minimum(low[:, None] + np.arange(span)[None, :], curve.size - 1)
    return np.asarray(curve[index].max(axis=1))


def _change(chroma: F64, beats: F64) -> F64:
    """How far the harmony after each beat differs from that before it: 1 less the cosine."""
    heap = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, axis=0)])
    edges = np.append(beats, 2 * beats[-1] - beats[-2]) / PITCH_STRIDE
    places = np.clip(edges, 0, len(chroma))
    whole = np.floor(places).astype(int)
    part = (places - whole)[:, None]
    at = heap[whole] * (1 - part) + heap[np.minimum(whole + 1, len(chroma))] * part
    sums = np.sqrt(np.maximum(0.0, np.diff(at, axis=0)))
    norm = np.sqrt(np.einsum("ij,ij->i", sums, sums)) + 1e-9
    unit = sums / norm[:, None]
    out = np.zeros(beats.size)
    out[1:] = 1.0 - np.einsum("ij,ij->i", unit[1:], unit[:-1])
    return out


def _rare_attacks(beats: F64, onsets: Sequence[I64], rises: Sequence[F64]) -> F64:
    """Attacks at each beat, every stem's divided by how many of the beats it attacks."""
    out = np.zeros(beats.size)
    for places, rise in zip(onsets, rises, strict=True):
        if places.size < 3:
            continue
        number = np.clip(np.searchsorted(beats, places), 1, beats.size - 1)
        number -= (places - beats[number - 1]) < (beats[number] - places)
        near = np.abs(places - beats[number]) < 1.6 * _NEAR
        hit = np.zeros(beats.size)
        np.maximum.at(hit, number[near], np.clip(rise[near], 0.0, 20.0) / 20.0)
        share = float((hit > 0).mean())
        out += hit * (1.0 - share)
    return out
