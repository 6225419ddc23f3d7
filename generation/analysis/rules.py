"""What an artist may correct in an analysis, and what follows from it. Pure.

It refuses to know rows and who is asking. Invariant: the artist's word wins over what was measured,
the newest over the older; a corrected field has confidence 1, and beats, bars and parts follow it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from generation.analysis.values import ROLES, Part, RecordingAnalysis, StemAnalysis

STEM_FIELDS = ("role", "tempo_bpm", "key")
RECORDING_FIELDS = ("tempo_bpm", "key", "beats_per_bar", "first_downbeat")
TEMPO_BPM = (30.0, 300.0)
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_RATE_HZ = 48_000
_SAME = 0.04


class CorrectionRefused(ValueError):
    """A correction that says nothing sensible; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """One correction: `field` is one of STEM_FIELDS or RECORDING_FIELDS; None means "there is
    none".
    """

    field: str
    value: Any


def check_stem_correction(field: str, value: Any) -> None:
    """Raises CorrectionRefused for a field or value that cannot be."""
    if field not in STEM_FIELDS:
        raise CorrectionRefused(f"A stem has no {field} to correct.")
    if field == "role" and value not in ROLES:
        raise CorrectionRefused("A role is one of: " + ", ".join(ROLES) + ".")
    _check_music(field, value)


