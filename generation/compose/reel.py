"""Sections of an endless piece as recipes that the engine plays.

Samples are counted from the session's first, so a recipe of its last few sections gives the very
sound that a recipe of all of them gives: what lies further back than the desk remembers is left
out. It knows sections and the reach of the engine. It refuses to know why they were planned.
Invariant: segment k follows from the sections up to the last one that begins before its end and
AHEAD, whatever is planned after them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from generation.compose import console
from generation.compose.choice import Dice
from generation.compose.mix import STANDING_LUFS, TARGET_LUFS
from generation.compose.sections import LiveSection, cut_short
from generation.compose.stream import AHEAD, count_planned, segment_range
from generation.compose.values import Ask
from generation.engine.memory import memory_of
from generation.recipe import (
    SAMPLE_RATE_HZ,
    Bus,
    Grid,
    Note,
    Recipe,
    Section,
    Source,
    Strip,
    read_once,
    to_json,
)

# A clip of a section that is left out may ring on for so long after its section's end.
_RINGING = 8 * SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Reel:
    """What stays the same for a whole session: mode, seed, the room, the gain of the mix."""

    mode: str
    seed: int
    bus: Bus
    gain_db: float
    target_lufs: float


def reel_of(ask: Ask) -> Reel:
    """The reel that a session begins with, its gain guessed from stored loudness only."""
    target = ask.target_lufs if ask.target_lufs is not None else TARGET_LUFS
    return Reel(
        mode=ask.mode,
        seed=ask.seed,
        bus=console.bus(ask, Dice(ask.seed)),
        gain_db=target - STANDING_LUFS,
        target_lufs=target,
    )


def reel_from(recipe: Recipe) -> Reel:
    """The reel that a section's recipe was written on."""
    return Reel(recipe.mode, recipe.seed, recipe.bus, recipe.gain_db, recipe.target_lufs)


def section_from(recipe: Recipe, frame: Mapping[str, Any]) -> LiveSection:
    """The section that `recipe_of(reel, [section])` and `frame_of(section)` were made of."""
    return LiveSection(
        index=frame["index"],
        beats=tuple(frame["beats"]),
        beats_per_bar=frame["beats_per_bar"],
        tempo_bpm=recipe.grid.tempo_bpm if recipe.grid else None,
        key=recipe.key,
        energy=recipe.sections[0].energy,
        sources=recipe.sources,
        clips=recipe.clips,
        strips=recipe.strips,
        known=frame.get("known", 0.0),  # frames written before it was told have none
        remarks=recipe.remarks,
        notes=recipe.notes,
        nets=recipe.nets,
    )


def frame_of(section: LiveSection) -> dict[str, Any]:
    """What a section's recipe does not say of it, as plain data."""
    return {
        "index": section.index,
        "beats": list(section.beats),
        "beats_per_bar": section.beats_per_bar,
        "known": section.known,
        "by": section.by,
    }


def chain_from(written: Sequence[LiveSection]) -> list[LiveSection]:
    """What is to sound of sections in the order of writing: a later one cuts those before it."""
    chain: list[LiveSection] = []
    for section in written:
        chain = [*cut_short(chain, section.start), section]
    return chain


def recipe_of(reel: Reel, chain: Sequence[LiveSection]) -> Recipe:
    """The recipe of consecutive sections, normalised; sound is where it is in the session."""
    return read_once(to_json(joined(reel, chain)))


def joined(reel: Reel, chain: Sequence[LiveSection]) -> Recipe:
    """The recipe as it is put together; of sections that were read it is normal as it is.

    Sources stand in the order of their digests: the order of a sum must not depend on how much of
    the past is looked at.
    """
    found = {source.digest: source for section in chain for source in section.sources}
    sources = tuple(found[digest] for digest in sorted(found))
    place = {source.digest: n for n, source in enumerate(sources)}
    clips = tuple(
        replace(clip, source=place[section.sources[clip.source].digest])
        for section in chain
        for clip in section.clips
    )
    notes = tuple(
        replace(note, source=place[section.sources[note.source].digest])
        for section in chain
        for note in section.notes
    )
    last = chain[-1]
    grid = None
    if last.tempo_bpm is not None:
        grid = Grid(last.tempo_bpm, last.beats_per_bar, last.start)
    return Recipe(
        mode=reel.mode,
        length=max(last.end, *(clip.end for clip in clips), *map(_note_end, notes)),
        grid=grid,
        key=last.key,
        sources=sources,
        sections=tuple(
            Section(f"section {one.index + 1}", one.start, one.end, one.energy) for one in chain
        ),
        clips=clips,
        strips=tuple(_strips(chain, sources)),
        bus=reel.bus,
        gain_db=reel.gain_db,
        target_lufs=reel.target_lufs,
        reached_lufs=reel.target_lufs,
        seed=reel.seed,
        notes=notes,
        nets=tuple(sorted({net for one in chain for net in one.nets})),
        remarks=tuple(dict.fromkeys(remark for one in chain for remark in one.remarks)),
    )


def _strips(chain: Sequence[LiveSection], sources: tuple[Source, ...]) -> list[Strip]:
    """A strip per source and section: its own, or that of the section before, or one whose sound
    reaches into it, or that of the section behind.

    So a tail that crosses bar lines keeps its console, and an entry before one has it already; and
    what a section is like never depends on the one behind it where the source was heard before.
    """
    own = [{one.sources[strip.source].digest: strip for strip in one.strips} for one in chain]
    found: list[Strip] = []
    for n, section in enumerate(chain):
        for place, source in enumerate(sources):
            ringing = (m for m in range(n - 2, -1, -1) if _end_of(chain[m], source) > section.start)
            before = [n - 1, *ringing] if n else []
            near = [own[n], *(own[m] for m in before), *own[n + 1 : n + 2]]
            strip = next((one[source.digest] for one in near if source.digest in one), None)
            if strip is not None:
                found.append(replace(strip, source=place, section=n))
    return found


def _end_of(section: LiveSection, source: Source) -> int:
    """The last sample of a source's clips and notes in a section; -1 when it has none there."""
    clips = (clip.end for clip in section.clips if section.sources[clip.source] == source)
    notes = (_note_end(one) for one in section.notes if section.sources[one.source] == source)
    return max((*clips, *notes), default=-1)


def _note_end(note: Note) -> int:
    return note.start + note.length


def part_for(reel: Reel, chain: Sequence[LiveSection], index: int) -> list[LiveSection]:
    """The sections that segment `index` needs: the last that has a part in it, and its past.

    The first of them is not heard any more; the strips of the one behind it may follow from it.

    Raises ValueError for a segment that is not planned.
    """
    if not chain or index >= count_planned(chain[-1].end):
        raise ValueError("The segment is not planned yet.")
    lo, hi = segment_range(index)
    upto = [one for one in chain if one.start < hi + AHEAD]
    first = len(upto) - 1
    while first > 0:
        part = upto[first:]
        if len(part) > 1 and part[1].start + _RINGING <= lo - memory_of(joined(reel, part)):
            break
        first -= 1
    return upto[first:]
