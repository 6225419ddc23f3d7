"""What may be asked for and was: faders that end where permission ends, and their values.

Pure. It knows limits, tempo and key as values. It refuses to know rows, requests and templates.
Invariant: a wish that passes lies inside the limits it was read with; a wish that does not pass
says at its field what is so, why, and what can be done.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.compose.keys import Key, moved, parse_key, way
from generation.compose.values import LINES
from generation.nets.external.values import WORDS
from generation.taste.rules.choosing import Bounds
from generation.variations.by_taste import near, open_bounds
from generation.variations.rules import SEED_AT_MOST, WORDS_AT_MOST, Mode
from licensing.clearance.limits import ANYTHING, Limits

_SECONDS_LEAST, _SECONDS_MOST = 10, 1_800
_TEMPO_LEAST, _TEMPO_MOST = 40, 240
LENGTHS = ("30", "60", "180", "600", "1500", "recorded")
QUANTITIES = ("energy", "valence", "brightness", "density")
# Who says what the faders say: the listener, or what is believed of their taste.
BY_HAND, BY_TASTE = "hand", "taste"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the wishes stand on: limits of the mode, and the recording's tempo, key and length."""

    limits: Limits = ANYTHING
    tempo_bpm: float | None = None
    key: str | None = None
    seconds: int | None = None
    has_vocals: bool = True


@dataclass(frozen=True, slots=True)
class KeyOption:
    """A key that may be asked for; `value` "" asks for none."""

    value: str
    word: str


@dataclass(slots=True)
class Wishes:
    """What was asked for; `errors`: field -> sentence. `targets` are those of request_variation."""

    mode: Mode
    values: dict[str, str]
    targets: dict[str, object] = field(default_factory=dict)
    seed: int = 0
    errors: dict[str, str] = field(default_factory=dict)


def tempo_range(ground: Ground) -> tuple[int, int] | None:
    """The whole beats per minute that permission leaves, or None without a confident tempo."""
    if ground.tempo_bpm is None:
        return None
    low = math.ceil(ground.tempo_bpm * ground.limits.tempo_min_ratio)
    high = math.floor(ground.tempo_bpm * ground.limits.tempo_max_ratio)
    recorded = round(ground.tempo_bpm)
    return max(_TEMPO_LEAST, min(low, recorded)), min(_TEMPO_MOST, max(high, recorded))


def keys_within(ground: Ground) -> tuple[KeyOption, ...]:
    """The keys of the same mode that permission leaves, nearest first; none without a key."""
    if not ground.key:
        return ()
    recorded = parse_key(ground.key)
    options = [KeyOption("", f"As recorded, {ground.key}")]
    reach = min(ground.limits.semitones_max, 6)
    for step in range(1, reach + 1):
        for sign in (1, -1):
            if step == 6 and sign < 0:
                continue
            options.append(_key_option(moved(recorded, sign * step), sign * step))
    return tuple(options)


def keys_among(grounds: Sequence[Ground]) -> tuple[KeyOption, ...]:
    """The keys that may be asked for where the house chooses among recordings: those that the
    recording nearest to each of them permits; none where none has a key.
    """
    known = [(parse_key(one.key), one.limits.semitones_max) for one in grounds if one.key]
    keys = {moved(key, step) for key, _ in known for step in range(12)}
    options = [KeyOption("", "As it comes")] if known else []
    for wanted in sorted(keys, key=lambda key: (key.mode, key.tonic)):
        ways = [(way(key, wanted), most) for key, most in known]
        step = min((step for step, _ in ways), key=abs)
        if abs(step) <= max(most for near, most in ways if abs(near) == abs(step)):
            options.append(_key_option(wanted, step))
    return tuple(options)


def _key_option(key: Key, step: int) -> KeyOption:
    """A key and how far it lies from what was recorded: "B min, 2 semitones up"."""
    if not step:
        return KeyOption(str(key), str(key))
    semitones = "semitone" if abs(step) == 1 else "semitones"
    word = "up" if step > 0 else "down"
    return KeyOption(str(key), f"{key}, {abs(step)} {semitones} {word}")


def defaults(mode: Mode, ground: Ground, seed: int) -> dict[str, str]:
    """What the form says before anybody touched it."""
    calm = {Mode.FOCUS: 40, Mode.MOOD: 35, Mode.AMBIENT: 15}.get(mode, 50)
    values = {name: "50" for name in QUANTITIES} | {"energy": str(calm)}
    values["tempo"] = "" if ground.tempo_bpm is None else str(round(ground.tempo_bpm))
    values["key_wanted"] = ""
    values["vocals"] = "sung"
    values["line"] = "none"
    values["length"] = "recorded" if ground.seconds else "180"
    values["external"] = ""
    values["seed"] = str(seed)
    values["by"] = BY_HAND
    return values


