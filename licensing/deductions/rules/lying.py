"""Where the money of one line lies, and taking some of it back from there; values only.

A line's money lies with who earned it, in suspense of disputes, and with those to whom decisions
gave it. What is left of it after any taking back lies as it did after the last decision, by largest
remainder. Invariants: what is taken of the places sums to what is taken back, and when all of the
line was taken back, however many times it took, nothing is left anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from licensing.money import allocate

Place = tuple[str, str]
"""A payee (kind, ref), or a dispute's suspense: ("dispute", its id)."""
DISPUTE = "dispute"


@dataclass(slots=True)
class Lying:
    """Micro-units of one line by place: `micros` now, of US source among them `us_micros`, and
    `base`, how they lay after the last decision, of US source among them `us_base`.
    """

    micros: dict[Place, int] = field(default_factory=dict)
    us_micros: dict[Place, int] = field(default_factory=dict)
    base: Mapping[Place, int] = field(default_factory=dict)
    us_base: Mapping[Place, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.micros.values())

    def add(self, place: Place, micros: int, us_micros: int) -> None:
        """Note what came to a place, or left it (below zero)."""
        self.micros[place] = self.micros.get(place, 0) + micros
        self.us_micros[place] = self.us_micros.get(place, 0) + us_micros

    def settle(self) -> None:
        """From now on what is left lies as it does now."""
        self.base, self.us_base = dict(self.micros), dict(self.us_micros)

    def pass_on(self, place: Place, shares: Mapping[Place, int]) -> None:
        """Of a place that has nothing and gets nothing more: what would lie there lies with these,
        by their shares.
        """
        base, us_base = dict(self.base), dict(self.us_base)
        for of in (base, us_base):
            for other, part in _shared(of.pop(place, 0), shares).items():
                of[other] = of.get(other, 0) + part
        self.base, self.us_base = base, us_base

    def take(self, micros: int) -> dict[Place, tuple[int, int]]:
        """Take so much back: (micro-units, of US source among them) by place, zeros left out.

        At most `total`. Below zero, as rounding may want of a further refund and a chargeback that
        is won, it comes back to where it lay, of US source as much as lay there. Nothing where
        nothing ever lay.
        """
        if not any(self.base.values()):
            return {}
        left = _shared(self.total - micros, self.base)
        taken: dict[Place, tuple[int, int]] = {}
        for place in sorted({*self.micros, *left}):
            there = self.micros.get(place, 0)
            part = there - left.get(place, 0)
            if part:
                us = self._us_of(place, part)
                taken[place] = (part, us)
                self.add(place, -part, -us)
        return taken

    def _us_of(self, place: Place, part: int) -> int:
        """What of a part is of US source; of one below zero, what is wanting there."""
        there, us_there = self.micros.get(place, 0), self.us_micros.get(place, 0)
        if part > 0:
            return us_there * part // there
        lay, us_lay = self.base.get(place, 0), self.us_base.get(place, 0)
        wanting = (there - part) * us_lay // lay - us_there if lay else 0
        return -max(0, min(-part, wanting))


def _shared(micros: int, weights: Mapping[Place, int]) -> dict[Place, int]:
    named = {":".join(place): place for place in weights}
    parts = allocate(micros, [(name, weights[place]) for name, place in named.items()])
    return {named[name]: part for name, part in parts.items()}
