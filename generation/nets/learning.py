"""How nets learn: AdamW, a rate that rises in a line and falls as a cosine, gradients clipped.

After Loshchilov and Hutter, Decoupled weight decay regularization (2019). It refuses to know what
is learned and from what. Invariant: the same batches in the same order give the same weights on
the same machine.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from generation.nets.registry import Tell

Batch = TypeVar("Batch")

_WARM_STEPS = 100
_TOLD_EVERY = 100
_CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how hard: `rate` is the highest."""

    steps: int
    rate: float
    decay: float = 0.05


def descend(
    model: nn.Module,
    batches: Iterable[Batch],
    loss_of: Callable[[Batch], Tensor],
    course: Course,
    tell: Tell,
) -> None:
    """Moves the weights of `model` for `course.steps` batches; `loss_of` is in nats."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=course.rate, betas=(0.9, 0.98), weight_decay=course.decay
    )
    total, count = 0.0, 0
    for step, batch in enumerate(islice(batches, course.steps)):
        for group in optimizer.param_groups:
            group["lr"] = course.rate * rate_at(step, course.steps)
        loss = loss_of(batch)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimizer.step()
        total, count = total + float(loss.detach()), count + 1
        if (step + 1) % _TOLD_EVERY == 0 or step + 1 == course.steps:
            tell(f"step {step + 1} of {course.steps}: {total / count / math.log(2):.3f} bits")
            total, count = 0.0, 0


def arrays_of(model: nn.Module) -> dict[str, NDArray[np.float32]]:
    """The weights of `model` by name."""
    return {name: one.detach().numpy() for name, one in model.state_dict().items()}


def rate_at(step: int, steps: int) -> float:
    """The share of the full rate at `step`."""
    warm = min(_WARM_STEPS, max(1, steps // 10))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def again_and_again(one_pass: Callable[[], Iterator[Batch]]) -> Iterator[Batch]:
    """Pass after pass without an end."""
    while True:
        yield from one_pass()
