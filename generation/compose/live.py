"""An endless piece: its next section, planned by rules from what sounded before.

It knows targets, decks, beats and what was heard lately. It refuses to know listeners, clocks and
rows. Invariant: a section follows from its targets, the seed and the sections before it, so anybody
plans the same one; what has begun to sound is never changed, only followed at a bar line.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from generation.analysis.values import Part
from generation.compose import console
from generation.compose.ambience import drift, drifting_strips
from generation.compose.arrange import Arrangement, scene_of, tracks_of
from generation.compose.choice import Dice
from generation.compose.deck import Voice
from generation.compose.director import NO_LIMITS, decks_for
from generation.compose.form import live_span
from generation.compose.keys import keys_in_reach
from generation.compose.laying import TONAL_JOIN, Track, clips, join_of
from generation.compose.mix import strips_of
from generation.compose.novelty import (
    KNOWN,
    Passage,
    passage,
    passage_of,
    share_known,
    worn_parts,
)
from generation.compose.sections import DRIFT_S, LiveSection, cut_short, next_line
from generation.compose.tuning import Plan, tempo_reach, tune
from generation.compose.values import Ask, CannotCompose, Limits, Song
from generation.recipe import SAMPLE_RATE_HZ, Clip, Source, Strip

BARS = 8
# A section that a listener would know again does not return for so long, where there is another.
NOVELTY_S = 90.0
TRIES = 12
# What is known again by less than a step more or less is known alike: then the older one returns.
_STEPS = 4
# Tempo moves by so much from bar to bar at most.
RAMP = 0.03
# Focus goes by a clock: so long at work, so long at rest, and again.
WORK_S, REST_S = 25 * 60.0, 5 * 60.0
_FAR = 1 << 60


def next_section(
    ask: Ask,
    songs: Sequence[Song],
    before: Sequence[LiveSection],
    *,
    limits: Limits = NO_LIMITS,
    bars: int = BARS,
) -> LiveSection:
    """What follows `before`, the chain so far, by rules alone: see `lay_out`."""
    return lay_out(ask, songs, before, limits=limits, bars=bars).section


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A section by rules, and what stands behind it: the ask as it held, the plan, the scene.

    `made` None: free clouds, without bars and beats. The section's sources are `made`'s tracks.
    """

    section: LiveSection
    ask: Ask
    plan: Plan
    made: Arrangement | None


def lay_out(
    ask: Ask,
    songs: Sequence[Song],
    before: Sequence[LiveSection],
    *,
    limits: Limits = NO_LIMITS,
    bars: int = BARS,
) -> LaidOut:
    """What follows `before`, the chain so far; `ask.seed` is the session's, its length not used.

    It begins where the last section ends: cut that one short first (`cut_short`) to begin earlier.
    Raises CannotCompose, with one sentence, when the songs hold nothing to go on with.
    """
    last = before[-1] if before else None
    start, index = (last.end, last.index + 1) if last else (0, 0)
    ask = _in_rhythm(ask, start)
    remarks: list[str] = []
    decks = decks_for(ask, songs, limits, remarks)
    plan = tune(replace(ask, seconds=16.0), decks, limits, remarks)
    beats = _beats(ask, plan, last, limits, start, bars)
    plan = replace(plan, bars=bars, length=beats[-1] - start)
    lately = _heard_lately(before, start)
    place = _Place(index, beats, last, _worn(plan, lately, start))
    make = _drifting if ask.mode == "ambient" else _arranged
    made, known = _newest((make(ask, plan, place, turn) for turn in range(TRIES)), lately, start)
    section = LiveSection(
        index=index,
        beats=beats,
        beats_per_bar=plan.beats_per_bar,
        tempo_bpm=plan.grid.tempo_bpm if plan.grid else None,
        key=str(plan.key) if plan.key else None,
        energy=ask.energy,
        sources=made.sources,
        clips=made.clips,
        strips=made.strips,
        known=known,
        remarks=tuple(dict.fromkeys(remarks)),
        keys=_keys_open(plan, limits),
    )
    return LaidOut(section, ask, plan, made.arrangement)


def _keys_open(plan: Plan, limits: Limits) -> tuple[str, ...]:
    """The keys that this plan could be in, of the mode of its own."""
    if plan.key is None:
        return ()
    found = keys_in_reach([d.key for d in plan.decks], limits.semitones_max, plan.key.mode)
    return tuple(map(str, found))


