"""What one payee earned, by recording and right, and taking some of it; values only.

Invariant: what is taken and what is left sum to what was there, to the micro-unit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from licensing.money import allocate

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """Micro-units earned with one right of one recording; `us_micros` of them are of US source."""

    recording: str
    right: str
    micros: int
    us_micros: int = 0


def total(parts: Sequence[Part]) -> int:
    """All micro-units together."""
    return sum(part.micros for part in parts)


def us_total(parts: Sequence[Part]) -> int:
    """All micro-units of US source together."""
    return sum(part.us_micros for part in parts)


def percent_of(micros: int, ppm: int) -> int:
    """So many parts per million, rounded down: a deduction never takes more than was agreed."""
    return micros * ppm // PPM


def take(
    parts: Sequence[Part], micros: int, covers: Callable[[Part], bool]
) -> tuple[list[Part], list[Part]]:
    """Take `micros` from the parts that `covers` names, over what is in them: (taken, left).

    A part keeps the US share of what is left of it, rounded down. Raises ValueError when there is
    less than asked.
    """
    weights = [(f"{n:06d}", part.micros if covers(part) else 0) for n, part in enumerate(parts)]
    if micros > sum(weight for _, weight in weights):
        raise ValueError("there is less than is to be taken")
    shares = allocate(micros, weights)
    taken, left = [], []
    for (key, _), part in zip(weights, parts, strict=True):
        rest = part.micros - shares[key]
        us_left = part.us_micros * rest // part.micros if part.micros else 0
        left.append(replace(part, micros=rest, us_micros=us_left))
        if shares[key]:
            us_taken = part.us_micros - us_left
            taken.append(replace(part, micros=shares[key], us_micros=us_taken))
    return taken, left
