"""How the harmony net learns: windows of shuffled melodies, the chord before hidden now and then.

It knows examples and the net, and refuses to know the test split. Invariant: the same examples,
plan and seed give the same weights on the same machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generation.nets.counting import shifted
from generation.nets.harmony.beats import START, Beats
from generation.nets.harmony.model import HarmonyModel, Size
from generation.nets.learning import Course, again_and_again, descend
from generation.nets.line.grounds import NO_CHORD
from generation.nets.registry import Tell


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard. `hidden`: how often the chord before is."""

    epochs: int = 6
    rows: int = 8
    window: int = 96
    rate: float = 2e-3
    dropout: float = 0.15
    hidden: float = 0.1
    size: Size = field(default_factory=Size)


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side, [rows, window] and as in `Beats`."""

    columns: Tensor
    shares: Tensor
    before: Tensor
    whose: Tensor
    chords: Tensor


def trained(examples: Sequence[Beats], plan: Plan, seed: int, tell: Tell) -> HarmonyModel:
    """The net after `plan`, ready to be measured."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = HarmonyModel(plan.size, plan.dropout)
        chance = np.random.default_rng(seed)
        per_pass = sum(len(one.chords) for one in examples) // (plan.rows * plan.window)
        course = Course(max(1, per_pass) * plan.epochs, plan.rate)
        endless = again_and_again(lambda: batches(examples, plan, chance))
        descend(model, endless, lambda batch: loss_of(model, batch), course, tell)
    return model.eval()


def batches(examples: Sequence[Beats], plan: Plan, chance: np.random.Generator) -> Iterator[Batch]:
    """One pass over the examples, shuffled and laid end to end, cut into windows."""
    stream = [examples[one] for one in chance.permutation(len(examples))]
    columns = np.concatenate([one.columns for one in stream])
    shares = np.concatenate([one.shares for one in stream]).astype(np.float32)
    chords = np.concatenate([one.chords for one in stream])
    before = np.concatenate([shifted(one.chords, 1, START) for one in stream])
    whose = np.repeat(np.arange(len(stream)), [len(one.chords) for one in stream])
    window = min(plan.window, len(chords))
    first = int(chance.integers(0, len(chords) % window + 1))
    starts = first + window * np.arange(len(chords) // window)
    chance.shuffle(starts)
    for place in range(0, len(starts), plan.rows):
        taken = starts[place : place + plan.rows, None] + np.arange(window)
        hidden = chance.random(taken.shape) < plan.hidden
        yield Batch(
            torch.from_numpy(columns[taken]),
            torch.from_numpy(shares[taken]),
            torch.from_numpy(np.where(hidden, NO_CHORD, before[taken])),
            torch.from_numpy(whose[taken]),
            torch.from_numpy(chords[taken]),
        )


def loss_of(model: HarmonyModel, batch: Batch) -> Tensor:
    """Nats per beat that has a chord."""
    scores = model(batch.columns, batch.shares, batch.before, batch.whose)
    return functional.cross_entropy(
        scores.flatten(0, 1), batch.chords.flatten(), ignore_index=NO_CHORD
    )
