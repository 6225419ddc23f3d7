"""How the line net learns: windows of shuffled pieces, the hints withheld now and then.

It knows examples and the net, and refuses to know the test split. Invariant: the same
examples, plan and seed give the same weights on the same machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generation.nets.learning import Course, again_and_again, descend
from generation.nets.line import grounds
from generation.nets.line.examples import Example
from generation.nets.line.model import LineModel, Size
from generation.nets.registry import Tell


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard. `free`: how often each hint is withheld."""

    epochs: int = 3
    rows: int = 8
    window: int = 128
    rate: float = 2e-3
    dropout: float = 0.1
    free: float = 0.2
    size: Size = field(default_factory=Size)


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side: `columns` [rows, window, columns], the rest [rows, window]."""

    columns: Tensor
    onset: Tensor
    whose: Tensor
    pitch: Tensor
    duration: Tensor


def trained(examples: Sequence[Example], plan: Plan, seed: int, tell: Tell) -> LineModel:
    """The net after `plan`, ready to be measured."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LineModel(plan.size, plan.dropout)
        chance = np.random.default_rng(seed)
        per_pass = sum(len(one.events) for one in examples) // (plan.rows * plan.window)
        course = Course(max(1, per_pass) * plan.epochs, plan.rate)
        endless = again_and_again(lambda: batches(examples, plan, chance))
        descend(model, endless, lambda batch: loss_of(model, batch), course, tell)
    return model.eval()


def batches(
    examples: Sequence[Example], plan: Plan, chance: np.random.Generator
) -> Iterator[Batch]:
    """One pass over the examples, shuffled and laid end to end, cut into windows."""
    order = chance.permutation(len(examples))
    stream = [examples[one] for one in order]
    columns = np.concatenate([one.columns for one in stream])
    onset = np.concatenate([one.events.onset for one in stream])
    pitch = np.concatenate([one.events.pitch for one in stream])
    duration = np.concatenate([one.events.duration for one in stream])
    whose = np.repeat(np.arange(len(stream)), [len(one.events) for one in stream])
    window = min(plan.window, len(pitch))
    starts = int(chance.integers(0, len(pitch) % window + 1)) + window * np.arange(
        len(pitch) // window
    )
    chance.shuffle(starts)
    for first in range(0, len(starts), plan.rows):
        taken = starts[first : first + plan.rows, None] + np.arange(window)
        free = chance.random((2, len(taken), 1)) < plan.free
        freed = grounds.without_hints(columns[taken], density=free[0], register=free[1])
        yield Batch(
            torch.from_numpy(freed),
            torch.from_numpy(onset[taken]),
            torch.from_numpy(whose[taken]),
            torch.from_numpy(pitch[taken]),
            torch.from_numpy(duration[taken]),
        )


def loss_of(model: LineModel, batch: Batch) -> Tensor:
    """Nats per event, pitch and duration together."""
    pitches, durations = model(batch.columns, batch.onset, batch.whose, batch.pitch)
    return functional.cross_entropy(
        pitches.flatten(0, 1), batch.pitch.flatten()
    ) + functional.cross_entropy(durations.flatten(0, 1), batch.duration.flatten())
