"""What was measured in stems and recordings, as plain values.

Composer, pages and partners read these; who measured them and where they are kept is not known
here. All positions are samples at 48 kHz. Invariant: a guess without confidence is None, never a
number.
"""

from dataclasses import dataclass

VERSION = 1
ROLES = ("drums", "bass", "keys", "guitar", "vocals", "pad", "strings", "other")


@dataclass(frozen=True, slots=True)
class StemAnalysis:
    """One stem. Loudness is None for silence; `chroma` sums to 1 (C first) or is all zero.

    `onsets`: attack positions, with `onset_db` their rise over what sounded (hundredths of dB would
    be false precision: whole tenths). `peaks`: (low, high) pairs in -127..127 over equal spans, at
    most 800. `active`: spans louder than -50 LUFS short-term relative to full scale.
    """

    length: int
    role: str
    role_confidence: float
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    tempo_bpm: float | None
    tempo_confidence: float
    key: str | None
    key_confidence: float
    centroid_hz: float
    onsets: tuple[int, ...]
    onset_db: tuple[float, ...]
    chroma: tuple[float, ...]
    peaks: tuple[tuple[int, int], ...]
    active: tuple[tuple[int, int], ...]
    notes: tuple[str, ...] = ()
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a recording: bars [bar, bar + bars), its label ("A", "B"), loudness 0 to 1."""

    label: str
    bar: int
    bars: int
    energy: float


@dataclass(frozen=True, slots=True)
class RecordingAnalysis:
    """All stems of a recording together.

    `beats` and `downbeats` are samples, `downbeats` a subset of `beats`; both empty when there is
    no confident tempo. `gram[s][i][j]` is the K-weighted inner product of stems i and j in span s,
    spans of `gram_span` samples, divided by its length (mean square), stems in the order of the
    stem list given.
    """

    length: int
    tempo_bpm: float | None
    tempo_confidence: float
    beats: tuple[int, ...]
    downbeats: tuple[int, ...]
    beats_per_bar: int
    key: str | None
    key_confidence: float
    parts: tuple[Part, ...]
    gram: tuple[tuple[tuple[float, ...], ...], ...]
    gram_span: int
    notes: tuple[str, ...] = ()
    version: int = VERSION
