"""What was measured in stems and recordings, as plain values.

Composer, pages and partners read these; who measured them and where they are kept is not known
here. All positions are samples at 48 kHz. Invariant: a guess without confidence is None, never a
number.
"""

from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any, TypeVar

_Analysis = TypeVar("_Analysis")

VERSION = 2
# Version 1 knew no slices, chords and bands; all else is measured as it was.
READABLE = (1, 2)
ROLES = ("drums", "bass", "keys", "guitar", "vocals", "pad", "strings", "other")
HITS = ("kick", "snare", "hat")


@dataclass(frozen=True, slots=True)
class Slice:
    """A sound that can be played as a note: [start, end) samples of its stem, attack at `start`.

    `midi`: its pitch (69 is 440 Hz) to a hundredth of a semitone, None where none is `sure` (0 to
    1); `loudness`: LUFS of its first 400 ms, without gates; `rise_db`: how hard it begins;
    `centroid_hz`: of its first 85 ms; `voice`: which of HITS it is like, "" for tones; `loop`:
    samples between which a held tone can go round.
    """

    start: int
    end: int
    midi: float | None
    sure: float
    loudness: float
    rise_db: float
    centroid_hz: float
    voice: str
    loop: tuple[int, int] | None


# Hz between the bands that a mixing desk is planned with; the lowest and highest are open.
BAND_EDGES_HZ = (
    117.0, 164.0, 211.0, 305.0, 422.0, 539.0, 680.0, 855.0, 1_078.0, 1_359.0, 1_922.0, 3_000.0,
    6_000.0, 12_000.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bands:
    """What a mixing desk has to know of a stem, coarsely: its level in time and in frequency.

    `levels_db`: K-weighted mean square of each `hop` samples, channels added, in whole dB, -120 at
    least. `shapes_db`: for each `span` samples the mean power in each band of BAND_EDGES_HZ, in
    whole dB under the span's strongest, -60 at least. `left_pct`: the left channel's part of the
    span's power; `alike_pct`: the correlation of both channels, -100 to 100.
    """

    hop: int
    span: int
    levels_db: tuple[int, ...]
    shapes_db: tuple[tuple[int, ...], ...]
    left_pct: tuple[int, ...]
    alike_pct: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StemAnalysis:
    """One stem. Loudness is None for silence; `chroma` sums to 1 (C first) or is all zero.

    `onsets`: attack positions, with `onset_db` their rise over what sounded (hundredths of dB would
    be false precision: whole tenths). `peaks`: (low, high) pairs in -127..127 over equal spans, at
    most 800. `active`: spans whose 400 ms loudness is above -50 LUFS, gaps under a second closed.
    `slices` in the order of time. `bands` None: silent, or measured before there were any.
    `likely_key`: what `key` is or, where none is sure, what an artist may be asked about; "": none.
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
    bands: Bands | None = None
    version: int = VERSION
    slices: tuple[Slice, ...] = ()
    likely_key: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a recording: bars [bar, bar + bars), its label ("A", "B"), energy 0 to 1."""

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
    stem list given. `chords`: (sample, name) of every change, names like "A min", "G 7", "B dim" or
    "" for none; empty without beats. `likely_key` as a stem's.
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
    chords: tuple[tuple[int, str], ...] = ()
    likely_key: str = ""


# -- plain data, for JSON columns and files -------------------------------------------------------


def stem_to_data(analysis: StemAnalysis) -> dict[str, Any]:
    """`analysis` as plain JSON values; `stem_from_data` reads it back equal.

    A slice is a row of its fields in their order: their names would take most of the room.
    """
    rows = [_listed(astuple(one)) for one in analysis.slices]
    plain = asdict(replace(analysis, slices=()))
    return {key: _listed(value) for key, value in plain.items()} | {"slices": rows}


def stem_from_data(data: dict[str, Any]) -> StemAnalysis:
    """The analysis in `data`; raises ValueError on another version or other fields."""
    bands, rows = data.get("bands"), data.get("slices", ())
    try:
        held = None if bands is None else Bands(**{k: _frozen(v) for k, v in bands.items()})
    except TypeError as error:
        raise ValueError("The bands of the analysis have other fields.") from error
    try:
        slices = tuple(Slice(*_frozen(row)) for row in rows)
    except TypeError as error:
        raise ValueError("A slice has other fields than it is read by.") from error
    return _read(StemAnalysis, data | {"bands": held, "slices": slices})


def recording_to_data(analysis: RecordingAnalysis) -> dict[str, Any]:
    """`analysis` as plain JSON values; `recording_from_data` reads it back equal."""
    return {key: _listed(value) for key, value in asdict(analysis).items()}


def recording_from_data(data: dict[str, Any]) -> RecordingAnalysis:
    """The analysis in `data`; raises ValueError on another version or other fields."""
    parts = tuple(Part(**part) for part in data.get("parts", ()))
    return _read(RecordingAnalysis, data | {"parts": parts})


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value


def _read(kind: Callable[..., _Analysis], data: dict[str, Any]) -> _Analysis:
    if data.get("version") not in READABLE:
        raise ValueError(f"The analysis has version {data.get('version')!r}; this reads {VERSION}.")
    try:
        return kind(**{key: _frozen(item) for key, item in data.items()})
    except TypeError as error:
        raise ValueError(f"The analysis has other fields than version {VERSION}.") from error
