"""The sections of an endless piece as values, and how a chain of them is cut at a bar line.

It knows beats, clips and notes. It refuses to know who plans a section and why it is cut.
Invariant: nothing of a section that is cut begins at the line or after it, and what began before
ends there as at any join; notes never ring beyond the section they begin in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from generation.compose.laying import DRUM_JOIN, TONAL_JOIN
from generation.compose.retrieval import RELEASE
from generation.recipe import SAMPLE_RATE_HZ, Clip, Note, Source, Strip

# A cloud of an ambient section rings over into the next for so long.
DRIFT_S = 7.0


@dataclass(frozen=True, slots=True)
class LiveSection:
    """A few bars, planned once. `beats`: the sample of every beat, and of the end after the last.

    `clips`, `strips` and `notes` point at `sources`; a clip may ring beyond the end, a note never
    does. `tempo_bpm` None: free time. `known`: how much of it, from 0 to 1, a listener would know
    again from what sounded lately. `nets`: digests of the nets that decided anything in it, in
    order. `keys`: those that it could have been in, lowest first, told only of one that was just
    planned.
    """

    index: int
    beats: tuple[int, ...]
    beats_per_bar: int
    tempo_bpm: float | None
    key: str | None
    energy: float
    sources: tuple[Source, ...]
    clips: tuple[Clip, ...]
    strips: tuple[Strip, ...]
    remarks: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    nets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    known: float = 0.0

    @property
    def start(self) -> int:
        """Its first sample."""
        return self.beats[0]

    @property
    def end(self) -> int:
        """The sample after its last."""
        return self.beats[-1]

    @property
    def bar_lines(self) -> tuple[int, ...]:
        """The sample of every bar line, the end among them."""
        return self.beats[:: self.beats_per_bar]

    @property
    def by(self) -> str:
        """Who planned it: "nets" where any net decided something, else "rules"."""
        return "nets" if self.nets else "rules"


def said(section: LiveSection, remarks: Iterable[str]) -> LiveSection:
    """The section with more remarks, each of them once."""
    return replace(section, remarks=tuple(dict.fromkeys((*section.remarks, *remarks))))


def with_known_onsets(section: LiveSection, chain: Sequence[LiveSection]) -> LiveSection:
    """The section with each stem by the onsets that the chain names it by, where it plays it.

    A stem that was measured anew while a session plays sounds on as it did: two sections that are
    heard into one another can never name it by two.
    """
    known = {source.digest: source.onsets for one in chain for source in one.sources}
    sources = (
        replace(source, onsets=known.get(source.digest, source.onsets))
        for source in section.sources
    )
    return replace(section, sources=tuple(sources))


def next_line(chain: Sequence[LiveSection], sample: int) -> int:
    """The first bar line at `sample` or after it, of a chain that reaches so far.

    Raises ValueError for a moment that is not planned.
    """
    for section in chain:
        for line in section.bar_lines:
            if line >= sample:
                return line
    raise ValueError("Nothing is planned there yet.")


def cut_short(chain: Sequence[LiveSection], line: int) -> list[LiveSection]:
    """The chain up to a bar line: sections from there on are dropped, the one it falls in is cut.

    Its clips and notes end at the line as at any join; clouds ring on. `line` is one of the
    chain's.
    """
    kept = [section for section in chain if section.start < line]
    if not kept or kept[-1].end <= line:
        return kept
    last = kept[-1]
    clips = (_ended(clip, line) for clip in last.clips)
    kept[-1] = replace(
        last,
        beats=last.beats[: last.beats.index(line) + 1],
        clips=tuple(clip for clip in clips if clip is not None),
        notes=ended_notes(last.notes, line),
    )
    return kept


def ended_notes(notes: Sequence[Note], line: int) -> tuple[Note, ...]:
    """`notes` let go at `line` at the latest; those without time to be let go do not begin."""
    begun = (note for note in notes if line - note.start >= RELEASE)
    return tuple(_let_go(note, line) for note in begun)


def _let_go(note: Note, line: int) -> Note:
    length = line - note.start
    if note.length <= length:
        return note
    fade_out = min(RELEASE, length // 3)
    return replace(
        note, length=length, fade_in=min(note.fade_in, length - fade_out), fade_out=fade_out
    )


def _ended(clip: Clip, line: int) -> Clip | None:
    """The clip with nothing after `line` but its fade; None when it would not have begun."""
    if clip.processor == "granular/1" or clip.fade_out > SAMPLE_RATE_HZ:
        fade, before = round(DRIFT_S * SAMPLE_RATE_HZ), -round(DRIFT_S * SAMPLE_RATE_HZ) // 2
    else:
        fade, before, _ = DRUM_JOIN if clip.processor == "slices/1" else TONAL_JOIN
    end = line - before + (fade + 1) // 2
    if clip.end <= end:
        return clip
    if clip.start >= line - before - fade // 2:
        return None
    room = end - clip.start
    fade_out = min(fade, room // 2)
    return replace(clip, end=end, fade_in=min(clip.fade_in, room - fade_out), fade_out=fade_out)