def _in_rhythm(ask: Ask, start: int) -> Ask:
    """The ask as it is at a moment: focus rests now and then."""
    if ask.mode != "focus" or start / SAMPLE_RATE_HZ % (WORK_S + REST_S) < WORK_S:
        return ask
    return replace(ask, energy=0.4 * ask.energy, density=0.6 * ask.density)


def _beats(
    ask: Ask, plan: Plan, last: LiveSection | None, limits: Limits, start: int, bars: int
) -> tuple[int, ...]:
    """Where the beats lie: from the tempo that was to the one that is wanted, bar by bar."""
    beat = plan.beat
    if last is not None and last.tempo_bpm is not None and plan.grid is not None:
        beat = float(last.beats[-1] - last.beats[-2])
        timed = [deck for deck in plan.decks if not deck.grid.is_free]
        low, high = tempo_reach(timed, plan.grid.tempo_bpm, limits)
        beat = min(60 * SAMPLE_RATE_HZ / low, max(60 * SAMPLE_RATE_HZ / high, beat))
    found, at = [start], float(start)
    for _ in range(bars):
        beat = min(beat * (1 + RAMP), max(beat * (1 - RAMP), plan.beat))
        for _ in range(plan.beats_per_bar):
            at += beat
            found.append(round(at))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a section goes: its number, its beats, what is before it, and what is worn by now."""

    index: int
    beats: tuple[int, ...]
    last: LiveSection | None
    worn: Mapping[int, Mapping[int, float]]


def _worn(plan: Plan, lately: Sequence[Passage], now: int) -> dict[int, dict[int, float]]:
    """How lately the parts of each deck were heard."""
    budget = round(NOVELTY_S * SAMPLE_RATE_HZ)
    return {deck.index: worn_parts(deck, lately, now, budget) for deck in plan.decks if lately}


@dataclass(frozen=True, slots=True)
class _Made:
    """One try at a section's sound."""

    sources: tuple[Source, ...]
    clips: tuple[Clip, ...]
    strips: tuple[Strip, ...]
    arrangement: Arrangement | None = None


def _heard_lately(before: Sequence[LiveSection], now: int) -> list[Passage]:
    """What began less than NOVELTY_S ago."""
    since = now - NOVELTY_S * SAMPLE_RATE_HZ
    return [passage_of(one) for one in before if one.start > since]


def _newest(tries: Iterable[_Made], lately: Sequence[Passage], start: int) -> tuple[_Made, float]:
    """The first that nobody knows again from lately; else what is known least, and longest ago.
    With it how much of it is known.
    """
    found: list[tuple[float, int, _Made]] = []
    for made in tries:
        mine = passage(start, made.sources, made.clips)
        heard = ((round(share_known(mine, one), 2), one.start) for one in lately)
        known, since = max(heard, default=(0.0, start))
        if known < KNOWN:
            return made, known
        found.append((known, since, made))
    known, _, made = min(found, key=lambda one: (round(_STEPS * one[0]), one[1]))
    return made, known


def _dice(ask: Ask, index: int, turn: int) -> Dice:
    """The dice of one try for one section."""
    digest = hashlib.sha256(f"{ask.seed}/{index}/{turn}".encode()).digest()
    return Dice(int.from_bytes(digest[:7], "big"))


def _arranged(ask: Ask, plan: Plan, place: _Place, turn: int) -> _Made:
    """A section with a beat: its cast on bars of one recording, or two."""
    index, dice = place.index, _dice(ask, place.index, turn)
    span = live_span(ask.mode, index, plan.bars, ask.energy)
    fresh: dict[int, list[Part]] = {deck.index: [] for deck in plan.decks}
    scene = scene_of(ask, plan, span, index, dice, fresh, place.worn)
    count = plan.bars * plan.beats_per_bar
    tracks = tracks_of(plan, [scene], count)
    if not tracks:
        raise CannotCompose("There is nothing to go on with: no stem sounds in these bars.")
    laid: list[Clip] = []
    for source, track in enumerate(tracks):
        laid += _joined(track, place.beats, source, place.last)
    made = Arrangement((scene,), tuple(tracks), count, ())
    desk = strips_of(ask, plan, made, 0, dice)
    strips = seated(ask, desk, [track.voice for track in tracks], plan.mix_reach)
    return _Made(_sources([track.voice for track in tracks]), tuple(laid), strips, made)


