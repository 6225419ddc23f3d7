"""The chords of a recording, beat by beat: which of 48 fits what sounds, and how they follow.

Every beat's notes are compared with the template of each chord; the likeliest way through all beats
is found by the Viterbi algorithm, in which a chord stays more easily than it changes and changes
more easily where a bar begins. It refuses to know melodies and stems. Invariant: what holds no
steady pitch has no chord.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from generation.analysis.pitch import Steady, added
from generation.analysis.rules import TONICS
from generation.analysis.spectrum import PITCH_STRIDE

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

# Semitones above the root, and how surely a chord of the kind is meant where nothing speaks for it:
# triads are what most music is made of.
KINDS = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "dim": (0, 3, 6)}
_LESS = {"maj": 0.0, "min": 0.0, "7": 0.6, "dim": 0.6}
NAMES = tuple(f"{tonic} {kind}" for kind in KINDS for tonic in TONICS)
# How much likeness counts against habit, and the bass against the whole.
_SHARP = 14.0
_BASS = 0.35
# The logarithms of the odds that a chord changes within a bar and at its beginning.
_WITHIN, _AT_BAR = -3.0, -1.2
_SILENT = 0.02


def chords_of(
    steadies: Sequence[Steady], beats: Sequence[int], downbeats: Sequence[int], length: int
) -> tuple[tuple[int, str], ...]:
    """(sample, name) of every change of chord, names like "A min", "G 7", "B dim" or "" for none.

    `steadies`: those of the tonal stems; `beats` and `downbeats` in samples, `length` the
    recording's. Empty without beats.
    """
    if len(beats) < 2:
        return ()
    tones = added([_sounding(one) for one in steadies])
    edges = np.append(np.asarray(beats, np.float64), min(length, 2 * beats[-1] - beats[-2]))
    rows = _between(tones, edges / PITCH_STRIDE)
    strength = rows[:, :12].sum(axis=1)
    sounding = strength > _SILENT * max(float(np.median(strength)), 1e-9)
    if not sounding.any() or strength.max() <= 1e-9:
        return ()
    bars = set(downbeats)
    way = _viterbi(_fits(rows), np.asarray([beat in bars for beat in beats]))
    names = [NAMES[chord] if sounds else "" for chord, sounds in zip(way, sounding, strict=True)]
    changes = [n for n in range(len(names)) if n == 0 or names[n] != names[n - 1]]
    return tuple((int(beats[n]), names[n]) for n in changes)


def _sounding(one: Steady) -> F64:
    """[m, 24] tones and bass with half of what lower partials may explain: a fifth is the third
    partial of its root, and a chord without its fifth is taken for a diminished one."""
    return np.asarray(one.tones + 0.5 * np.concatenate([one.chroma, one.bass], axis=1))


def _between(rows: F64, edges: F64) -> F64:
    """The mean of `rows` between places with a fraction."""
    heap = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    # Frame i is centred on place i, so it lies between i - 1/2 and i + 1/2.
    at = np.clip(edges + 0.5, 0.0, len(rows))
    whole = np.minimum(at.astype(int), len(rows) - 1)
    sums = heap[whole] + (at - whole)[:, None] * (heap[whole + 1] - heap[whole])
    return np.asarray(np.diff(sums, axis=0) / np.maximum(np.diff(at), 1e-9)[:, None])


def _fits(rows: F64) -> F64:
    """[beats, 48] the logarithm of how well each chord explains each beat, up to a constant."""
    chroma, bass = _unit(np.sqrt(rows[:, :12])), _unit(np.sqrt(rows[:, 12:]))
    whole, roots, less = _templates()
    return np.asarray(_SHARP * (chroma @ whole.T + _BASS * bass @ roots.T) - less)


def _unit(rows: F64) -> F64:
    return np.asarray(rows / np.maximum(np.sqrt((rows**2).sum(axis=1, keepdims=True)), 1e-9))


@cache
def _templates() -> tuple[F64, F64, F64]:
    """([48, 12] of length 1; [48, 12] the bass: the root, and less the fifth; [48] of _LESS)."""
    whole, roots, less = [], [], []
    for kind, steps in KINDS.items():
        notes, root = np.zeros(12), np.zeros(12)
        notes[list(steps)] = 1.0
        notes[0] = 1.1
        root[[0, steps[2]]] = 1.0, 0.4
        for tonic in range(12):
            whole.append(np.roll(notes, tonic) / np.sqrt(float(notes @ notes)))
            roots.append(np.roll(root, tonic) / np.sqrt(float(root @ root)))
            less.append(_LESS[kind])
    return np.asarray(whole), np.asarray(roots), np.asarray(less)


def _viterbi(fits: F64, is_bar: npt.NDArray[np.bool_]) -> list[int]:
    """The likeliest chord of every beat. Source: A. Viterbi, IEEE Trans. Inf. Theory 13 (1967)."""
    count, chords = fits.shape
    came = np.zeros((count, chords), np.int64)
    score = fits[0].copy()
    for beat in range(1, count):
        moved = score.max() + (_AT_BAR if is_bar[beat] else _WITHIN)
        best = int(score.argmax())
        stays = score >= moved
        came[beat] = np.where(stays, np.arange(chords), best)
        score = np.where(stays, score, moved) + fits[beat]
    way = [int(score.argmax())]
    for beat in range(count - 1, 0, -1):
        way.append(int(came[beat, way[-1]]))
    return way[::-1]
