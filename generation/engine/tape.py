"""What was already worked out, so that the next piece need not do it again.

A Tape remembers the last stretch of one stage's output on the absolute grid of blocks; a Cache
holds the tapes and phase checkpoints of the recipes in hand. It knows no music. Invariants: losing
any of it changes the time a render takes, never a bit of it; a desk that nobody asks for any more
is gone at once, its memory free for the next.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from types import MethodType
from typing import Any
from weakref import WeakMethod

import numpy as np
import numpy.typing as npt

from generation.engine.kernels import aligned

Stretch = npt.NDArray[Any]
Make = Callable[[int, int, Stretch], None]


class Tape:
    """The newest stretch of a stage's output, in units along its last axis (or the first).

    `make(lo, hi, out)` writes units [lo, hi), both multiples of `grain`, into `out` and must give
    the same bits whatever the cut; `shape` is what one unit has beside its axis; `keep` is how many
    units before the newest request stay. What is made before unit `begins` (a multiple of `grain`)
    is known to be zero and is not made. What is kept moves when there is no room for more: there is
    `roomy` times as much as is asked for. Whoever makes it holds the tape, not the other way round.
    """

    __slots__ = (
        "_at", "_begins", "_data", "_from", "_grain", "_is_first", "_keep", "_maker",
        "_roomy", "_shape", "_until",
    )  # fmt: skip

    def __init__(
        self,
        make: Make,
        shape: tuple[int, ...],
        dtype: type[Any],
        keep: int,
        grain: int = 1,
        begins: int | None = None,
        is_first: bool = False,
        roomy: float = 1.5,
    ) -> None:
        self._maker: Callable[[], Make | None] = (
            WeakMethod(make) if isinstance(make, MethodType) else lambda: make
        )
        self._shape, self._keep, self._grain = shape, keep, grain
        self._begins, self._is_first, self._roomy = begins, is_first, roomy
        self._from = self._until = self._at = 0
        self._data: Stretch = self._room(0, dtype)

    def read(self, lo: int, hi: int) -> Any:
        """Units [lo, hi); a view that is valid until the next read."""
        begin, end = lo // self._grain * self._grain, -(-hi // self._grain) * self._grain
        if not self._from <= begin <= self._until:
            self._from = self._until = begin
            self._at = 0
        if end > self._until:
            first = max(self._from, (begin - self._keep) // self._grain * self._grain)
            self._make_room(first, end)
            self._fill(self._until, end, self._cut(self._until, end))
            self._until = end
        return self._cut(lo, hi)

    def goes_on(self, at: int) -> bool:
        """Whether it holds unit `at`, or all up to it."""
        return self._from <= at <= self._until and self._from < self._until

    def take_over(self, other: "Tape", since: int, until: int) -> None:
        """Goes on where `other` is, with what it remembers of units [since, until).

        It is a tape of the same there; it remembers nothing afterwards.
        """
        first = other._from + max(0, -(-(since - other._from) // 16) * 16)
        first = -(-first // self._grain) * self._grain
        last = min(other._until, until // self._grain * self._grain)
        is_alike = (self._shape, self._grain) == (other._shape, other._grain)
        if first >= last or not is_alike:
            return
        self._data, self._at = other._data, other._at + first - other._from
        self._from, self._until = first, last
        other._from = other._until = other._at = 0
        other._data = self._room(0, self._data.dtype.type)

    def _make_room(self, first: int, end: int) -> None:
        """Forgets what lies before `first`; where the room ends, what is kept moves to its front.

        There is room to spare, so not every request moves what is kept.
        """
        first -= (first - self._from) % 16  # whole cache lines
        length = self._data.shape[0 if self._is_first else -1]
        at = self._at + first - self._from
        if at + end - first <= length:
            self._at, self._from = at, first
            return
        held = self._cut(first, self._until)
        if end - first > length:
            self._data = self._room(int(self._roomy * (end - first)), self._data.dtype.type)
        self._at, self._from = 0, first
        self._cut(first, self._until)[...] = held

    def _fill(self, lo: int, hi: int, out: Stretch) -> None:
        make = self._maker()
        assert make is not None
        if self._begins is None or lo >= self._begins:
            make(lo, hi, out)
            return
        silent = min(hi, self._begins) - lo
        if self._is_first:
            out[:silent] = 0
            out = out[silent:]
        else:
            out[..., :silent] = 0
            out = out[..., silent:]
        if hi > self._begins:
            make(self._begins, hi, out)

    def _room(self, length: int, dtype: type[Any]) -> Stretch:
        if length == 0:
            return np.empty((0, *self._shape) if self._is_first else (*self._shape, 0), dtype)
        if self._is_first:
            return aligned(length, *self._shape, dtype=dtype, blank=False)
        return aligned(*self._shape, -(-length // 16) * 16, dtype=dtype, blank=False)

    def _cut(self, lo: int, hi: int) -> Stretch:
        lo, hi = lo - self._from + self._at, hi - self._from + self._at
        return self._data[lo:hi] if self._is_first else self._data[..., lo:hi]


class Cache:
    """Memory between calls of `render`: pass the same one for all pieces of a recipe.

    Holds at most `recipes` recipes' tapes (the least recently used go first) and at most
    `checkpoints` phase states.
    """

    def __init__(self, recipes: int = 4, checkpoints: int = 4_096) -> None:
        self._desks: OrderedDict[Hashable, object] = OrderedDict()
        self._newest: tuple[Hashable, object] | None = None
        self._states: OrderedDict[Hashable, Stretch] = OrderedDict()
        self._recipes, self._checkpoints = recipes, checkpoints

    def desk(self, key: Hashable, make: Callable[[object | None], object]) -> object:
        """The working set kept under `key`, made when missing; `make` gets the one that has to go
        for it, if any, and may take from it what it likes.

        The newest is known by its very recipe: to hash a recipe takes longer than to compare.
        """
        if self._newest is not None and self._newest[0] == key:
            return self._newest[1]
        if key not in self._desks:
            is_full = len(self._desks) >= self._recipes
            self._desks[key] = make(next(iter(self._desks.values())) if is_full else None)
        self._desks.move_to_end(key)
        while len(self._desks) > self._recipes:
            self._desks.popitem(last=False)
        self._newest = key, self._desks[key]
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
