"""What notes say of a key, learned: the profiles of generation/analysis/key_profiles.py.

Softmax regression of the right key on the notes that sound, the lowest, the first and the last, one
set of weights for all tonics. Where two keys are right their chances add up. A pull towards the
plain scale and triad that keys were told by before keeps weights that little speaks for where music
theory has them. It refuses to know sounds. Invariant: every mode weighs alike in real tunes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from generation.analysis.keys import NAMES, Profiles, Sounding, scales, seen_from_each_tonic

F64 = npt.NDArray[np.float64]
PULL = 0.3
MODES = ("maj", "min")
_TRIADS = ((0, 4, 7), (0, 3, 7))


@dataclass(frozen=True, slots=True)
class Lesson:
    """What sounds, the keys that are right for it (none: it has no key), and its kind."""

    kind: str
    found: Sounding
    keys: frozenset[str]


def profiles_of(lessons: Sequence[Lesson]) -> Profiles:
    """The likeliest profiles, rounded to hundredths, each mode's four times twelve."""
    x = np.stack([seen_from_each_tonic(one.found.notes) for one in lessons])
    right = np.asarray([[name in one.keys for name in NAMES] for one in lessons])
    weights, plain = weights_of(lessons), _plain()
    start = np.append(5.0, np.zeros(plain.size))
    found = minimize(_loss, start, (x, right, weights, plain), method="L-BFGS-B", jac=True)
    learned = found.x[0] * plain + found.x[1:].reshape(plain.shape)
    return {mode: np.round(learned[n].reshape(4, 12), 2) for n, mode in enumerate(MODES)}


def weights_of(lessons: Sequence[Lesson]) -> F64:
    """Of real tunes of a kind major ones weigh as much together as minor ones; all else weighs 1:
    hymns are major six times out of seven, loops are not."""
    names = [(one.kind, *sorted(key[-3:] for key in one.keys)) for one in lessons]
    out = np.ones(len(lessons))
    for kind in ("hymn", "song"):
        count = {mode: names.count((kind, mode)) for mode in MODES}
        for n, name in enumerate(names):
            if name[0] == kind:
                out[n] = 0.5 * sum(count.values()) / count[name[1]]
    return out


def _loss(
    free: F64, x: F64, right: npt.NDArray[np.bool_], weights: F64, plain: F64
) -> tuple[float, F64]:
    """The weighed log loss with the pull, and its slope; `free`: a scale of `plain`, and what is
    added to it."""
    own = free[1:].reshape(plain.shape)
    profiles = free[0] * plain + own
    scores = np.concatenate([x @ profile for profile in profiles], axis=1)
    parts = np.exp(scores - scores.max(axis=1, keepdims=True))
    good = np.where(right, parts, 0.0)
    every, wanted = parts.sum(axis=1), good.sum(axis=1) + 1e-300
    loss = float(weights @ (np.log(every) - np.log(wanted)) + PULL * np.square(own).sum())
    slope = weights[:, None] * (parts / every[:, None] - good / wanted[:, None])
    flat = x.reshape(-1, x.shape[-1])
    by = np.stack([slope[:, :12].ravel() @ flat, slope[:, 12:].ravel() @ flat])
    return loss, np.append(float((by * plain).sum()), by + 2.0 * PULL * own)


def _plain() -> F64:
    """[2, 48] the plain scale with its triad, a bass on tonic and fifth, the tonic's chord first
    and last."""
    out = np.zeros((2, 4, 12))
    for mode, triad in enumerate(_TRIADS):
        out[mode, 0] = scales()[12 * mode]
        out[mode, 1, [0, 7]] = 0.9, 0.45
        out[mode, 2, list(triad)] = 0.4, 0.2, 0.2
        out[mode, 3, list(triad)] = 0.1, 0.05, 0.05
    return out.reshape(2, 48)
