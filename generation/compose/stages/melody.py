"""The melody that is heard under a section, out of the measured slices of the stem that has it.

It knows tracks, beats and slices. It refuses to know sounds and nets. Invariant: a note of it
begins where the recording has an attack with a sure pitch, in the key that it is heard in.
"""

from itertools import pairwise

from generation.analysis.values import Slice
from generation.compose.arrange import Arrangement
from generation.compose.laying import Track, semitones
from generation.compose.retrieval import tuning_of
from generation.compose.tuning import Plan
from generation.nets.values import Note, NoteLine, Signature

# A melody has so many notes a bar at least; fewer tell no harmony.
LEAST_A_BAR = 1.0
_ORDER = ("vocals", "other", "guitar", "keys", "strings")


def melody_under(
    plan: Plan, made: Arrangement, section: int, signature: Signature
) -> NoteLine | None:
    """The notes of the melody from the section's first bar line on; None where none is told."""
    scene = made.scenes[section]
    tracks = [t for t in made.tracks if t.voice in scene.voices and t.voice.role in _ORDER]
    for track in sorted(tracks, key=lambda one: _ORDER.index(one.voice.role)):
        first = scene.span.bar * plan.beats_per_bar
        beats = range(first, first + scene.span.bars * plan.beats_per_bar)
        notes = _notes(track, beats, signature.beat_ticks)
        if len(notes) >= LEAST_A_BAR * scene.span.bars:
            return notes
    return None


def _notes(track: Track, beats: range, beat_ticks: int) -> NoteLine:
    """What the track's slices play on `beats`, one after another."""
    tones = [one for one in track.voice.analysis.slices if one.midi is not None]
    tuning, points = tuning_of(tones), track.deck.grid.points
    found: list[Note] = []
    for number, beat in enumerate(beats):
        source = track.path[beat]
        if source is None:
            continue
        start, end = points[source], points[source + 1]
        for tone in tones:
            if start <= tone.start < end:
                pace = beat_ticks / (end - start)
                onset = number * beat_ticks + int((tone.start - start) * pace)
                lasts = max(1, round((tone.end - tone.start) * pace))
                found.append(Note(onset, lasts, _pitch(tone, tuning) + semitones(track)))
    return _after_each_other(found, len(beats) * beat_ticks)


def _pitch(tone: Slice, tuning: float) -> int:
    assert tone.midi is not None
    return round(tone.midi - tuning)


def _after_each_other(notes: list[Note], ticks: int) -> NoteLine:
    """`notes` in order, each ended by the next; of those that begin together the first stays."""
    firsts = {one.onset: one for one in reversed(notes)}
    return tuple(
        Note(onset, min(firsts[onset].duration, end - onset), firsts[onset].pitch)
        for onset, end in pairwise([*sorted(firsts), ticks])
    )