def check_recording_correction(field: str, value: Any, length: int) -> None:
    """Raises CorrectionRefused for a field or value that cannot be; `length` in samples."""
    if field not in RECORDING_FIELDS:
        raise CorrectionRefused(f"A recording has no {field} to correct.")
    if field == "beats_per_bar" and not (_is_whole(value) and 2 <= value <= 12):
        raise CorrectionRefused("A bar has 2 to 12 beats.")
    if field == "first_downbeat" and not (_is_whole(value) and 0 <= value < length):
        raise CorrectionRefused("The first downbeat lies inside the recording.")
    _check_music(field, value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_music(field: str, value: Any) -> None:
    if value is None:
        return
    if field == "tempo_bpm":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not TEMPO_BPM[0] <= value <= TEMPO_BPM[1]:
            raise CorrectionRefused("A tempo lies between 30 and 300 beats per minute.")
    if field == "key" and not is_key(value):
        raise CorrectionRefused('A key reads like "A min" or "C# maj".')


def is_key(value: Any) -> bool:
    """True for "A min", "C# maj" and their like; tonics are written with sharps."""
    words = value.split(" ") if isinstance(value, str) else []
    return len(words) == 2 and words[0] in TONICS and words[1] in ("maj", "min")


def correct_stem_analysis(analysis: StemAnalysis, corrections: Sequence[Corrected]) -> StemAnalysis:
    """`analysis` with the corrections, oldest first, laid over it."""
    for one in corrections:
        if one.field == "role":
            analysis = replace(analysis, role=one.value, role_confidence=1.0)
        elif one.field == "key":
            analysis = replace(analysis, key=one.value, key_confidence=1.0, likely_key="")
        else:
            bpm = None if one.value is None else float(one.value)
            analysis = replace(analysis, tempo_bpm=bpm, tempo_confidence=1.0)
    return analysis


def correct_recording_analysis(
    analysis: RecordingAnalysis, corrections: Sequence[Corrected]
) -> RecordingAnalysis:
    """`analysis` with the corrections, oldest first, laid over it; the grid follows."""
    for one in corrections:
        if one.field == "key":
            analysis = replace(analysis, key=one.value, key_confidence=1.0, likely_key="")
        elif one.field == "tempo_bpm":
            analysis = _with_tempo(analysis, one.value)
        elif one.field == "beats_per_bar":
            analysis = _with_bars(analysis, analysis.beats, one.value, _first(analysis))
        else:
            analysis = _with_downbeat(analysis, one.value)
    return analysis


def _first(analysis: RecordingAnalysis) -> int:
    """The number of the beat that begins the first bar."""
    return analysis.beats.index(analysis.downbeats[0]) if analysis.downbeats else 0


def _with_tempo(analysis: RecordingAnalysis, bpm: float | None) -> RecordingAnalysis:
    """The measured beats doubled or halved where that is what was meant, else a straight grid."""
    if bpm is None:
        return replace(
            analysis, tempo_bpm=None, tempo_confidence=1.0, beats=(), downbeats=(), parts=()
        )
    told = replace(analysis, tempo_bpm=float(bpm), tempo_confidence=1.0)
    ratio = bpm / analysis.tempo_bpm if analysis.tempo_bpm else 0.0
    first = _first(analysis)
    if abs(ratio - 1.0) <= _SAME and analysis.beats:
        return told
    if abs(ratio / 2.0 - 1.0) <= _SAME and len(analysis.beats) > 1:
        return _with_bars(told, _doubled(analysis.beats), analysis.beats_per_bar, 2 * first)
    if abs(ratio * 2.0 - 1.0) <= _SAME and len(analysis.beats) > 2:
        beats = analysis.beats[first % 2 :: 2]
        return _with_bars(told, beats, analysis.beats_per_bar, first // 2)
    origin = analysis.downbeats[0] if analysis.downbeats else 0
    beats, first = _straight(float(bpm), origin, analysis.length)
    return _with_bars(told, beats, analysis.beats_per_bar, first)


def _doubled(beats: tuple[int, ...]) -> tuple[int, ...]:
    halves = [place for low, high in pairwise(beats) for place in (low, (low + high) // 2)]
    return (*halves, beats[-1])


def _straight(bpm: float, origin: int, length: int) -> tuple[tuple[int, ...], int]:
    """(beats at `bpm` through `origin`, over the whole length; the number of that at `origin`)."""
    step = 60.0 / bpm * _RATE_HZ
    before = int(origin // step)
    after = int((length - 1 - origin) // step)
    places = tuple(round(origin + number * step) for number in range(-before, after + 1))
    return places, before


def _with_downbeat(analysis: RecordingAnalysis, place: int) -> RecordingAnalysis:
    """Bars begin at the beat nearest to `place`; every beat moves with it where none is near."""
    if not analysis.beats:
        return analysis
    nearest = min(range(len(analysis.beats)), key=lambda at: abs(analysis.beats[at] - place))
    shift = place - analysis.beats[nearest]
    beats = tuple(at + shift for at in analysis.beats if 0 <= at + shift < analysis.length)
    first = min(range(len(beats)), key=lambda at: abs(beats[at] - place))
    return _with_bars(analysis, beats, analysis.beats_per_bar, first % analysis.beats_per_bar)


def _with_bars(
    analysis: RecordingAnalysis, beats: tuple[int, ...], per_bar: int, first: int
) -> RecordingAnalysis:
    downbeats = beats[first % per_bar :: per_bar]
    return replace(
        analysis,
        beats=beats,
        downbeats=downbeats,
        beats_per_bar=per_bar,
        parts=_moved_parts(analysis, downbeats),
    )


def _moved_parts(analysis: RecordingAnalysis, downbeats: tuple[int, ...]) -> tuple[Part, ...]:
    """The parts counted in the new bars, each edge at the bar nearest to where it was."""
    if not analysis.parts or not downbeats:
        return ()
    old = analysis.downbeats
    edges = [part.bar for part in analysis.parts]
    last = analysis.parts[-1]
    ends = [*edges, last.bar + last.bars]
    places = [old[bar] if bar < len(old) else analysis.length for bar in ends]
    every = [*downbeats, analysis.length]
    bars = [min(range(len(every)), key=lambda at: abs(every[at] - place)) for place in places]
    moved = zip(analysis.parts, pairwise(bars), strict=True)
    return tuple(
        replace(part, bar=low, bars=high - low) for part, (low, high) in moved if high > low
    )
