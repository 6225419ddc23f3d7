"""The newest stretch of one stage's output, so that the next piece need not make it again.

Knows tensors on an absolute grid, no music. Invariant: losing any of it changes the time a render
takes, never a bit of it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Make = Callable[[int, int], Tensor]


class Tape:
    """What `make(lo, hi)` gives for units [lo, hi), multiples of `grain`, along the last axis.

    `keep` is how many units before the newest request stay.
    """

    __slots__ = ("_data", "_from", "_grain", "_keep", "_make", "_until")

    def __init__(self, make: Make, keep: int, grain: int = 1) -> None:
        self._make, self._keep, self._grain = make, keep, grain
        self._from = self._until = 0
        self._data: Tensor | None = None

    def read(self, lo: int, hi: int) -> Tensor:
        """Units [lo, hi) as a view; nobody writes into it."""
        begin, end = lo // self._grain * self._grain, -(-hi // self._grain) * self._grain
        data = self._data
        if data is None or not self._from <= begin <= self._until:
            data, self._from = self._make(begin, end), begin
            self._until = end
        elif end > self._until:
            first = max(self._from, (begin - self._keep) // self._grain * self._grain)
            fresh = self._make(self._until, end)
            data = torch.cat((data[..., first - self._from :], fresh), dim=-1)
            self._from, self._until = first, end
        self._data = data
        return data[..., lo - self._from : hi - self._from]
