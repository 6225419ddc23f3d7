"""What of a drum part may be somebody's own: passages of recorded bars, kept as digests.

A plain beat is nobody's. A passage is PASSAGE bars in a row with at least two different patterns
among them (which voice is struck at which sixteenth; how hard and how early does not excuse a
copy). What two players of the training parts share is nobody's either. It refuses to know the net.
Invariant: a part holds a passage of the index only if a recorded part of one single player does.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from generation.nets.grooves import STEPS, Groove

I64 = npt.NDArray[np.int64]
Struck = npt.NDArray[np.bool_]

PASSAGE = 2


def passages(struck: Struck, bars: int = PASSAGE) -> list[int]:
    """The digest of every run of `bars` bars in `struck` [steps, 9] that counts as a passage."""
    lines = [row.tobytes() for row in np.packbits(struck.reshape(-1, STEPS * struck.shape[1]), 1)]
    windows = (lines[at : at + bars] for at in range(len(lines) - bars + 1))
    return [_digest(one) for one in windows if bars == 1 or len(set(one)) > 1]


def _digest(window: list[bytes]) -> int:
    made = hashlib.blake2b(b"".join(window), digest_size=8).digest()
    return int.from_bytes(made, "little", signed=True)


def index_of(grooves: Iterable[Groove], bars: int = PASSAGE) -> I64:
    """The digests of passages that one player alone has, sorted."""
    players: dict[int, set[str]] = defaultdict(set)
    for groove in grooves:
        for one in passages(groove.hits, bars):
            players[one].add(groove.player)
    return np.array(sorted(one for one, who in players.items() if len(who) == 1), np.int64)


def has_copy(struck: Struck, index: I64, bars: int = PASSAGE) -> bool:
    """Whether `struck` [steps, 9] holds a passage of `index`."""
    return bool(np.isin(np.array(passages(struck, bars), np.int64), index).any())
