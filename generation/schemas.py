"""How a recipe of an older schema is said in the next one.

Pure functions on plain JSON objects, one for each schema that was ever written. It refuses to know
today's recipe and its errors: who reads puts a name to what goes wrong. Invariant: an upgrade says
aloud what the older schema left unsaid, and changes no sound.
"""

from collections.abc import Callable
from typing import Any

Plain = dict[str, Any]


def _with_new(data: Plain, **new: Any) -> Plain:
    """`data` with fields that its schema did not have; raises ValueError where it has them."""
    for name in new:
        if name in data:
            raise ValueError(f"it knows no {name!r}")
    return data | new


def _squeezed(owner: Plain) -> Plain:
    """A strip or a bus whose compressor names its version."""
    one = owner["compressor"]
    named = None if one is None else _with_new(one, processor="compressor/1")
    return owner | {"compressor": named}


def from_1(data: Plain) -> Plain:
    """Schema 2 names the version of compressors, notes and console, and states the memory.

    What schema 1 left unnamed was the first version of each. Its `memory` bound nobody and is
    forgotten. Raises TypeError, KeyError or ValueError for what does not follow schema 1.
    """
    return _with_new(data, console="console/1") | {
        "schema": 2,
        "memory": 0,
        "strips": [_squeezed(strip) for strip in data["strips"]],
        "notes": [_with_new(note, processor="struck/1") for note in data["notes"]],
        "bus": _squeezed(data["bus"]),
    }


def from_2(data: Plain) -> Plain:
    """Schema 3 lets notes be tuned by cents, held by a loop and faded; none was until then.

    Raises TypeError, KeyError or ValueError for what does not follow schema 2.
    """
    new: Plain = {"cents": 0, "loop": None, "fade_in": 0, "fade_out": 0}
    return data | {"schema": 3, "notes": [_with_new(note, **new) for note in data["notes"]]}


def from_3(data: Plain) -> Plain:
    """Schema 4 names the onsets of every source by their digest; none was named until then.

    A source that names none takes those that were measured first for its stem. Raises TypeError,
    KeyError or ValueError for what does not follow schema 3.
    """
    return data | {"schema": 4, "sources": [_with_new(one, onsets=None) for one in data["sources"]]}


# From each older schema to the next one.
UPGRADES: dict[int, Callable[[Plain], Plain]] = {1: from_1, 2: from_2, 3: from_3}
