"""What the composer is asked, and what it is given, as plain values.

It knows moods, stems by digest and what was measured in them. It refuses to know listeners,
grants, files and samples. Invariant: equal asks over equal songs within equal limits give equal
recipes.
"""

from dataclasses import dataclass

from generation.analysis.values import RecordingAnalysis, StemAnalysis

MODES = ("remix", "mood", "focus", "ambient", "collaboration")
PARTS = ("melody", "bass", "beat")
LINES = ("none", *PARTS, "all")


class CannotCompose(ValueError):
    """The ask has no answer on this material; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a listener wants. The four moods run from 0 to 1; None leaves a choice to the composer.

    `seconds`: 10 to 1800. `key` reads "A min" or "F# maj". `target_lufs` None takes the mode's own.
    `line`: which new parts are to be added, one of LINES, played by sounds of the stems.
    """

    mode: str
    energy: float = 0.5
    valence: float = 0.5
    brightness: float = 0.5
    density: float = 0.5
    tempo_bpm: float | None = None
    key: str | None = None
    vocals: bool = True
    seconds: float = 60.0
    target_lufs: float | None = None
    seed: int = 0
    line: str = "none"

    @property
    def parts(self) -> tuple[str, ...]:
        """The new parts that are wanted, in the order in which they are written."""
        return {"none": (), "all": PARTS}.get(self.line, (self.line,))


@dataclass(frozen=True, slots=True)
class SongStem:
    """One stem that may sound. `digest`: SHA-256 of its canonical PCM; `label`: what people call
    it.
    """

    digest: str
    label: str
    analysis: StemAnalysis


@dataclass(frozen=True, slots=True)
class Song:
    """One recording: its stems in the order in which `analysis.gram` numbers them."""

    stems: tuple[SongStem, ...]
    analysis: RecordingAnalysis


@dataclass(frozen=True, slots=True)
class Limits:
    """What the grants allow: how far a stem's own tempo and pitch may be moved, whether voices
    sound, and how far the mix may go from the artists' own (`mix_reach`, 0 to 1: all it can).
    """

    tempo_min_ratio: float = 0.3
    tempo_max_ratio: float = 3.0
    semitones_max: int = 12
    vocals: bool = True
    mix_reach: float = 1.0
