"""How far a use may go from the original: the limits of one grant, and the tightest of many.

Pure. Invariant: merging never widens; a merge of no limits is no limit at all, and the order of
merging changes nothing.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from types import UnionType
from typing import Any

WIDEST_RATIO = 4.0
WIDEST_SEMITONES = 24


class OddLimits(ValueError):
    """Limits that cannot be kept or mean nothing; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to change, where it is known before: it must lie inside the limits."""

    tempo_ratio: tuple[float, float] = (1.0, 1.0)
    semitones: int = 0
    vocals: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds a recipe keeps. Ratios: tempo of the variation / tempo of the stem; 1 is inside.

    `vocals`: vocal stems may sound. `with_others`: stems of other recordings may sound beside.
    `mix_reach`: how far a mix may go from the artist's own, 0 (not at all) to 1 (all it can).
    `with_explicit`: of those others, also recordings whose words are explicit. `by_taste`: it may
    sound in what a listener's taste profile chose or shaped.
    """

    tempo_min_ratio: float = 0.25
    tempo_max_ratio: float = WIDEST_RATIO
    semitones_max: int = WIDEST_SEMITONES
    vocals: bool = True
    with_others: bool = True
    mix_reach: float = 1.0
    with_explicit: bool = True
    by_taste: bool = True

    def __post_init__(self) -> None:
        low, high = self.tempo_min_ratio, self.tempo_max_ratio
        if not (math.isfinite(low) and math.isfinite(high) and 0 < low <= 1 <= high):
            raise OddLimits("The range of tempo includes the original tempo.")
        if not 0 <= self.semitones_max <= WIDEST_SEMITONES:
            raise OddLimits(f"The change of key is 0 to {WIDEST_SEMITONES} semitones.")
        if not 0.0 <= self.mix_reach <= 1.0:
            raise OddLimits("The reach of a mix is 0 to 1.")

    def to_json(self) -> dict[str, Any]:
        """Plain data, with a key per bound."""
        return asdict(self)


ANYTHING = Limits()
_YES_OR_NO = ("vocals", "with_others", "with_explicit", "by_taste")
_WANTED: dict[str, type | UnionType] = {
    one.name: bool if one.name in _YES_OR_NO else int | float for one in fields(Limits)
}


def limits_from_json(data: Mapping[str, Any]) -> Limits:
    """Limits of a stored grant or clearance; missing keys are no limit.

    Raises OddLimits for unknown keys, wrong types and ranges without the original.
    """
    unknown = data.keys() - _WANTED.keys()
    if unknown:
        raise OddLimits(f"There is no limit called {sorted(unknown)[0]}.")
    for key, value in data.items():
        wanted = _WANTED[key]
        if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            raise OddLimits(f"The limit {key} is of the wrong kind.")
    if not float(data.get("semitones_max", 0)).is_integer():
        raise OddLimits("The change of key is a whole number of semitones.")
    return Limits(
        tempo_min_ratio=float(data.get("tempo_min_ratio", ANYTHING.tempo_min_ratio)),
        tempo_max_ratio=float(data.get("tempo_max_ratio", ANYTHING.tempo_max_ratio)),
        semitones_max=int(data.get("semitones_max", ANYTHING.semitones_max)),
        vocals=data.get("vocals", True),
        with_others=data.get("with_others", True),
        mix_reach=float(data.get("mix_reach", ANYTHING.mix_reach)),
        with_explicit=data.get("with_explicit", True),
        by_taste=data.get("by_taste", True),
    )


def tightest(all_limits: Iterable[Limits]) -> Limits:
    """The limits that keep every one of `all_limits`."""
    every = [ANYTHING, *all_limits]
    return Limits(
        tempo_min_ratio=max([one.tempo_min_ratio for one in every]),
        tempo_max_ratio=min([one.tempo_max_ratio for one in every]),
        semitones_max=min([one.semitones_max for one in every]),
        vocals=all([one.vocals for one in every]),
        with_others=all([one.with_others for one in every]),
        mix_reach=min([one.mix_reach for one in every]),
        with_explicit=all([one.with_explicit for one in every]),
        by_taste=all([one.by_taste for one in every]),
    )


def codes_beyond(limits: Limits, asked: Asked) -> tuple[str, ...]:
    """Which bounds a change does not keep, as stable codes; empty when it keeps them all.

    Ratios within a millionth of a bound keep it: recipes hold rounded numbers.
    """
    low, high = asked.tempo_ratio
    codes = []
    if low < limits.tempo_min_ratio - 1e-6 or high > limits.tempo_max_ratio + 1e-6:
        codes.append("tempo_out_of_range")
    if abs(asked.semitones) > limits.semitones_max:
        codes.append("pitch_out_of_range")
    if asked.vocals and not limits.vocals:
        codes.append("vocals_not_allowed")
    return tuple(codes)


def is_within(inner: Limits, outer: Limits) -> bool:
    """Whether whatever keeps `inner` keeps `outer` too."""
    return tightest([inner, outer]) == inner
