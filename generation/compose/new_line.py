"""A new line over the recording's own chords, played by sounds of the cleared stems.

It decides where there is room, which stem plays and how loud; a rule writes the notes. It refuses
to know samples and rights. Invariant: a voice is never made to sing what nobody sang: stems of
vocals play no new line; what could not be added is said in a remark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from generation.compose import console
from generation.compose.arrange import Arrangement, Scene
from generation.compose.choice import Dice
from generation.compose.counterline import write_line
from generation.compose.deck import Deck, Voice
from generation.compose.harmony import chords_under
from generation.compose.mix import STANDING_LUFS
from generation.compose.retrieval import REACH, Bank, Playing, Wanted, compass_of, play
from generation.compose.tuning import Plan
from generation.compose.values import Ask, Limits
from generation.nets.values import ChordLine, NoteLine
from generation.recipe import Note, Recipe, Strip

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


@dataclass(frozen=True, slots=True)
class NewLine:
    """The notes of one part in one section. `net`: the digest of who wrote them, "" for a rule."""

    part: str
    section: int
    notes: NoteLine
    chords: ChordLine
    net: str = ""


def with_new_line(
    ask: Ask, plan: Plan, made: Arrangement, recipe: Recipe, limits: Limits, part: str
) -> Recipe:
    """`recipe` with a new line of `part`, in every section that has room for one."""
    reach = reach_of(limits)
    under = {n: chords_under(plan, made, n) for n in range(len(made.scenes))}
    chords = {n: found for n, found in under.items() if found is not None}
    if not chords:
        return with_remark(recipe, NO_LINE)
    sections = with_room(made, part, sorted(chords))
    if not sections:
        return with_remark(recipe, NO_ROOM.format(part=part))
    player = player_of(plan.decks, part, reach)
    if player is None:
        return with_remark(recipe, NO_STEM.format(part=part))
    left_out = 0
    for n in sections:
        line = NewLine(part, n, by_rule(ask, part, n, chords[n], player.register), chords[n])
        recipe, lacking = played(ask, plan, made, recipe, line, player, reach)
        left_out += lacking
    return with_credit(recipe, part, player, left_out)


def reach_of(limits: Limits) -> float:
    """How many semitones a slice may be moved."""
    return min(REACH, float(limits.semitones_max))


def density_of(ask: Ask) -> int:
    """How many notes are wanted, 1 to 5."""
    return 1 + round(4 * ask.density)


def by_rule(
    ask: Ask, part: str, section: int, chords: ChordLine, register: tuple[int, int]
) -> NoteLine:
    """The line that the rule writes for one section."""
    dice = Dice(Dice(ask.seed).whole(f"line {part} {section}", 1 << 31))
    return write_line(part, chords, dice, density=density_of(ask), register=register)


def played(
    ask: Ask,
    plan: Plan,
    made: Arrangement,
    recipe: Recipe,
    line: NewLine,
    player: Player,
    reach: float,
) -> tuple[Recipe, int]:
    """`recipe` with the line as slices of its player, and how many notes lay out of reach."""
    recipe, source = _with_source(recipe, player.voice)
    recipe = _with_strip(ask, recipe, made, player, source, line.section)
    playing = _playing(plan, made, recipe, line, player, source, reach)
    return with_notes(recipe, playing.notes), playing.left_out


def with_credit(recipe: Recipe, part: str, player: Player, left_out: int) -> Recipe:
    """`recipe` saying who plays the new part, and what could not be played."""
    recipe = with_remark(recipe, ADDED.format(part=part, label=player.voice.label))
    if left_out:
        recipe = with_remark(recipe, LEFT_OUT.format(part=part, count=left_out))
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


def bank_of(part: str, player: Player, strip: Strip, level_lufs: float) -> Bank:
    """What plays a part through `strip`, as loud as it stands in a section of `level_lufs`."""
    level = level_lufs + _OFFSET_DB[part] - strip.gain_db
    return Bank(strip.source, player.voice.analysis.slices, level)


def with_notes(recipe: Recipe, notes: Sequence[Note]) -> Recipe:
    """`recipe` with more notes, all in the order of time; nets that wrote any are named."""
    together = sorted((*recipe.notes, *notes), key=lambda note: (note.start, note.source))
    nets = sorted({*recipe.nets, *(note.net for note in notes if note.net)})
    return replace(recipe, notes=tuple(together), nets=tuple(nets))


def _playing(
    plan: Plan,
    made: Arrangement,
    recipe: Recipe,
    line: NewLine,
    player: Player,
    source: int,
    reach: float,
) -> Playing:
    """The line as notes of the recipe, as loud as its part stands in the section."""
    span = made.scenes[line.section].span
    strip = next(s for s in recipe.strips if (s.source, s.section) == (source, line.section))
    bank = bank_of(line.part, player, strip, STANDING_LUFS + span.level_db)
    wanted = wanted_of(line.notes, line.chords, plan.at, span.bar * plan.beats_per_bar)
    heard = [one for one in wanted if one.start < recipe.length]
    return play(heard, [bank], net=line.net, reach=reach)


def with_room(made: Arrangement, part: str, sections: Sequence[int]) -> list[int]:
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
    return replace(recipe, sources=(*recipe.sources, voice.source)), len(digests)


def _with_strip(
    ask: Ask, recipe: Recipe, made: Arrangement, player: Player, source: int, section: int
) -> Recipe:
    """`recipe` with a strip of the line's own, where its stem has none in the section."""
    if any((strip.source, strip.section) == (source, section) for strip in recipe.strips):
        return recipe
    strip = strip_of(ask, made.scenes[section], player.voice, source, section)
    return replace(recipe, strips=(*recipe.strips, strip))


def strip_of(ask: Ask, scene: Scene, voice: Voice, source: int, section: int) -> Strip:
    """A strip for a voice that plays nothing but a new line in `scene`."""
    roles = {one.role for one in scene.voices}
    return Strip(
        source,
        section,
        0.0,
        console.pan(voice, source, Dice(ask.seed)),
        console.bands(
            ask, voice, scene.span, with_bass="bass" in roles, with_voice="vocals" in roles
        ),
        None,
        console.send_db(ask, voice, scene.span),
    )


def with_remark(recipe: Recipe, remark: str) -> Recipe:
    """`recipe` with one more remark at the end."""
    return replace(recipe, remarks=(*recipe.remarks, remark))
