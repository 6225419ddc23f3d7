"""The last stage: everything decided as a recipe, new notes played by slices of the stems.

It knows clips, strips and notes. It refuses to know nets; their digests are names to it. Invariant:
the recipe says all that was decided, so that rendering needs no net, and where a new beat plays the
recorded drums of its section rest.
"""

from collections.abc import Collection
from dataclasses import replace
from statistics import fmean, median

from generation.compose.arrange import Arrangement
from generation.compose.deck import Voice
from generation.compose.laying import Track
from generation.compose.mix import mixed
from generation.compose.new_line import played, reach_of, with_credit, with_notes
from generation.compose.retrieval import Bank, Wanted, play
from generation.compose.stages.beats import HIT_OF, kit_of
from generation.compose.stages.plans import Beat, BeatPlan, ChordPlan, Draft, LinePlan, MixPlan
from generation.nets.grooves import STEPS, VOICES, Hit
from generation.recipe import Note, Recipe

# retrieval plays a note of velocity v so many dB softer than full, times 1 - v.
_VELOCITY_DB = 12.0


def sounded(
    draft: Draft, chords: ChordPlan, lines: LinePlan, beats: BeatPlan, mix: MixPlan
) -> Recipe:
    """The recipe of one draft and its plans."""
    remarks = [*draft.remarks]
    for plan in (chords, lines, beats, mix):
        remarks += plan.remarks
    made = _rested(draft, {beat.section for beat in beats.beats})
    recipe = mixed(draft.ask, draft.plan, made, draft.dice, remarks, mix.strips)
    for beat in beats.beats:
        recipe = with_notes(recipe, _beaten(draft, recipe, beat))
    recipe = _with_lines(draft, made, recipe, lines)
    nets = {*recipe.nets, *mix.nets, *(chords.nets if lines.lines else ())}
    return replace(recipe, nets=tuple(sorted(nets)))


def _with_lines(draft: Draft, made: Arrangement, recipe: Recipe, lines: LinePlan) -> Recipe:
    reach = reach_of(draft.order.limits)
    for part, player in draft.players.items():
        of_part = [line for line in lines.lines if line.part == part]
        left_out = 0
        for line in of_part:
            recipe, lacking = played(draft.ask, draft.plan, made, recipe, line, player, reach)
            left_out += lacking
        recipe = with_credit(recipe, part, player, left_out) if of_part else recipe
    return recipe


def _rested(draft: Draft, sections: Collection[int]) -> Arrangement:
    """The arrangement with silent drums in `sections`; they keep their seats at the desk."""
    made, per_bar = draft.made, draft.plan.beats_per_bar
    beats = {
        beat
        for n in sections
        for beat in range(
            made.scenes[n].span.bar * per_bar,
            (made.scenes[n].span.bar + made.scenes[n].span.bars) * per_bar,
        )
    }
    new = {id(track): _silent(track, beats) for track in made.tracks}
    ringing = tuple((new[id(track)], home) for track, home in made.ringing)
    return replace(made, tracks=tuple(new.values()), ringing=ringing)


def _silent(track: Track, beats: Collection[int]) -> Track:
    if track.voice.role != "drums":
        return track
    path = [None if beat in beats else source for beat, source in enumerate(track.path)]
    return replace(track, path=path)


def _beaten(draft: Draft, recipe: Recipe, beat: Beat) -> list[Note]:
    """The groove of one section by hits of the stems that were recorded for it."""
    digests = [source.digest for source in recipe.sources]
    wanted = _hits(draft, beat, recipe.length)
    notes: list[Note] = []
    for hit, voice in kit_of(draft.made.scenes[beat.section]).items():
        of_hit = [one for one in wanted if one.voice == hit]
        if of_hit and voice.digest in digests:
            bank = Bank(digests.index(voice.digest), voice.analysis.slices, _level(voice, of_hit))
            notes += play(of_hit, [bank], net=beat.net).notes
    return notes


def _hits(draft: Draft, beat: Beat, length: int) -> list[Wanted]:
    """The groove in the order of time. What one recorded hit stands for twice on a sixteenth is
    struck once, as hard as the harder."""
    hardest: dict[tuple[int, str], Hit] = {}
    for number, bar in enumerate(beat.bars):
        for hit in bar:
            place = number * STEPS + hit.step, HIT_OF[VOICES[hit.voice]]
            if place not in hardest or hit.velocity > hardest[place].velocity:
                hardest[place] = hit
    per_beat = STEPS / draft.plan.beats_per_bar
    first = draft.made.scenes[beat.section].span.bar * STEPS
    found = []
    for (step, name), hit in hardest.items():
        start = max(0, round(draft.plan.at((first + step + hit.offset) / per_beat)))
        if start < length:
            found.append(Wanted(start, 1, None, name, hit.velocity))
    return sorted(found, key=lambda one: one.start)


def _level(voice: Voice, wanted: list[Wanted]) -> float:
    """So loud that the middle of these hits is as loud as the middle of the recorded ones."""
    name = wanted[0].voice
    recorded = median(one.loudness for one in voice.analysis.slices if one.voice == name)
    return recorded + _VELOCITY_DB * (1.0 - fmean(one.velocity for one in wanted))
