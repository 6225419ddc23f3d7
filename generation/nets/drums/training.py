"""How the drum net is trained: eight-bar windows of recorded parts, on one core.

It refuses to know figures and releases. Invariant: equal parts and an equal seed give equal weights
on one machine.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from generation.nets.drums.model import DrumNet, DrumSizes, Steps
from generation.nets.grooves import (
    STEPS,
    Groove,
    energies_of,
    offset_classes,
    style_number,
    velocity_classes,
)

TOUCH_WEIGHT = 0.25  # of velocity and offset beside what is struck


@dataclass(frozen=True, slots=True)
class DrumSchedule:
    """How long and how fast. `free`: how often style or energy is withheld."""

    rounds: int = 1_000
    batch: int = 32
    bars: int = 8
    rate: float = 4e-3
    decay: float = 0.02
    free: float = 0.15


@dataclass(frozen=True, slots=True)
class Read:
    """One part as tensors over its steps, and the classes of its velocities and offsets [n, 9]."""

    steps: Steps
    velocity_class: Tensor
    offset_class: Tensor


def read_of(groove: Groove) -> Read:
    """`groove` as the net reads it, without a batch."""
    count = len(groove.velocity)
    number = torch.arange(count)
    steps = Steps(
        velocity=torch.from_numpy(groove.velocity / np.float32(127.0)),
        offset=torch.from_numpy(groove.offset),
        place=number % STEPS,
        bar=number // STEPS % 4,
        style=torch.full((count,), style_number(groove.style)),
        energy=torch.from_numpy(energies_of(groove.hits)).repeat_interleave(STEPS),
        known=torch.ones(count),
    )
    return Read(
        steps,
        torch.from_numpy(velocity_classes(groove.velocity)),
        torch.from_numpy(offset_classes(groove.offset)),
    )


def batch_of(reads: Sequence[Read]) -> Read:
    """Parts of any length side by side, padded with steps that are not known."""
    pad = torch.nn.utils.rnn.pad_sequence
    fields = zip(*(one.steps for one in reads), strict=True)
    return Read(
        Steps(*(pad(list(column), batch_first=True) for column in fields)),
        pad([one.velocity_class for one in reads], batch_first=True),
        pad([one.offset_class for one in reads], batch_first=True),
    )


def train(
    grooves: Sequence[Groove],
    *,
    seed: int,
    sizes: DrumSizes | None = None,
    schedule: DrumSchedule | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> DrumNet:
    """A net trained on `grooves`; `told` hears a line every hundred rounds."""
    schedule = schedule or DrumSchedule()
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = DrumNet(sizes or DrumSizes())
        _run(net, [read_of(one) for one in grooves], schedule, generator, told)
    return net.eval()


def _run(
    net: DrumNet,
    reads: Sequence[Read],
    schedule: DrumSchedule,
    generator: torch.Generator,
    told: Callable[[str], None],
) -> None:
    weight = torch.tensor([float(max(1, len(one.steps.known) // STEPS)) for one in reads])
    optimizer = torch.optim.AdamW(net.parameters(), schedule.rate, weight_decay=schedule.decay)
    slope = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_pace, rounds=schedule.rounds))
    net.train()
    heard = 0.0
    for number in range(1, schedule.rounds + 1):
        chosen = torch.multinomial(weight, schedule.batch, replacement=True, generator=generator)
        windows = [_window(reads[int(one)], schedule, generator) for one in chosen]
        batch = batch_of(windows)
        bits = net.bits(batch.steps, batch.velocity_class, batch.offset_class)
        touch = (bits.velocity + bits.offset) / bits.hits.clamp(min=1.0)
        loss = bits.struck / bits.steps + TOUCH_WEIGHT * touch
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        slope.step()
        heard += float(bits.struck.detach() / bits.steps)
        if number % 100 == 0:
            told(f"round {number} of {schedule.rounds}: {heard / 100:.3f} bits a step")
            heard = 0.0


def _pace(number: int, rounds: int) -> float:
    """The learning rate's part of its height: up within a twentieth, then down a half cosine."""
    return (
        min(1.0, 20.0 * (number + 1) / rounds) * 0.5 * (1.0 + math.cos(math.pi * number / rounds))
    )


def _window(read: Read, schedule: DrumSchedule, generator: torch.Generator) -> Read:
    """Some bars in a row from a bar line on, style and energy withheld now and then."""
    size = schedule.bars * STEPS
    last = max(0, len(read.steps.known) // STEPS - schedule.bars)
    at = STEPS * int(torch.randint(last + 1, (1,), generator=generator))
    part = [field[at : at + size] for field in read.steps]
    free = torch.rand(2, generator=generator) < schedule.free
    steps = Steps(*part)
    steps = steps._replace(
        style=steps.style * int(not free[0]), energy=steps.energy * int(not free[1])
    )
    return Read(steps, read.velocity_class[at : at + size], read.offset_class[at : at + size])
