"""What a stem plays in the music: a guess from its sound, and from its name where that says more.

It refuses to know who plays. Invariant: the answer is one of values.ROLES; a name is believed
before the sound unless the sound speaks strongly against it, and a guess without ground is "other".
"""

import re
from dataclasses import dataclass

from generation.analysis.values import ROLES

_WORDS = {
    "drums": "drum drums kick snare hat hats hihat cymbal cymbals tom toms perc percussion beat "
    "loop bongo conga shaker clap rim overhead overheads ride crash cajon tambourine kit bd sd hh",
    "bass": "bass sub subbass bassline 808 contrabass upright",
    "keys": "piano keys epiano rhodes wurli wurlitzer organ hammond clav clavinet keyboard "
    "harpsichord celesta marimba vibraphone vibes bells mallet synth arp pluck",
    "guitar": "guitar guitars gtr gtrs acoustic strat banjo ukulele mandolin lute harp",
    "vocals": "vocal vocals vox voice voices leadvox bv bgv choir sing singer backing verse adlib "
    "adlibs harmony rap spoken soprano alto",
    "pad": "pad pads drone atmos atmosphere ambient ambience texture swell",
    "strings": "strings string violin violins viola cello orchestra quartet ensemble",
    "other": "sax saxophone trumpet brass horn horns flute clarinet oboe trombone fx sfx noise",
}
_ROLE_OF = {word: role for role, words in _WORDS.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Traits:
    """What the sound of a stem is like. `steady` 0 to 1: tuned and holding still; `attack_rate`:
    attacks a second while it sounds; `sharp`: median rise of its attacks in dB; `centroid_hz`;
    `low_share`: part of the power below 160 Hz; `held`: part of the time it sounds; `wavering`:
    pitches between semitones; `voices`: pitch classes that sound at once.
    """

    steady: float
    attack_rate: float
    sharp: float
    centroid_hz: float
    low_share: float
    held: float
    wavering: float
    voices: float


def role_from_name(name: str) -> str | None:
    """The role that a label or file name says, None when it says none."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name.rsplit("/", 1)[-1])
    words = re.split(r"[^a-z0-9]+", spaced.lower())
    found = [_ROLE_OF[word] for word in words if word in _ROLE_OF]
    bare = [
        _ROLE_OF[word.rstrip("0123456789")]
        for word in words
        if word.rstrip("0123456789") in _ROLE_OF
    ]
    hits = found or bare
    # "bass drum" is a drum, "vocal pad" a pad, "lead guitar" a guitar: the later word is the noun.
    return hits[-1] if hits else None


def guess_role(traits: Traits, name: str = "") -> tuple[str, float]:
    """(role, confidence 0 to 1) of a stem."""
    scores = _scores(traits)
    said = role_from_name(name)
    if said is not None:
        agreed = scores.get(said, 0.0)
        return said, round(0.85 + 0.13 * min(1.0, agreed), 2)
    ranked = sorted(ROLES, key=lambda role: -scores.get(role, 0.0))
    best, second = scores.get(ranked[0], 0.0), scores.get(ranked[1], 0.0)
    if best < 0.25:
        return "other", 0.1
    return ranked[0], round(min(0.85, best * (0.5 + 0.5 * (best - second) / best)), 2)


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, straight between; falling when low > high."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _scores(traits: Traits) -> dict[str, float]:
    tonal = _ramp(traits.steady, 0.15, 0.5)
    struck = _ramp(traits.sharp, 6.0, 14.0)
    busy = _ramp(traits.attack_rate, 0.7, 2.0)
    bright = _ramp(traits.centroid_hz, 300.0, 900.0)
    slow = 1.0 - _ramp(traits.attack_rate, 0.6, 1.8)
    single = 1.0 - _ramp(traits.voices, 1.8, 2.8)
    deep = _ramp(traits.low_share, 0.35, 0.7) * _ramp(traits.centroid_hz, 900.0, 300.0)
    waver = _ramp(traits.wavering, 0.25, 0.45)
    return {
        "drums": (1.0 - tonal) * struck * max(busy, 0.5),
        "bass": deep * max(tonal, 0.6 * waver) * single,
        "keys": tonal * bright * struck * (1.0 - 0.5 * single) * (1.0 - 0.6 * slow),
        "guitar": 0.45 * tonal * bright * struck,
        "vocals": waver * single * bright * (1.0 - 0.5 * struck) * max(tonal, 0.6),
        "pad": tonal * slow * (1.0 - struck) * (1.0 - 0.6 * single),
        "strings": 0.5 * tonal * (1.0 - struck) * bright * (1.0 - 0.5 * slow),
        "other": 0.2,
    }
