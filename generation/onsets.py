"""Onsets by name: where a stem's attacks lie and how hard they begin, as bytes that have a digest.

A recipe names the onsets that its sound depends on as it names its stems, so that measuring anew
changes no recipe's sound. It knows numbers alone and refuses to know how they are measured and
where they are kept. Invariant: equal onsets have equal bytes, hence one digest, in any language.

The bytes are all places (samples at 48 kHz, int64), then all rises (dB, float64), little endian, in
the order of the places. They are described for outside readers in docs/recipe.md.
"""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence

# Places in samples, and the rise in dB of each.
Attacks = tuple[tuple[int, ...], tuple[float, ...]]


def onsets_bytes(places: Sequence[int], rises_db: Sequence[float]) -> bytes:
    """The canonical bytes. Raises ValueError where there is not one rise for each place."""
    if len(places) != len(rises_db):
        raise ValueError("Every onset has a place and a rise.")
    count = len(places)
    return struct.pack(f"<{count}q{count}d", *places, *rises_db)


def onsets_from(data: bytes) -> Attacks:
    """The onsets of canonical bytes. Raises ValueError where they cannot be any."""
    if len(data) % 16:
        raise ValueError("These bytes are no onsets.")
    count = len(data) // 16
    numbers = struct.unpack(f"<{count}q{count}d", data)
    return numbers[:count], numbers[count:]


def onsets_sha256(places: Sequence[int], rises_db: Sequence[float]) -> str:
    """The name of these onsets: hex SHA-256 of their canonical bytes."""
    return hashlib.sha256(onsets_bytes(places, rises_db)).hexdigest()


def onsets_text(by_stem: Mapping[str, Attacks]) -> str:
    """The onsets of stems by their digests as JSON, for whoever renders a recipe elsewhere.

    Of each `sha256`, the name of its onsets, `places` and `rises_db`.
    """
    found = {
        stem: {
            "sha256": onsets_sha256(places, rises),
            "places": list(places),
            "rises_db": list(rises),
        }
        for stem, (places, rises) in by_stem.items()
    }
    return json.dumps(found, sort_keys=True, separators=(",", ":")) + "\n"
