"""What nets of notes take and give, as plain values: chords, notes, requests, answers.

Time is in ticks, 12 to a quarter note, from the first bar line. It refuses to know tensors, stems
and seconds. Invariant: a value that exists is sound: pitches are MIDI numbers, notes of one line
follow each other without overlap, and equal requests have equal answers, whatever else is asked
for in the same call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

TICKS_PER_QUARTER = 12
QUALITIES = ("maj", "min", "7", "dim")
CHORD_TONES = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "dim": (0, 3, 6)}
METERS = ((4, 4), (3, 4), (2, 4), (6, 8), (2, 2), (3, 8), (9, 8), (6, 4), (12, 8), (3, 2))
MODES = ("maj", "min")
PARTS = ("melody", "bass")
DENSITIES = (1, 2, 3, 4, 5)
SEED_BELOW = 1 << 63
CANDIDATES_AT_MOST = 64


class RequestError(ValueError):
    """A request that no net can answer; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Chord:
    """`root`: pitch class, C = 0; `quality`: one of QUALITIES."""

    root: int
    quality: str

    def __post_init__(self) -> None:
        if not 0 <= self.root < 12 or self.quality not in QUALITIES:
            raise RequestError(f"{self.root} {self.quality} is no chord that nets know.")

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The pitch classes that belong to it."""
        return tuple((self.root + tone) % 12 for tone in CHORD_TONES[self.quality])


@dataclass(frozen=True, slots=True)
class Signature:
    """Meter (beats, beat type; one of METERS) and key (`tonic`: pitch class; `mode`: of MODES)."""

    meter: tuple[int, int]
    tonic: int
    mode: str

    def __post_init__(self) -> None:
        if self.meter not in METERS:
            raise RequestError(f"{self.meter[0]}/{self.meter[1]} is no meter that nets know.")
        if not 0 <= self.tonic < 12 or self.mode not in MODES:
            raise RequestError(f"{self.tonic} {self.mode} is no key.")

    @property
    def bar_ticks(self) -> int:
        """Length of a bar."""
        return self.meter[0] * 4 * TICKS_PER_QUARTER // self.meter[1]

    @property
    def beat_ticks(self) -> int:
        """Length of a felt beat: a dotted quarter in compound meters, a half note over 2."""
        return beat_ticks(self.meter)


def beat_ticks(meter: tuple[int, int]) -> int:
    """Length of a felt beat of `meter`."""
    return {8: 18, 4: 12, 2: 24}[meter[1]]


@dataclass(frozen=True, slots=True)
class ChordLine:
    """One chord per felt beat from the first bar line on; None where nothing sounds."""

    signature: Signature
    chords: tuple[Chord | None, ...]

    def __post_init__(self) -> None:
        if not self.chords or self.ticks % self.signature.bar_ticks:
            raise RequestError("A line of chords fills whole bars.")

    @property
    def ticks(self) -> int:
        """Length of the line."""
        return len(self.chords) * self.signature.beat_ticks


@dataclass(frozen=True, slots=True)
class Note:
    """`onset` and `duration` in ticks; `pitch`: MIDI number."""

    onset: int
    duration: int
    pitch: int


NoteLine = tuple[Note, ...]


def check_line(notes: Sequence[Note]) -> None:
    """Raises RequestError unless `notes` follow each other without overlap."""
    end = 0
    for one in notes:
        if one.onset < end or one.duration < 1 or not 0 <= one.pitch < 128:
            raise RequestError("The notes of one line follow each other without overlap.")
        end = one.onset + one.duration


def share_inside(notes: NoteLine, chords: ChordLine) -> tuple[int, int]:
    """(inside, all): notes that begin on a felt beat with a chord, and those that belong to it."""
    inside = count = 0
    for note in notes:
        beat, rest = divmod(note.onset, chords.signature.beat_ticks)
        chord = chords.chords[beat % len(chords.chords)]
        if rest == 0 and chord is not None:
            count += 1
            inside += note.pitch % 12 in chord.pitch_classes
    return inside, count


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A line over chords. `density` 1 (few notes) to 5, None leaves it free; `register`: lowest
    and highest MIDI pitch allowed, both included, None for the part's own compass.
    """

    part: str
    chords: ChordLine
    seed: int
    candidates: int = 8
    density: int | None = None
    register: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise RequestError(f"There is no part {self.part!r}; there are {', '.join(PARTS)}.")
        if self.density is not None and self.density not in DENSITIES:
            raise RequestError("A density is a whole number from 1 to 5.")
        if self.register is not None and self.register[1] - self.register[0] < 11:
            raise RequestError("A register spans an octave at least.")
        _check_chance(self.seed, self.candidates)


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate. `bits_per_event`: how surprising it is to the net, notes and rests counted."""

    notes: NoteLine
    bits_per_event: float


@dataclass(frozen=True, slots=True)
class HarmonyRequest:
    """Chords for a melody of `beats` felt beats. `anchors`: (beat, chord) that must stand."""

    signature: Signature
    beats: int
    melody: NoteLine
    seed: int
    candidates: int = 8
    anchors: tuple[tuple[int, Chord], ...] = ()

    def __post_init__(self) -> None:
        check_line(self.melody)
        if self.beats < 1 or self.beats * self.signature.beat_ticks % self.signature.bar_ticks:
            raise RequestError("A harmony fills whole bars.")
        if any(not 0 <= beat < self.beats for beat, _ in self.anchors):
            raise RequestError("An anchor stands on a beat of the melody.")
        _check_chance(self.seed, self.candidates)


@dataclass(frozen=True, slots=True)
class Harmony:
    """One candidate, and how surprising it is to the net."""

    chords: ChordLine
    bits_per_beat: float


def _check_chance(seed: int, candidates: int) -> None:
    if not 0 <= seed < SEED_BELOW:
        raise RequestError("A seed is a whole number from 0 to 2^63 - 1.")
    if not 1 <= candidates <= CANDIDATES_AT_MOST:
        raise RequestError(f"A request asks for 1 to {CANDIDATES_AT_MOST} candidates.")
