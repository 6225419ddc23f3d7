"""How the line net learns: windows of shuffled pieces, AdamW, a rate that falls as a cosine.

One thread. It knows examples and the net, and refuses to know the test split. Invariant: the same
examples, plan and seed give the same weights on the same machine.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generation.nets.line import grounds
from generation.nets.line.examples import Example
from generation.nets.line.model import LineModel, Size
from generation.nets.registry import Tell

_WARM_STEPS = 100
_TOLD_EVERY = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard. `free`: how often each hint is withheld."""

    epochs: int = 9
    rows: int = 8
    window: int = 128
    rate: float = 2e-3
    decay: float = 0.05
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
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=plan.decay
        )
        chance = np.random.default_rng(seed)
        per_epoch = sum(len(one.events) for one in examples) // (plan.rows * plan.window)
        steps = max(1, per_epoch) * plan.epochs
        step = 0
        losses: list[float] = []
        while step < steps:
            for batch in batches(examples, plan, chance):
                for group in optimizer.param_groups:
                    group["lr"] = plan.rate * rate_at(step, steps)
                losses.append(_learn(model, optimizer, batch))
                step += 1
                if step % _TOLD_EVERY == 0 or step == steps:
                    bits = float(np.mean(losses[-_TOLD_EVERY:])) / math.log(2)
                    tell(f"step {step} of {steps}: {bits:.3f} bits per event")
                if step == steps:
                    break
    return model.eval()


def rate_at(step: int, steps: int) -> float:
    """The share of the full rate at `step`: up in a line, then down as half a cosine."""
    warm = min(_WARM_STEPS, max(1, steps // 10))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


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


def _learn(model: LineModel, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
    """One step; returns the loss in nats per event."""
    pitches, durations = model(batch.columns, batch.onset, batch.whose, batch.pitch)
    loss = functional.cross_entropy(
        pitches.flatten(0, 1), batch.pitch.flatten()
    ) + functional.cross_entropy(durations.flatten(0, 1), batch.duration.flatten())
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())
