"""Strips by the mix net: what an ask wants of the sound, and how a section's stems are put to it.

It knows asks, scenes and what ingest keeps of stems, and takes a mixer as something that answers.
It refuses to know weights. Invariant: where any voice of a section was measured without bands there
is no answer, and the rules of `console` mix it instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import log10
from typing import Protocol

from generation.compose import console
from generation.compose.arrange import Arrangement, Scene
from generation.compose.laying import Track
from generation.compose.tuning import Plan
from generation.compose.values import Ask
from generation.nets.mix_stems import Mixed, MixRequest, MixStem, stem_of
from generation.recipe import Bus, Strip

# What one unit of each wish (0.5 asks nothing) changes, in standard deviations of random mixes:
# centroid, low share, dynamics, width, drum share, melody share.
SHIFTS = {
    "energy": (1.6, 0.0, -0.6, 0.0, 1.8, 0.0),
    "valence": (0.3, 0.0, 0.0, 0.2, 0.0, 0.6),
    "brightness": (1.8, -0.8, 0.0, 0.0, 0.0, 0.0),
    "density": (0.0, 0.0, -0.4, 0.6, 0.0, 0.0),
}
# What a mode adds to every section.
OF_MODE = {
    "mood": (-0.2, 0.0, 0.0, 0.3, -0.3, 0.0),
    "focus": (-0.4, 0.0, -0.6, 0.0, -0.5, -0.6),
    "ambient": (-0.6, 0.0, -0.4, 0.8, -1.0, -0.3),
}


class Mixes(Protocol):
    """Whatever answers requests for mixes: the net at work, or another."""

    def mix(self, requests: Sequence[MixRequest]) -> list[Mixed]:
        """The answers, in the order of the requests."""


def shift_of(ask: Ask, energy: float) -> tuple[float, ...]:
    """The change of each descriptor that `ask` wants in a section whose form asks for `energy`."""
    heat = 0.5 * ask.energy + 0.5 * energy
    wishes = {"energy": heat, "valence": ask.valence, "brightness": ask.brightness}
    wishes["density"] = ask.density
    total = list(OF_MODE.get(ask.mode, (0.0,) * 6))
    for name, value in wishes.items():
        for place, per_unit in enumerate(SHIFTS[name]):
            total[place] += 2.0 * (value - 0.5) * per_unit
    return tuple(total)


@dataclass(frozen=True, slots=True)
class Desk:
    """One section put to the net: its places among the tracks, what each was evened by, the wish.

    `wanted_lufs`: the level of the section.
    """

    section: int
    places: tuple[int, ...]
    evened: tuple[float, ...]
    wanted_lufs: float
    request: MixRequest


def strips_by_net(
    mixer: Mixes,
    ask: Ask,
    plan: Plan,
    made: Arrangement,
    sections: Sequence[int],
    *,
    bus: Bus,
    standing_lufs: float,
    reach: float = 1.0,
) -> list[Strip] | None:
    """Strips of every track in each section, levelled to what the form asks of it; None where a
    voice that sounds has no bands. `reach` 0 to 1: how far the mix may go from the artist's own.

    The artist's balance within a recording is where the net starts; recordings are evened first.
    """
    desks: list[Desk] = []
    for section in sections:
        desk = _desk(ask, plan, made, section, bus, standing_lufs, reach)
        if desk is None:
            return None
        desks.append(desk)
    answers = mixer.mix([desk.request for desk in desks])
    return [
        strip
        for desk, answer in zip(desks, answers, strict=True)
        for strip in _strips(desk, answer)
    ]


def _desk(
    ask: Ask,
    plan: Plan,
    made: Arrangement,
    section: int,
    bus: Bus,
    standing_lufs: float,
    reach: float,
) -> Desk | None:
    """The section as the net is asked for it; None without bands."""
    scene = made.scenes[section]
    places = tuple(n for n, track in enumerate(made.tracks) if track.voice in scene.voices)
    evened = tuple(console.evened_db(track.deck, plan.decks) for track in made.tracks)
    frames = max(1, round(10.0 * plan.bar_seconds * scene.span.bars))
    heard = [_heard(made.tracks[n], scene, evened[n], frames) for n in places]
    stems = tuple(one for one in heard if one is not None)
    if len(stems) < len(places) or not places:
        return None
    room = (bus.reverb.seconds, bus.reverb.damping_hz / 1_000.0) if bus.reverb else (1.6, 6.0)
    request = MixRequest(stems, shift_of(ask, scene.span.energy), reach, 1.0, room)
    return Desk(section, places, evened, standing_lufs + scene.span.level_db, request)


def _strips(desk: Desk, answer: Mixed) -> list[Strip]:
    """The net's answer as strips of all tracks, the section as loud as it is to be."""
    pairs = zip(answer.strips, desk.request.stems, strict=True)
    trim = _trim_db([s.gain_db + stem.level_db - 0.691 for s, stem in pairs], desk.wanted_lufs)
    strips = dict(zip(desk.places, answer.strips, strict=True))
    return [
        _placed(strips.get(n, Strip(n, desk.section, 0.0)), n, desk.section, evened, trim)
        for n, evened in enumerate(desk.evened)
    ]


def _trim_db(levels: Sequence[float], wanted_db: float) -> float:
    """What brings voices of the given levels (LUFS) to `wanted_db` together, at most 10 dB up."""
    return min(10.0, wanted_db - 10.0 * log10(sum(10.0 ** (one / 10.0) for one in levels)))


def _heard(track: Track, scene: Scene, evened_db: float, frames: int) -> MixStem | None:
    """The track's stem over the bars it plays in `scene`, as loud as it comes to the desk."""
    bands = track.voice.analysis.bands
    if bands is None:
        return None
    spans = [track.deck.grid.bar_span(bar) for bar in scene.bars[track.voice.digest]]
    told = {one.name: getattr(bands, one.name) for one in fields(bands)}
    stem = stem_of(track.voice.role, told, spans).over(frames)
    return replace(stem, energy=stem.energy * 10.0 ** (evened_db / 10.0))


def _placed(strip: Strip, source: int, section: int, evened_db: float, trim_db: float) -> Strip:
    """`strip` for a source of the recipe; its compressor hears the stem before it is evened."""
    squeeze = strip.compressor
    if squeeze is not None:
        heard_db = max(-80.0, squeeze.threshold_db - evened_db)
        squeeze = replace(squeeze, threshold_db=heard_db)
    return replace(
        strip,
        source=source,
        section=section,
        gain_db=strip.gain_db + evened_db + trim_db,
        compressor=squeeze,
    )
