"""The drum net: which voices are struck at each sixteenth, how hard, and how far off the grid.

Two gated recurrent layers read the step before, the same step a bar earlier, the place in the
bar, the bar of four, style and energy; voices of one step are decided one after another,
each knowing those before it; velocity and offset are decided for what is struck. It refuses to know
files and training. Invariant: nothing at a step depends on that step or a later one, except what
the chain has already decided there.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from generation.nets.grooves import ENERGIES, OFFSETS, STEPS, STYLES, VELOCITIES, VOICES

BAR_CYCLE = 4
# How many steps ago the net looks: the step before, and a bar earlier.
AGO = (1, STEPS)


@dataclass(frozen=True, slots=True)
class DrumSizes:
    """How large the net is."""

    width: int = 160
    layers: int = 2
    entry: int = 96
    chain: int = 24
    touch: int = 64
    dropout: float = 0.15


class Steps(NamedTuple):
    """Recorded steps, [batch, steps, ...]: `velocity` 0 to 1 and `offset` (both 0 where nothing is
    struck), place of the step in its bar, bar of four, style and energy (0: free) as whole
    numbers, `known` False where a shorter part has ended.
    """

    velocity: Tensor
    offset: Tensor
    place: Tensor
    bar: Tensor
    style: Tensor
    energy: Tensor
    known: Tensor


class Bits(NamedTuple):
    """Sums of bits over what is known, and of how many steps and hits."""

    struck: Tensor
    velocity: Tensor
    offset: Tensor
    steps: Tensor
    hits: Tensor


class DrumNet(nn.Module):
    """See the module's chapter. Sizes are the only thing it is made from."""

    earlier: Tensor

    def __init__(self, sizes: DrumSizes) -> None:
        super().__init__()
        voices, width = len(VOICES), sizes.width
        self.past = nn.Linear(len(AGO) * 3 * voices, sizes.entry)
        self.place = nn.Embedding(STEPS, sizes.entry)
        self.bar = nn.Embedding(BAR_CYCLE, sizes.entry)
        self.style = nn.Embedding(len(STYLES) + 1, sizes.entry)
        self.energy = nn.Embedding(ENERGIES + 1, sizes.entry)
        self.core = nn.GRU(
            sizes.entry, width, sizes.layers, batch_first=True, dropout=sizes.dropout
        )
        self.dropout = nn.Dropout(sizes.dropout)
        self.chain_from_core = nn.Linear(width, voices * sizes.chain)
        self.chain_from_voices = nn.Parameter(torch.zeros(voices, voices, sizes.chain))
        self.chain_out = nn.Parameter(torch.randn(voices, sizes.chain) / math.sqrt(sizes.chain))
        self.chain_bias = nn.Parameter(torch.full((voices,), -2.0))
        self.velocity = _touch(width + voices, sizes.touch, voices * VELOCITIES)
        self.offset = _touch(width + 2 * voices, sizes.touch, voices * OFFSETS)
        earlier = torch.tril(torch.ones(voices, voices), diagonal=-1)
        self.register_buffer("earlier", earlier[:, :, None], persistent=False)

    def entry(self, past: Tensor, steps: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """What the core reads: `past` [..., 54] and (place, bar, style, energy) [...]."""
        place, bar, style, energy = steps
        seen = self.past(past) + self.place(place) + self.bar(bar)
        return functional.relu(seen + self.style(style) + self.energy(energy))

    def chain_start(self, core: Tensor) -> Tensor:
        """What each voice knows before any is decided, [..., 9, chain]."""
        return _by_voice(self.chain_from_core(core))

    def struck_logits(self, core: Tensor, struck: Tensor) -> Tensor:
        """[..., 9]: the logit of each voice given those before it in `struck` [..., 9]."""
        weights = self.chain_from_voices * self.earlier
        known = self.chain_start(core) + torch.einsum("...u,vuk->...vk", struck, weights)
        return (functional.relu(known) * self.chain_out).sum(-1) + self.chain_bias

    def velocity_logits(self, core: Tensor, struck: Tensor) -> Tensor:
        """[..., 9, classes] given all that is struck."""
        return _by_voice(self.velocity(torch.cat([core, struck], -1)))

    def offset_logits(self, core: Tensor, struck: Tensor, velocity: Tensor) -> Tensor:
        """[..., 9, classes] given all that is struck and how hard (0 to 1)."""
        return _by_voice(self.offset(torch.cat([core, struck, velocity], -1)))

    def forward(self, steps: Steps) -> Tensor:
        """The core's state at every step, [batch, steps, width], before that step is known."""
        now = features(steps.velocity, steps.offset)
        past = torch.cat([_later(now, ago) for ago in AGO], -1)
        at = (steps.place, steps.bar, steps.style, steps.energy)
        core, _ = self.core(self.entry(past, at))
        dropped: Tensor = self.dropout(core)
        return dropped

    def bits(self, steps: Steps, velocity_class: Tensor, offset_class: Tensor) -> Bits:
        """How many bits the recorded steps cost; classes [batch, steps, 9]."""
        core = self(steps)
        struck = (steps.velocity > 0.0).to(core.dtype)
        heard = struck * steps.known[..., None]
        asked = functional.binary_cross_entropy_with_logits(
            self.struck_logits(core, struck), struck, reduction="none"
        )
        hard = _class_cost(self.velocity_logits(core, struck), velocity_class)
        off = _class_cost(self.offset_logits(core, struck, steps.velocity), offset_class)
        bit = math.log(2.0)
        return Bits(
            (asked * steps.known[..., None]).sum() / bit,
            (hard * heard).sum() / bit,
            (off * heard).sum() / bit,
            steps.known.sum(),
            heard.sum(),
        )


def _touch(inside: int, hidden: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inside, hidden), nn.ReLU(), nn.Linear(hidden, outside))


def _by_voice(made: Tensor) -> Tensor:
    """[..., 9 * n] as [..., 9, n]."""
    return made.reshape(*made.shape[:-1], len(VOICES), -1)


def features(velocity: Tensor, offset: Tensor) -> Tensor:
    """[..., 27]: what was struck, how hard, how far off (in halves of a step)."""
    return torch.cat([(velocity > 0.0).to(velocity.dtype), velocity, 2.0 * offset], -1)


def _later(now: Tensor, steps: int) -> Tensor:
    """`now` [batch, steps, f] as it was so many steps ago; nothing before the beginning."""
    return functional.pad(now, (0, 0, steps, 0))[:, : now.shape[1]]


def _class_cost(logits: Tensor, wanted: Tensor) -> Tensor:
    """Nats of each class [...] under logits [..., classes]."""
    return -functional.log_softmax(logits, -1).gather(-1, wanted[..., None])[..., 0]
