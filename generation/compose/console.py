"""The mixing desk: strips per stem and section, and what all stems share.

It knows roles, loudness and moods. It refuses to know notes and samples. Invariant: the artist's
own balance is moved at most half-way to the house's, and a section's planned level is the one its
form asks.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import log10

from generation.compose.choice import Dice
from generation.compose.deck import Deck, Voice
from generation.compose.form import Span
from generation.compose.values import Ask
from generation.recipe import Band, Bus, Compressor, Limiter, Reverb, Strip

# balance in dB against the loudest; change per unit of energy; pan width; send
_DESK: dict[str, tuple[float, float, float, float | None]] = {
    "drums": (1.5, 8.0, 0.0, -24.0),
    "bass": (-3.0, 3.0, 0.0, None),
    "keys": (-5.0, -1.5, 0.25, -15.0),
    "guitar": (-5.0, 0.0, 0.3, -16.0),
    "vocals": (-1.5, 0.0, 0.0, -14.0),
    "pad": (-8.0, -6.0, 0.1, -12.0),
    "strings": (-7.0, -4.0, 0.2, -12.0),
    "other": (-5.0, 1.0, 0.3, -14.0),
}
_MODE_DB = {
    "mood": {"drums": -4.0, "vocals": -2.0, "pad": 2.0},
    "focus": {"drums": -5.0, "other": -2.0, "pad": 1.5},
    "ambient": {"vocals": -4.0, "bass": -2.0, "drums": -6.0},
}
_SEND_DB = {"mood": 3.0, "focus": 0.0, "ambient": 6.0}
_REVERB = {"remix": (1.6, 18.0), "collaboration": (1.6, 18.0), "mood": (2.4, 24.0)}
_REVERB |= {"focus": (1.8, 20.0), "ambient": (4.0, 40.0)}


def balance_db(deck: Deck, voice: Voice) -> float:
    """The voice's standing gain: half the way to the house's balance, within 8 dB."""
    loudest = max(v.loudness - _DESK[v.role][0] for v in deck.voices)
    wanted = loudest + _DESK[voice.role][0]
    return min(8.0, max(-8.0, 0.5 * (wanted - voice.loudness)))


def evened_db(deck: Deck, decks: Sequence[Deck]) -> float:
    """What brings a recording to the mean level of all, within 12 dB: nobody is drowned."""
    levels = {d.index: 10 * log10(sum(10 ** (v.loudness / 10) for v in d.voices)) for d in decks}
    off = sum(levels.values()) / len(levels) - levels[deck.index]
    return min(12.0, max(-12.0, off))


def mood_db(ask: Ask, deck: Deck, voice: Voice, energy: float) -> float:
    """What energy and mode add to a voice."""
    lift = 0.0 if ask.mode == "focus" else 6.0 * deck.lift[voice.stem]
    of_mode = _MODE_DB.get(ask.mode, {}).get(voice.role, 0.0)
    return (_DESK[voice.role][1] + lift) * (energy - 0.5) + of_mode


def trim_db(levels: list[float], wanted_db: float) -> float:
    """What brings voices of the given levels (LUFS), summed as powers, to `wanted_db`; within 10
    dB.
    """
    total = 10 * log10(sum(10 ** (level / 10) for level in levels)) if levels else wanted_db
    return min(10.0, max(-10.0, wanted_db - total))


def bands(
    ask: Ask, voice: Voice, span: Span, *, with_bass: bool, with_voice: bool
) -> tuple[Band, ...]:
    """The equaliser: brightness and energy tilt it, room is made for bass and voice."""
    heat = 0.5 * ask.energy + 0.5 * span.energy
    tilt = 9.0 * (ask.brightness - 0.5) + 10.0 * (heat - 0.5)
    tilt -= {"mood": 2.0, "focus": 1.5, "ambient": 3.0}.get(ask.mode, 0.0)
    tilt = min(8.0, max(-8.0, tilt)) * (0.5 if voice.role == "bass" else 1.0)
    found = [Band("high_shelf", 3_200.0, tilt)]
    if voice.role == "bass":
        found.append(Band("low_shelf", 90.0, min(3.0, max(-2.0, 3.0 * (heat - 0.4)))))
    elif voice.role != "drums":
        found.append(Band("low_shelf", 160.0, (-3.0 if with_bass else 0.0) - 0.3 * tilt))
    if with_voice and voice.role in ("keys", "guitar", "pad", "strings"):
        found.append(Band("peak", 2_200.0, -2.0, 0.9))
    elif voice.role != "bass":
        found.append(Band("peak", 2_600.0, 3.0 * (ask.valence - 0.5), 0.8))
    return tuple(band for band in found if abs(band.gain_db) >= 0.1)


def compressor(ask: Ask, voice: Voice, level_db: float) -> Compressor:
    """Gentle by default; harder with energy and in focus. `level_db`: the voice's loudness at its
    input.
    """
    ratio = 1.6 + 1.2 * ask.energy + (1.2 if ask.mode == "focus" else 0.0)
    over = 6.0 if voice.role == "drums" else 3.0
    threshold = min(0.0, max(-50.0, level_db + over - 4.0 * ask.energy))
    attack = 15.0 if voice.role == "drums" else 25.0
    return Compressor(threshold, ratio, attack, 80.0 if ask.mode == "focus" else 140.0)


def pan(voice: Voice, place: int, dice: Dice) -> float:
    """A seat to one side, alternately left and right; drums, bass and voices stay in the middle."""
    width = _DESK[voice.role][2]
    return (1 if place % 2 else -1) * width * (0.5 + 0.5 * dice.real(f"pan {voice.digest}"))


def send_db(ask: Ask, voice: Voice, span: Span) -> float | None:
    """How much goes to the reverb: more in quiet asks, breaks and endings."""
    send = _DESK[voice.role][3]
    if send is None:
        return None
    more = 7.0 * (0.5 - ask.energy) + _SEND_DB.get(ask.mode, 0.0)
    more += 2.0 if span.kind in ("break", "ending") and ask.mode != "focus" else 0.0
    return min(-4.0, send + more)


def within_reach(strip: Strip, reach: float) -> Strip:
    """`strip` with all but its gain drawn to the artist's own mix: `reach` 1 leaves it as it is, 0
    leaves the gain alone.
    """
    if reach >= 1.0:
        return strip
    near = tuple(replace(band, gain_db=band.gain_db * reach) for band in strip.eq)
    squeeze, send = strip.compressor, strip.send_db
    if squeeze is not None:
        squeeze = replace(squeeze, ratio=1.0 + (squeeze.ratio - 1.0) * reach) if reach else None
    if send is not None:
        send = send + 20.0 * log10(reach) if reach else None
    return replace(
        strip,
        pan=strip.pan * reach,
        eq=tuple(band for band in near if abs(band.gain_db) >= 0.1),
        compressor=squeeze,
        send_db=send,
    )


def bus(ask: Ask, dice: Dice) -> Bus:
    """Reverb and limiter; a smaller, brighter room for bright asks."""
    seconds, predelay = _REVERB[ask.mode]
    seconds *= 1.2 - 0.4 * ask.energy
    damping = 3_000.0 + 6_000.0 * ask.brightness
    room = dice.whole("room", 1 << 31)
    reverb = Reverb("reverb/1", round(seconds, 2), predelay, damping, 0.0, room)
    return Bus(reverb=reverb, compressor=None, limiter=Limiter())
