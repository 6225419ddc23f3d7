"""How advances come back out of earnings; values only.

Each advance takes its percentage of the earnings it covers, the oldest first. Invariants: never
more than is open, never more than was earned, and an advance touches earnings it does not cover
only where its agreement and another one both say that they are crossed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from licensing.deductions.rules.parts import Part, percent_of, take, total


@dataclass(frozen=True, slots=True)
class Terms:
    """One advance: what is still open, how much of which earnings recoups it.

    `right` "" covers both rights, no `recordings` cover all of them.
    """

    key: str
    open_micros: int
    recoup_ppm: int
    right: str = ""
    recordings: frozenset[str] = frozenset()
    is_crossed: bool = False

    def covers(self, part: Part) -> bool:
        """Whether earnings of this part recoup this advance."""
        is_right = self.right in ("", part.right)
        return is_right and (not self.recordings or part.recording in self.recordings)


def recoup(parts: Sequence[Part], advances: Sequence[Terms]) -> tuple[dict[str, int], list[Part]]:
    """What each advance gets back, by its key, and what flows on. `advances`: oldest first.

    What crossed advances leave of their percentage goes on to the open ones crossed with them.
    """
    left = list(parts)
    open_micros = {one.key: one.open_micros for one in advances}
    room = {
        one.key: percent_of(total([part for part in parts if one.covers(part)]), one.recoup_ppm)
        for one in advances
    }
    taken: dict[str, int] = {}
    own = [(one, one) for one in advances]
    crossed = [one for one in advances if one.is_crossed]
    others = [(giver, getter) for giver in crossed for getter in crossed if giver is not getter]
    for giver, getter in (*own, *others):
        there = total([part for part in left if giver.covers(part)])
        micros = min(open_micros[getter.key], room[giver.key], there)
        if micros > 0:
            _, left = take(left, micros, giver.covers)
            open_micros[getter.key] -= micros
            room[giver.key] -= micros
            taken[getter.key] = taken.get(getter.key, 0) + micros
    return taken, left
