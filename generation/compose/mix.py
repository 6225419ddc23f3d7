"""The arrangement as a Recipe: clips, strips with levels, bus, a first guess of the gain.

It knows decibels and samples. It refuses to know why a voice was chosen. Invariant: every source
has one strip per section, so a tail that crosses a seam keeps its console.
"""

from collections.abc import Sequence
from math import log10

from generation.compose import console
from generation.compose.arrange import Arrangement, Scene
from generation.compose.choice import Dice
from generation.compose.laying import Track, clips, ring_clip
from generation.compose.tuning import Plan
from generation.compose.values import Ask
from generation.recipe import SAMPLE_RATE_HZ, Clip, Recipe, Section, Strip

TARGET_LUFS = -14.0
STANDING_LUFS = -20.0  # what the loudest section is brought to before the planned gain


def mixed(
    ask: Ask,
    plan: Plan,
    made: Arrangement,
    dice: Dice,
    remarks: list[str],
    decided: Sequence[Strip] | None = None,
) -> Recipe:
    """The recipe of an arrangement, its `gain_db` guessed from stored loudness only.

    `decided`: a strip per track and section; None leaves them to the rules.
    """
    sections = tuple(
        Section(
            s.span.name,
            _sample(plan, s.span.bar),
            _sample(plan, s.span.bar + s.span.bars),
            s.span.energy,
        )
        for s in made.scenes
    )
    if decided is None:
        by_section = (strips_of(ask, plan, made, n, dice) for n in range(len(made.scenes)))
        decided = [strip for strips in by_section for strip in strips]
    levels = [(STANDING_LUFS + s.span.level_db, s.span.bars) for s in made.scenes]
    total = sum(10 ** (level / 10) * bars for level, bars in levels) / sum(b for _, b in levels)
    target = ask.target_lufs if ask.target_lufs is not None else TARGET_LUFS
    return Recipe(
        mode=ask.mode,
        length=plan.length,
        grid=plan.grid,
        key=str(plan.key) if plan.key else None,
        sources=tuple(track.voice.source for track in made.tracks),
        sections=sections,
        clips=tuple(_clips(plan, made)),
        strips=tuple(decided),
        bus=console.bus(ask, dice),
        gain_db=target - 10 * log10(total),
        target_lufs=target,
        reached_lufs=target,
        seed=ask.seed,
        fade_out=min(round(1.5 * SAMPLE_RATE_HZ), plan.length // 8),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _sample(plan: Plan, bar: int) -> int:
    return min(plan.length, round(plan.at(bar * plan.beats_per_bar)))


def _clips(plan: Plan, made: Arrangement) -> list[Clip]:
    found: list[Clip] = []
    ringing = {id(track): home for track, home in made.ringing}
    for n, track in enumerate(made.tracks):
        found += clips(track, plan.at, plan.length, n)
        if id(track) in ringing:
            home = ringing[id(track)]
            found.append(ring_clip(track, plan.at, made.ring, plan.length, n, home))
    return found


def strips_of(ask: Ask, plan: Plan, made: Arrangement, section: int, dice: Dice) -> list[Strip]:
    """Strips of every track in one section, levelled to what the form asks of it."""
    scene = made.scenes[section]
    gains = [
        plan.mix_reach * _gain_db(ask, track, scene) + console.evened_db(track.deck, plan.decks)
        for track in made.tracks
    ]
    sounding = [
        gain + track.deck.level_db(track.voice, scene.bars[track.voice.digest])
        for gain, track in zip(gains, made.tracks, strict=True)
        if track.voice in scene.voices
    ]
    trim = console.trim_db(sounding, STANDING_LUFS + scene.span.level_db)
    roles = {voice.role for voice in scene.voices}
    strips: list[Strip] = []
    for n, track in enumerate(made.tracks):
        voice = track.voice
        bands = console.bands(
            ask,
            voice,
            scene.span,
            with_bass="bass" in roles and voice.role != "bass",
            with_voice="vocals" in roles and voice.role != "vocals",
        )
        strip = Strip(
            n,
            section,
            gains[n] + trim,
            console.pan(voice, n, dice),
            bands,
            console.compressor(ask, voice, voice.loudness),
            console.send_db(ask, voice, scene.span),
        )
        strips.append(console.within_reach(strip, plan.mix_reach))
    return strips


def _gain_db(ask: Ask, track: Track, scene: Scene) -> float:
    energy = 0.5 * ask.energy + 0.5 * scene.span.energy
    return console.balance_db(track.deck, track.voice) + console.mood_db(
        ask, track.deck, track.voice, energy
    )
