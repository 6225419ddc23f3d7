"""A figure with what is to be reached, and the table of many.

Knows numbers and words. Invariant: a figure that could not be measured is said so and fails
nothing; one that is only told (no reach) fails nothing either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `reached` None: not measured. `reach` None: told, not gated.

    `is_floor`: the reach is the least allowed, else the most. `note` says how it was measured.
    """

    group: str
    name: str
    reached: float | None
    unit: str = ""
    reach: float | None = None
    is_floor: bool = True
    note: str = ""

    @property
    def verdict(self) -> str:
        """met, MISSED, told or not measured."""
        if self.reached is None:
            return "not measured"
        if self.reach is None:
            return "told"
        met = self.reached >= self.reach if self.is_floor else self.reached <= self.reach
        return "met" if met else "MISSED"

    def plain(self) -> dict[str, Any]:
        """For JSON, the verdict with it."""
        return asdict(self) | {"verdict": self.verdict}


def figure_from(data: dict[str, Any]) -> Figure:
    """The figure that `plain` wrote."""
    return Figure(**{key: value for key, value in data.items() if key != "verdict"})


def merged(before: dict[str, Any], fresh: dict[str, Any], groups: Sequence[str]) -> dict[str, Any]:
    """The report `before` with the groups of `fresh` in their places, in the order of `groups`."""
    others = [one for one in before["figures"] if one["group"] not in fresh["took_s"]]
    figures = sorted([*others, *fresh["figures"]], key=lambda one: groups.index(one["group"]))
    return fresh | {
        "took_s": before["took_s"] | fresh["took_s"],
        "packages": before["packages"] | fresh["packages"],
        "figures": figures,
    }


def missed(figures: Iterable[Figure]) -> list[str]:
    """The names of the figures that missed their reach."""
    return [f"{one.group}: {one.name}" for one in figures if one.verdict == "MISSED"]


def shown(value: float | None) -> str:
    """A number as people read it: as many decimals as its size needs."""
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:.0f}" if size >= 1_000 else f"{value:.1f}" if size >= 20 else f"{value:.3g}"


def _reach(one: Figure) -> str:
    return "" if one.reach is None else f"{'>=' if one.is_floor else '<='} {one.reach:.9g}"


def _rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    return [
        (one.group, one.name, f"{shown(one.reached)} {one.unit}".strip(), _reach(one), one.verdict)
        for one in figures
    ]


def table(figures: Sequence[Figure]) -> str:
    """The figures in columns, notes at the end of their rows."""
    rows = _rows(figures)
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(5)]
    lines = []
    for row, one in zip(rows, figures, strict=True):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"{cells}  {one.note}".rstrip())
    return "\n".join(lines)


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table; what was missed stands out."""
    lines = ["| figure | reached | to reach | verdict | how |", "|---|---|---|---|---|"]
    for (_, name, reached, reach, verdict), one in zip(_rows(figures), figures, strict=True):
        told = f"**{verdict}**" if verdict == "MISSED" else verdict
        lines.append(f"| {name} | {reached} | {reach} | {told} | {one.note} |")
    return "\n".join(lines)
