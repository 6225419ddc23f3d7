"""The parts of a recording: runs of bars that belong together, and which of them are alike.

It refuses to name verses and choruses: a part is "A", "B" and so on. Invariant: the parts cover the
bars from the first to the last without gap or overlap. Method: self-similarity of bars and a
checkerboard novelty (Foote 2000), boundaries kept to even bars.
"""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from generation.analysis.values import Part
from generation.engine.kernels import kernel

F64 = npt.NDArray[np.float64]

_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REACH = 4
_ALIKE = 0.85


def parts_of(features: F64, energy: F64) -> tuple[Part, ...]:
    """The parts of bars described by `features` [bars, f] with mean powers `energy` [bars].

    A part's energy is its loudness between the quietest (0) and loudest (1) bar, over at most 20
    dB.
    """
    bars = len(features)
    if bars == 0:
        return ()
    unit = _unit(features)
    edges = [0, *_boundaries(unit @ unit.T), bars]
    spans = [(low, high) for low, high in pairwise(edges) if high > low]
    labels = _labels([unit[low:high].mean(axis=0) for low, high in spans])
    heights = _heights([float(energy[low:high].mean()) for low, high in spans], energy)
    return tuple(
        Part(label, low, high - low, round(height, 3))
        for (low, high), label, height in zip(spans, labels, heights, strict=True)
    )


def _unit(features: F64) -> F64:
    """Columns brought to one scale, rows to length 1."""
    spread = features.std(axis=0)
    even = (features - features.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    even = np.concatenate([even, np.full((len(even), 1), 0.5)], axis=1)
    return np.asarray(even / np.sqrt(np.square(even).sum(axis=1, keepdims=True)))


def _boundaries(alike: F64) -> list[int]:
    """Bars at which something new begins; at least 4 bars apart, multiples of 4 preferred."""
    bars = len(alike)
    if bars < 8:
        return []
    novelty = np.zeros(bars)
    _checkers(alike, novelty)
    novelty *= np.resize((1.0, 0.45, 0.7, 0.45), bars)
    threshold = max(0.12, float(novelty.mean() + 0.5 * novelty.std()))
    chosen: list[int] = []
    for bar in np.argsort(-novelty, kind="stable"):
        if novelty[bar] < threshold:
            break
        if 2 <= bar <= bars - 2 and all(abs(int(bar) - other) >= _REACH for other in chosen):
            chosen.append(int(bar))
    return sorted(chosen)


@kernel
def _checkers(alike: F64, out: F64) -> None:
    """How much the 4 bars after each are like each other and unlike the 4 before; nothing where
    fewer than two lie on a side."""
    for bar in range(2, len(alike) - 1):
        low, high = max(0, bar - _REACH), min(len(alike), bar + _REACH)
        within = _mean(alike, low, bar, low, bar) + _mean(alike, bar, high, bar, high)
        out[bar] = within / 2.0 - _mean(alike, low, bar, bar, high)


@kernel
def _mean(alike: F64, top: int, bottom: int, left: int, right: int) -> float:
    heap = 0.0
    for row in range(top, bottom):
        for column in range(left, right):
            heap += alike[row, column]
    return heap / ((bottom - top) * (right - left))


def _labels(means: list[F64]) -> list[str]:
    kinds: list[F64] = []
    out = []
    for mean in means:
        scores = [
            float(mean @ kind / (np.linalg.norm(mean) * np.linalg.norm(kind))) for kind in kinds
        ]
        if scores and max(scores) >= _ALIKE:
            out.append(_LABELS[int(np.argmax(scores)) % len(_LABELS)])
            continue
        out.append(_LABELS[len(kinds) % len(_LABELS)])
        kinds.append(mean)
    return out


def _heights(levels: list[float], energy: F64) -> list[float]:
    decibels = 10.0 * np.log10(np.maximum(energy, 1e-12))
    top = float(decibels.max())
    floor = max(float(decibels.min()), top - 20.0)
    if top - floor < 0.5:
        return [0.5] * len(levels)
    told = [(10.0 * math.log10(max(level, 1e-12)) - floor) / (top - floor) for level in levels]
    return [min(1.0, max(0.0, height)) for height in told]
