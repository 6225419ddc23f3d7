"""How keys are told and how far they are to be trusted, learned from sounds of our own making.

    python -m benchmarks.key_confidence --scores FOLDER [--check]

Profiles by benchmarks/key_fit.py, then logistic regression of "the key that was told is the right
one" on what the rule knows of its own answer. Sounds: solo lines, blues and modal lines, tunes of
open scores in FOLDER, the mixes of our own pieces, and sounds without a key, which weigh twice: two
fifths of all, as when trust was first fitted. It refuses to read a recording by somebody else.
Prints what generation/analysis keeps, then counts on sounds drawn afterwards.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import one_thread  # isort: skip

import numpy as np
import numpy.typing as npt

from benchmarks import pieces, solos, tunes
from benchmarks.key_fit import Lesson, profiles_of
from generation.analysis.hearing import LIKELY_KEY, SURE_KEY
from generation.analysis.keys import Evidence, confidence_of, evidence_of, sounding
from generation.analysis.pitch import Steady, steady_of
from generation.analysis.spectrum import spectrum_of

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
FOLDS = 5
KEYLESS_WEIGHT = 2.0
# What is held by --check of the sounds drawn afterwards.
NAMED_LEAST, TOLD_WRONG_MOST = 0.75, 0.12


@dataclass(frozen=True, slots=True)
class Case:
    """What was told of one sound, and whether that is right; wrong where there is no key."""

    kind: str
    is_keyless: bool
    evidence: Evidence
    is_right: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints profiles, weights and counts; 1 when --check was given and a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="only what was drawn afterwards")
    asked = parser.parse_args(arguments)
    one_thread.pin()
    if not asked.check:
        learn(list(lessons(asked.scores)))
    counts = drawn_afterwards(asked.scores)
    for kind, count in counts.items():
        print(f"{kind:14}", dict(count))
    whole = sum(counts.values(), Counter())
    is_met = (
        whole["named right"] >= NAMED_LEAST * (whole["all"] - whole["keyless"])
        and whole["told wrong"] <= TOLD_WRONG_MOST * whole["all"]
    )
    print(f"{'all':14}", dict(whole), "" if is_met else "missed")
    return 1 if asked.check and not is_met else 0


def learn(given: Sequence[Lesson]) -> None:
    """Prints the profiles, the weights of trust, their five-fold log loss, and what right answers
    are at least."""
    with_key = [one for one in given if one.keys]
    profiles = profiles_of(with_key)
    for mode, profile in profiles.items():
        print(mode, np.asarray(profile).tolist())
    told = list(_told_by_others(with_key))
    told += [_case(one, evidence_of(one.found, profiles)) for one in given if not one.keys]
    rows = np.asarray([[*case.evidence.logs(), 1.0] for case in told])
    right = np.asarray([case.is_right for case in told], np.float64)
    weights = np.asarray([KEYLESS_WEIGHT if case.is_keyless else 1.0 for case in told])
    print(f"log loss {_cross_loss(rows, right, weights):.4f}")
    print("trust", np.round(fitted(rows, right, weights), 2).tolist())
    seen = [(case.evidence.tuned, case.evidence.still) for case in told if case.is_right]
    print("seen tuned, still", np.round(np.quantile(seen, 0.01, axis=0), 3).tolist())


def _told_by_others(given: Sequence[Lesson]) -> Iterator[Case]:
    """Each fifth told by what the others teach: no answer was learned by heart."""
    for fold in range(FOLDS):
        profiles = profiles_of([one for n, one in enumerate(given) if n % FOLDS != fold])
        for one in given[fold::FOLDS]:
            yield _case(one, evidence_of(one.found, profiles))


def drawn_afterwards(scores: Path) -> Mapping[str, Counter[str]]:
    """Counts by kind of sounds that nothing was fitted to, as the product tells them."""
    counts: dict[str, Counter[str]] = {}
    drawn = [
        *_lessons((name, frozenset([key]), sound) for name, key, sound in solos.solos(105, 210)),
        *_lessons(tunes.modal(100, 1_000)),
        *_lessons(tunes.tunes(scores, 120, "test")),
        *_lessons((name, frozenset(), sound) for name, sound in solos.keyless(105, 210)),
    ]
    for one in drawn:
        case = _case(one, evidence_of(one.found))
        sure = confidence_of(case.evidence)
        is_told, is_asked = sure >= SURE_KEY, LIKELY_KEY <= sure < SURE_KEY
        signs = {
            "all": True,
            "keyless": case.is_keyless,
            "named right": case.is_right,
            "told right": is_told and case.is_right,
            "told wrong": is_told and not case.is_right,
            "asked right": is_asked and case.is_right,
            "asked wrong": is_asked and not case.is_right,
        }
        counts.setdefault(case.kind, Counter()).update(name for name in signs if signs[name])
    return counts


def lessons(scores: Path) -> Iterator[Lesson]:
    """Solo, blues and modal lines, tunes, the mixes of our own pieces, sounds without a key."""
    yield from _lessons((name, frozenset([key]), sound) for name, key, sound in solos.solos(210))
    yield from _lessons(tunes.modal(160))
    yield from _lessons(tunes.tunes(scores, 240, "train"))
    for piece in pieces.pieces():
        tonal = [_steady(line) for name, line in piece.stems.items() if name != "drums"]
        yield from _lesson("piece", frozenset([piece.key]), tonal)
    strange = [*solos.keyless(210), *pieces.strangers()]
    yield from _lessons((name, frozenset(), sound) for name, sound in strange)


def _lessons(sounds: Iterable[tuple[str, frozenset[str], F32]]) -> Iterator[Lesson]:
    for name, keys, sound in sounds:
        yield from _lesson(name.rstrip("0123456789 "), keys, [_steady(sound)])


def _lesson(kind: str, keys: frozenset[str], steadies: Sequence[Steady]) -> Iterator[Lesson]:
    found = sounding(steadies)
    if found is not None:
        yield Lesson(kind, found, keys)


def _steady(sound: F32) -> Steady:
    return steady_of(spectrum_of(np.stack([sound, sound])))


def _case(one: Lesson, evidence: Evidence) -> Case:
    return Case(one.kind, not one.keys, evidence, evidence.name in one.keys)


def fitted(rows: F64, right: F64, counts: F64) -> F64:
    """The weights of the likeliest logistic curve, none of them below zero but the constant, where
    each row counts so often; a faint pull to zero keeps them finite."""
    free = np.ones(rows.shape[1], bool)
    while True:
        weights = np.zeros(rows.shape[1])
        weights[free] = _newton(rows[:, free], right, counts)
        below = free & (weights < 0.0)
        below[-1] = False
        if not below.any():
            return weights
        free &= ~below


def _newton(rows: F64, right: F64, counts: F64) -> F64:
    weights = np.zeros(rows.shape[1])
    pull = np.append(np.full(rows.shape[1] - 1, 0.02), 0.0)
    for _ in range(50):
        chance = _chance(rows @ weights)
        slope = rows.T @ (counts * (right - chance)) - pull * weights
        bend = rows.T @ (rows * (counts * chance * (1.0 - chance))[:, None]) + np.diag(pull)
        weights += np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), slope)
    return weights


def _chance(sums: F64) -> F64:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(sums, -30.0, 30.0))))


def _cross_loss(rows: F64, right: F64, counts: F64) -> float:
    """Mean log loss of each fifth under the weights of the others."""
    fold, loss = np.arange(len(rows)) % FOLDS, 0.0
    for one in range(FOLDS):
        rest, here = fold != one, fold == one
        weights = fitted(rows[rest], right[rest], counts[rest])
        chance = np.clip(_chance(rows[here] @ weights), 1e-6, 1.0 - 1e-6)
        truth = right[here]
        loss -= counts[here] @ (truth * np.log(chance) + (1 - truth) * np.log(1 - chance))
    return float(loss / counts.sum())


if __name__ == "__main__":
    sys.exit(main())
