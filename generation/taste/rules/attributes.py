"""What can be liked about a variation: eight attributes, and the features made of them.

It knows scales and names, no beliefs. Every attribute runs from -1 to 1 with 0 in the middle (or
not known), so that one unit means the same everywhere. Invariant: the order of the features is
the meaning of every stored belief; it changes only together with SCHEMA.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SCHEMA = 1
ATTRIBUTES = (
    *("tempo", "energy", "density", "brightness", "valence", "vocals", "drums", "novelty"),
)
# What a request can set; the others are only heard, and stay in the middle where one chooses.
CHOSEN = ("tempo", "energy", "density", "brightness", "valence", "vocals")
CONTEXTS = ("mood", "focus", "ambient")
COUNT = len(ATTRIBUTES)
FEATURES = 1 + 2 * COUNT + len(CONTEXTS)

_ENERGY = ATTRIBUTES.index("energy")
_MIDDLE_BPM = 100.0
# A part that is this share of what is heard counts as all there is to like about it.
_FULL_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Heard:
    """Something heard: its reference, what is known of it (attribute -> -1..1), and its context."""

    subject_ref: str
    known: Mapping[str, float]
    context: str


def place_of(attribute: str) -> int:
    """The place of an attribute in a vector of them; raises ValueError for an unknown one."""
    return ATTRIBUTES.index(attribute)


def linear_place(attribute: str) -> int:
    """The place of an attribute's own feature."""
    return 1 + place_of(attribute)


def square_place(attribute: str) -> int:
    """The place of the square of an attribute."""
    return 1 + COUNT + place_of(attribute)


def features(attributes: Vector | Matrix, context: str) -> Matrix:
    """[1, a, a², energy in this context] for one vector or for each row; shape (..., FEATURES).

    A context outside CONTEXTS has no energy of its own.
    """
    rows = np.asarray(attributes, dtype=np.float64)
    found = np.zeros((*rows.shape[:-1], FEATURES))
    found[..., 0] = 1.0
    found[..., 1 : 1 + COUNT] = rows
    found[..., 1 + COUNT : 1 + 2 * COUNT] = rows * rows
    if context in CONTEXTS:
        found[..., 1 + 2 * COUNT + CONTEXTS.index(context)] = rows[..., _ENERGY]
    return found


def vector_of(known: Mapping[str, float]) -> Vector:
    """The vector of known attributes, clipped to -1..1; unknown ones stand in the middle."""
    found = np.zeros(COUNT)
    for name, value in known.items():
        found[place_of(name)] = min(1.0, max(-1.0, float(value)))
    return found


def from_tempo(tempo_bpm: float) -> float:
    """50 BPM is -1, 100 is 0, 200 is 1: equal steps are equal ratios."""
    return min(1.0, max(-1.0, log2(tempo_bpm / _MIDDLE_BPM)))


def to_tempo(value: float) -> float:
    """The tempo that `from_tempo` read, in BPM."""
    return float(_MIDDLE_BPM * 2.0**value)


def from_share(share: float) -> float:
    """How much of what is heard a part is, as an attribute: none is -1, two fifths or more is 1."""
    return 2.0 * min(1.0, max(0.0, share / _FULL_SHARE)) - 1.0


def from_unit(value: float) -> float:
    """A target that runs from 0 to 1, as an attribute."""
    return 2.0 * value - 1.0


def known_of_targets(targets: Mapping[str, Any]) -> dict[str, float]:
    """The attributes that the targets of a request say; a tempo left open is not known."""
    known = {
        name: from_unit(float(targets[name]))
        for name in ("energy", "density", "brightness", "valence")
        if targets.get(name) is not None
    }
    if targets.get("tempo_bpm"):
        known["tempo"] = from_tempo(float(targets["tempo_bpm"]))
    if targets.get("vocals") is not None:
        known["vocals"] = 1.0 if targets["vocals"] else -1.0
    return known


def targets_of(attributes: Vector, chosen: frozenset[str]) -> dict[str, Any]:
    """The targets that say those attributes in `chosen`; the inverse of `known_of_targets`."""
    targets: dict[str, Any] = {}
    for name in chosen:
        value = float(attributes[place_of(name)])
        if name == "tempo":
            targets["tempo_bpm"] = round(to_tempo(value), 1)
        elif name == "vocals":
            targets["vocals"] = value > 0
        else:
            targets[name] = round((value + 1.0) / 2.0, 4)
    return targets
