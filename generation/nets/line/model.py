"""The line net: what note comes next, given the notes before it and what it stands on.

A causal transformer over events. Heads see each other by how far apart they are in events and in
ticks, so that a bar can look at the bar before it. A pitch is scored three ways that add up: as
itself, over the root of its chord, and as a step from the last one; then a duration is scored
given the pitch. It refuses to know files and chance. Invariant: `LineModel` learns what `exactly`
serves, but for rounding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from generation.nets import blocks, exact
from generation.nets.blocks import Block, Weights
from generation.nets.events import DURATIONS, PITCHES
from generation.nets.line.grounds import NO_CHORD, OFFSETS, TABLE_ROWS

# How far back an event sees: in events, and in ticks until "long ago".
CONTEXT = 192
LONG_AGO = 576
STEP_LIMIT = 24
_STEPS = 2 * STEP_LIMIT + 2
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
        self.pitch = nn.Linear(size.width, PITCHES + 1 + 12 + _STEPS)
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
        scores = _scores(self.pitch(hidden), columns)
        given = self.between(hidden) + functional.embedding(pitch, self.chosen)
        return scores, self.duration(functional.relu(given) ** 2)


def _scores(raw: Tensor, columns: Tensor) -> Tensor:
    """Scores of PITCHES and the rest, from their three parts: [..., 65]."""
    own, over_root, steps = torch.split(raw, [PITCHES + 1, 12, _STEPS], dim=-1)
    pitches = torch.arange(PITCHES, device=raw.device)
    chord = columns[..., _CHORD, None] - int(OFFSETS[_CHORD])
    last = columns[..., _LAST, None] - int(OFFSETS[_LAST])
    rooted = over_root.gather(-1, (pitches - torch.div(chord, 4, rounding_mode="floor")) % 12)
    rooted = rooted.masked_fill(chord == NO_CHORD, 0.0)
    step = (pitches - last).clamp(-STEP_LIMIT, STEP_LIMIT) + STEP_LIMIT
    stepped = steps.gather(-1, step.masked_fill(last == PITCHES, _STEPS - 1))
    return torch.cat([own[..., :PITCHES] + rooted + stepped, own[..., PITCHES:]], dim=-1)


def whole(
    weights: Weights, size: Size, columns: Tensor, onset: Tensor, pitch: Tensor
) -> tuple[Tensor, Tensor]:
    """Scores of pitches [n, 65] and of durations [n, 24] for all n events of one line at once.

    The same bits as `Exact` gives event by event: exact sums do not mind their order.
    """
    values = exact.on_grid(weights["table"][columns].sum(1))[None]
    places = torch.arange(len(onset), device=onset.device)
    apart = places[:, None] - places[None, :]
    unseen = (apart < 0) | (apart >= CONTEXT)
    near = apart.clamp(0, CONTEXT - 1)
    ticks = (onset[:, None] - onset[None, :]).clamp(0, LONG_AGO)
    ago = weights["ago"][ticks].permute(2, 0, 1).masked_fill(unseen, UNSEEN)
    for number in range(size.layers):
        bias = ago + weights["apart"][number][near].permute(2, 0, 1)
        values = blocks.passed(values, weights, f"blocks.{number}", size.heads, bias[None])
    hidden, scores = _pitch_scores(values[0], weights, columns)
    return scores, _duration_scores(hidden, weights, pitch)


def _pitch_scores(values: Tensor, weights: Weights, columns: Tensor) -> tuple[Tensor, Tensor]:
    """From the last block's output [n, width]: the hidden state and the scores of pitches."""
    hidden = exact.normed(values, weights["last.weight"], weights["last.bias"])
    raw = exact.linear(hidden, weights["pitch.weight"], weights["pitch.bias"])
    return hidden, exact.on_grid(_scores(raw, columns))


def _duration_scores(hidden: Tensor, weights: Weights, pitch: Tensor) -> Tensor:
    between = exact.linear(hidden, weights["between.weight"], weights["between.bias"])
    given = exact.squared_relu(between + weights["chosen"][pitch])
    return exact.linear(given, weights["duration.weight"], weights["duration.bias"])


class Exact:
    """The form that serves: the same net in exact arithmetic, one event at a time for many rows.

    `weights` as `exact.unpacked` gives them.
    """

    def __init__(self, weights: Weights, size: Size, rows: int) -> None:
        self.weights, self.size = weights, size
        device = weights["table"].device
        self.caches = [
            blocks.Cache.empty(rows, size.heads, CONTEXT, size.width // size.heads, device)
            for _ in range(size.layers)
        ]
        self.onsets = torch.full((rows, CONTEXT), 0, device=device)
        self.count = 0

    def step(self, columns: Tensor, onset: Tensor) -> tuple[Tensor, Tensor]:
        """One more event in every row: columns [rows, columns], onset [rows].

        Returns the hidden state [rows, width] and the scores of pitches [rows, 65].
        """
        place = self.count % CONTEXT
        self.onsets[:, place] = onset
        values = exact.on_grid(self.weights["table"][columns].sum(1, keepdim=True))
        apart, ago = self._distances(place, onset)
        for number, cache in enumerate(self.caches):
            bias = ago + self.weights["apart"][number][apart].T[None, :, None, :]
            values = blocks.stepped(values, self.weights, f"blocks.{number}", cache, place, bias)
        self.count += 1
        return _pitch_scores(values[:, 0], self.weights, columns)

    def durations(self, hidden: Tensor, pitch: Tensor) -> Tensor:
        """Scores of durations [rows, 24], given the pitches [rows] that were chosen."""
        return _duration_scores(hidden, self.weights, pitch)

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows alone."""
        for cache in self.caches:
            cache.keys, cache.values = cache.keys[rows], cache.values[rows]
        self.onsets = self.onsets[rows]

    def _distances(self, place: int, onset: Tensor) -> tuple[Tensor, Tensor]:
        """How many events ago each filled place of the ring was written [filled], and the bias
        for how long ago that was [rows, heads, 1, filled].
        """
        filled = min(self.count + 1, CONTEXT)
        ring = torch.arange(filled, device=onset.device)
        ticks = (onset[:, None] - self.onsets[:, :filled]).clamp(0, LONG_AGO)
        return (place - ring) % CONTEXT, self.weights["ago"][ticks].permute(0, 2, 1)[:, :, None]
