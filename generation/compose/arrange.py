"""The arrangement: for every section its cast and its bars, for every voice its way through the
piece.

It knows spans, decks and beats. It refuses to know gains and samples. Invariant: in one section
all harmony comes from the same bars of one recording, so chords agree.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from generation.analysis.values import Part
from generation.compose.casting import cast, offered
from generation.compose.choice import Dice
from generation.compose.deck import Deck, Voice
from generation.compose.form import Span, plan_form, ring_bars
from generation.compose.laying import Track
from generation.compose.tuning import Plan
from generation.compose.values import Ask
from generation.compose.walk import drum_walk, home_bar, walk


@dataclass(frozen=True, slots=True)
class Scene:
    """One section filled: its voices, and the source bars that each of them plays."""

    span: Span
    voices: tuple[Voice, ...]
    bars: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Scenes in order, a track per voice that sounds, and the beat of the last chord."""

    scenes: tuple[Scene, ...]
    tracks: tuple[Track, ...]
    ring: int
    ringing: tuple[tuple[Track, int], ...]


def arrange(ask: Ask, plan: Plan, dice: Dice, parts: Collection[str] | None = None) -> Arrangement:
    """The arrangement of `plan`'s bars, with room for the new `parts`; None: those of the ask."""
    spans = plan_form(ask.mode, plan.bars, plan.bar_seconds, ask.energy, dice)
    recent: dict[int, list[Part]] = {deck.index: [] for deck in plan.decks}
    scenes = [scene_of(ask, plan, span, turn, dice, recent) for turn, span in enumerate(spans)]
    scenes = _everyone_heard(ask, plan, scenes)
    if "bass" in (ask.parts if parts is None else parts):
        scenes = _without_bass(scenes)
    last = ring_bars(plan.bars, plan.bar_seconds) if plan.bars > 1 else 0
    ring = (plan.bars - last) * plan.beats_per_bar
    tracks = tracks_of(plan, scenes, ring)
    _fill(ask, scenes, tracks, plan.beats_per_bar, dice)
    ringing = _ringing(plan, scenes[-1], tracks) if last else ()
    return Arrangement(tuple(scenes), tuple(tracks), ring, ringing)


def scene_of(
    ask: Ask,
    plan: Plan,
    span: Span,
    turn: int,
    dice: Dice,
    recent: dict[int, list[Part]],
    worn: Mapping[int, Mapping[int, float]] | None = None,
) -> Scene:
    """The cast and the bars of one section; `recent` holds each deck's parts so far and grows.

    `worn`: by deck, how lately its parts were heard; see `walk`.
    """
    decks = plan.decks
    lead = decks[(turn + dice.whole("lead", len(decks))) % len(decks)]
    guest = decks[(decks.index(lead) + 1) % len(decks)] if len(decks) > 1 else None
    tired = worn or {}
    bars = {
        deck.index: walk(deck, span, dice, recent[deck.index], tired.get(deck.index))
        for deck in (lead, guest)
        if deck is not None
    }
    voices = offered(lead, guest, bars, turn)
    lifts = {v.digest: deck.lift[v.stem] for deck in decks for v in deck.voices}
    chosen = cast(ask, span, voices, lambda voice: lifts[voice.digest], dice)
    if guest is not None:
        chosen = _both(chosen, voices, lead, guest)
    ways: dict[str, list[int]] = {}
    for deck in (lead, guest):
        own = [voice for voice in chosen if deck is not None and voice.song == deck.index]
        if deck is not None and own:
            ways |= _ways(deck, own, span, bars[deck.index], dice)
    return Scene(span, tuple(chosen), ways)


def _ways(
    deck: Deck, voices: list[Voice], span: Span, bars: list[int], dice: Dice
) -> dict[str, list[int]]:
    """The bars of each voice: all drums of a recording together, everything else on `bars`."""
    drums = [voice for voice in voices if voice.role == "drums"]
    beaten = drum_walk(deck, drums, span, bars, dice) if drums else bars
    return {voice.digest: beaten if voice.role == "drums" else bars for voice in voices}


def _both(
    chosen: list[Voice], voices: list[tuple[Voice, float]], lead: Deck, guest: Deck
) -> list[Voice]:
    """`chosen` with at least one voice of each recording, where one is offered."""
    for deck in (lead, guest):
        if not any(voice.song == deck.index for voice in chosen):
            chosen = chosen + [v for v, a in voices if v.song == deck.index and a >= 0.2][:1]
    return chosen


def _everyone_heard(ask: Ask, plan: Plan, scenes: list[Scene]) -> list[Scene]:
    """`scenes` with voices heard nowhere added to the liveliest section that can take them."""
    if ask.density < 0.4 or ask.mode == "focus":
        return scenes
    heard = {voice.digest for scene in scenes for voice in scene.voices}
    order = sorted(range(len(scenes)), key=lambda n: -scenes[n].span.energy)
    for deck in plan.decks:
        for voice in deck.voices:
            if voice.digest in heard or (voice.role == "drums" and ask.energy < 0.35):
                continue
            for n in order:
                way = _way_of(deck, scenes[n])
                if way and deck.activity(voice, way) >= 0.2 and _has_room(voice, scenes[n]):
                    bars = scenes[n].bars | {voice.digest: way}
                    scenes[n] = Scene(scenes[n].span, (*scenes[n].voices, voice), bars)
                    break
    return scenes