def read_wishes(mode: Mode, given: Mapping[str, str], ground: Ground, seed: int) -> Wishes:
    """The wishes in a submitted form; what is missing takes its default."""
    values = defaults(mode, ground, seed)
    values |= {name: given[name].strip() for name in values if name in given}
    wishes = Wishes(mode, values)
    for name in QUANTITIES:
        _read_quantity(wishes, name)
    _read_tempo(wishes, ground)
    _read_key(wishes, ground)
    _read_length(wishes, ground)
    wishes.targets["vocals"] = _wants_vocals(wishes, ground)
    _read_line(wishes)
    _read_external(wishes)
    _read_seed(wishes)
    return wishes


def _whole(text: str, low: int, high: int) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 and low <= int(text) <= high else None


def _read_quantity(wishes: Wishes, name: str) -> None:
    number = _whole(wishes.values[name], 0, 100)
    if number is None:
        wishes.errors[name] = "This lies between 0 and 100. Move the fader."
        return
    wishes.targets[name] = number / 100


def _read_tempo(wishes: Wishes, ground: Ground) -> None:
    """Only a tempo other than the recorded one is a wish; ambient pieces have none."""
    reach = tempo_range(ground)
    if reach is None or ground.tempo_bpm is None or wishes.mode is Mode.AMBIENT:
        return
    text = wishes.values["tempo"] or str(round(ground.tempo_bpm))
    number = _whole(text, *reach)
    if number is None:
        low, high = reach
        wishes.errors["tempo"] = f"From {low} to {high} here: beyond that their permission ends."
    elif number != round(ground.tempo_bpm):
        wishes.targets["tempo_bpm"] = float(number)


def _read_key(wishes: Wishes, ground: Ground) -> None:
    wanted = wishes.values["key_wanted"]
    if not wanted:
        return
    if wanted not in {option.value for option in keys_within(ground)}:
        wishes.errors["key_wanted"] = "Their permission does not reach this key. Choose one listed."
        return
    wishes.targets["key"] = wanted


def _read_length(wishes: Wishes, ground: Ground) -> None:
    wanted = wishes.values["length"]
    if wanted == "recorded" and ground.seconds:
        seconds = max(_SECONDS_LEAST, min(_SECONDS_MOST, ground.seconds))
    elif wanted in LENGTHS and wanted != "recorded":
        seconds = int(wanted)
    else:
        wishes.errors["length"] = "Choose one of these lengths."
        return
    wishes.targets["seconds"] = float(seconds)


def _wants_vocals(wishes: Wishes, ground: Ground) -> bool:
    return wishes.values["vocals"] != "none" and ground.limits.vocals


def _read_line(wishes: Wishes) -> None:
    """New notes are written over bars and chords, of which ambient pieces have none."""
    wanted = wishes.values["line"]
    if wanted not in LINES:
        wishes.errors["line"] = "Choose which new notes, or none."
    else:
        wishes.targets["line"] = "none" if wishes.mode is Mode.AMBIENT else wanted


def words_wanted(wishes: Wishes) -> tuple[str, ...]:
    """The words an external net is asked for, as they were chosen; none asks for none."""
    return tuple(dict.fromkeys(one for one in wishes.values["external"].split(",") if one))


def _read_external(wishes: Wishes) -> None:
    wanted = words_wanted(wishes)
    if len(wanted) > WORDS_AT_MOST or not set(wanted) <= WORDS:
        wishes.errors["external"] = f"Choose at most {WORDS_AT_MOST} of these words."
    elif wanted:
        wishes.targets["external"] = list(wanted)


def _read_seed(wishes: Wishes) -> None:
    number = _whole(wishes.values["seed"], 0, SEED_AT_MOST)
    if number is None:
        wishes.errors["seed"] = f"A whole number from 0 to {SEED_AT_MOST}."
        return
    wishes.seed = number


def taste_bounds(wishes: Wishes, ground: Ground, tempi: Sequence[float]) -> Bounds:
    """What taste may choose within, on this ground. `tempi`: those of what the house may take where
    no recording is named.
    """
    reach = near(tempi)
    permitted = tempo_range(ground)
    if permitted is not None and ground.tempo_bpm is not None:
        low, high = near([ground.tempo_bpm]) or permitted
        reach = (max(low, permitted[0]), min(high, permitted[1]))
    with_vocals = ground.has_vocals and _wants_vocals(wishes, ground)
    return open_bounds(wishes.mode, tempo_bpm=reach, with_vocals=with_vocals)


def as_request_by_taste(wishes: Wishes) -> dict[str, Any]:
    """The wishes that taste leaves alone: length, key, new notes and an external net's sound."""
    names = ("seconds", "key", "line", "external")
    kept = {name: wishes.targets[name] for name in names if name in wishes.targets}
    return as_request(wishes) | {"targets": kept}


def as_request(wishes: Wishes) -> dict[str, Any]:
    """The wishes as arguments of `request_variation`."""
    return {"mode": wishes.mode.value, "targets": dict(wishes.targets), "seed": wishes.seed}
