"""From what was asked and what was measured to a Recipe.

The director knows the order of decisions: material, tempo, key, form, cast, bars, clips, mix. It
refuses to know audio, rights and rows; the limits of the grants come in as numbers. Invariant: the
same ask over the same songs gives the same recipe, and what could not be met is said in its
remarks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from generation.compose.ambience import ambient_recipe
from generation.compose.arrange import Arrangement, arrange
from generation.compose.choice import Dice
from generation.compose.deck import Deck, Voice, deck_of
from generation.compose.mix import mixed
from generation.compose.new_line import NO_LINE, with_new_line, with_remark
from generation.compose.tuning import Plan, tune
from generation.compose.values import LINES, MODES, Ask, CannotCompose, Limits, Song
from generation.recipe import Recipe, Source, from_json, to_json

NO_LIMITS = Limits()
NO_BEAT = "No rule writes a new beat, so the drums play as they were recorded."
NO_DRUMS = "There are no drums, so the energy asked for shows in tempo and mix, less in attacks."


def compose(ask: Ask, songs: Sequence[Song], limits: Limits = NO_LIMITS) -> Recipe:
    """The recipe that answers `ask`, normalised (`from_json(to_json(recipe)) == recipe`).

    Raises CannotCompose, with one sentence for a person, where there is nothing to make a piece
    from.
    """
    remarks: list[str] = []
    decks = decks_for(ask, songs, limits, remarks)
    has_drums = any(voice.role == "drums" for deck in decks for voice in deck.voices)
    if not has_drums and ask.mode != "ambient" and ask.energy != 0.5:
        remarks.append(NO_DRUMS)
    dice = Dice(ask.seed)
    plan = tune(ask, decks, limits, remarks)
    if ask.mode == "ambient":
        if ask.parts:
            remarks.append(NO_LINE)
        recipe = ambient_recipe(ask, plan, dice, remarks)
    else:
        recipe = _arranged(ask, plan, dice, limits, remarks)
    return from_json(to_json(with_used_sources(recipe)))


def decks_for(
    ask: Ask, songs: Sequence[Song], limits: Limits, remarks: list[str]
) -> tuple[Deck, ...]:
    """The songs on the table, with voices only where they are wanted and allowed.

    Raises CannotCompose where nothing is left.
    """
    if ask.mode not in MODES:
        raise CannotCompose(f'There is no mode "{ask.mode}".')
    if ask.line not in LINES:
        raise CannotCompose(f'There is no line "{ask.line}".')
    if ask.mode == "collaboration" and len(songs) < 2:
        raise CannotCompose("A collaboration needs two recordings.")
    vocals = ask.vocals and limits.vocals and ask.mode != "focus"
    if ask.vocals and not limits.vocals:
        remarks.append("The artists do not allow their voices here, so there are none.")
    decks = _unlike(deck_of(n, song, vocals=vocals) for n, song in enumerate(songs))
    heard = tuple(deck for deck in decks if deck.voices)
    if not heard:
        voices = any(deck_of(n, s, vocals=True).voices for n, s in enumerate(songs))
        why = "only voices, and none are wanted" if voices else "only silence"
        raise CannotCompose(f"There is nothing to work with: the stems hold {why}.")
    if ask.mode == "collaboration" and len(heard) < 2:
        raise CannotCompose("A collaboration needs two recordings that can be heard.")
    return heard


def _unlike(decks: Iterable[Deck]) -> tuple[Deck, ...]:
    """`decks` with every digest once: the same sound twice is one source."""
    seen: set[str] = set()
    found: list[Deck] = []
    for deck in decks:
        kept: list[Voice] = []
        for voice in deck.voices:
            if voice.digest not in seen:
                seen.add(voice.digest)
                kept.append(voice)
        found.append(replace(deck, voices=tuple(kept)))
    return tuple(found)


def _arranged(ask: Ask, plan: Plan, dice: Dice, limits: Limits, remarks: list[str]) -> Recipe:
    arrangement: Arrangement = arrange(ask, plan, dice)
    recipe = mixed(ask, plan, arrangement, dice, remarks)
    for part in ask.parts:
        if part == "beat":
            recipe = with_remark(recipe, NO_BEAT)
        else:
            recipe = with_new_line(ask, plan, arrangement, recipe, limits, part)
    return recipe


def with_used_sources(recipe: Recipe) -> Recipe:
    """`recipe` without the sources that nothing plays: what does not sound needs no licence."""
    used = sorted({clip.source for clip in recipe.clips} | {note.source for note in recipe.notes})
    place = {old: new for new, old in enumerate(used)}
    sources: tuple[Source, ...] = tuple(recipe.sources[n] for n in used)
    clips = tuple(replace(clip, source=place[clip.source]) for clip in recipe.clips)
    notes = tuple(replace(note, source=place[note.source]) for note in recipe.notes)
    strips = tuple(
        replace(strip, source=place[strip.source])
        for strip in recipe.strips
        if strip.source in place
    )
    return replace(recipe, sources=sources, clips=clips, notes=notes, strips=strips)
