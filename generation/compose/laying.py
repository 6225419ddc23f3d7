"""From "which source beat sounds on which beat" to clips with anchors and fades.

It knows beats and samples. It refuses to know moods and mixing. Invariant: clips of one voice join
by equal-amplitude cross-fades before the beat, so attacks survive and nothing clicks or gaps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from generation.compose.deck import Deck, Voice
from generation.compose.frame_sizes import MIDDLE
from generation.compose.grid import anchors
from generation.recipe import Clip

Path = list[int | None]
SLOWEST = 3.0  # how many times slower than played a last chord may be laid

# (fade, how long before the beat a join lies, fade where a voice comes in) in samples
DRUM_JOIN = (240, 384, 240)
TONAL_JOIN = (1_440, 720, 2_400)
_FREE_JOIN = (14_400, 0, 24_000)


@dataclass(frozen=True, slots=True)
class Track:
    """One voice's way through the piece: `path[n]` is the source beat heard on beat n, or None."""

    deck: Deck
    voice: Voice
    path: Path = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """Beats [first, last) of the variation that play source beats from `source` on, without a
    jump.
    """

    first: int
    last: int
    source: int


def runs(path: Sequence[int | None]) -> list[Run]:
    """The longest stretches of `path` in which each beat follows the one before."""
    found: list[Run] = []
    for beat, source in enumerate(path):
        if source is None:
            continue
        last = found[-1] if found else None
        if last and last.last == beat and last.source + beat - last.first == source:
            found[-1] = Run(last.first, beat + 1, last.source)
        else:
            found.append(Run(beat, beat + 1, source))
    return found


def clips(track: Track, at: Callable[[float], float], length: int, source: int) -> list[Clip]:
    """The clips of `track`. `at` gives the sample of a beat, `length` the end of the piece."""
    laid = runs(track.path)
    found: list[Clip] = []
    for n, run in enumerate(laid):
        follows = n > 0 and laid[n - 1].last == run.first
        followed = n + 1 < len(laid) and laid[n + 1].first == run.last
        found.append(_clip(track, run, at, length, source, follows, followed))
    return found


def _clip(
    track: Track,
    run: Run,
    at: Callable[[float], float],
    length: int,
    source: int,
    follows: bool,
    followed: bool,
) -> Clip:
    fade, before, entry = join_of(track)
    points = track.deck.grid.points
    pairs = [
        (at(beat), points[run.source + beat - run.first]) for beat in range(run.first, run.last + 1)
    ]
    start = max(0, round(pairs[0][0]) - before - fade // 2)
    end = min(length, round(pairs[-1][0]) - before + (fade + 1) // 2)
    long_entry = round(at(1) - at(0)) if track.voice.role in ("pad", "strings") else entry
    fade_in = fade if follows or start == 0 else long_entry
    fade_out = fade if followed else max(fade, entry)
    room = end - start
    return Clip(
        source,
        processor(track.voice),
        start,
        end,
        anchors(pairs, track.voice.analysis.length),
        semitones(track),
        track.voice.window,
        keeps_formants(track),
        min(fade_in, room // 2),
        min(fade_out, room // 2),
    )


def join_of(track: Track) -> tuple[int, int, int]:
    """Fade, how long before the beat a join lies, and fade where a voice comes in; samples."""
    if track.deck.grid.is_free:
        return _FREE_JOIN
    return DRUM_JOIN if track.voice.role == "drums" else TONAL_JOIN


def processor(voice: Voice) -> str:
    """Drums are cut at their attacks, everything else goes through the phase vocoder."""
    return "slices/1" if voice.role == "drums" else "vocoder/3"


def semitones(track: Track) -> int:
    """The voice's transposition; what has no pitch is never moved."""
    return track.deck.semitones if track.voice.is_tonal else 0


def keeps_formants(track: Track) -> bool:
    """Whether a transposed voice keeps its own throat."""
    return track.voice.role == "vocals" and semitones(track) != 0


def ring_clip(
    track: Track, at: Callable[[float], float], first: int, length: int, source: int, home: int
) -> Clip:
    """The last chord: the home bar's first beats, slowed down over the rest of the piece and faded.

    `first`: the beat of the variation on which it falls; `home`: the source beat it is taken from.
    """
    fade, before, _ = join_of(track)
    points = track.deck.grid.points
    is_drums = track.voice.role == "drums"
    beats = 1 if is_drums else 2
    start = max(0, round(at(first)) - before - fade // 2)
    hit = at(first + 1) - at(first)
    stop = min(float(length), at(first) + 2 * hit) if is_drums else float(length)
    stretch = hit * beats if is_drums else max(hit * beats, stop - at(first))
    while home + beats + 1 < len(points) and stretch > SLOWEST * (
        points[home + beats] - points[home]
    ):
        beats += 1
    pairs = [(at(first), points[home]), (at(first) + stretch, points[home + beats])]
    end = round(stop)
    return Clip(
        source,
        processor(track.voice),
        start,
        end,
        anchors(pairs, track.voice.analysis.length),
        semitones(track),
        max(MIDDLE, track.voice.window),
        keeps_formants(track),
        min(fade, (end - start) // 2),
        (end - start) * 4 // 5,
    )
