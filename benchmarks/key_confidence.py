"""How far a key is to be trusted: the weights of `keys.TRUST`, fitted to sounds of our own.

    python -m benchmarks.key_confidence [--solos N] [--keyless N]

Logistic regression of "the key that was told is the right one" on what the rule of keys knows of
its own answer, over solo lines, the mixes of our own pieces and sounds without a key. It refuses to
read a recording by somebody else. Forms are compared by five-fold log loss; the one that
`generation/analysis/keys.py` uses is named there.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import one_thread  # isort: skip

import numpy as np
import numpy.typing as npt

from benchmarks import pieces, solos
from generation.analysis.keys import LEAST, Evidence, evidence_of
from generation.analysis.pitch import steady_of
from generation.analysis.spectrum import spectrum_of

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
FOLDS, PIECES = 5, 70


@dataclass(frozen=True, slots=True)
class Case:
    """What was told of one sound, and whether that is right; wrong where there is no key."""

    kind: str
    evidence: Evidence
    is_right: bool


FORMS: dict[str, Callable[[Evidence], list[float]]] = {
    "plain": lambda one: [one.fit, one.margin, one.tuned, one.still],
    "roots": lambda one: [one.fit, one.margin**0.5, one.tuned**0.5, one.still],
    "logarithms": lambda one: [
        float(np.log(max(value, least)))
        for value, least in zip((one.fit, one.margin, one.tuned, one.still), LEAST, strict=True)
    ],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints each form's weights, its log loss and how the chosen one is calibrated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--solos", type=int, default=210)
    parser.add_argument("--keyless", type=int, default=210)
    asked = parser.parse_args(arguments)
    one_thread.pin()
    report(list(cases(asked.solos, asked.keyless)))
    return 0


def report(told: Sequence[Case]) -> None:
    """Every form with its weights (the last is the constant), then counts by kind."""
    right = np.asarray([case.is_right for case in told], np.float64)
    for name, form in FORMS.items():
        rows = np.asarray([[*form(case.evidence), 1.0] for case in told])
        print(
            f"{name:12} log loss {_cross_loss(rows, right):.4f}", np.round(fitted(rows, right), 2)
        )
    for kind in sorted({case.kind for case in told}):
        here = [case for case in told if case.kind == kind]
        print(f"{kind:14} {sum(case.is_right for case in here)} of {len(here)} named right")


def cases(lines: int, keyless: int) -> Iterator[Case]:
    """Solo lines, mixes of our own pieces, sounds without a key."""
    for _, key, sound in solos.solos(lines):
        yield from _case("solo", sound, key)
    for piece in pieces.pieces(PIECES):
        mix: F32 = np.sum(list(piece.stems.values()), axis=0, dtype=np.float32)
        yield from _case("piece", mix, piece.key)
    for name, sound in [*solos.keyless(keyless), *pieces.strangers()]:
        yield from _case(name.rstrip("0123456789 "), sound, None)


def _case(kind: str, sound: F32, key: str | None) -> Iterator[Case]:
    evidence = evidence_of([steady_of(spectrum_of(np.stack([sound, sound])))])
    if evidence is not None:
        yield Case(kind, evidence, evidence.name == key)


def fitted(rows: F64, right: F64) -> F64:
    """The weights of the likeliest logistic curve, none of them below zero but the constant; a
    faint pull to zero keeps them finite."""
    free = np.ones(rows.shape[1], bool)
    while True:
        weights = np.zeros(rows.shape[1])
        weights[free] = _newton(rows[:, free], right)
        below = free & (weights < 0.0)
        below[-1] = False
        if not below.any():
            return weights
        free &= ~below


def _newton(rows: F64, right: F64) -> F64:
    weights = np.zeros(rows.shape[1])
    pull = np.append(np.full(rows.shape[1] - 1, 0.02), 0.0)
    for _ in range(50):
        chance = _chance(rows @ weights)
        slope = rows.T @ (right - chance) - pull * weights
        bend = rows.T @ (rows * (chance * (1.0 - chance))[:, None]) + np.diag(pull)
        weights += np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), slope)
    return weights


def _chance(sums: F64) -> F64:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(sums, -30.0, 30.0))))


def _cross_loss(rows: F64, right: F64) -> float:
    """Mean log loss of each fifth under the weights of the others."""
    fold, losses = np.arange(len(rows)) % FOLDS, []
    for one in range(FOLDS):
        weights = fitted(rows[fold != one], right[fold != one])
        chance = np.clip(_chance(rows[fold == one] @ weights), 1e-6, 1.0 - 1e-6)
        truth = right[fold == one]
        losses.append(-np.mean(truth * np.log(chance) + (1 - truth) * np.log(1 - chance)))
    return float(np.mean(losses))


if __name__ == "__main__":
    sys.exit(main())
