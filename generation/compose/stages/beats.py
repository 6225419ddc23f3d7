"""The stage of beats: grooves by the drum net where the recorded drums would sound.

A new beat takes the place of recorded drums and is played by their own hits; it never comes where
the cast has no drums. It refuses to know weights and samples. Invariant: grooves are in four-four
and fill their section; where none could be written the recorded drums play on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.analysis.values import HITS
from generation.compose.arrange import Scene
from generation.compose.deck import Voice
from generation.compose.stages.asking import answers
from generation.compose.stages.phrases import Returns, phrase_bars
from generation.compose.stages.plans import Beat, BeatPlan, Draft
from generation.compose.stages.ranking import best_groove
from generation.nets.chosen import Loaded
from generation.nets.drums.playing import Drummer, DrumRequest, NoPart
from generation.nets.grooves import VOICES, Bar

CANDIDATES = 8
PHRASE_BARS = 4
# Which hit of a recorded kit stands for each voice of the net.
HIT_OF = {"kick": "kick", "snare": "snare", "tom_low": "kick", "tom_mid": "snare"}
HIT_OF |= {"tom_high": "snare", "hat_closed": "hat", "hat_open": "hat", "crash": "hat"}
HIT_OF |= {"ride": "hat"}
UNASKED = "No drum net serves, so the drums play as they were recorded."
NOT_FOUR = "The drum net plays in four-four alone, so the drums play as they were recorded."
NO_KIT = "No stem has single hits of a kit, so there is no new beat."
NO_DRUMS = "No drums sound in this piece, so there is no new beat."
REFUSED = "The drum net wrote nothing but copies, so the drums play as they were recorded."
ADDED = "A new beat is played by hits of the recorded drums."


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A few bars of one section, and the candidates that are asked for."""

    section: int
    kit: frozenset[str]
    requests: tuple[DrumRequest, ...]


Answered = tuple[Bar, ...] | None


def plan_beats(drafts: Sequence[Draft]) -> list[BeatPlan]:
    """The new grooves of each draft, all of them written together."""
    reasons = [_reason(draft) for draft in drafts]
    phrases = [
        [] if reason or "beat" not in draft.parts else _phrases(draft)
        for draft, reason in zip(drafts, reasons, strict=True)
    ]
    wanted: list[tuple[Loaded, DrumRequest]] = []
    for draft, asked in zip(drafts, phrases, strict=True):
        net = draft.net("drums")
        if net is not None:
            wanted += [(net, one) for phrase in asked for one in phrase.requests]
    found = iter(answers(wanted, _ask))
    plans = []
    for draft, reason, asked in zip(drafts, reasons, phrases, strict=True):
        net = draft.net("drums")
        if net is None or not asked:
            plans.append(BeatPlan(remarks=(reason,) if reason else ()))
            continue
        written = [[next(found) for _ in phrase.requests] for phrase in asked]
        plans.append(_chosen(asked, written, net.choice.digest))
    return plans


def kit_of(scene: Scene) -> dict[str, Voice]:
    """Which of a scene's drum stems has the most of each kind of hit."""
    drums = [voice for voice in scene.voices if voice.role == "drums"]
    found = {}
    for hit in HITS:
        counted = [(sum(s.voice == hit for s in v.analysis.slices), v) for v in drums]
        count, voice = max(counted, key=lambda pair: pair[0], default=(0, None))
        if voice is not None and count:
            found[hit] = voice
    return found


def _is_kit(kit: dict[str, Voice]) -> bool:
    return "kick" in kit and len(kit) > 1


def _reason(draft: Draft) -> str:
    """Why there is no new beat; "" where there may be one, or none is wanted."""
    scenes = [one for one in draft.made.scenes if any(v.role == "drums" for v in one.voices)]
    told = [
        (draft.net("drums") is None, UNASKED),
        (draft.plan.grid is None or draft.plan.beats_per_bar != 4, NOT_FOUR),
        (not scenes, NO_DRUMS),
        (not any(_is_kit(kit_of(one)) for one in scenes), NO_KIT),
    ]
    reasons = [sentence for is_so, sentence in told if is_so]
    return reasons[0] if "beat" in draft.parts and reasons else ""


def _sections(draft: Draft) -> list[int]:
    """Where the beat is new: the bodies of the piece that have drums, else the liveliest section
    that has."""
    scenes = draft.made.scenes
    able = [n for n, scene in enumerate(scenes) if _is_kit(kit_of(scene))]
    bodies = [n for n in able if scenes[n].span.kind == "body"]
    return bodies or sorted(able, key=lambda n: -scenes[n].span.energy)[:1]


def _phrases(draft: Draft) -> list[_Phrase]:
    returns, found = Returns(), []
    for n in _sections(draft):
        scene = draft.made.scenes[n]
        energy = _energy(draft, scene)
        for bars in phrase_bars(scene.span.bars, PHRASE_BARS):
            name = f"beat {energy} {bars} {returns.letter((energy, bars))}"
            requests = tuple(
                DrumRequest((energy,) * bars, seed=draft.dice.whole(f"{name} {c}", 1 << 31))
                for c in range(CANDIDATES)
            )
            found.append(_Phrase(n, frozenset(kit_of(scene)), requests))
    return found


def _energy(draft: Draft, scene: Scene) -> int:
    """How busy the beat is to be, 1 to 5: half the section's energy, half the density asked."""
    return 1 + round(4 * (0.5 * scene.span.energy + 0.5 * draft.ask.density))


def _ask(net: Drummer, requests: list[DrumRequest]) -> list[Answered]:
    """The part of each request, None where every attempt at it was a copy."""
    try:
        return list(net.play(requests))
    except NoPart:
        if len(requests) == 1:
            return [None]
        return [part for one in requests for part in _ask(net, [one])]


def _chosen(asked: Sequence[_Phrase], written: Sequence[Sequence[Answered]], net: str) -> BeatPlan:
    """The best groove of every phrase, together section by section."""
    bars: dict[int, tuple[Bar, ...]] = {}
    silent: set[int] = set()
    for phrase, parts in zip(asked, written, strict=True):
        candidates = [part for part in parts if part is not None]
        if not candidates:
            silent.add(phrase.section)
            continue
        playable = {n for n, voice in enumerate(VOICES) if HIT_OF[voice] in phrase.kit}
        best = best_groove(candidates, phrase.requests[0].energies, playable)
        bars[phrase.section] = (*bars.get(phrase.section, ()), *best)
    beats = [Beat(n, found, net) for n, found in bars.items() if n not in silent]
    return BeatPlan(tuple(beats), (ADDED,) if beats else (REFUSED,))
