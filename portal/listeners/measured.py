"""What was measured in recordings, as far as listeners' pages need it: tempo, key, length, layers.

It refuses to measure and to correct. Invariant: what was not measured with confidence is None.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from generation.analysis.queries import recording_analyses, stem_analyses
from generation.analysis.values import StemAnalysis
from generation.recipe import SAMPLE_RATE_HZ
from portal.audio.stemma import Layer


@dataclass(frozen=True, slots=True)
class Measured:
    """A recording as it was made: length in ms, tempo in beats per minute, key as "A min"."""

    length_ms: int
    tempo_bpm: float | None
    key: str | None


def measured_recordings(recording_ids: Iterable[UUID]) -> dict[UUID, Measured]:
    """What is known of these recordings; those not measured yet are left out."""
    return {
        recording_id: Measured(known.length * 1000 // SAMPLE_RATE_HZ, known.tempo_bpm, known.key)
        for recording_id, known in recording_analyses(recording_ids).items()
    }


def layer_of(label: str, known: StemAnalysis, longest: int) -> Layer:
    """A stem as a layer: the height of its peaks, followed by silence up to the longest stem."""
    heights = [float(high - low) for low, high in known.peaks]
    rest = len(heights) * (longest - known.length) // max(1, known.length)
    return Layer(known.role, label, False, tuple(heights) + (0.0,) * rest)


def layers_by_recording(
    recordings: Mapping[UUID, Sequence[tuple[UUID, str]]],
) -> dict[UUID, tuple[Layer, ...]]:
    """The layers of recordings, given as (id, label) of their stems; two queries for any number."""
    known = stem_analyses(stem for stems in recordings.values() for stem, _ in stems)
    return {ref: _layers(stems, known) for ref, stems in recordings.items()}


def _layers(
    stems: Sequence[tuple[UUID, str]], known: Mapping[UUID, StemAnalysis]
) -> tuple[Layer, ...]:
    measured = [(label, known[stem]) for stem, label in stems if stem in known]
    longest = max((one.length for _, one in measured), default=0)
    return tuple(layer_of(label, one, longest) for label, one in measured)