def _without_bass(scenes: list[Scene]) -> list[Scene]:
    """`scenes` with room for a new bass: where one sounds everywhere, it rests in the bodies of the
    piece, or in its liveliest section; never where it is alone with drums."""
    able = [n for n, scene in enumerate(scenes) if _has_harmony_over_bass(scene)]
    if len(able) < len(scenes) and any(not _has_bass(scene) for scene in scenes):
        return scenes
    bodies = [n for n in able if scenes[n].span.kind == "body"]
    resting = bodies or sorted(able, key=lambda n: -scenes[n].span.energy)[:1]
    return [_rested(scene) if n in resting else scene for n, scene in enumerate(scenes)]


def _has_bass(scene: Scene) -> bool:
    return any(voice.role == "bass" for voice in scene.voices)


def _has_harmony_over_bass(scene: Scene) -> bool:
    return any(voice.role not in ("drums", "bass", "vocals") for voice in scene.voices)


def _rested(scene: Scene) -> Scene:
    voices = tuple(voice for voice in scene.voices if voice.role != "bass")
    kept = {voice.digest for voice in voices}
    return Scene(scene.span, voices, {d: bars for d, bars in scene.bars.items() if d in kept})


def _has_room(voice: Voice, scene: Scene) -> bool:
    return voice.role not in ("drums", "bass") or all(v.song == voice.song for v in scene.voices)


def _way_of(deck: Deck, scene: Scene) -> list[int] | None:
    """The bars that the deck's harmony plays in `scene`, if the deck leads there."""
    tonal = [v for v in scene.voices if v.song == deck.index and v.role not in ("drums", "vocals")]
    return scene.bars[tonal[0].digest] if tonal else None


def tracks_of(plan: Plan, scenes: list[Scene], ring: int) -> list[Track]:
    """A track per voice that sounds in `scenes`; from beat `ring` on none plays."""
    per_bar = plan.beats_per_bar
    tracks: list[Track] = []
    for deck in plan.decks:
        for voice in deck.voices:
            track = Track(deck, voice, [None] * (plan.bars * per_bar))
            for scene in scenes:
                if voice.digest in scene.bars and voice in scene.voices:
                    _lay(track, scene, per_bar)
            track.path[ring:] = [None] * (plan.bars * per_bar - ring)
            if any(beat is not None for beat in track.path):
                tracks.append(track)
    return tracks


def _lay(track: Track, scene: Scene, per_bar: int) -> None:
    """Writes the scene's bars into the track's path; other metres run on beat by beat."""
    own = track.deck.grid.beats_per_bar
    total = len(track.deck.grid.points) - 1
    first = scene.span.bar * per_bar
    for n, bar in enumerate(scene.bars[track.voice.digest]):
        for beat in range(per_bar):
            source = bar * own + beat if own == per_bar else _other_metre(scene, track, n, beat)
            source %= total
            is_there = track.deck.grid.points[source + 1] <= track.voice.analysis.length
            track.path[first + n * per_bar + beat] = source if is_there else None


def _other_metre(scene: Scene, track: Track, bar: int, beat: int) -> int:
    own = track.deck.grid.beats_per_bar
    return scene.bars[track.voice.digest][0] * own + bar * 4 + beat


def _fill(ask: Ask, scenes: list[Scene], tracks: list[Track], per_bar: int, dice: Dice) -> None:
    """Lets drums hold their breath, or stumble, on the last beat before a section that lifts."""
    if ask.mode in ("focus", "mood") or per_bar < 3:
        return
    for before, after in pairwise(scenes):
        if after.span.kind not in ("body", "peak") or before.span.bars < 2:
            continue
        kind = dice.pick(f"fill {after.span.name}", ("hold", "stumble", "plain"))
        if kind == "hold" and all(voice.role == "drums" for voice in before.voices):
            continue
        if kind == "hold" or (kind == "stumble" and ask.energy >= 0.4):
            _fill_beat(tracks, after.span.bar * per_bar - 1, holds=kind == "hold")


def _fill_beat(tracks: list[Track], beat: int, *, holds: bool) -> None:
    """Silences the drums on `beat`, or lets them repeat the beat before."""
    for track in tracks:
        if track.voice.role == "drums" and track.path[beat] is not None:
            track.path[beat] = None if holds else track.path[beat - 1]


def _ringing(plan: Plan, scene: Scene, tracks: list[Track]) -> tuple[tuple[Track, int], ...]:
    """Which voices sound the last chord, and from which source beat: the home bar of each deck."""
    found: list[tuple[Track, int]] = []
    lead = next((t.deck for t in tracks if t.voice in scene.voices and t.voice.is_tonal), None)
    for track in tracks:
        deck = track.deck
        if track.voice not in scene.voices or track.voice.role == "vocals":
            continue
        if track.voice.role != "drums" and lead is not None and deck is not lead:
            continue
        bar = home_bar(deck)
        beat = bar * deck.grid.beats_per_bar
        points = deck.grid.points[: beat + 3]
        is_there = len(points) == beat + 3 and points[-1] <= track.voice.analysis.length
        if is_there and deck.activity(track.voice, [bar]) > 0.1:
            found.append((track, beat))
    return tuple(found)
