"""Who sounds in a section.

It knows voices, their roles and how much is asked. It refuses to know clips and samples.
Invariant: a section with music in it has at least one voice, one bass at most, and one set of
drums at most.
"""

from collections.abc import Callable, Sequence

from generation.compose.choice import Dice
from generation.compose.deck import Deck, Voice
from generation.compose.form import Span
from generation.compose.values import Ask

# wish to sound at energy 0 and at energy 1
_WISH = {
    "drums": (0.10, 1.45),
    "bass": (0.45, 1.20),
    "keys": (0.95, 0.80),
    "guitar": (0.85, 0.85),
    "vocals": (0.60, 0.95),
    "pad": (1.10, 0.55),
    "strings": (1.00, 0.65),
    "other": (0.65, 0.75),
}
_KIND = {
    "intro": {"drums": -0.25, "vocals": -0.6, "pad": 0.2},
    "break": {"drums": -0.7, "bass": -0.3, "vocals": 0.1, "pad": 0.25},
    "build": {"drums": 0.05},
    "peak": {"drums": 0.3, "vocals": 0.25, "bass": 0.2},
    "ending": {"vocals": -0.3},
}
_MODE = {"mood": {"drums": -0.45, "pad": 0.2}, "focus": {"drums": -0.1, "pad": 0.1}}


def cast(
    ask: Ask,
    span: Span,
    voices: Sequence[tuple[Voice, float]],
    lift: Callable[[Voice], float],
    dice: Dice,
) -> list[Voice]:
    """The voices that sound in `span`, of those offered, each with how much of it it is heard.

    `lift`: how much a voice brings energy, -0.5 to 0.5.
    """
    able = [voice for voice, activity in voices if activity >= 0.2]
    if not able:
        able = [max(voices, key=lambda pair: pair[1])[0]] if voices else []
    ranked = sorted(able, key=lambda v: -_wish(ask, span, v, dice) - _pull(ask, span, lift(v)))
    count = round(len(able) * (0.45 + 0.75 * ask.density) * span.share)
    least = 1 if span.kind in ("intro", "break") else 2
    chosen = ranked[: max(min(least, len(able)), min(count, len(able)))]
    if ask.energy < 0.35 or ask.mode == "mood":
        chosen = _without_hasty_drums(ask, span, chosen)
    return _carried(chosen, ranked)


def _wish(ask: Ask, span: Span, voice: Voice, dice: Dice) -> float:
    low, high = _WISH.get(voice.role, _WISH["other"])
    wish = low + (high - low) * span.energy
    wish += _KIND.get(span.kind, {}).get(voice.role, 0.0)
    wish += _MODE.get(ask.mode, {}).get(voice.role, 0.0)
    chance = 0.08 if ask.mode == "focus" else 0.3
    return wish + chance * dice.real(f"cast {span.kind} {voice.digest}")


def _pull(ask: Ask, span: Span, lift: float) -> float:
    """What makes lively voices come first in lively sections, and calm ones in calm sections."""
    return 0.0 if ask.mode == "focus" else 1.2 * (span.energy - 0.5) * lift


def _carried(chosen: list[Voice], ranked: list[Voice]) -> list[Voice]:
    """`chosen` with a voice that carries harmony or melody, where there is one: no bare bass."""
    if any(voice.role not in ("drums", "bass") for voice in chosen):
        return chosen
    return chosen + [voice for voice in ranked if voice.role not in ("drums", "bass")][:1]


def _without_hasty_drums(ask: Ask, span: Span, chosen: list[Voice]) -> list[Voice]:
    """Quiet asks keep drums for the sections that carry the piece, if anything else sounds."""
    if span.kind in ("body", "peak") and ask.energy >= 0.15:
        return chosen
    return [v for v in chosen if v.role != "drums"] or chosen


def offered(
    lead: Deck, guest: Deck | None, bars: dict[int, list[int]], turn: int
) -> list[tuple[Voice, float]]:
    """Voices with their activity: the lead's, and of a guest what fits over another's harmony.

    From the guest come drums, a voice and, where it has neither, one sustaining stem. Of drums,
    bass and voices only one recording's are offered: the guest's, if `turn` is even or the lead
    has none.
    """
    own = [(v, lead.activity(v, bars[lead.index])) for v in lead.voices]
    if guest is None:
        return own
    theirs = [(v, guest.activity(v, bars[guest.index])) for v in guest.voices]
    heard = [(v, a) for v, a in theirs if a >= 0.2]
    for role in ("drums", "vocals"):
        visitors = [pair for pair in heard if pair[0].role == role]
        hosts = [pair for pair in own if pair[0].role == role and pair[1] >= 0.2]
        if visitors and (not hosts or role == "vocals" or turn % 2 == 0):
            own = [pair for pair in own if pair[0].role != role] + visitors
    if not any(pair[0].role == "bass" and pair[1] >= 0.2 for pair in own):
        own += [pair for pair in heard if pair[0].role == "bass"]
    if not any(v.song == guest.index for v, _ in own):
        own += _sustaining(heard)
    return own


def _sustaining(heard: list[tuple[Voice, float]]) -> list[tuple[Voice, float]]:
    order = ("pad", "strings", "keys", "other", "guitar", "bass", "vocals", "drums")
    return sorted(heard, key=lambda pair: order.index(pair[0].role))[:1]
