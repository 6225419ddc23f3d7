"""Composed pieces that are kept: the same order is not composed twice in one process.

The key is all that a piece follows from: stems by digest and what was measured in them, what was
asked (seed included), limits, the digests of the nets that serve, and the composer's version. It
refuses to know how pieces are made. Invariant: what is given back is the very value that was put
in, and no more are held than was said.
"""

import hashlib
from collections import OrderedDict
from threading import Lock

from generation.compose.stages.plans import Composed, Order

# Changes whenever the same order would be composed otherwise.
COMPOSER = "by-nets/2"
HELD_AT_MOST = 64


def key_of(order: Order) -> str:
    """The name of what an order asks for: hex SHA-256."""
    digest = hashlib.sha256(COMPOSER.encode())
    nets = sorted(loaded.choice for loaded in order.nets.values())
    for part in (order.ask, order.limits, nets, order.songs):
        digest.update(repr(part).encode())
    return digest.hexdigest()


class Kept:
    """The pieces that were asked for last, the longest unasked forgotten first. Safe in threads."""

    def __init__(self, most: int = HELD_AT_MOST) -> None:
        self._most = most
        self._pieces: OrderedDict[str, Composed] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._pieces)

    def get(self, key: str) -> Composed | None:
        """The piece of that name, None where it is not held."""
        with self._lock:
            if key in self._pieces:
                self._pieces.move_to_end(key)
            return self._pieces.get(key)

    def put(self, key: str, piece: Composed) -> None:
        """Holds `piece` under `key`."""
        with self._lock:
            self._pieces[key] = piece
            self._pieces.move_to_end(key)
            while len(self._pieces) > self._most:
                self._pieces.popitem(last=False)
