"""Seeded choices: the composer's only source of chance.

It knows a seed and a name for every decision, and refuses to know any global state. Invariant: a
choice depends on the seed and its own name alone, so a new decision elsewhere never changes an old
one.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Numbers in [0, 1) from SHA-256 of "seed:name"; the same name always falls the same way."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def real(self, name: str) -> float:
        """A number in [0, 1) for `name`."""
        digest = hashlib.sha256(f"{self.seed}:{name}".encode()).digest()
        return int.from_bytes(digest[:6], "big") / float(1 << 48)

    def whole(self, name: str, below: int) -> int:
        """A whole number in [0, below) for `name`."""
        return min(below - 1, int(self.real(name) * below))

    def pick(self, name: str, options: Sequence[T]) -> T:
        """One of `options`, which must not be empty."""
        return options[self.whole(name, len(options))]
