"""A new line over the recording's own chords, played by sounds of the cleared stems.

It decides where there is room, which stem plays and how loud; a rule writes the notes. It refuses
to know samples and rights. Invariant: a voice is never made to sing what nobody sang: stems of
vocals play no new line; what could not be added is said in a remark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from generation.compose import console
from generation.compose.arrange import Arrangement
from generation.compose.choice import Dice
from generation.compose.counterline import write_line
from generation.compose.deck import Deck, Voice
from generation.compose.harmony import chords_under
from generation.compose.mix import STANDING_LUFS
from generation.compose.retrieval import REACH, Bank, Playing, Wanted, compass_of, play
from generation.compose.tuning import Plan
from generation.compose.values import Ask, Limits
from generation.nets.values import ChordLine, NoteLine
from generation.recipe import Note, Recipe, Source, Strip

NO_LINE = "A new line needs a beat and chords, and this piece has none."
NO_ROOM = "There is no room for a new {part}: one sounds in every section."
NO_STEM = "No stem has single tones that could play a new {part}."
ADDED = "A new {part} is played by sounds of the stem {label}."
LEFT_OUT = "{count} notes of the new {part} lay out of reach of those sounds and were left out."

_SPAN = 15
_LEAST = 8
_COMPASS = {"melody": (52, 88), "bass": (26, 52)}
_ORDER = {
    "melody": ("other", "keys", "guitar", "strings", "pad", "bass"),
    "bass": ("bass", "pad", "keys", "guitar", "strings", "other"),
}
_OFFSET_DB = {"melody": -5.0, "bass": -4.0}
_ACCENT = 0.15


@dataclass(frozen=True, slots=True)
class Player:
    """The stem that plays: its voice, the slices, and the register in which it can."""

    deck: Deck
    voice: Voice
    register: tuple[int, int]


def with_new_line(
    ask: Ask, plan: Plan, made: Arrangement, recipe: Recipe, limits: Limits
) -> Recipe:
    """`recipe` with the line that `ask` wants, in every section that has room for one."""
    part = ask.line
    reach = min(REACH, float(limits.semitones_max))
    under = {n: chords_under(plan, made, n) for n in range(len(made.scenes))}
    chords = {n: found for n, found in under.items() if found is not None}
    if not chords:
        return _remarked(recipe, NO_LINE)
    sections = _with_room(made, part, sorted(chords))
    if not sections:
        return _remarked(recipe, NO_ROOM.format(part=part))
    player = player_of(plan.decks, part, reach)
    if player is None:
        return _remarked(recipe, NO_STEM.format(part=part))
    recipe, source = _with_source(recipe, player.voice)
    density, left_out = 1 + round(4 * ask.density), 0
    for n in sections:
        dice = Dice(Dice(ask.seed).whole(f"line {part} {n}", 1 << 31))
        line = write_line(part, chords[n], dice, density=density, register=player.register)
        recipe = _with_strip(ask, recipe, made, player, source, n)
        playing = _played(plan, made, recipe, line, chords[n], player, (source, n), reach)
        left_out += playing.left_out
        recipe = with_notes(recipe, playing.notes)
    recipe = _remarked(recipe, ADDED.format(part=part, label=player.voice.label))
    if left_out:
        recipe = _remarked(recipe, LEFT_OUT.format(part=part, count=left_out))
    return recipe


def player_of(decks: Sequence[Deck], part: str, reach: float) -> Player | None:
    """The stem whose slices can play most pitches of a part, of equals the one that suits it."""
    best: tuple[int, int] | None = None
    chosen: Player | None = None
    for deck in decks:
        for voice in deck.voices:
            if voice.role not in _ORDER[part]:
                continue
            slices = voice.analysis.slices
            count, register = compass_of(slices, _COMPASS[part], _SPAN, reach)
            rank = (min(count, _SPAN - 2), -_ORDER[part].index(voice.role))
            if count >= _LEAST and (best is None or rank > best):
                best, chosen = rank, Player(deck, voice, register)
    return chosen


def wanted_of(
    line: NoteLine, chords: ChordLine, at: Callable[[float], float], first_beat: int
) -> list[Wanted]:
    """The notes of a line in samples. `at` gives the sample of a beat; the line begins on
    `first_beat`. What falls on a bar line is a little stronger."""
    beat, bar = chords.signature.beat_ticks, chords.signature.bar_ticks
    found = []
    for note in line:
        start = round(at(first_beat + note.onset / beat))
        end = round(at(first_beat + (note.onset + note.duration) / beat))
        accent = _ACCENT if note.onset % bar == 0 else 0.0
        found.append(Wanted(start, end - start, float(note.pitch), velocity=0.8 + accent))
    return found


def with_notes(recipe: Recipe, notes: Sequence[Note]) -> Recipe:
    """`recipe` with more notes, all in the order of time; nets that wrote any are named."""
    together = sorted((*recipe.notes, *notes), key=lambda note: (note.start, note.source))
    nets = sorted({*recipe.nets, *(note.net for note in notes if note.net)})
    return replace(recipe, notes=tuple(together), nets=tuple(nets))


def _played(
    plan: Plan,
    made: Arrangement,
    recipe: Recipe,
    line: NoteLine,
    chords: ChordLine,
    player: Player,
    place: tuple[int, int],
    reach: float,
) -> Playing:
    """The line of one section, (source, section) `place`, as notes of the recipe."""
    source, section = place
    span = made.scenes[section].span
    strip = next(s for s in recipe.strips if (s.source, s.section) == place)
    part = "bass" if player.register[1] <= _COMPASS["bass"][1] else "melody"
    level = STANDING_LUFS + span.level_db + _OFFSET_DB[part] - strip.gain_db
    bank = Bank(source, player.voice.analysis.slices, level)
    wanted = wanted_of(line, chords, plan.at, span.bar * plan.beats_per_bar)
    return play([one for one in wanted if one.start < recipe.length], [bank], reach=reach)


def _with_room(made: Arrangement, part: str, sections: Sequence[int]) -> list[int]:
    """The sections in which nothing is in the way: no voice beside a melody, no bass beside one.

    Beginnings and endings stay as they are where there are others.
    """
    rival = "vocals" if part == "melody" else "bass"
    free = [n for n in sections if all(v.role != rival for v in made.scenes[n].voices)]
    inner = [n for n in free if made.scenes[n].span.kind not in ("intro", "ending")]
    return inner or free


def _with_source(recipe: Recipe, voice: Voice) -> tuple[Recipe, int]:
    """`recipe` with the stem among its sources, and its number there."""
    digests = [source.digest for source in recipe.sources]
    if voice.digest in digests:
        return recipe, digests.index(voice.digest)
    new = Source(voice.digest, voice.role, voice.analysis.length)
    return replace(recipe, sources=(*recipe.sources, new)), len(digests)


def _with_strip(
    ask: Ask, recipe: Recipe, made: Arrangement, player: Player, source: int, section: int
) -> Recipe:
    """`recipe` with a strip of the line's own, where its stem has none in the section."""
    if any((strip.source, strip.section) == (source, section) for strip in recipe.strips):
        return recipe
    span, voice = made.scenes[section].span, player.voice
    roles = {one.role for one in made.scenes[section].voices}
    strip = Strip(
        source,
        section,
        0.0,
        console.pan(voice, source, Dice(ask.seed)),
        console.bands(ask, voice, span, with_bass="bass" in roles, with_voice="vocals" in roles),
        None,
        console.send_db(ask, voice, span),
    )
    return replace(recipe, strips=(*recipe.strips, strip))


def _remarked(recipe: Recipe, remark: str) -> Recipe:
    return replace(recipe, remarks=(*recipe.remarks, remark))