def _joined(
    track: Track, beats: tuple[int, ...], source: int, last: LiveSection | None
) -> list[Clip]:
    """A voice's clips, their first and last fades as at any join between two runs of beats.

    A voice that sounded until here is blended into itself; one that comes in has its own entry.
    """
    fade = join_of(track)[0]
    laid = clips(track, lambda beat: float(beats[int(beat)]), _FAR, source)
    if track.path[-1] is not None:
        room = laid[-1].end - laid[-1].start - laid[-1].fade_in
        laid[-1] = replace(laid[-1], fade_out=min(fade, max(0, room)))
    sounded = last is not None and any(
        last.sources[clip.source].digest == track.voice.digest
        and clip.end >= last.end - TONAL_JOIN[2]
        for clip in last.clips
    )
    if track.path[0] is not None and sounded:
        room = laid[0].end - laid[0].start - laid[0].fade_out
        laid[0] = replace(laid[0], fade_in=min(fade, max(0, room)))
    return laid


def _drifting(ask: Ask, plan: Plan, place: _Place, turn: int) -> _Made:
    """A section without a beat: clouds that fade in from its first sample and ring over its end."""
    index, beats, dice = place.index, place.beats, _dice(ask, place.index, turn)
    voices = [(deck, v) for deck in plan.decks for v in deck.voices if v.role != "drums"]
    voices = voices or [(deck, voice) for deck in plan.decks for voice in deck.voices]
    length = beats[-1] - beats[0]
    fade = min(round(DRIFT_S * SAMPLE_RATE_HZ), length // 3)
    reach = (beats[0], beats[-1] + fade, length, fade)
    laid = drift(ask, plan, voices, index, reach, dice)
    heard = sorted({clip.source for clip in laid})
    strips = drifting_strips(ask, voices, 1, dice, plan.mix_reach)
    kept = [replace(strips[old], source=new) for new, old in enumerate(heard)]
    cast = [voices[old][1] for old in heard]
    moved = tuple(replace(clip, source=heard.index(clip.source)) for clip in laid)
    return _Made(_sources(cast), moved, seated(ask, kept, cast, plan.mix_reach))


def seated(
    ask: Ask, strips: Sequence[Strip], voices: Sequence[Voice], reach: float
) -> tuple[Strip, ...]:
    """The strips with the seats that voices keep for the whole session; `voices` by source.

    `reach`: how far from the middle seats may lie, a part of what the desk gives them.
    """
    dice = Dice(ask.seed)
    seats = [console.pan(one, dice.whole(f"seat {one.digest}", 2), dice) for one in voices]
    return tuple(replace(strip, pan=reach * seats[strip.source]) for strip in strips)


def _sources(voices: Sequence[Voice]) -> tuple[Source, ...]:
    return tuple(voice.source for voice in voices)


@dataclass(frozen=True, slots=True)
class Change:
    """From `seconds` on, the fields of the ask that are named have other values."""

    seconds: float
    wishes: Mapping[str, Any]


def play_on(
    ask: Ask, changes: Sequence[Change], songs: Sequence[Song], limits: Limits = NO_LIMITS
) -> list[LiveSection]:
    """The chain as a session goes that is steered so, up to the first bar line after its seconds.

    Raises CannotCompose.
    """
    chain: list[LiveSection] = []
    for change in sorted(changes, key=lambda one: one.seconds):
        sample = round(min(change.seconds, ask.seconds) * SAMPLE_RATE_HZ)
        chain = _grown(ask, songs, chain, sample, limits)
        chain = cut_short(chain, next_line(chain, sample)) if chain else chain
        ask = replace(ask, **change.wishes)
    end = round(ask.seconds * SAMPLE_RATE_HZ)
    chain = _grown(ask, songs, chain, end, limits)
    return cut_short(chain, next_line(chain, end))


def _grown(
    ask: Ask, songs: Sequence[Song], chain: list[LiveSection], sample: int, limits: Limits
) -> list[LiveSection]:
    """The chain with as many sections more as it takes to reach `sample`."""
    while not chain or chain[-1].end < sample:
        chain = [*chain, next_section(ask, songs, chain, limits=limits)]
    return chain
