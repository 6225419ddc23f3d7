"""The root of a Merkle tree as RFC 6962, section 2.1 defines it, and the link that chains roots.

It refuses to know what a leaf says. Leaves and nodes begin with different bytes, so that no node
can be passed off as a leaf, and no leaf is repeated to fill a level.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_sha256(said: bytes) -> bytes:
    """The hash of a leaf (32 bytes) from what it says."""
    return hashlib.sha256(_LEAF + said).digest()


def root_sha256(leaves: Iterable[bytes]) -> bytes:
    """The root (32 bytes) over hashes of leaves in their order; the hash of nothing for none.

    The leaves are read once; what is held meanwhile is one hash per level of the tree.
    """
    whole: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, top = 0, leaf
        while whole and whole[-1][0] == height:
            top = _node(whole.pop()[1], top)
            height += 1
        whole.append((height, top))
    if not whole:
        return hashlib.sha256(b"").digest()
    top = whole.pop()[1]
    while whole:
        top = _node(whole.pop()[1], top)
    return top


def chained_sha256(
    chain: str, number: int, previous_sha256: str, root_sha256: str, count: int, made_at: datetime
) -> str:
    """The own hash (hex) of a link of `chain`: of its five facts as text, a line each, under a line
    that says what it is. `made_at` is written in UTC with six decimals of a second.
    """
    at = made_at.astimezone(UTC).isoformat(timespec="microseconds")
    said = (f"stemma {chain}, link", number, previous_sha256, root_sha256, count, at)
    return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
