"""The line net as it serves: the function that `model` learned, in exact arithmetic.

Event by event for many lines at once, or all events of one line together. It refuses to know
requests and chance. Invariant: both ways give the same bits, because exact sums do not mind their
order.
"""

import numpy as np
from numpy.typing import NDArray

from generation.nets import blocks, exact
from generation.nets.blocks import Weights
from generation.nets.events import PITCHES
from generation.nets.exact import Floats
from generation.nets.line.model import CONTEXT, LONG_AGO, UNSEEN, Size, score_places

Ints = NDArray[np.int64]


class Stepper:
    """One event at a time for many rows. `weights` as `exact.unpacked` gives them."""

    def __init__(self, weights: Weights, size: Size, rows: int) -> None:
        self.weights, self.size = weights, size
        self.caches = [
            blocks.Cache.empty(rows, size.heads, CONTEXT, size.width // size.heads)
            for _ in range(size.layers)
        ]
        self.onsets = np.zeros((rows, CONTEXT), dtype=np.int64)
        self.count = 0

    def step(self, columns: Ints, onset: Ints) -> tuple[Floats, Floats]:
        """One more event in every row: columns [rows, columns], onset [rows].

        Returns the hidden state [rows, width] and the scores of pitches [rows, 65].
        """
        place = self.count % CONTEXT
        self.onsets[:, place] = onset
        values = exact.on_grid(self.weights["table"][columns].sum(1, keepdims=True))
        apart, ago = self._distances(place, onset)
        for number, cache in enumerate(self.caches):
            bias = ago + self.weights["apart"][number][apart].T[None, :, None, :]
            values = blocks.stepped(values, self.weights, f"blocks.{number}", cache, place, bias)
        self.count += 1
        return _pitch_scores(values[:, 0], self.weights, columns)

    def durations(self, hidden: Floats, pitch: Ints) -> Floats:
        """Scores of durations [rows, 24], given the pitches [rows] that were chosen."""
        return _duration_scores(hidden, self.weights, pitch)

    def keep(self, rows: Ints) -> None:
        """Goes on with these rows alone."""
        for cache in self.caches:
            cache.keep(rows)
        self.onsets = self.onsets[rows]

    def _distances(self, place: int, onset: Ints) -> tuple[Ints, Floats]:
        """How many events ago each filled place of the ring was written [filled], and the bias
        for how long ago that was [rows, heads, 1, filled].
        """
        filled = min(self.count + 1, CONTEXT)
        ticks = (onset[:, None] - self.onsets[:, :filled]).clip(0, LONG_AGO)
        ago = self.weights["ago"][ticks].transpose(0, 2, 1)[:, :, None]
        return (place - np.arange(filled)) % CONTEXT, ago


def whole(
    weights: Weights, size: Size, columns: Ints, onset: Ints, pitch: Ints
) -> tuple[Floats, Floats]:
    """Scores of pitches [n, 65] and of durations [n, 24] for all n events of one line."""
    values = exact.on_grid(weights["table"][columns].sum(1))[None]
    places = np.arange(len(onset))
    apart = places[:, None] - places[None, :]
    unseen = (apart < 0) | (apart >= CONTEXT)
    near = apart.clip(0, CONTEXT - 1)
    ticks = (onset[:, None] - onset[None, :]).clip(0, LONG_AGO)
    ago = np.where(unseen, UNSEEN, weights["ago"][ticks].transpose(2, 0, 1))
    for number in range(size.layers):
        bias = ago + weights["apart"][number][near].transpose(2, 0, 1)
        values = blocks.passed(values, weights, f"blocks.{number}", size.heads, bias[None])
    hidden, scores = _pitch_scores(values[0], weights, columns)
    return scores, _duration_scores(hidden, weights, pitch)


def _pitch_scores(values: Floats, weights: Weights, columns: Ints) -> tuple[Floats, Floats]:
    """From the last block's output [n, width]: the hidden state and the scores of pitches."""
    hidden = exact.normed(values, weights["last.weight"], weights["last.bias"])
    raw = exact.linear(hidden, weights["pitch.weight"], weights["pitch.bias"])
    raw = np.concatenate([raw, np.zeros((len(raw), 1))], axis=1)
    roots, steps = (np.take_along_axis(raw, one, axis=1) for one in score_places(columns))
    return hidden, exact.on_grid(raw[:, : PITCHES + 1] + roots + steps)


def _duration_scores(hidden: Floats, weights: Weights, pitch: Ints) -> Floats:
    between = exact.linear(hidden, weights["between.weight"], weights["between.bias"])
    given = exact.squared_relu(between + weights["chosen"][pitch])
    return exact.linear(given, weights["duration.weight"], weights["duration.bias"])
