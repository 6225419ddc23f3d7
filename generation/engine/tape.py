"""What was already worked out, so that the next piece need not do it again.

A Tape remembers the last stretch of one stage's output on the absolute grid of blocks; a Cache
holds the tapes and phase checkpoints of the recipes in hand. It knows no music. Invariant: losing
any of it changes the time a render takes, never a bit of it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import numpy.typing as npt

Stretch = npt.NDArray[Any]
Make = Callable[[int, int], Stretch]


class Tape:
    """The newest stretch of a stage's output, in units along its last axis (or `axis`).

    `make(lo, hi)` makes units [lo, hi), both multiples of `grain`, and must give the same bits
    whatever the cut; `keep` is how many units before the newest request stay. What is made before
    unit `begins` (a multiple of `grain`) is known to be zero and is not made.
    """

    __slots__ = ("_axis", "_begins", "_data", "_from", "_grain", "_keep", "_make", "_until")

    def __init__(
        self, make: Make, keep: int, grain: int = 1, axis: int = -1, begins: int | None = None
    ) -> None:
        self._make, self._keep, self._grain, self._axis = make, keep, grain, axis
        self._begins = begins
        self._from = self._until = 0
        self._data: Stretch | None = None

    def read(self, lo: int, hi: int) -> Any:
        """Units [lo, hi); a view that is valid until the next read."""
        begin, end = lo // self._grain * self._grain, -(-hi // self._grain) * self._grain
        held = self._data
        if held is None or not self._from <= begin <= self._until:
            held = self._made(begin, end)
            self._from, self._until = begin, end
        elif end > self._until:
            fresh = self._made(self._until, end)
            first = max(self._from, (begin - self._keep) // self._grain * self._grain)
            kept = self._cut(held, first - self._from, None)
            held = np.concatenate((kept, fresh), axis=self._axis)
            self._from, self._until = first, end
        self._data = held
        return self._cut(held, lo - self._from, hi - self._from)

    def _made(self, lo: int, hi: int) -> Stretch:
        if self._begins is None or lo >= self._begins:
            return self._make(lo, hi)
        until = max(hi, self._begins + self._grain)
        sounding = self._make(self._begins, until)
        shape = list(sounding.shape)
        shape[self._axis] = self._begins - lo
        whole = np.concatenate((np.zeros(shape, sounding.dtype), sounding), axis=self._axis)
        return self._cut(whole, 0, hi - lo)

    def _cut(self, data: Stretch, lo: int, hi: int | None) -> Stretch:
        return data[lo:hi] if self._axis == 0 else data[..., lo:hi]


class Cache:
    """Memory between calls of `render`: pass the same one for all pieces of a recipe.

    Holds at most `recipes` recipes' tapes (the least recently used go first) and at most
    `checkpoints` phase states.
    """

    def __init__(self, recipes: int = 4, checkpoints: int = 4_096) -> None:
        self._desks: OrderedDict[Hashable, object] = OrderedDict()
        self._states: OrderedDict[Hashable, Stretch] = OrderedDict()
        self._recipes, self._checkpoints = recipes, checkpoints

    def desk(self, key: Hashable, make: Callable[[], object]) -> object:
        """The working set kept under `key`, made when missing."""
        if key not in self._desks:
            self._desks[key] = make()
        self._desks.move_to_end(key)
        while len(self._desks) > self._recipes:
            self._desks.popitem(last=False)
        return self._desks[key]

    def state(self, key: Hashable) -> Stretch | None:
        """The checkpoint kept under `key`."""
        found = self._states.get(key)
        if found is not None:
            self._states.move_to_end(key)
        return found

    def keep_state(self, key: Hashable, state: Stretch) -> None:
        """Remembers a checkpoint."""
        self._states[key] = state
        self._states.move_to_end(key)
        while len(self._states) > self._checkpoints:
            self._states.popitem(last=False)
