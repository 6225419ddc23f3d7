"""The line net: what note comes next, given the notes before it and what it stands on.

A causal transformer over events. Heads see each other by how far apart they are in events and in
ticks, so that a bar can look at the bar before it. A pitch is scored three ways that add up: as
itself, over the root of its chord, and as a step from the last one; then a duration is scored
given the pitch. It refuses to know files and chance. Invariant: what is learned here is what
`serving` serves, but for rounding.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from generation.nets.blocks import Block
from generation.nets.events import DURATIONS, PITCHES
from generation.nets.line.grounds import NO_CHORD, OFFSETS, TABLE_ROWS

# How far back an event sees: in events, and in ticks until "long ago".
CONTEXT = 192
LONG_AGO = 576
STEP_LIMIT = 24
# Where in the raw scores what lies: pitches and the rest, over the root, steps, no step
# yet, and behind them one zero.
_ROOTS, _STEPS = PITCHES + 1, PITCHES + 13
_FIRST = _STEPS + 2 * STEP_LIMIT + 1
_ZERO = _FIRST + 1
_LAST, _CHORD = 2, 5
UNSEEN = float("-inf")


@dataclass(frozen=True, slots=True)
class Size:
    """How large the net is; `width` is a power of two."""

    width: int = 128
    layers: int = 3
    heads: int = 4


class LineModel(nn.Module):
    """The form that learns. Inputs: columns [rows, n, columns] (table rows of `grounds`), onsets
    [rows, n], whose [rows, n] (events see only their own piece), pitches [rows, n].
    """

    def __init__(self, size: Size, dropout: float = 0.1) -> None:
        super().__init__()
        self.size = size
        self.table = nn.Parameter(torch.randn(TABLE_ROWS, size.width) * 0.05)
        self.apart = nn.Parameter(torch.zeros(size.layers, CONTEXT, size.heads))
        self.ago = nn.Parameter(torch.zeros(LONG_AGO + 1, size.heads))
        self.blocks = nn.ModuleList(
            Block(size.width, size.heads, dropout) for _ in range(size.layers)
        )
        self.last = nn.LayerNorm(size.width)
        self.pitch = nn.Linear(size.width, _ZERO)
        self.chosen = nn.Parameter(torch.randn(PITCHES + 1, size.width) * 0.05)
        self.between = nn.Linear(size.width, size.width)
        self.duration = nn.Linear(size.width, len(DURATIONS))

    def hidden(self, columns: Tensor, onset: Tensor, whose: Tensor) -> Tensor:
        """[rows, n, width] after the last block."""
        rows, count, width = columns.shape
        values = functional.embedding_bag(columns.view(-1, width), self.table, mode="sum")
        values = values.view(rows, count, -1)
        places = torch.arange(count)
        apart = places[:, None] - places[None, :]
        seen = (apart >= 0) & (apart < CONTEXT) & (whose[:, :, None] == whose[:, None, :])
        blind = torch.zeros(seen.shape).masked_fill_(~seen, UNSEEN)[:, None]
        ticks = (onset[:, :, None] - onset[:, None, :]).clamp(0, LONG_AGO)
        ago = functional.embedding(ticks, self.ago).permute(0, 3, 1, 2) + blind
        near = apart.clamp(0, CONTEXT - 1)
        for number, block in enumerate(self.blocks):
            values = block(values, ago + self.apart[number][near].permute(2, 0, 1))
        hidden: Tensor = self.last(values)
        return hidden

    def forward(
        self, columns: Tensor, onset: Tensor, whose: Tensor, pitch: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scores of pitches [rows, n, 65] and, given the true ones, durations [rows, n, 24]."""
        hidden = self.hidden(columns, onset, whose)
        raw = functional.pad(self.pitch(hidden), (0, 1))
        over_root, steps = (torch.from_numpy(one) for one in score_places(columns.numpy()))
        scores = raw[..., : PITCHES + 1] + raw.gather(-1, over_root) + raw.gather(-1, steps)
        given = self.between(hidden) + functional.embedding(pitch, self.chosen)
        return scores, self.duration(functional.relu(given) ** 2)


def score_places(columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which raw score each of the 65 is given over its chord's root and as a step, [..., 65] each.

    Places in the raw scores with one zero behind them, for the rest and where no chord sounds.
    """
    pitches = np.arange(PITCHES + 1)
    chord = columns[..., _CHORD, None] - OFFSETS[_CHORD]
    last = columns[..., _LAST, None] - OFFSETS[_LAST]
    is_rest = pitches == PITCHES
    roots = _ROOTS + (pitches - chord // 4) % 12
    steps = _STEPS + STEP_LIMIT + np.clip(pitches - last, -STEP_LIMIT, STEP_LIMIT)
    return (
        np.where(is_rest | (chord == NO_CHORD), _ZERO, roots),
        np.where(is_rest, _ZERO, np.where(last == PITCHES, _FIRST, steps)),
    )
