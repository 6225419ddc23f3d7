"""The harmony net: which chord stands on each beat of a melody.

Two blocks read the melody both ways; two more go along the beats and see the chords chosen so far.
A chord is scored three ways that add up: as itself, as a step from the chord before, and over the
melody note that begins on the beat. It refuses to know files and chance. Invariant: what is
learned here is what `serving` serves, but for rounding.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from generation.nets.blocks import Block
from generation.nets.harmony.beats import NOTHING, START, TABLE_ROWS
from generation.nets.line.grounds import NO_CHORD

# How far a beat sees, either way while reading, back while choosing.
CONTEXT = 96
UNSEEN = float("-inf")


@dataclass(frozen=True, slots=True)
class Size:
    """How large the net is; `layers` of each kind."""

    width: int = 96
    layers: int = 2
    heads: int = 4


class HarmonyModel(nn.Module):
    """The form that learns. Inputs as in `Beats`, with rows in front; `whose` [rows, beats]."""

    def __init__(self, size: Size, dropout: float = 0.1) -> None:
        super().__init__()
        self.size = size
        self.table = nn.Parameter(torch.randn(TABLE_ROWS, size.width) * 0.05)
        self.sounding = nn.Linear(12, size.width)
        self.before = nn.Parameter(torch.randn(START + 1, size.width) * 0.05)
        self.around = nn.Parameter(torch.zeros(size.layers, 2 * CONTEXT - 1, size.heads))
        self.back = nn.Parameter(torch.zeros(size.layers, CONTEXT, size.heads))
        self.reading, self.choosing = (
            nn.ModuleList(Block(size.width, size.heads, dropout) for _ in range(size.layers))
            for _ in range(2)
        )
        self.last = nn.LayerNorm(size.width)
        self.chord = nn.Linear(size.width, 3 * NO_CHORD)

    def forward(self, columns: Tensor, shares: Tensor, before: Tensor, whose: Tensor) -> Tensor:
        """Scores of the chords [rows, beats, 48], given the chords before each beat."""
        rows, count, width = columns.shape
        seen = functional.embedding_bag(columns.view(-1, width), self.table, mode="sum")
        values = seen.view(rows, count, -1) + self.sounding(shares)
        places = torch.arange(count)
        apart = places[:, None] - places[None, :]
        same = (whose[:, :, None] == whose[:, None, :]) & (apart.abs() < CONTEXT)
        near = apart.clamp(1 - CONTEXT, CONTEXT - 1)
        blind = torch.zeros(same.shape).masked_fill_(~same, UNSEEN)[:, None]
        for number, block in enumerate(self.reading):
            values = block(values, blind + self.around[number][near + CONTEXT - 1].permute(2, 0, 1))
        values = values + functional.embedding(before, self.before)
        blind = blind.masked_fill(apart < 0, UNSEEN)
        for number, block in enumerate(self.choosing):
            values = block(values, blind + self.back[number][near.clamp(min=0)].permute(2, 0, 1))
        raw = functional.pad(self.chord(self.last(values)), (0, 1))
        scored = score_places(before.numpy(), columns[..., 0].numpy())
        steps, roots = (raw.gather(-1, torch.from_numpy(one)) for one in scored)
        return raw[..., :NO_CHORD] + steps + roots


def score_places(
    before: NDArray[np.int64], onset: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which raw score each of the 48 is given as a step from the chord before and over the melody
    note that begins, [..., 48] each: places in the raw scores with one zero behind them.
    """
    chords = np.arange(NO_CHORD)
    root, quality = chords // 4, chords % 4
    steps = NO_CHORD + (root - before[..., None] // 4) % 12 * 4 + quality
    roots = 2 * NO_CHORD + (root - onset[..., None]) % 12 * 4 + quality
    return (
        np.where(before[..., None] >= NO_CHORD, 3 * NO_CHORD, steps),
        np.where(onset[..., None] >= NOTHING, 3 * NO_CHORD, roots),
    )
