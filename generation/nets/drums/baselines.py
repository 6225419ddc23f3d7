"""What simple counting reaches on drum parts: the measure beside the drum net.

Every baseline is counted on the training parts with add-`_MORE` smoothing, from the coarser context
to the finer, and read on the held-out ones. It refuses to know the net. Invariant: a baseline sees
nothing at a step that the net does not see there.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from generation.nets.grooves import (
    OFFSETS,
    STEPS,
    STYLES,
    VELOCITIES,
    VOICES,
    Groove,
    offset_classes,
    style_number,
    velocity_classes,
)

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Context = Callable[[Groove], I64]

_MORE = 2.0


def struck_bits(train: Sequence[Groove], test: Sequence[Groove]) -> dict[str, float]:
    """Bits a step (all nine voices) of each baseline on `test`."""
    contexts: dict[str, list[Context]] = {
        "unigram": [_voice],
        "style and position": [_voice, _voice_place, _style_place],
        "previous bar": [_voice, _voice_place, partial(_past, ago=(STEPS, 1))],
        "two previous bars": [_voice, _voice_place, partial(_past, ago=(STEPS, 2 * STEPS, 1))],
    }
    steps = sum(len(one.velocity) for one in test)
    return {
        name: _cost(ladder, lambda one: one.hits.astype(np.int64), 2, train, test, _all) / steps
        for name, ladder in contexts.items()
    }


def touch_bits(train: Sequence[Groove], test: Sequence[Groove]) -> tuple[float, float]:
    """Bits a hit of velocity and of offset, by the marginals of voice and position."""
    ladder: list[Context] = [_voice, _voice_place]
    hits = sum(int(one.hits.sum()) for one in test)
    hard = _cost(ladder, lambda one: velocity_classes(one.velocity), VELOCITIES, train, test, _hit)
    off = _cost(ladder, lambda one: offset_classes(one.offset), OFFSETS, train, test, _hit)
    return hard / hits, off / hits


def _cost(
    ladder: Sequence[Context],
    outcome: Context,
    outcomes: int,
    train: Iterable[Groove],
    test: Iterable[Groove],
    counted: Callable[[Groove], npt.NDArray[np.bool_]],
) -> float:
    """Bits of all counted outcomes of `test`; each context leans on the coarser one before it."""
    seen = list(train)
    tables = [_counts(context, outcome, outcomes, seen, counted) for context in ladder]
    total = 0.0
    for one in test:
        kept, got = counted(one), outcome(one)
        chance: F64 = np.full((*got.shape, outcomes), 1.0 / outcomes)
        for context, table in zip(ladder, tables, strict=True):
            found = table[context(one)]
            chance = (found + _MORE * chance) / (found.sum(-1, keepdims=True) + _MORE)
        taken = np.take_along_axis(chance, got[..., None], -1)[..., 0]
        total -= float(np.log2(taken[kept]).sum())
    return total


def _counts(
    context: Context,
    outcome: Context,
    outcomes: int,
    grooves: Iterable[Groove],
    counted: Callable[[Groove], npt.NDArray[np.bool_]],
) -> F64:
    table = np.zeros((len(VOICES) * STEPS * max(len(STYLES) + 1, 8), outcomes))
    for one in grooves:
        kept = counted(one)
        np.add.at(table, (context(one)[kept], outcome(one)[kept]), 1.0)
    return table


def _all(groove: Groove) -> npt.NDArray[np.bool_]:
    return np.ones(groove.hits.shape, np.bool_)


def _hit(groove: Groove) -> npt.NDArray[np.bool_]:
    return groove.hits


def _voice(groove: Groove) -> I64:
    return np.broadcast_to(np.arange(len(VOICES)), groove.hits.shape)


def _voice_place(groove: Groove) -> I64:
    return _voice(groove) * STEPS + (np.arange(len(groove.hits)) % STEPS)[:, None]


def _style_place(groove: Groove) -> I64:
    return _voice_place(groove) * (len(STYLES) + 1) + style_number(groove.style)


def _past(groove: Groove, ago: tuple[int, ...]) -> I64:
    """Whether the voice was struck so many steps ago, each, beside voice and position: Markov."""
    hits = groove.hits.astype(np.int64)
    context = _voice_place(groove)
    for away in ago:
        context = 2 * context + np.pad(hits, ((away, 0), (0, 0)))[: len(hits)]
    return context
