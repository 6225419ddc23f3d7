"""The chords that sound under a section: those of the recording, moved with it.

It knows tracks, beats and measured chords. It refuses to know notes and samples. Invariant: a chord
is the one that the recording has at the very beat that is heard, in the key that it is heard in.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from generation.analysis.rules import TONICS
from generation.compose.arrange import Arrangement, Scene
from generation.compose.deck import Deck
from generation.compose.laying import Track
from generation.compose.tuning import Plan
from generation.nets.values import METERS, QUALITIES, Chord, ChordLine, Signature

_SILENT_ROLES = ("drums", "vocals")


def chord_named(name: str, semitones: int = 0) -> Chord | None:
    """The chord of a name like "A min" or "G 7", moved by `semitones`; None for "" and others."""
    tonic, _, quality = name.partition(" ")
    if tonic not in TONICS or quality not in QUALITIES:
        return None
    return Chord((TONICS.index(tonic) + semitones) % 12, quality)


def chord_at(deck: Deck, sample: int) -> Chord | None:
    """The chord that the recording has at one of its samples, moved as the deck is moved."""
    changes = deck.analysis.chords
    place = bisect_right(changes, (sample, "~")) - 1
    return chord_named(changes[place][1], deck.semitones) if place >= 0 else None


def chords_under(plan: Plan, made: Arrangement, section: int) -> ChordLine | None:
    """A chord for every beat of a section, None where nothing with harmony sounds.

    No line at all without a known meter, or where the recording told no chord.
    """
    meter, scene = (plan.beats_per_bar, 4), made.scenes[section]
    if plan.grid is None or meter not in METERS:
        return None
    first = scene.span.bar * plan.beats_per_bar
    beats = range(first, first + scene.span.bars * plan.beats_per_bar)
    tracks = _harmonic(made.tracks, scene)
    chords = tuple(_on_beat(tracks, beat) for beat in beats)
    told = [chord for chord in chords if chord is not None]
    return ChordLine(_signature(plan, meter, told), chords) if told else None


def _harmonic(tracks: Sequence[Track], scene: Scene) -> list[Track]:
    return [t for t in tracks if t.voice in scene.voices and t.voice.role not in _SILENT_ROLES]


def _on_beat(tracks: Sequence[Track], beat: int) -> Chord | None:
    """What the first track that sounds on a beat of the variation has there."""
    for track in tracks:
        source = track.path[beat]
        if source is not None:
            points = track.deck.grid.points
            return chord_at(track.deck, (points[source] + points[source + 1]) // 2)
    return None


def _signature(plan: Plan, meter: tuple[int, int], told: Sequence[Chord]) -> Signature:
    """The meter with the piece's key, or with the chord that is heard most for its tonic."""
    if plan.key is not None:
        return Signature(meter, plan.key.tonic, plan.key.mode)
    most = Counter(told).most_common(1)[0][0]
    return Signature(meter, most.root, "min" if most.quality in ("min", "dim") else "maj")
