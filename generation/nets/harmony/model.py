"""The harmony net: which chord stands on each beat of a melody.

Two blocks read the melody both ways; two more go along the beats and see the chords chosen so far.
A chord is scored three ways that add up: as itself, as a step from the chord before, and over the
melody note that begins on the beat. It refuses to know files and chance. Invariant: `HarmonyModel`
learns what `Exact` serves, but for rounding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from generation.nets import blocks, exact
from generation.nets.blocks import Block, Weights
from generation.nets.harmony.beats import START, TABLE_ROWS
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
        return scored(self.chord(self.last(values)), before, columns[..., 0])


def scored(raw: Tensor, before: Tensor, onset: Tensor) -> Tensor:
    """Scores of the chords from their three parts: [..., 48]."""
    own, steps, over = torch.split(raw, [NO_CHORD] * 3, dim=-1)
    chords = torch.arange(NO_CHORD, device=raw.device)
    root, quality = torch.div(chords, 4, rounding_mode="floor"), chords % 4
    last = torch.div(before, 4, rounding_mode="floor")[..., None]
    stepped = steps.gather(-1, (root - last) % 12 * 4 + quality)
    rooted = over.gather(-1, (root - onset[..., None]) % 12 * 4 + quality)
    return (
        own
        + stepped.masked_fill(before[..., None] >= NO_CHORD, 0.0)
        + rooted.masked_fill(onset[..., None] >= 12, 0.0)
    )


class Exact:
    """The form that serves: reads melodies whole, then goes beat by beat with all rows in step."""

    def __init__(self, weights: Weights, size: Size) -> None:
        self.weights, self.size = weights, size

    def read(self, columns: Tensor, shares: Tensor, there: Tensor) -> Tensor:
        """What is known of every beat before a chord is chosen: [rows, beats, width].

        `there` [rows, beats]: which beats belong to the row; what others hold does not matter.
        """
        weights = self.weights
        sounding = exact.linear(
            exact.on_grid(shares), weights["sounding.weight"], weights["sounding.bias"]
        )
        values = exact.on_grid(weights["table"][columns].sum(-2) + sounding)
        places = torch.arange(columns.shape[1], device=columns.device)
        apart = places[:, None] - places[None, :]
        blind = ~there[:, None, None, :] | (apart.abs() >= CONTEXT)
        # A beat that is not there sees itself, so that its row of weights is not empty.
        blind = blind & (apart != 0)
        near = apart.clamp(1 - CONTEXT, CONTEXT - 1) + CONTEXT - 1
        for number in range(self.size.layers):
            bias = weights["around"][number][near].permute(2, 0, 1)[None].masked_fill(blind, UNSEEN)
            values = blocks.passed(values, weights, f"reading.{number}", self.size.heads, bias)
        return values

    def whole(self, read: Tensor, before: Tensor, onset: Tensor) -> Tensor:
        """Scores of the chords on every beat [beats, 48] of one melody: read [beats, width], the
        chords before each beat [beats], onsets [beats]. The same bits as `step` gives.
        """
        weights = self.weights
        values = exact.on_grid(read + weights["before"][before])[None]
        places = torch.arange(len(before), device=read.device)
        apart = places[:, None] - places[None, :]
        unseen = (apart < 0) | (apart >= CONTEXT)
        near = apart.clamp(0, CONTEXT - 1)
        for number in range(self.size.layers):
            bias = weights["back"][number][near].permute(2, 0, 1).masked_fill(unseen, UNSEEN)
            name = f"choosing.{number}"
            values = blocks.passed(values, weights, name, self.size.heads, bias[None])
        return self._scores(values[0], before, onset)

    def caches(self, rows: int) -> list[blocks.Cache]:
        """One empty ring for each choosing block."""
        size = self.size
        device = self.weights["table"].device
        return [
            blocks.Cache.empty(rows, size.heads, CONTEXT, size.width // size.heads, device)
            for _ in range(size.layers)
        ]

    def step(
        self, read: Tensor, before: Tensor, onset: Tensor, beat: int, caches: list[blocks.Cache]
    ) -> Tensor:
        """Scores of the chords on `beat` [rows, 48]: read [rows, width], the chords before
        [rows], the melody's onset there [rows].
        """
        weights = self.weights
        values = exact.on_grid(read + weights["before"][before])[:, None]
        filled = torch.arange(min(beat + 1, CONTEXT), device=read.device)
        ago = (beat - filled) % CONTEXT
        for number, cache in enumerate(caches):
            bias = weights["back"][number][ago].T[None, :, None, :]
            name = f"choosing.{number}"
            values = blocks.stepped(values, weights, name, cache, beat % CONTEXT, bias)
        return self._scores(values[:, 0], before, onset)

    def _scores(self, values: Tensor, before: Tensor, onset: Tensor) -> Tensor:
        hidden = exact.normed(values, self.weights["last.weight"], self.weights["last.bias"])
        raw = exact.linear(hidden, self.weights["chord.weight"], self.weights["chord.bias"])
        return exact.on_grid(scored(raw, before, onset))
