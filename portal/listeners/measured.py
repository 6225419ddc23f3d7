"""What was measured in recordings, as far as listeners' pages need it: tempo, key, length, layers.

It refuses to measure and to correct. Invariant: what was not measured with confidence is None.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from generation.analysis.queries import recording_analysis, stem_analysis
from generation.analysis.values import StemAnalysis
from generation.recipe import SAMPLE_RATE_HZ
from portal.listeners.stemma import Layer


@dataclass(frozen=True, slots=True)
class Measured:
    """A recording as it was made: length in ms, tempo in beats per minute, key as "A min"."""

    length_ms: int
    tempo_bpm: float | None
    key: str | None


def measured_recordings(recording_ids: Iterable[UUID]) -> dict[UUID, Measured]:
    """What is known of these recordings; those not measured yet are left out."""
    found = {}
    for one in recording_ids:
        known = recording_analysis(one)
        if known is not None:
            length_ms = known.length * 1000 // SAMPLE_RATE_HZ
            found[one] = Measured(length_ms, known.tempo_bpm, known.key)
    return found


def layer_of(label: str, known: StemAnalysis, longest: int) -> Layer:
    """A stem as a layer: the height of its peaks, followed by silence up to the longest stem."""
    heights = [float(high - low) for low, high in known.peaks]
    rest = len(heights) * (longest - known.length) // max(1, known.length)
    return Layer(known.role, label, False, tuple(heights) + (0.0,) * rest)


def stem_layers(stems: Iterable[tuple[UUID, str]]) -> tuple[Layer, ...]:
    """The layers of some stems, given as (id, label)."""
    known = [(label, stem_analysis(stem_id)) for stem_id, label in stems]
    measured = [(label, one) for label, one in known if one is not None]
    longest = max((one.length for _, one in measured), default=0)
    return tuple(layer_of(label, one, longest) for label, one in measured)
