"""What a withdrawal does to what was made before it: kept, served until a day, or taken down.

Pure. It refuses to know rows. Nothing new is made after a withdrawal, whatever its effect; what is
still being made stops. Invariant: a later withdrawal of the same use may only be stricter.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_SUNSET = timedelta(days=366)
COPIES_GONE_WITHIN = timedelta(days=7)
"""How long a partner has to remove its copies of what is taken down at once."""


class Effect(StrEnum):
    """The holder's choice for finished variations."""

    KEEP = "KEEP"
    SUNSET = "SUNSET"
    TAKE_DOWN = "TAKE_DOWN"


class OddEffect(ValueError):
    """An effect that cannot be; the message is one sentence for a person."""


def check_effect(effect: str, served_until: datetime | None, now: datetime) -> Effect:
    """The effect of that name; raises OddEffect unless a sunset, and only that, names a day."""
    if effect not in Effect.__members__:
        raise OddEffect("Finished variations are kept, served until a day, or taken down.")
    chosen = Effect(effect)
    if (chosen is Effect.SUNSET) != (served_until is not None):
        raise OddEffect("A last day belongs to variations that are served until a day.")
    if served_until is not None and not now < served_until <= now + LONGEST_SUNSET:
        raise OddEffect("The last day lies ahead, within a year.")
    return chosen


def is_stricter(
    effect: Effect, served_until: datetime | None, before: Iterable[tuple[str, datetime | None]]
) -> bool:
    """Whether what is chosen now ends serving earlier than every withdrawal before it."""
    return all(_rank(effect, served_until) < _rank(*one) for one in before)


def _rank(effect: str, served_until: datetime | None) -> tuple[int, float]:
    """Sorts the strictest first."""
    order = (Effect.TAKE_DOWN, Effect.SUNSET, Effect.KEEP).index(Effect(effect))
    return order, served_until.timestamp() if served_until else 0.0


def deadline_of(effect: str, served_until: datetime | None, at: datetime) -> datetime | None:
    """When a partner must have stopped serving and removed its copies; None where they are kept."""
    if effect == Effect.TAKE_DOWN:
        return at + COPIES_GONE_WITHIN
    return served_until
