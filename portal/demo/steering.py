"""`vary --steer`: at which second which wishes change, read from the command line.

It knows the form of the words and the ranges of the wishes. Invariant: what it gives can be asked.
"""

from argparse import ArgumentTypeError

from generation.compose.keys import parse_key
from generation.compose.live import Change

MOODS = ("energy", "valence", "brightness", "density")
_FORM = "20:energy=0.9,tempo=124"


def steering(text: str) -> Change:
    """An argument type: SECONDS:WISH=VALUE, more wishes after commas."""
    moment, colon, wishes = text.partition(":")
    try:
        seconds = float(moment)
    except ValueError:
        seconds = -1.0
    if not colon or not 0 <= seconds <= 1_800:
        raise ArgumentTypeError(f"{text} does not read like {_FORM}")
    return Change(seconds, dict(_wish(one, text) for one in wishes.split(",")))


def _wish(text: str, whole: str) -> tuple[str, object]:
    """A field of the ask and its value."""
    name, equals, value = text.strip().partition("=")
    if equals and name in MOODS:
        return name, _number(value, 0, 1, name)
    if equals and name == "tempo":
        return "tempo_bpm", _number(value, 40, 240, name)
    if equals and name == "key":
        try:
            return "key", str(parse_key(value))
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error
    if equals and name == "vocals" and value in ("on", "off"):
        return "vocals", value == "on"
    raise ArgumentTypeError(f"{whole} does not read like {_FORM}")


def _number(text: str, low: float, high: float, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = high + 1
    if not low <= value <= high:
        raise ArgumentTypeError(f"{name} goes from {low:g} to {high:g}, and {text} does not")
    return value
