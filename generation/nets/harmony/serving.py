"""The harmony net as it serves: the function that `model` learned, in exact arithmetic.

Melodies are read whole; chords are scored beat by beat for many melodies at once, or on all beats
of one together. It refuses to know requests and chance. Invariant: both ways give the same bits,
because exact sums do not mind their order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generation.nets import blocks, exact
from generation.nets.blocks import Weights
from generation.nets.exact import Floats
from generation.nets.harmony.model import CONTEXT, UNSEEN, Size, score_places
from generation.nets.line.grounds import NO_CHORD

Ints = NDArray[np.int64]


class Reader:
    """The weights at work. `weights` as `exact.unpacked` gives them."""

    def __init__(self, weights: Weights, size: Size) -> None:
        self.weights, self.size = weights, size

    def read(self, columns: Ints, shares: Floats, there: NDArray[np.bool_]) -> Floats:
        """What is known of every beat before a chord is chosen: [rows, beats, width].

        `there` [rows, beats]: which beats belong to the row; what others hold does not matter.
        """
        weights = self.weights
        sounding = exact.linear(
            exact.on_grid(shares), weights["sounding.weight"], weights["sounding.bias"]
        )
        values = exact.on_grid(weights["table"][columns].sum(-2) + sounding)
        apart = _apart(columns.shape[1])
        # A beat that is not there sees itself, so that its row of weights is not empty.
        hidden = (~there[:, None, None, :] | (abs(apart) >= CONTEXT)) & (apart != 0)
        near = apart.clip(1 - CONTEXT, CONTEXT - 1) + CONTEXT - 1
        for number in range(self.size.layers):
            around = weights["around"][number][near].transpose(2, 0, 1)[None]
            bias = np.where(hidden, UNSEEN, around)
            values = blocks.passed(values, weights, f"reading.{number}", self.size.heads, bias)
        return values

    def caches(self, rows: int) -> list[blocks.Cache]:
        """One empty ring for each choosing block."""
        size = self.size
        return [
            blocks.Cache.empty(rows, size.heads, CONTEXT, size.width // size.heads)
            for _ in range(size.layers)
        ]

    def step(
        self, read: Floats, before: Ints, onset: Ints, beat: int, caches: Sequence[blocks.Cache]
    ) -> Floats:
        """Scores of the chords on `beat` [rows, 48]: read [rows, width], the chords before
        [rows], the melody's onset there [rows].
        """
        values = exact.on_grid(read + self.weights["before"][before])[:, None]
        ago = (beat - np.arange(min(beat + 1, CONTEXT))) % CONTEXT
        for number, cache in enumerate(caches):
            bias = self.weights["back"][number][ago].T[None, :, None, :]
            name = f"choosing.{number}"
            values = blocks.stepped(values, self.weights, name, cache, beat % CONTEXT, bias)
        return self._scores(values[:, 0], before, onset)

    def whole(self, read: Floats, before: Ints, onset: Ints) -> Floats:
        """Scores of the chords on every beat [beats, 48] of one melody: read [beats, width], the
        chords before each beat [beats], onsets [beats].
        """
        values = exact.on_grid(read + self.weights["before"][before])[None]
        apart = _apart(len(before))
        unseen = (apart < 0) | (apart >= CONTEXT)
        near = apart.clip(0, CONTEXT - 1)
        for number in range(self.size.layers):
            back = self.weights["back"][number][near].transpose(2, 0, 1)
            bias = np.where(unseen, UNSEEN, back)[None]
            name = f"choosing.{number}"
            values = blocks.passed(values, self.weights, name, self.size.heads, bias)
        return self._scores(values[0], before, onset)

    def _scores(self, values: Floats, before: Ints, onset: Ints) -> Floats:
        hidden = exact.normed(values, self.weights["last.weight"], self.weights["last.bias"])
        raw = exact.linear(hidden, self.weights["chord.weight"], self.weights["chord.bias"])
        raw = np.concatenate([raw, np.zeros((len(raw), 1))], axis=1)
        steps, roots = (np.take_along_axis(raw, one, axis=1) for one in score_places(before, onset))
        return exact.on_grid(raw[:, :NO_CHORD] + steps + roots)


def _apart(count: int) -> Ints:
    places = np.arange(count)
    apart: Ints = places[:, None] - places[None, :]
    return apart
